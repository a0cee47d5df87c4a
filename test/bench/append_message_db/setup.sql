\ir ../streams.sql
-- What Message DB does to write a message, made anew from a description: a table with the same
-- columns and indexes, and a function in PL/pgSQL that locks the stream's category, looks for
-- the stream's last position, compares it with what is expected, and inserts.  What is a
-- function of its own there is one here too, and is written in PL/pgSQL.  A stream's category
-- is its name up to the first "-".
CREATE TABLE messages (
	global_position bigserial PRIMARY KEY,
	position bigint NOT NULL,
	time timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
	stream_name text NOT NULL,
	type text NOT NULL,
	data jsonb,
	metadata jsonb,
	id uuid NOT NULL DEFAULT gen_random_uuid()
);
CREATE FUNCTION stream_category(name varchar) RETURNS varchar IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN split_part(name, '-', 1);
END
$$;
CREATE FUNCTION number_of_category(category varchar) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
	number bigint;
BEGIN
	SELECT ('x' || left(md5(category), 16))::bit(64)::bigint INTO number;
	RETURN number;
END
$$;
CREATE UNIQUE INDEX ON messages (id);
CREATE UNIQUE INDEX ON messages (stream_name, position);
CREATE INDEX ON messages (stream_category(stream_name), global_position, stream_category(metadata ->> 'correlationStreamName'));
CREATE FUNCTION lock_category(stream varchar) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	number bigint;
BEGIN
	number := number_of_category(stream_category(stream));
	PERFORM pg_advisory_xact_lock(number);
	IF current_setting('messages.trace', true) = 'on' THEN
		RAISE NOTICE 'locked the category of %', stream;
	END IF;
	RETURN number;
END
$$;
CREATE FUNCTION last_position(stream varchar) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	SELECT max(m.position) INTO last FROM messages m WHERE m.stream_name = stream;
	RETURN last;
END
$$;
CREATE FUNCTION write_message(id varchar, stream varchar, type varchar, data jsonb, metadata jsonb = NULL, expected bigint = NULL)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	PERFORM lock_category(stream);
	last := COALESCE(last_position(stream), -1);
	IF expected <> last THEN
		RAISE EXCEPTION 'stream % is at %, not at %', stream, last, expected;
	END IF;
	INSERT INTO messages (id, stream_name, position, type, data, metadata)
	VALUES (id::uuid, stream, last + 1, type, data, metadata);
	IF current_setting('messages.trace', true) = 'on' THEN
		RAISE NOTICE 'wrote a message to %', stream;
	END IF;
	RETURN last + 1;
END
$$;
-- with the events of the store
INSERT INTO messages (position, stream_name, type, data)
SELECT e.sequence, s.domain || '-' || s.root, t.type, jsonb_build_object('amount', 100, 'note', repeat('x', 37))
FROM azr_main_events e JOIN azr_streams s USING (stream_id) JOIN azr_event_types t USING (type_id)
ORDER BY e.stream_id, e.sequence;
VACUUM ANALYZE messages;
CHECKPOINT;
