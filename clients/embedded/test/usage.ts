// What a program in TypeScript writes. 046_embedded.pl has the compiler check it; it is not run.

import { startStore, type EmbeddedStore, type StartOptions } from 'angzarr-embedded';
import type { AppendResult, RecordedEvent } from 'angzarr-pg';

const options: StartOptions = { settings: { max_connections: 10, jit: false, work_mem: '1MB' }, user: 'nobody' };
const store: EmbeddedStore = await startStore(options);
const result: AppendResult = await store.append({ domain: 'account', key: 'alice' }, 0n, [{ type: 'Opened', data: {} }]);
const events: RecordedEvent[] = await store.load({ domain: 'account', key: 'alice' });
const { rowCount } = await store.pool.query('SELECT 1');
const text: string = store.connectionString;

await store.stop();
console.log(result.outcome, events.length, rowCount, text);

// @ts-expect-error: settings have names
await startStore({ settings: ['jit'] , other: 1 });
// @ts-expect-error: the pool is the store's
store.pool = undefined;
