-- Where the slots are: azr_router_map and azr_router_nodes. The map is a server of the foreign-data
-- wrapper plproxy, "angzarr", whose option p17 says how to connect to the node of slot 17.

CREATE FUNCTION @extschema@.azr_router_map(slots int4multirange, connection text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given ALIAS FOR slots;
	new_map boolean := NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'angzarr');
	options text;
BEGIN
	IF given IS NULL OR connection IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', CASE WHEN given IS NULL THEN 'slots' ELSE 'connection' END
			USING ERRCODE = '22004';
	ELSIF isempty(given) OR NOT given <@ '{[0,1023]}'::int4multirange THEN
		RAISE EXCEPTION 'argument "slots" must have slots from 0 to 1023 only' USING ERRCODE = '22023';
	ELSIF connection ~ '^\s*postgres(ql)?://' OR connection !~ '=' THEN
		RAISE EXCEPTION 'argument "connection" must be of the form "host=... dbname=..."' USING ERRCODE = '22023';
	ELSIF connection ~* '(^|\s)(password|user)\s*=' THEN
		RAISE EXCEPTION 'argument "connection" must not name a user or a password' USING ERRCODE = '22023',
			HINT = 'Everybody can read it: use ALTER USER MAPPING FOR the owner of the extension SERVER angzarr OPTIONS (...).';
	ELSIF new_map AND given <> '{[0,1023]}'::int4multirange THEN
		RAISE EXCEPTION 'the first call must say where all slots are' USING ERRCODE = '22023',
			HINT = 'Begin with ''{[0,1023]}'', and then say which of them another node has.';
	END IF;

	-- what nodes send as text must be what the router reads
	IF connection !~* '(^|\s)options\s*=' THEN
		connection := connection || ' options=''-c datestyle=ISO -c intervalstyle=postgres''';
	END IF;
	SELECT string_agg(format('%s p%s %L', CASE WHEN new_map THEN '' ELSE 'SET' END, s, connection), ', ' ORDER BY s) INTO options
		FROM generate_series(0, 1023) s WHERE s <@ given;
	IF new_map THEN
		EXECUTE 'CREATE SERVER angzarr FOREIGN DATA WRAPPER plproxy OPTIONS (' || options || ')';
		EXECUTE 'CREATE USER MAPPING FOR CURRENT_USER SERVER angzarr';
	ELSE
		EXECUTE 'ALTER SERVER angzarr OPTIONS (' || options || ')';
	END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.azr_router_map(int4multirange, text) IS
'Says where slots are. What nodes themselves were told by azr_own_slots() is what counts: a router that is told otherwise gets ZR013 from them.

Arguments: slots, such as ''{[0,511]}''; in the first call, all of them: ''{[0,1023]}''. connection, to the node''s database, as host=... dbname=... of libpq; who connects is said by ALTER USER MAPPING FOR the extension''s owner SERVER angzarr OPTIONS (ADD user ''...'', ADD password ''...''), and without that it is the extension''s owner.

Result: none. Sessions of the router connect anew when this has been committed.

Locks: those of CREATE SERVER and ALTER SERVER.

Errors: 22004 NULL where there must be a value; 22023 bad value, or the first call has not all slots.';

CREATE TYPE @extschema@.azr_router_node AS (
	connection text,
	slots int4multirange
);

COMMENT ON TYPE @extschema@.azr_router_node IS
'A node, by how to connect to it, with its slots.';

CREATE FUNCTION @extschema@.azr_router_nodes() RETURNS SETOF @extschema@.azr_router_node
LANGUAGE sql STABLE BEGIN ATOMIC
	WITH parts AS (
		SELECT pg_catalog.substr(o.option_name, 2)::integer AS part, o.option_value AS connection
		FROM pg_catalog.pg_foreign_server s, pg_catalog.pg_options_to_table(s.srvoptions) o
		WHERE s.srvname = 'angzarr' AND o.option_name ~ '^p[0-9]+$'
	)
	SELECT p.connection, pg_catalog.range_agg(pg_catalog.int4range(s, s, '[]'))
	FROM pg_catalog.generate_series(0, 1023) s
	JOIN parts p ON p.part = s % (SELECT count(*)::integer FROM parts)
	GROUP BY p.connection
	ORDER BY min(s);
END;

COMMENT ON FUNCTION @extschema@.azr_router_nodes() IS
'The nodes that the router knows, with what azr_router_map() has said of them. No node is asked.

Result: rows of azr_router_node, by slot.';
