import type {
  AppendToStreamOptions, AppendToStreamResult, BigIntStreamPosition, DefaultEventStoreOptions, Event, EventStore,
  ReadEventMetadataWithoutGlobalPosition,
} from '@event-driven-io/emmett';
import type { Angzarr, AngzarrNodes, Queryable, Stream } from '../index.js';

/** The position of an event in the feed is not known when it is appended, so events come without a global one. */
export type AngzarrReadEventMetadata = ReadEventMetadataWithoutGlobalPosition<BigIntStreamPosition>;

export interface AngzarrEventStore extends EventStore<AngzarrReadEventMetadata> {
  appendToStream<EventType extends Event, EventPayloadType extends Event = EventType>(
    streamName: string,
    events: EventType[],
    options?: AppendToStreamOptions<BigIntStreamPosition, EventType, EventPayloadType> & {
      /** What `azr_trace` finds. */
      correlationId?: string;
      /** Makes the append safe to repeat. */
      externalId?: string;
    },
  ): Promise<AppendToStreamResult<BigIntStreamPosition>>;
  /**
   * The same event store on another connection, such as one that is in a transaction. Without hooks. A Pool or a client
   * gets the schema of this one; an Angzarr has its own.
   */
  with(db: Queryable | Angzarr): AngzarrEventStore;
}

export interface StreamNameOptions {
  /** The domain of streams whose name has none. `emt:unknown` unless given. */
  defaultDomain?: string;
  /** The timeline. The main one unless given. */
  edition?: string;
}

export interface AngzarrEventStoreOptions extends StreamNameOptions, DefaultEventStoreOptions<AngzarrEventStore> {
  /** The schema that has the extension, for a Pool or a client; an Angzarr, or a node, has its own. Without it, the search_path must lead there. */
  schema?: string;
  /** Which stream a name stands for, in place of streamOf(). */
  toStream?: (streamName: string) => Stream;
}

/** An event store of Emmett on a Pool or a client of node-pg, or on an Angzarr, or on several nodes. */
export function getAngzarrEventStore(db: Queryable | Angzarr | AngzarrNodes, options?: AngzarrEventStoreOptions): AngzarrEventStore;

/** The stream that a name stands for: `domain-key`, split at the first hyphen. */
export function streamOf(streamName: string, options?: StreamNameOptions): Stream;
