-- azr_evidence_enable and azr_seal: taking events into the log

CREATE TYPE @extschema@.azr_sealed AS (
	size bigint,
	root_hash bytea
);

COMMENT ON TYPE @extschema@.azr_sealed IS
'How many events the log has, and the root of its tree.';

CREATE FUNCTION @extschema@.azr_evidence_enable(origin text, replaces text DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_evidence_enable(text, text) IS
'Has evidence kept in this database, of all events of the main timeline, also those that are there already: azr_seal() takes them into a log. Appends do no more than before.

Arguments: origin, the log''s name, which is in every note of it, such as example.com/orders: 1 to 255 bytes without spaces (of Unicode), + and control characters. replaces, the name that the log has, if it is to get another one: do this only where events were lost that signed notes vouch for, as by a restore of an older backup, so that the log cannot go on under its name. What is sealed stays sealed, and its notes of before stay on file. A name that the log has had before is not taken again.

Result: none. A second call with the same origin does nothing.

Locks: the lock of azr_seal().

Errors: 0A000 the encoding of the database is not UTF8; 55000 the log has another origin already, or another one than replaces, or has had this one before, or a subscription brings this database its events; 40001 in a REPEATABLE READ or SERIALIZABLE transaction, if the log got a name after its snapshot; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby.';

CREATE FUNCTION @extschema@.azr_seal(max_events bigint DEFAULT 10000) RETURNS @extschema@.azr_sealed
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_seal(bigint) IS
'Takes events into the log, in the order of the feed: entry i is the event at position i. Numbers the feed first, as azr_feed_advance() does. Call it from cron, or have the program that publishes checkpoints call it, as a transaction of its own.

Arguments: max_events, how many are taken at most.

Result: one row (size, root_hash): how many events the log has now, and the root of its tree. If there was nothing to seal, and in a database that gets its events by a subscription, these are of what is sealed already. A size and its root are kept as a checkpoint.

Locks: a transaction-level advisory lock of a private class, to the end of the transaction: who seals, files a note or erases what is sealed waits for it. If the feed was numbered, also the lock of azr_feed_advance(). RowExclusiveLock on the tables of the evidence. Appends wait for none of this. The commit waits for the disk even if synchronous_commit is off.

Errors: 55000 no evidence is kept; 40001 in a REPEATABLE READ or SERIALIZABLE transaction, if events were sealed or numbered after its snapshot; XX001 somebody has changed events or the log, so that it cannot go on: the event is named, see azr_verify(), and "When sealing stops" in the documentation; 25006 read-only transaction or standby; 22004, 22023 for max_events.';
