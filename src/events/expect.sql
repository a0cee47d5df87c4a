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
'Has a stream stand still until the transaction ends, without appending to it: with it, a transaction appends to some streams on condition that others are as it has seen them.

Arguments: domain, edition and root name the stream, which need not exist. expected_sequence, which must be the next one; -1 for at least one event, NULL for any number. divergence, for an edition only, as for azr_append.

Result: the stream''s next sequence.

Locks: those of azr_append, to the end of the transaction: nobody else appends to the stream, or creates it, and nobody creates, protects or deletes its edition. Of a root without events of its own in an edition, the next sequence is the main timeline''s, unless a divergence is given, or registered that is not past it: then, after the edition''s lock and before the stream''s, the root''s stream on the main timeline is locked too. A sealed edition can be expected, since nothing is changed.

Errors: ZR001 the next sequence is another one; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 40001 the stream got events after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 55000 a table, column or index of the store was altered; 55P03, 57014, 40P01 from waiting for a lock.';
