-- azr_table_changed

CREATE FUNCTION @extschema@.azr_table_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_table_changed() IS
'Trigger function of tables whose rows sessions keep: azr_registered_domains and azr_slot_owners. Has all sessions read the table again.';
