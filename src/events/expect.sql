-- azr_expect

CREATE FUNCTION @extschema@.azr_expect(
	domain text,
	edition text,
	root uuid,
	expected_sequence bigint,
	divergence bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_expect(text, text, uuid, bigint, bigint) IS
'Locks a stream as an append does, without appending to it: nobody else appends to it until the transaction ends. So a transaction can append to some streams on condition that others are as it has seen them.

Arguments: domain, edition and root name the stream, which need not exist. expected_sequence, which must be the next one; -1 for at least one event, NULL for any number. divergence, for an edition only, as for azr_append.

Result: the stream''s next sequence.

Locks: those of azr_append, to the end of the transaction: nobody else appends to the stream, or creates it, and nobody creates, protects or deletes its edition. A root without events of its own in an edition reads as the main timeline. Unless a divergence is given, or the registered one is at most the main stream''s next sequence, the root''s stream on the main timeline is locked too, before that of the edition. To avoid deadlocks, take streams in the order of domain and root, the main timeline before editions. A sealed edition can be expected, since nothing is changed.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR001 the next sequence is another one; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 40001 the stream got events after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 55000 a table, column, index or type of the store was altered; 55P03, 57014, 40P01 from waiting for a lock.';
