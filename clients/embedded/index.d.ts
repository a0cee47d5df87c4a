import { Angzarr } from 'angzarr-pg';
import type { Pool } from 'pg';

export interface StartOptions {
  /** More settings of the server, as in postgresql.conf. */
  settings?: Record<string, string | number | boolean>;
  /** Who runs the server, if this process is root's: PostgreSQL refuses root. `postgres` or `nobody` unless given. */
  user?: string;
}

/** The store on a server of its own, which lives until stop(), or until this process ends. */
export interface EmbeddedStore extends Angzarr {
  readonly pool: Pool;
  /** For other clients, by the server's socket. */
  readonly connectionString: string;
  /** Ends the pool, stops the server, and removes all of it. */
  stop(): Promise<void>;
}

/** Makes a server with an empty store in the schema `es`, and connects to it as its superuser. */
export function startStore(options?: StartOptions): Promise<EmbeddedStore>;
