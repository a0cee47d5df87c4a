/** What this package needs of node-pg: a Pool, a Client, or a client of a pool. */
export interface Queryable {
  query(config: { text: string; values?: any[]; types?: any }): Promise<{ rows: any[]; command: string }>;
}

/** The connection of a transaction: a PoolClient of node-pg. */
export interface TransactionClient extends Queryable {
  query(config: { text: string; values?: any[]; types?: any }): Promise<{ rows: any[]; command: string }>;
  query(text: string, values?: any[]): Promise<{ rows: any[]; rowCount: number | null; command: string }>;
}

/** The root of a stream: a uuid, or a business key that the server makes one from (`azr_root`). */
export type RootOrKey = { root: string; key?: undefined } | { key: string; root?: undefined };

/** A stream. Without an edition, it is the main timeline's. */
export type Stream = { domain: string; edition?: string | null } & RootOrKey;

/** An event that is to be appended, with bytes or with a value that is stored as JSON. */
export type NewEvent = {
  type: string;
  /** Any value that has JSON. */
  metadata?: unknown;
  /** A Date has milliseconds; a string goes to the server as it is, with an offset. */
  createdAt?: Date | string | null;
} & ({ payload: Uint8Array; data?: undefined } | { data: unknown; payload?: undefined });

/** The event that caused an append. */
export type Source = { domain: string; edition?: string | null; sequence: bigint } & RootOrKey;

export interface AppendOptions {
  correlationId?: string | null;
  /** Makes the append safe to repeat. */
  externalId?: string | null;
  /** Makes the append safe to repeat, too: one event has one effect in each target stream. */
  source?: Source;
  /** For an edition: the first sequence that this root gets of its own there. */
  divergence?: bigint | null;
  cascadeId?: string | null;
  /** false needs a cascadeId. */
  committed?: boolean;
  /** `return` makes a conflict an outcome, and the transaction goes on. */
  onConflict?: 'error' | 'return';
}

/** `first` and `last` are null when nothing was stored, and are those of the first call for a duplicate. */
export interface AppendResult {
  outcome: 'added' | 'duplicate' | 'unchanged' | 'conflict';
  firstSequence: bigint | null;
  lastSequence: bigint | null;
  nextSequence: bigint;
}

export interface RecordedSource {
  domain: string;
  edition: string;
  root: string;
  sequence: bigint;
}

export interface RecordedEvent {
  sequence: bigint;
  type: string;
  payload: Buffer;
  metadata: any;
  /** To the millisecond; the server keeps microseconds. */
  createdAt: Date;
  /** Which timeline owns the event. */
  edition: string;
  correlationId: string | null;
  externalId: string | null;
  source: RecordedSource | null;
  cascadeId: string | null;
  committed: boolean;
}

/** An event with the name of its stream. */
export interface StreamEvent extends RecordedEvent {
  domain: string;
  root: string;
}

export interface FeedEvent extends StreamEvent {
  position: bigint;
}

export interface FetchedEvent extends FeedEvent {
  partition: number;
  /** For ack(), when the events were fetched with a lease. */
  token: string | null;
}

export interface LoadOptions {
  from?: bigint | null;
  /** The first sequence that is not loaded. */
  to?: bigint | null;
  until?: Date | string | null;
  divergence?: bigint | null;
  maxCount?: number | bigint | null;
  backward?: boolean;
  types?: string[] | null;
}

export interface StateEvent {
  sequence: bigint;
  type: string;
  payload: Buffer;
  metadata: any;
  createdAt: Date;
  edition: string;
}

export interface LoadedState {
  snapshot: { sequence: bigint; stateType: string; state: Buffer; createdAt: Date; edition: string } | null;
  /** The events after the snapshot, or all. */
  events: StateEvent[];
  /** What the next append expects, if the load went to the end of the stream. */
  nextSequence: bigint;
}

export interface Snapshot {
  sequence: bigint;
  stateType: string;
  state: Buffer;
  retention: Retention;
  createdAt: Date;
}

export type Retention = 'default' | 'transient' | 'persist';

