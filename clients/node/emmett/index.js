// angzarr as an event store of Emmett.
//
// Emmett counts from 1: the position of a stream's event is its sequence plus 1, and the version of
// a stream is the number of its events, which is the next sequence.

import {
  ExpectedVersionConflictError, JSONParser, NO_CONCURRENCY_CHECK, STREAM_DOES_NOT_EXIST, STREAM_EXISTS,
  assertExpectedVersionMatchesCurrent, downcastRecordedMessages, tryPublishMessagesAfterCommit, unknownTag, upcastRecordedMessage,
} from '@event-driven-io/emmett';

import { Angzarr, AngzarrNodes, SequenceConflictError, fromJson } from '../index.js';
import { isOnPool, schemaOf } from '../lib/client.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_VERSION = 0n;

// Events of the store itself: what stands in place of an event that is pending, revoked or erased.
const OWN_TYPES = 'type.googleapis.com/angzarr.';

/**
 * The stream that a name stands for. `domain-key`, split at the first hyphen, is the root that
 * azr_root makes of domain and key; a key that is a uuid is the root itself. A name without a
 * domain, such as a uuid alone, is in `defaultDomain`.
 */
export function streamOf(streamName, { defaultDomain = unknownTag, edition } = {}) {
  const hyphen = UUID.test(streamName) ? -1 : streamName.indexOf('-');
  const domain = hyphen < 0 ? defaultDomain : streamName.slice(0, hyphen);
  const key = streamName.slice(hyphen + 1);

  if (domain === '' || key === '') {
    throw new TypeError(`"${streamName}" is no name of a stream: it needs a domain, a hyphen and a key`);
  }
  return { domain, ...(edition === undefined ? {} : { edition }), ...(UUID.test(key) ? { root: key } : { key }) };
}

