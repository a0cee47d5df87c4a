-- History is immutable: who tries to change a stored row gets ZR008.

CREATE FUNCTION @extschema@.azr_reject_change() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_reject_change() IS
'Trigger function of the event store''s tables. Raises ZR008 for UPDATE, DELETE and TRUNCATE, but for what azr_delete_edition(), azr_erase(), azr_slot_drop() and azr_slot_import() do.';

-- Row triggers of a partitioned table stand on its partitions too; those of
-- TRUNCATE must be made for each.
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_events
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_main_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_edition_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();

-- A stream's names and its events' types are part of its history.
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_streams
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_streams
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_event_types
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_event_types
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();

-- ALWAYS: session_replication_role = replica switches off other triggers.
ALTER TABLE @extschema@.azr_events ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_events ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_main_events ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_edition_events ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_streams ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_streams ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_event_types ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_event_types ENABLE ALWAYS TRIGGER azr_reject_truncate;