export interface RetryOptions {
  /** How often at most, the first time included. 10 unless given. */
  attempts?: number;
  /** The bound of the first random delay, which doubles each time. 10 unless given. */
  minDelayMs?: number;
  /** 1000 unless given. */
  maxDelayMs?: number;
  signal?: AbortSignal;
}

export type ExecuteOptions = Omit<AppendOptions, 'onConflict' | 'divergence'> & RetryOptions;

export interface Page {
  /** The last one of the page before. */
  after?: string;
  maxCount?: number | bigint;
}

export interface FeedOptions {
  after?: bigint;
  /** How many positions are looked at. */
  maxCount?: number | bigint;
  domains?: string[] | null;
  types?: string[] | null;
  effective?: boolean;
}

export interface FeedStatus {
  head: bigint;
  epoch: string;
  inFlight: bigint;
  oldestInFlightMs: number | null;
  oldestPid: number | null;
  batches: bigint;
}

export interface GroupOptions {
  partitions?: number;
  /** The last position that the group does not get. */
  after?: bigint;
  domains?: string[] | null;
  types?: string[] | null;
}

export interface FetchOptions {
  maxCount?: number;
  partitions?: number;
  /** With a lease, commit at once and acknowledge with ack(). */
  leaseMs?: number;
}

export interface GroupState {
  handler: string;
  partition: number;
  position: bigint;
  head: bigint;
  behind: bigint;
  oldestMs: number | null;
  leasedUntil: Date | null;
  parked: bigint;
}

export interface ParkedEvent {
  handler: string;
  domain: string;
  root: string;
  position: bigint;
  sequence: bigint;
  parkedAt: Date;
  reason: string;
  waiting: bigint;
}

export interface Edition {
  domain: string;
  edition: string;
  divergence: bigint | null;
  protection: 'open' | 'protected' | 'sealed';
  description: string | null;
  createdAt: Date | null;
  roots: bigint;
  events: bigint;
}

/** What a node knows of a slot. */
export interface SlotOwner {
  slot: number;
  /** null if that is not known. */
  node: string | null;
  state: 'own' | 'foreign' | 'unknown' | 'frozen' | 'receiving' | 'leftover';
  /** Of a frozen slot: where it goes. */
  movingTo: string | null;
}

/** A store in a database. Nothing is kept here: each method is one call of the server. */
export class Angzarr {
  constructor(db: Queryable, options?: {
    /** The schema that has the extension. Without it, the search_path must lead there. */
    schema?: string;
  });

  with(db: Queryable): Angzarr;
  /** Needs a store on a Pool. */
  transaction<Result, Client extends Queryable = TransactionClient>(
    work: (tx: Angzarr, client: Client) => Promise<Result>,
    options?: { isolationLevel?: 'read committed' | 'repeatable read' | 'serializable' },
  ): Promise<Result>;

  /** @throws SequenceConflictError when expectedSequence is not the next one. null takes whatever is next. */
  append(stream: Stream, expectedSequence: bigint | null, events: NewEvent[], options?: AppendOptions): Promise<AppendResult>;
  /** To a stream that has at least one event, at whatever sequence is next. */
  appendToExisting(stream: Stream, events: NewEvent[], options?: Omit<AppendOptions, 'onConflict'>): Promise<AppendResult>;
  appendOne(
    stream: Stream, expectedSequence: bigint | null, event: Omit<NewEvent, 'createdAt'> & NewEvent,
    options?: { correlationId?: string | null; externalId?: string | null },
  ): Promise<bigint>;
  /** Locks the stream until the transaction ends. -1n accepts every stream that has an event, null every stream. */
  expect(stream: Stream, expectedSequence: bigint | null, options?: { divergence?: bigint | null }): Promise<bigint>;
  /**
   * Loads the state, has `decide` say which events follow, and appends them; again after a conflict.
   * What is stored already under the externalId is not decided again.
   */
  execute(
    stream: Stream, decide: (history: LoadedState) => NewEvent[] | Promise<NewEvent[]>, options?: ExecuteOptions,
  ): Promise<AppendResult>;

