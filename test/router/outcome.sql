-- What the regression files call, as sql/install.sql has it.
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
