-- Types of events by number: a store has few types and many events.

CREATE TABLE @extschema@.azr_event_types (
	type_id integer NOT NULL,
	type text COLLATE "C" NOT NULL,
	CONSTRAINT azr_event_types_pkey PRIMARY KEY (type_id)
);

-- Not unique: who appends a new type does not wait for others who do. Then it has
-- several numbers.
CREATE INDEX azr_event_types_type_idx ON @extschema@.azr_event_types (type);

COMMENT ON TABLE @extschema@.azr_event_types IS
'Types of events by number. A type that was new to several transactions at once has several. Written by the functions that append.';

CREATE FUNCTION @extschema@.azr_event_type(type_id integer) RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_event_type(integer) IS
'The type of an event of azr_events, for triggers on that table and queries of it. The view azr_timeline has it already.

Arguments: type_id, the event''s column of that name.

Result: text; NULL where there is no such type.

Locks: AccessShareLock on azr_event_types, where the backend has not seen the type yet.';

ALTER TABLE @extschema@.azr_event_types OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_event_types', '');