  load(stream: Stream, options?: LoadOptions): Promise<RecordedEvent[]>;
  loadEffective(stream: Stream, options?: { from?: bigint; to?: bigint | null; cascadeId?: string | null }): Promise<RecordedEvent[]>;
  loadWithNext(
    stream: Stream, options?: { from?: bigint; to?: bigint | null; cascadeId?: string | null },
  ): Promise<{ nextSequence: bigint; events: RecordedEvent[] }>;
  loadState(stream: Stream, options?: { atSequence?: bigint | null; cascadeId?: string | null }): Promise<LoadedState>;
  nextSequence(stream: Stream, options?: { divergence?: bigint | null }): Promise<bigint>;

  root(domain: string, key: string): Promise<string>;
  domains(): Promise<string[]>;
  roots(domain: string, options?: Page & { edition?: string | null }): Promise<string[]>;
  streamsOf(domain: string, options?: Page & { edition?: string | null }):
    Promise<{ root: string; nextSequence: bigint; createdAt: Date; lastCreatedAt: Date }[]>;
  trace(correlationId: string): Promise<StreamEvent[]>;
  findByExternalId(stream: Stream, externalId: string): Promise<RecordedEvent[]>;
  findBySource(stream: Stream, source: Source): Promise<RecordedEvent[]>;

  putSnapshot(
    stream: Stream, snapshot: { sequence: bigint; stateType: string; state: Uint8Array; retention?: Retention },
  ): Promise<void>;
  getSnapshot(stream: Stream, options?: { atSequence?: bigint | null }): Promise<Snapshot | null>;
  deleteSnapshots(stream: Stream): Promise<bigint>;

  putPosition(handler: string, stream: Stream, sequence: bigint): Promise<{ position: bigint; moved: boolean }>;
  putPositions(
    handler: string, of: { domain: string; edition?: string | null }, positions: { root: string; sequence: bigint }[],
  ): Promise<bigint>;
  getPosition(handler: string, stream: Stream): Promise<bigint | null>;
  deletePositions(
    handler: string, scope?: { domain?: string; edition?: string | null; root?: string; key?: string },
  ): Promise<bigint>;
  lag(handler: string, options?: Page & { domain?: string }):
    Promise<{ domain: string; edition: string; root: string; position: bigint | null; nextSequence: bigint; lag: bigint }[]>;

  feed(options?: FeedOptions): Promise<FeedEvent[]>;
  feedHead(): Promise<bigint>;
  feedAdvance(options?: { maxAppends?: number | bigint }): Promise<bigint>;
  feedWait(after: bigint, options?: { timeoutMs?: number }): Promise<bigint>;
  feedStatus(): Promise<FeedStatus>;

  createGroup(handler: string, options?: GroupOptions): Promise<void>;
  dropGroup(handler: string): Promise<boolean>;
  seekGroup(handler: string, after: bigint): Promise<void>;
  fetch(handler: string, options?: FetchOptions): Promise<FetchedEvent[]>;
  ack(handler: string, event: { partition: number; token: string | null; position: bigint }): Promise<void>;
  park(handler: string, position: bigint, reason: string): Promise<void>;
  parked(handler?: string | null): Promise<ParkedEvent[]>;
  retryParked(
    handler: string, options?: { domain?: string; root?: string; key?: string; maxCount?: number },
  ): Promise<FeedEvent[]>;
  groups(handler?: string | null): Promise<GroupState[]>;

  createEdition(domain: string, edition: string, options?: { divergence?: bigint | null; description?: string | null }): Promise<void>;
  protectEdition(domain: string, edition: string, protection: 'open' | 'protected' | 'sealed'): Promise<void>;
  deleteEdition(domain: string, edition: string): Promise<bigint>;
  editions(domain?: string | null): Promise<Edition[]>;

