-- How functions report what they have changed.

CREATE TYPE @extschema@.azr_change AS (
	action text,
	object text,
	detail text
);

COMMENT ON TYPE @extschema@.azr_change IS
'Something that azr_take_over or azr_publication has done.';
