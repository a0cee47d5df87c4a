-- The extension can be created by whoever owns the database, and brings what
-- it says it brings.
CREATE EXTENSION angzarr;

SELECT extversion = azr_version() AS library_and_script_agree, extrelocatable
FROM pg_extension WHERE extname = 'angzarr';

-- every function: names, order and defaults of its arguments are the contract
SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ') -> ' ||
	coalesce(pg_get_function_result(p.oid), 'procedure') AS signature
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'angzarr'
ORDER BY p.proname COLLATE "C";

\d azr_append_result
\d azr_event
\d azr_stream
\d azr_timeline

-- every function is documented
SELECT p.oid::regprocedure
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'angzarr'
WHERE obj_description(p.oid, 'pg_proc') IS NULL;

-- What the other files call: runs a statement, and says its first value, or
-- how it failed.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- A short way to say n events.
CREATE FUNCTION types(n int) RETURNS text[] LANGUAGE sql AS
$$ SELECT coalesce(array_agg('T' || i ORDER BY i), '{}') FROM generate_series(1, n) i $$;
CREATE FUNCTION payloads(n int) RETURNS bytea[] LANGUAGE sql AS
$$ SELECT coalesce(array_agg(convert_to('p' || i, 'UTF8') ORDER BY i), '{}') FROM generate_series(1, n) i $$;
