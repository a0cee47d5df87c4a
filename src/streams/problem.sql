-- What azr_check and azr_verify find

CREATE TYPE @extschema@.azr_problem AS (
	problem text,
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	detail text
);

COMMENT ON TYPE @extschema@.azr_problem IS
'What azr_check or azr_verify has found. sequence: the first one that it concerns, NULL for none. domain, edition and root are NULL for what belongs to no stream.';