/** An event store of Emmett on a Pool or a client of node-pg, or on an Angzarr, or on several nodes. */
export function getAngzarrEventStore(db, options = {}) {
  const { schema, defaultDomain, edition, hooks } = options;
  const toStream = options.toStream ?? ((streamName) => streamOf(streamName, { defaultDomain, edition }));
  // it calls methods that are about one stream, which both classes have
  const store = db instanceof Angzarr || db instanceof AngzarrNodes ? db : new Angzarr(db, { schema });
  const stores = store instanceof AngzarrNodes ? store.names.map((name) => store.on(name)) : [store];

  if (hooks?.onAfterCommit && !stores.every(isOnPool)) {
    throw new TypeError('onAfterCommit needs a store on a Pool: on a client, it is not known when the transaction commits');
  }

  // A store as it is, or this one on a connection, which does not say in which schema it is.
  function onOther(other) {
    if (other instanceof Angzarr || other instanceof AngzarrNodes) {
      return other;
    }
    if (new Set(stores.map(schemaOf)).size > 1) {
      throw new TypeError('the nodes have several schemas: give with() an Angzarr, such as that of a transaction');
    }
    return stores[0].with(other);
  }

  // The events that are asked for, and the version that the stream has at the same moment.
  async function read(streamName, { from, to, maxCount, expectedStreamVersion, schema: readSchema } = {}) {
    const start = from !== undefined && from > 0n ? from - 1n : 0n;
    const ends = [to, maxCount === undefined ? undefined : start + maxCount].filter((end) => end !== undefined);
    const end = ends.length === 0 ? undefined : ends.reduce((a, b) => (a < b ? a : b));
    const { events, nextSequence: version } = await store.loadWithNext(toStream(streamName), { from: start, to: end });

    assertExpectedVersionMatchesCurrent(version, expectedStreamVersion, NO_VERSION);
    return {
      version,
      lastVersion: end === undefined || end > version ? version : end,
      events: events
        .filter(({ type }) => !type.startsWith(OWN_TYPES))
        .map((event) => upcastRecordedMessage(recorded(streamName, event), readSchema?.versioning)),
    };
  }

  async function append(streamName, events, { expectedStreamVersion = NO_CONCURRENCY_CHECK, ...appendOptions }) {
    const stream = toStream(streamName);
    const stored = downcastRecordedMessages(events, appendOptions.schema?.versioning).map(({ type, data, metadata }) => ({
      type,
      payload: Buffer.from(JSONParser.stringify(data ?? null)),
      metadata: metadata === undefined ? undefined : JSON.parse(JSONParser.stringify(metadata)),
    }));
    const ids = { correlationId: appendOptions.correlationId, externalId: appendOptions.externalId };

    if (expectedStreamVersion === STREAM_EXISTS && stored.length > 0) {
      return store.appendToExisting(stream, stored, ids);
    }
    const result = await store.append(stream, expectedSequence(expectedStreamVersion), stored, ids);
    if (result.outcome === 'unchanged') {
      // without events, the server compares nothing
      assertExpectedVersionMatchesCurrent(result.nextSequence, expectedStreamVersion, NO_VERSION);
    }
    return result;
  }

  return {
    async aggregateStream(streamName, { evolve, initialState, read: readOptions }) {
      const { version, lastVersion, events } = await read(streamName, readOptions);

      return {
        currentStreamVersion: lastVersion,
        state: events.reduce((state, event) => evolve(state, event), initialState()),
        streamExists: version > NO_VERSION,
      };
    },

    async readStream(streamName, readOptions) {
      const { version, events } = await read(streamName, readOptions);

      return { currentStreamVersion: version, events, streamExists: version > NO_VERSION };
    },

    async appendToStream(streamName, events, appendOptions = {}) {
      let result;
      try {
        result = await append(streamName, events, appendOptions);
      } catch (error) {
        if (!(error instanceof SequenceConflictError)) {
          throw error;
        }
        const conflict = new ExpectedVersionConflictError(error.actual, appendOptions.expectedStreamVersion ?? NO_CONCURRENCY_CHECK);
        conflict.cause = error;
        throw conflict;
      }

      if (result.outcome === 'added' && hooks?.onAfterCommit) {
        await tryPublishMessagesAfterCommit(
          events.map((event, index) => withMetadata(streamName, event, result.firstSequence + BigInt(index))), hooks);
      }
      return {
        nextExpectedStreamVersion: result.nextSequence,
        createdNewStream: result.outcome === 'added' && result.firstSequence === 0n,
      };
    },

    async streamExists(streamName) {
      return (await store.nextSequence(toStream(streamName))) > NO_VERSION;
    },

    /** The same event store on another connection, such as one that is in a transaction. */
    with: (other) => getAngzarrEventStore(onOther(other), { ...options, hooks: undefined }),
  };
}

function expectedSequence(expected) {
  switch (expected) {
    case STREAM_DOES_NOT_EXIST:
      return 0n;
    case STREAM_EXISTS:
    case NO_CONCURRENCY_CHECK:
      return null;
    default:
      if (typeof expected !== 'bigint') {
        throw new TypeError(`expectedStreamVersion must be a bigint or one of Emmett's constants, not ${String(expected)}`);
      }
      return expected;
  }
}

// What another program stored may have metadata of any shape, and bytes that are no JSON.
function recorded(streamName, { sequence, type, payload, metadata }) {
  let data;
  try {
    data = fromJson(payload);
  } catch (cause) {
    throw new Error(`event ${sequence + 1n} of stream "${streamName}", a "${type}", has a payload that is no JSON`, { cause });
  }
  return withMetadata(streamName, { type, data, ...(metadata === null ? {} : { metadata }) }, sequence);
}

function withMetadata(streamName, event, sequence) {
  const metadata = typeof event.metadata === 'object' && !Array.isArray(event.metadata) ? event.metadata : {};
  const streamPosition = sequence + 1n;

  return {
    ...event,
    kind: 'Event',
    metadata: { messageId: `${streamName}/${streamPosition}`, ...metadata, streamName, streamPosition },
  };
}
