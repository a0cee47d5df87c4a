-- azr_prove and azr_prove_consistency: proofs that can be checked without the database

CREATE FUNCTION @extschema@.azr_prove(
	domain text,
	edition text,
	root uuid,
	sequence bigint DEFAULT NULL,
	size bigint DEFAULT NULL
) RETURNS jsonb
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_prove(text, text, uuid, bigint, bigint) IS
'A proof that a stream''s events, from 0 to a sequence, are exactly these: the events, and that the last one is in the log (RFC 6962). Each event''s leaf has that of the one before, so this vouches for all of them.

Arguments: domain, edition and root of the stream; an edition''s own events are not in the log. sequence, of the last event, NULL for the last one that is sealed. size, that the log had, 1 to what is sealed; NULL for the last size with a signed note that has the event, or for what is sealed if there is none.

Result: a JSON object: origin, size, root_hash of the log; index, the last event''s place in it; domain, edition, root, sequence; events, an array; proof, an array of hashes from the leaf to the root; checkpoint, the signed note of that size, if one was filed. An event has sequence, type, created_at_us (microseconds since 1970), committed, cascade_id, source_domain, source_edition, source_root, source_sequence, correlation_id, external_id, payload, metadata (as text) and salt. One that was erased has body, the digest of what was erased, and erased, in place of the last five, and the type that it had. What is NULL is left out; bytes are in base64.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; 22023 the event is not sealed, or not at that size, or is an edition''s own, or a bad value; ZR011 the events are not those that were sealed: see azr_verify(); 55000 no evidence is kept; 22004 NULL where there must be a value; 54000 the proof is larger than a value can be; XX001 tables of the evidence are damaged.';

CREATE FUNCTION @extschema@.azr_prove_consistency(from_size bigint, to_size bigint) RETURNS bytea[]
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_prove_consistency(bigint, bigint) IS
'A proof that the log of one size is the beginning of that of another (RFC 6962): who has a checkpoint of each can check that nothing before was changed.

Arguments: from_size, 0 to to_size. to_size, to what is sealed.

Result: bytea[], hashes; none if from_size is 0 or equals to_size.

Locks: AccessShareLock on azr_evidence_tiles. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 a size is past what is sealed, or bad; 55000 no evidence is kept; 22004 NULL; XX001 tiles are damaged: see azr_verify().';
