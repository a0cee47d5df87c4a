-- azr_erase and azr_erasures

CREATE TYPE @extschema@.azr_erasure AS (
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	erased_at timestamptz,
	erased_by text,
	reason text
);

COMMENT ON TYPE @extschema@.azr_erasure IS
'An event that was erased. type is the one that it had, erased_by the role that had logged in (session_user).';

CREATE FUNCTION @extschema@.azr_erase(
	domain text,
	edition text,
	root uuid,
	from_sequence bigint,
	to_sequence bigint,
	reason text,
	ids boolean DEFAULT false
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_erase(text, text, uuid, bigint, bigint, text, boolean) IS
'Erases events of a stream. An erased event keeps its sequence, time, source, cascade, and position in the feed. Its type becomes type.googleapis.com/angzarr.Erased, its payload says which type it had (protobuf: 1 type; what of it is not UTF-8, as there can be in a database of the encoding SQL_ASCII, is U+FFFD there, and as it was in azr_erasures()), and it has no metadata. Its correlation_id and external_id stay unless ids is given; they may be personal data. What names its source and its cascade stays always. A record says that it was erased. Snapshots at or above the first sequence are deleted, in editions that share it too, and those that persist as well. Where groups have parked the stream, the reason becomes empty, since it may have a copy of what is erased. An event type.googleapis.com/angzarr.Erasure in the domain angzarr.erasures, with the same root, tells consumers (protobuf: 1 target as in a Confirmation, 2 from_sequence, 3 to_sequence, 4 ids); it is on the main timeline, whatever the edition, and there is none if nothing was changed. Protected and sealed editions are no obstacle.

What was erased is in the files of the database until VACUUM (INDEX_CLEANUP ON) and azr_scrub() have run, and in the write-ahead log, backups, and dumps for as long as these are kept.

Arguments: domain, edition, root, the stream. from_sequence, to_sequence, the events with from_sequence <= sequence < to_sequence, as in azr_load(); NULL for where the stream''s own events begin or end. All must be the stream''s own: what an edition shares with the main timeline is erased there. reason, 1 to 1024 bytes, which stays on record: it should not say what is being erased. ids, whether correlation_id and external_id go too; a retry by that external id is a new append then. For an append of several events, erase the ids of all or of none: a retry returns the range of those that are left. An event that was erased without can be erased again with.

Result: how many events were changed; 0 for those that were erased before.

Locks, to the end of the transaction: as an append to the root in the domain angzarr.erasures, so that erasures of a root come one after the other; as an append to the stream; those of the streams in editions that share the events and have snapshots; the rows of azr_parked_streams that have the stream; then that of the evidence, so that nobody waits for it as long as the erasure waits for a stream.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR012 one of them is a Confirmation or Revocation, or an Erasure in the domain angzarr.erasures: nothing is erased; ZR011 one of them was altered after it was sealed; 40001 at REPEATABLE READ and SERIALIZABLE, where an append would fail, and if an event was erased after the transaction''s snapshot; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value, a stream that does not exist, a range past the stream''s end, or events that are the main timeline''s; XX001 events are missing, on record as erased though they were not, or tables of the evidence damaged; 42501 the session was begun with an angzarr.max_payload that it may not set; 27000 a trigger of the owner dropped or changed a row; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_erasures(
	domain text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_erasure
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_erasures(text) IS
'The events that were erased, by domain, edition, root and sequence. Those of an edition that was deleted are gone with it.

Arguments: domain, or NULL for all.

Result: rows of azr_erasure. An event that was erased twice, the second time with its ids, has the record of the first time.

Locks: AccessShareLock on the tables. It waits for no erasure, and shows those that are committed; it can be called on a standby.

Errors: 22023 bad value.';
