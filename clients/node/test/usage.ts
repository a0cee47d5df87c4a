// What a program in TypeScript writes. types.test.js has the compiler check it; it is not run.

import {
  Angzarr, AngzarrError, AngzarrNodes, SequenceConflictError, WrongNodeError, fromJson, isConflict, retry, slotOf, toJson,
  type FeedEvent, type LoadedState, type NewEvent, type Stream,
} from 'angzarr-pg';
import pg from 'pg';

const pool = new pg.Pool();
const store = new Angzarr(pool, { schema: 'es' });
const account: Stream = { domain: 'account', key: 'alice' };
const decide = ({ snapshot, events }: LoadedState): NewEvent[] => (
  events.length > 0 && snapshot === null ? [{ type: 'Closed', data: {} }] : []);

const { firstSequence, nextSequence } = await store.append(account, 0n, [
  { type: 'Opened', data: { owner: 'Alice' } },
  { type: 'Signed', payload: Buffer.from([1]), metadata: { by: 'bob' }, createdAt: new Date() }],
{ externalId: 'x', source: { domain: 'order', key: '7', sequence: 3n } });
const first: bigint | null = firstSequence;
const next: bigint = nextSequence;
const one: bigint = await store.appendOne({ ...account, edition: 'b' }, null, { type: 'T', data: 1 });
await store.execute(account, decide, { attempts: 5, externalId: 'command-1' });
await store.execute(account, async (history) => decide(history));
await retry(async (attempt) => store.append(account, BigInt(attempt), []), { maxDelayMs: 100 });

await store.transaction(async (tx, client) => {
  const events: FeedEvent[] = await tx.fetch('balances', { maxCount: 100 });
  await client.query('INSERT INTO balances SELECT $1', [events.length]);
  await tx.park('balances', events[0].position, 'why');
}, { isolationLevel: 'serializable' });
const client = new pg.Client();
const owner: { owner: string } = fromJson((await store.with(client).load(account, { maxCount: 1 }))[0]);
await store.putSnapshot(account, { sequence: one, stateType: 'S', state: toJson(owner), retention: 'persist' });
const poolClient = await pool.connect();
await new Angzarr(poolClient).feedWait(-1n, { timeoutMs: 100 });

try {
  await store.append(account, 0n, []);
} catch (error) {
  if (error instanceof SequenceConflictError) {
    const actual: bigint | null = error.actual;
    console.log(actual, error.code, isConflict(error), error instanceof AngzarrError, first, next);
  } else if (error instanceof WrongNodeError) {
    const slot: number | null = error.slot;
    const node: string | null = error.node;
    console.log(slot, node, error.moving);
  }
}

const nodes = new AngzarrNodes({ a: pool, b: store }, { schema: 'es', waitMs: 1000 });
const added: bigint | null = (await nodes.append(account, null, [{ type: 'T', data: 1 }])).firstSequence;
const position1: bigint | null = await nodes.getPosition('balances', account);
const there: string = await nodes.at(account, (at, node) => at.transaction(async (tx) => {
  await tx.append(account, added, []);
  return `${node} ${slotOf('00112233-4455-6677-8899-aabbccddeeff') + 1} ${position1}`;
}));
for (const name of nodes.names) {
  console.log(there, await nodes.on(name).feed(), (await nodes.on(name).slots()).map(({ slot, node }) => [slot, node]));
}
// @ts-expect-error the feed is one node's
await nodes.feed();

// @ts-expect-error a number is no sequence
await store.append(account, 0, []);
// @ts-expect-error a position is a bigint
const position: number = (await store.feed())[0].position;
// @ts-expect-error an event has a payload or data
await store.append(account, 0n, [{ type: 'T' }]);
// @ts-expect-error a stream has a root or a key
await store.load({ domain: 'account' });
// @ts-expect-error an expected sequence is never left out by mistake
await store.append(account, undefined, []);
// @ts-expect-error there is no such outcome
if ((await store.append(account, 0n, [])).outcome === 'stored') console.log(position);
await store.transaction(async (_, inside: pg.PoolClient) => inside.escapeLiteral('x'));

// Emmett
import { CommandHandler, DeciderCommandHandler, STREAM_EXISTS, type Command, type Event, type EventStore } from '@event-driven-io/emmett';
import { getAngzarrEventStore, streamOf, type AngzarrEventStore } from 'angzarr-pg/emmett';

type Deposited = Event<'Deposited', { amount: number }>;
type Deposit = Command<'Deposit', { amount: number }>;

const eventStore: AngzarrEventStore = getAngzarrEventStore(pool, {
  schema: 'es', hooks: { onAfterCommit: (messages) => console.log(messages[0].metadata.streamPosition + 1n) },
});
const anyStore: EventStore = eventStore;
const evolve = (sum: number, { data }: Deposited) => sum + data.amount;
const initialState = () => 0;
const handle = CommandHandler<number, Deposited>({ evolve, initialState, retry: { onVersionConflict: 3 } });
const result = await handle(eventStore, 'account-alice', (sum) => ({ type: 'Deposited', data: { amount: sum } }));
const version: bigint = result.nextExpectedStreamVersion;
await DeciderCommandHandler<number, Deposit, Deposited>({
  evolve, initialState, decide: ({ data }) => ({ type: 'Deposited', data }),
})(anyStore, 'account-alice', { type: 'Deposit', data: { amount: 1 } });
const { events } = await eventStore.readStream<Deposited>('account-alice', { from: 2n, maxCount: 10n });
const amount: number = events[0].data.amount + Number(events[0].metadata.streamPosition + version);
await eventStore.with(poolClient).appendToStream<Deposited>('account-alice', [], { expectedStreamVersion: STREAM_EXISTS, externalId: String(amount) });
const onNodes: AngzarrEventStore = getAngzarrEventStore(nodes, { defaultDomain: 'account' });
await nodes.at(streamOf('account-bob'), (at) => at.transaction((tx) => (
  onNodes.with(tx).appendToStream<Deposited>('account-bob', [{ type: 'Deposited', data: { amount } }]))));
getAngzarrEventStore(store).with(store);
// @ts-expect-error nodes have names
getAngzarrEventStore([pool]);
// @ts-expect-error a version is a bigint
await eventStore.appendToStream<Deposited>('account-alice', [], { expectedStreamVersion: 3 });
