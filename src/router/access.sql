-- Who may do what: levels, as in the store. They hold for the router's own functions. A node knows
-- the router by one role.

CREATE FUNCTION @extschema@.azr_route_privileges() RETURNS SETOF @extschema@.azr_privilege
LANGUAGE sql BEGIN ATOMIC
	SELECT p.oid::pg_catalog.regprocedure, l.level
	FROM @extschema@.azr_router_levels() l
	JOIN pg_catalog.pg_proc p ON p.proname = l.name
		AND p.pronamespace = (SELECT e.extnamespace FROM pg_catalog.pg_extension e WHERE e.extname = 'angzarr_router')
	ORDER BY pg_catalog.array_position(ARRAY['reader', 'writer', 'admin', 'owner'], l.level), l.name COLLATE "C";
END;

-- Read the arguments of azr_grant and azr_revoke, and say how GRANT names the role.
CREATE FUNCTION @extschema@.azr_route_role(role regrole, level text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	name text;
BEGIN
	IF role IS NULL OR level IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', CASE WHEN role IS NULL THEN 'role' ELSE 'level' END USING ERRCODE = '22004';
	ELSIF role = 0 THEN
		RAISE EXCEPTION 'argument "role" must name a role' USING ERRCODE = '22023', DETAIL = 'Nothing of the extension is granted to PUBLIC.';
	END IF;
	SELECT quote_ident(r.rolname) INTO name FROM pg_roles r WHERE r.oid = role;
	IF name IS NULL THEN
		RAISE EXCEPTION 'role with OID % does not exist', role::oid USING ERRCODE = '42704';
	ELSIF level NOT IN ('reader', 'writer', 'admin') THEN
		RAISE EXCEPTION 'unrecognized level "%"', level USING ERRCODE = '22023', HINT = 'Valid values are "reader", "writer" and "admin".';
	END IF;
	RETURN name;
END
$$;

-- What a level has beside the functions of the store.
CREATE FUNCTION @extschema@.azr_route_functions(levels text[]) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(f.function::regprocedure::text, ', ' ORDER BY f.function) FROM (
		SELECT p.function::oid AS function, p.level FROM @extschema@.azr_route_privileges() p
		UNION ALL SELECT '@extschema@.azr_router_nodes()'::regprocedure, 'reader'
		UNION ALL SELECT '@extschema@.azr_router_finish_cascades(timestamptz)'::regprocedure, 'writer') f
	WHERE f.level = ANY (levels)
$$;

CREATE FUNCTION @extschema@.azr_route_grant(role regrole, level text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	name text := @extschema@.azr_route_role(role, level);
	schema regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'angzarr_router');
	all_levels text[] := ARRAY['reader', 'writer', 'admin'];
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', schema, name);
	EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s',
		@extschema@.azr_route_functions(all_levels[:array_position(all_levels, level)]), name);
END
$$;

CREATE FUNCTION @extschema@.azr_route_revoke(role regrole, level text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	name text := @extschema@.azr_route_role(role, level);
	schema regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'angzarr_router');
	all_levels text[] := ARRAY['reader', 'writer', 'admin'];
BEGIN
	EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM %s',
		@extschema@.azr_route_functions(all_levels[array_position(all_levels, level):]), name);
	IF level = 'reader' THEN
		EXECUTE format('REVOKE USAGE ON SCHEMA %s FROM %s', schema, name);
	END IF;
END
$$;