  confirmCascade(cascadeId: string): Promise<bigint>;
  revokeCascade(cascadeId: string, reason: string): Promise<bigint>;
  cascadeParticipants(cascadeId: string): Promise<{ domain: string; edition: string; root: string; sequences: bigint[] }[]>;
  staleCascades(olderThan: Date | string):
    Promise<{ cascadeId: string; outcome: 'confirmed' | 'revoked' | null; participants: bigint; oldest: Date }[]>;

  /** Which node owns which slot, as this one knows. Empty if nothing was said of slots. */
  slots(): Promise<SlotOwner[]>;

  version(): Promise<string>;
}

/** The methods of Angzarr that are about one stream. */
export interface AngzarrNodes extends Pick<Angzarr,
  'append' | 'appendToExisting' | 'appendOne' | 'expect' | 'execute' |
  'load' | 'loadEffective' | 'loadWithNext' | 'loadState' | 'nextSequence' |
  'findByExternalId' | 'findBySource' |
  'putSnapshot' | 'getSnapshot' | 'deleteSnapshots' |
  'putPosition' | 'getPosition'> {}

/**
 * A store that is kept on several nodes. Each call goes to the node that keeps the stream, and is
 * repeated only if a node has refused it with ZR013, which changes nothing there. After an error of
 * the connection, repeat only what reads, and an append that has an externalId or a source.
 */
export class AngzarrNodes {
  /** A Pool, or an Angzarr, for each node, under the name that azr_own_slots gave it. */
  constructor(nodes: Record<string, Queryable | Angzarr>, options?: {
    /** For the nodes that are no Angzarr. */
    schema?: string;
    /** How long a call waits for a slot that moves, or that nobody owns. 60000 unless given. */
    waitMs?: number;
  });

  readonly names: string[];
  /** The store on one node, for what is about more than one stream. */
  on(name: string): Angzarr;
  /**
   * Calls `work` with the store on the node that keeps the stream, and again on another one if ZR013 says so.
   * So it may change nothing but that store, and that in one call or one transaction.
   */
  at<Result>(stream: Stream, work: (store: Angzarr, node: string) => Promise<Result>): Promise<Result>;
}

/** An error of the store. Other errors are those of node-pg. */
export class AngzarrError extends Error {
  constructor(message: string, fields?: { code?: string; detail?: string; hint?: string; cause?: unknown });
  /** The SQLSTATE, ZR and three digits. */
  readonly code: string;
  /** The SQLSTATE's name, such as `lease_lost`. */
  readonly condition: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

/** ZR001: the sequence that was expected is not the next one. */
export class SequenceConflictError extends AngzarrError {
  constructor(message: string, fields?: { expected?: bigint | null; actual?: bigint | null; detail?: string; hint?: string; cause?: unknown });
  /** -1n where at least one event was expected. */
  readonly expected: bigint | null;
  /** The sequence that the stream's next event gets. */
  readonly actual: bigint | null;
}

/** ZR013: the stream is kept on another node, or is about to move there and cannot be written to. Nothing was changed. */
export class WrongNodeError extends AngzarrError {
  constructor(message: string, fields?: {
    slot?: number | null; node?: string | null; moving?: boolean; detail?: string; hint?: string; cause?: unknown;
  });
  readonly slot: number | null;
  /** The node that owns the slot, or, if it is moving, gets it. null if the node that was asked does not know. */
  readonly node: string | null;
  /** Whether the slot is still the node's that was asked: it can be read there, and written to on the other one soon. */
  readonly moving: boolean;
}

/** Whether to load, decide and append again: after ZR001 and 40001. */
export function isConflict(error: unknown): boolean;

/** Runs `work` again after a conflict, and after no other error. */
export function retry<Result>(work: (attempt: number) => Promise<Result>, options?: RetryOptions): Promise<Result>;

/** The slot of a root, from 0 to 1023, as azr_slot has it. */
export function slotOf(root: string): number;

/** A value as the UTF-8 bytes of its JSON text. */
export function toJson(value: unknown): Buffer;

/** What the JSON in a payload, or in an event's payload, says. */
export function fromJson<Value = any>(payload: Uint8Array | { payload: Uint8Array }): Value;
