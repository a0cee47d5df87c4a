-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION angzarr UPDATE TO '0.2.0'" to load this file. \quit

-- Version 0.2.0 adds azr_check, azr_grant, azr_revoke and azr_privileges, whose own
-- files follow this one.

-- What no append stores and azr_check() looks for: empty, unless somebody has broken a
-- rule by hand.
CREATE INDEX azr_main_events_astray_idx
	ON @extschema@.azr_main_events (stream_id, sequence)
	WHERE NOT committed AND cascade_id IS NULL;
CREATE INDEX azr_edition_events_astray_idx
	ON @extschema@.azr_edition_events (stream_id, sequence)
	WHERE NOT committed AND cascade_id IS NULL;

