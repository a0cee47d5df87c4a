-- The server functions of Message DB 1.3.0 over the events of angzarr, for the clients of that store.
--
--     psql -X -d DATABASE -f message_db.sql
--
-- Run it in a database that has the extension, as the role that is to own the schema message_store. It can be run
-- again. docs/compat/README.md says what differs from Message DB, and why.

\set ON_ERROR_STOP on
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;

-- Where the extension is. Everything below is bound to its functions, not to their names.
SELECT coalesce(max(n.nspname), '') AS azr, count(*) = 0 AS azr_is_missing
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'angzarr' \gset
SELECT to_regclass('message_store.messages') IS NOT NULL AS azr_is_message_db,
	EXISTS (SELECT FROM pg_namespace WHERE nspname = 'message_store' AND nspowner <> current_user::regrole) OR
	EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('message_store.stream_names')
		AND relowner <> current_user::regrole) AS azr_is_foreign,
	to_regtype('message_store.message') IS NULL AS azr_is_new \gset
\if :azr_is_missing
DO $$ BEGIN RAISE EXCEPTION 'this database does not have the extension angzarr'; END $$;
\endif
\if :azr_is_message_db
DO $$ BEGIN RAISE EXCEPTION 'schema "message_store" is that of Message DB itself'
	USING HINT = 'See "Moving in from Message DB" in docs/compat/README.md.'; END $$;
\endif
\if :azr_is_foreign
DO $$ BEGIN RAISE EXCEPTION 'schema "message_store" belongs to another role'; END $$;
\endif

CREATE SCHEMA IF NOT EXISTS message_store;

\if :azr_is_new
CREATE TYPE message_store.message AS (
	id varchar,
	stream_name varchar,
	type varchar,
	position bigint,
	global_position bigint,
	data varchar,
	metadata varchar,
	time timestamp
);
\endif
COMMENT ON TYPE message_store.message IS
'A message as the functions that read give it. data and metadata are JSON; time is in UTC.';

-- The parts of a name. Functions that are one expression can become part of the statement that calls them, which makes
-- them fast; STRICT would keep most of them from it.

CREATE OR REPLACE FUNCTION message_store.message_store_version() RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '1.3.0'::varchar;

COMMENT ON FUNCTION message_store.message_store_version() IS
'The version of Message DB whose interface this is.';

CREATE OR REPLACE FUNCTION message_store.category(stream_name varchar) RETURNS varchar
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN split_part(stream_name::text, '-', 1)::varchar;

COMMENT ON FUNCTION message_store.category(varchar) IS
'What comes before the first dash of a stream''s name, or the whole name if there is none. It is the domain of the stream''s events.';

CREATE OR REPLACE FUNCTION message_store.id(stream_name varchar) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN strpos(stream_name::text, '-') > 0
	THEN substr(stream_name::text, strpos(stream_name::text, '-') + 1)::varchar END;

COMMENT ON FUNCTION message_store.id(varchar) IS
'What comes after the first dash of a stream''s name; NULL if there is none.';

CREATE OR REPLACE FUNCTION message_store.cardinal_id(stream_name varchar) RETURNS varchar
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN split_part(message_store.id(stream_name)::text, '+', 1)::varchar;

COMMENT ON FUNCTION message_store.cardinal_id(varchar) IS
'The id in a stream''s name, to its first plus sign; NULL if the name has no id. The members of a consumer group share messages by it.';

CREATE OR REPLACE FUNCTION message_store.is_category(stream_name varchar) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(strpos(stream_name::text, '-') = 0, true);

COMMENT ON FUNCTION message_store.is_category(varchar) IS
'Does the name have no dash, so that it is that of a category?';

CREATE OR REPLACE FUNCTION message_store.hash_64(value varchar) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ('x' || left(md5(value::text), 16))::bit(64)::bigint;

COMMENT ON FUNCTION message_store.hash_64(varchar) IS
'The first 64 bits of the MD5 hash of a text, as a number.';

-- Streams

CREATE OR REPLACE FUNCTION message_store.stream_root(stream_name varchar) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
	WHEN message_store.id(stream_name)::text COLLATE "C" ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
	THEN message_store.id(stream_name)::uuid
	WHEN stream_name IS NOT NULL
	THEN :"azr".azr_root(message_store.category(stream_name)::text,
		coalesce(message_store.id(stream_name)::text, '')) END;

COMMENT ON FUNCTION message_store.stream_root(varchar) IS
'The root of a stream''s events: the id in its name if that is a uuid in lower case, else what azr_root() makes of it. Not a function of Message DB.';

-- Names that do not follow from domain and root, since their id is no uuid. Rows cannot be wrong, whoever stores them.
CREATE TABLE IF NOT EXISTS message_store.stream_names (
	domain text COLLATE "C" NOT NULL,
	root uuid NOT NULL,
	name text COLLATE "C" NOT NULL,
	PRIMARY KEY (domain, root),
	CHECK (domain = message_store.category(name::varchar)::text),
	CHECK (root = message_store.stream_root(name::varchar))
);

COMMENT ON TABLE message_store.stream_names IS
'Names of streams whose id is not a uuid. write_message() stores them. After an import, store those that it brought.';

CREATE OR REPLACE FUNCTION message_store.stream_name(domain text, root uuid) RETURNS varchar
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN coalesce((SELECT n.name FROM message_store.stream_names n
	WHERE n.domain = stream_name.domain AND n.root = stream_name.root), domain || '-' || root::text)::varchar;

COMMENT ON FUNCTION message_store.stream_name(text, uuid) IS
'The name of the stream that has a domain and a root. Not a function of Message DB.';

CREATE OR REPLACE FUNCTION message_store.stream_version(stream_name varchar) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN stream_name IS NOT NULL
	THEN nullif(:"azr".azr_next_sequence(message_store.category(stream_name)::text, NULL::text,
		message_store.stream_root(stream_name)), 0) - 1 END;

COMMENT ON FUNCTION message_store.stream_version(varchar) IS
'The position of a stream''s last message; NULL if it has none.';

-- Messages

CREATE OR REPLACE FUNCTION message_store.message_id(external_id text, domain text, root uuid, sequence bigint) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
	WHEN external_id COLLATE "C" ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN external_id
	ELSE :"azr".azr_root(domain, root::text || ':' || sequence::text)::text END::varchar;

COMMENT ON FUNCTION message_store.message_id(text, text, uuid, bigint) IS
'The id of the message that an event is: its external id if that is a uuid in lower case, else one that is made of its place. Internal.';

CREATE OR REPLACE FUNCTION message_store.message_data(payload bytea) RETURNS varchar
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- both stand for no data
	IF payload IN (''::bytea, 'null'::bytea) THEN
		RETURN NULL;
	END IF;
	RETURN convert_from(payload, 'UTF8')::jsonb::text;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN jsonb_build_object('payload_base64', replace(encode(payload, 'base64'), E'\n', ''))::text;
END $$;

COMMENT ON FUNCTION message_store.message_data(bytea) IS
'The data of the message that an event with a payload is: its JSON, NULL for null or nothing, or {"payload_base64": …} if it is not JSON. Internal.';

CREATE OR REPLACE FUNCTION message_store.append_message(category text, root uuid, id uuid, type varchar, data jsonb,
	metadata jsonb, expected_position bigint) RETURNS :"azr".azr_append_result
LANGUAGE sql VOLATILE
RETURN :"azr".azr_append(
	domain => category,
	edition => NULL::text,
	root => root,
	expected_sequence => expected_position,
	types => ARRAY[type::text],
	payloads => ARRAY[convert_to(coalesce(data::text, 'null'), 'UTF8')],
	metadata => CASE WHEN metadata IS NOT NULL THEN ARRAY[metadata] END,
	-- what cannot be a correlation id is in the metadata alone
	correlation_id => CASE WHEN octet_length(metadata ->> 'correlationStreamName') <= 255
		AND (metadata ->> 'correlationStreamName') COLLATE "C" !~ '[\x01-\x1f\x7f-\x9f]'
		THEN metadata ->> 'correlationStreamName' END,
	external_id => id::text,
	on_conflict => 'return');

COMMENT ON FUNCTION message_store.append_message(text, uuid, uuid, varchar, jsonb, jsonb, bigint) IS
'Appends a message, by azr_append(). Internal.';

CREATE OR REPLACE FUNCTION message_store.stream_messages(stream_name varchar, from_position bigint, to_position bigint)
RETURNS SETOF message_store.message
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT message_store.message_id(e.external_id, message_store.category(stream_messages.stream_name)::text,
			message_store.stream_root(stream_messages.stream_name), e.sequence),
		stream_messages.stream_name,
		e.type::varchar,
		e.sequence,
		0::bigint,
		message_store.message_data(e.payload),
		e.metadata::text::varchar,
		e.created_at AT TIME ZONE 'UTC'
	FROM :"azr".azr_load_effective(message_store.category(stream_messages.stream_name)::text, NULL::text,
		message_store.stream_root(stream_messages.stream_name),
		stream_messages.from_position, stream_messages.to_position) e;
END;

COMMENT ON FUNCTION message_store.stream_messages(varchar, bigint, bigint) IS
'The messages of a stream from a position to below another. Internal.';

CREATE OR REPLACE FUNCTION message_store.last_position_of_type(stream_name varchar, type varchar, before bigint) RETURNS bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT e.sequence
	FROM :"azr".azr_load(message_store.category(last_position_of_type.stream_name)::text, NULL::text,
		message_store.stream_root(last_position_of_type.stream_name), 0, last_position_of_type.before,
		max_count => 1, backward => true, types => ARRAY[last_position_of_type.type::text]) e;
END;

COMMENT ON FUNCTION message_store.last_position_of_type(varchar, varchar, bigint) IS
'The position of a stream''s last message of a type, effective or not, before another one; NULL if there is none. Internal.';

CREATE OR REPLACE FUNCTION message_store.feed_head() RETURNS bigint
LANGUAGE sql STABLE
RETURN :"azr".azr_feed_head();

COMMENT ON FUNCTION message_store.feed_head() IS
'The last position of the feed. Internal.';

CREATE OR REPLACE FUNCTION message_store.number_feed() RETURNS bigint
LANGUAGE sql VOLATILE
RETURN :"azr".azr_feed_wait(-1, '0 seconds'::interval);

COMMENT ON FUNCTION message_store.number_feed() IS
'Numbers what has been committed, if the caller may, and gives the last position of the feed. Internal.';

CREATE OR REPLACE FUNCTION message_store.category_messages(category varchar, after bigint, correlation varchar,
	consumer_group_member bigint, consumer_group_size bigint)
RETURNS SETOF message_store.message
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT message_store.message_id(f.external_id, f.domain, f.root, f.sequence),
		coalesce((SELECT n.name FROM message_store.stream_names n WHERE n.domain = f.domain AND n.root = f.root),
			f.domain || '-' || f.root::text)::varchar,
		f.type::varchar,
		f.sequence,
		f.position + 1,
		message_store.message_data(f.payload),
		f.metadata::text::varchar,
		f.created_at AT TIME ZONE 'UTC'
	FROM :"azr".azr_feed(category_messages.after, NULL::bigint, ARRAY[category_messages.category::text],
		effective => true) f
	WHERE (category_messages.correlation IS NULL OR
			message_store.category((f.metadata ->> 'correlationStreamName')::varchar) = category_messages.correlation)
		AND (category_messages.consumer_group_size IS NULL OR
			abs(mod(message_store.hash_64(message_store.cardinal_id(message_store.stream_name(f.domain, f.root))),
				category_messages.consumer_group_size)) = category_messages.consumer_group_member);
END;

COMMENT ON FUNCTION message_store.category_messages(varchar, bigint, varchar, bigint, bigint) IS
'The messages of a category after a position of the feed. Internal.';

-- Writing

CREATE OR REPLACE FUNCTION message_store.acquire_lock(stream_name varchar) RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT pg_advisory_xact_lock(message_store.hash_64(message_store.category(acquire_lock.stream_name)));
	SELECT message_store.hash_64(message_store.category(acquire_lock.stream_name));
END;

COMMENT ON FUNCTION message_store.acquire_lock(varchar) IS
'Locks a category to the end of the transaction: write_message() by others waits. Result: the key of the advisory lock, which is the hash of the category.';

CREATE OR REPLACE FUNCTION message_store.write_message(
	id varchar,
	stream_name varchar,
	"type" varchar,
	data jsonb,
	metadata jsonb DEFAULT NULL,
	expected_version bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	_category text;
	_root uuid;
	_name text;
	_written record;
BEGIN
	IF write_message.id IS NULL OR write_message.stream_name IS NULL OR write_message.type IS NULL THEN
		RAISE not_null_violation USING MESSAGE = format('argument "%s" must not be null',
			CASE WHEN write_message.id IS NULL THEN 'id'
				WHEN write_message.stream_name IS NULL THEN 'stream_name'
				ELSE 'type' END);
	END IF;
	_category := message_store.category(write_message.stream_name);
	_root := message_store.stream_root(write_message.stream_name);

	-- writers keep out who has called acquire_lock(), not one another
	PERFORM pg_advisory_xact_lock_shared(message_store.hash_64(_category::varchar));

	IF write_message.expected_version IS NULL OR
		write_message.expected_version BETWEEN -1 AND 9223372036854775806 THEN
		_written := message_store.append_message(_category, _root, write_message.id::uuid, write_message.type,
			write_message.data, write_message.metadata, write_message.expected_version + 1);
	ELSE
		-- no stream has this version
		SELECT 'conflict' AS outcome,
			coalesce(message_store.stream_version(write_message.stream_name) + 1, 0) AS next_sequence INTO _written;
	END IF;
	IF _written.outcome = 'conflict' THEN
		RAISE EXCEPTION 'Wrong expected version: % (Stream: %, Stream Version: %)',
			write_message.expected_version, write_message.stream_name, _written.next_sequence - 1;
	END IF;

	-- the stream is locked by now
	IF write_message.stream_name::text <> _category || '-' || _root::text THEN
		SELECT n.name INTO _name FROM message_store.stream_names n WHERE n.domain = _category AND n.root = _root;
		IF NOT FOUND THEN
			INSERT INTO message_store.stream_names (domain, root, name)
			VALUES (_category, _root, write_message.stream_name::text);
		ELSIF _name <> write_message.stream_name::text THEN
			RAISE unique_violation USING MESSAGE = format('stream name "%s" stands for the same stream as "%s"',
				write_message.stream_name, _name);
		END IF;
	END IF;
	RETURN _written.first_sequence;
END $$;

COMMENT ON FUNCTION message_store.write_message(varchar, varchar, varchar, jsonb, jsonb, bigint) IS
'Writes a message to a stream.

Arguments: id, a uuid, by which a repeated write is known. stream_name: category, a dash, and an id of any form; or a category alone. type. data and metadata, JSON or NULL. expected_version, the position of the stream''s last message, or -1 if there must be none; NULL accepts any.

Result: bigint, the message''s position in its stream. A message of the stream that has the same id already is not written again: the result is its position.

Locks: the stream, as azr_append() does, and an advisory lock of the category, which only those wait for who have called acquire_lock().

Errors: P0001 Wrong expected version; 23502 NULL where there must be a value; 23505 another stream''s name has the same root; 22P02 the id is not a uuid; and those of azr_append().';

-- Reading

CREATE OR REPLACE FUNCTION message_store.get_stream_messages(
	stream_name varchar,
	"position" bigint DEFAULT 0,
	batch_size bigint DEFAULT 1000,
	condition varchar DEFAULT NULL
) RETURNS SETOF message_store.message
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	_from bigint := greatest(get_stream_messages."position", 0);
	_count bigint := coalesce(get_stream_messages.batch_size, 1000);
BEGIN
	IF message_store.is_category(get_stream_messages.stream_name) THEN
		RAISE EXCEPTION 'Must be a stream name: %', get_stream_messages.stream_name;
	END IF;
	IF get_stream_messages.condition IS NOT NULL THEN
		RAISE EXCEPTION 'Retrieval with SQL condition is not activated'
			USING HINT = 'Put the condition into a WHERE of your own: this function runs no SQL that it is given.';
	END IF;
	IF _count < -1 THEN
		RAISE invalid_row_count_in_limit_clause USING MESSAGE = 'batch_size must not be negative, except for -1';
	END IF;

	RETURN QUERY SELECT m.* FROM message_store.stream_messages(get_stream_messages.stream_name, _from,
		CASE WHEN _count <> -1 AND _count <= 9223372036854775807 - _from THEN _from + _count END) m;
END $$;

COMMENT ON FUNCTION message_store.get_stream_messages(varchar, bigint, bigint, varchar) IS
'The messages of a stream, ascending, as azr_load_effective() sees them.

Arguments: stream_name. position, that of the first message that is wanted. batch_size, how many at most; -1 for all. condition must be NULL.

Result: rows of message_store.message. global_position is 0: only get_category_messages() gives it.

Errors: P0001 the name is that of a category, or there is a condition; 2201W bad batch_size; and those of azr_load_effective().';

CREATE OR REPLACE FUNCTION message_store.get_last_stream_message(
	stream_name varchar,
	type varchar DEFAULT NULL
) RETURNS SETOF message_store.message
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	_position bigint := message_store.stream_version(get_last_stream_message.stream_name);
	_before bigint;
BEGIN
	IF get_last_stream_message.type IS NULL THEN
		IF _position IS NOT NULL THEN
			RETURN QUERY SELECT m.* FROM message_store.stream_messages(get_last_stream_message.stream_name,
				_position, _position + 1) m;
		END IF;
		RETURN;
	END IF;

	WHILE _position IS NOT NULL LOOP
		_position := message_store.last_position_of_type(get_last_stream_message.stream_name,
			get_last_stream_message.type, _before);
		EXIT WHEN _position IS NULL;
		-- it is of another type if it is not effective
		RETURN QUERY SELECT m.* FROM message_store.stream_messages(get_last_stream_message.stream_name,
			_position, _position + 1) m
			WHERE m.type::text = get_last_stream_message.type::text;
		EXIT WHEN FOUND;
		_before := _position;
	END LOOP;
END $$;

COMMENT ON FUNCTION message_store.get_last_stream_message(varchar, varchar) IS
'The last message of a stream, or its last one of a type.

Result: a row of message_store.message, or none. global_position is 0: only get_category_messages() gives it.

Errors: those of azr_load().';

CREATE OR REPLACE FUNCTION message_store.get_category_messages(
	category varchar,
	"position" bigint DEFAULT 1,
	batch_size bigint DEFAULT 1000,
	correlation varchar DEFAULT NULL,
	consumer_group_member bigint DEFAULT NULL,
	consumer_group_size bigint DEFAULT NULL,
	condition varchar DEFAULT NULL
) RETURNS SETOF message_store.message
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
-- the planner takes it that the whole feed is read, and would compile for that
SET jit = off AS $$
DECLARE
	_count bigint := coalesce(get_category_messages.batch_size, 1000);
	_given bigint := 0;
	_last bigint;
	_head bigint;
	_before bigint;
	_message message_store.message;
BEGIN
	IF NOT message_store.is_category(get_category_messages.category) THEN
		RAISE EXCEPTION 'Must be a category: %', get_category_messages.category;
	END IF;
	IF strpos(get_category_messages.correlation::text, '-') > 0 THEN
		RAISE EXCEPTION 'Correlation must be a category (Correlation: %)', get_category_messages.correlation;
	END IF;
	IF (get_category_messages.consumer_group_member IS NULL) <> (get_category_messages.consumer_group_size IS NULL) THEN
		RAISE EXCEPTION 'Consumer group member and size must be specified (Consumer Group Member: %, Consumer Group Size: %)',
			get_category_messages.consumer_group_member, get_category_messages.consumer_group_size;
	END IF;
	IF get_category_messages.consumer_group_size < 1 THEN
		RAISE EXCEPTION 'Consumer group size must not be less than 1 (Consumer Group Member: %, Consumer Group Size: %)',
			get_category_messages.consumer_group_member, get_category_messages.consumer_group_size;
	END IF;
	IF get_category_messages.consumer_group_member < 0 THEN
		RAISE EXCEPTION 'Consumer group member must not be less than 0 (Consumer Group Member: %, Consumer Group Size: %)',
			get_category_messages.consumer_group_member, get_category_messages.consumer_group_size;
	END IF;
	IF get_category_messages.consumer_group_member >= get_category_messages.consumer_group_size THEN
		RAISE EXCEPTION 'Consumer group member must be less than the group size (Consumer Group Member: %, Consumer Group Size: %)',
			get_category_messages.consumer_group_member, get_category_messages.consumer_group_size;
	END IF;
	IF get_category_messages.condition IS NOT NULL THEN
		RAISE EXCEPTION 'Retrieval with SQL condition is not activated'
			USING HINT = 'Put the condition into a WHERE of your own: this function runs no SQL that it is given.';
	END IF;
	IF _count < -1 THEN
		RAISE invalid_row_count_in_limit_clause USING MESSAGE = 'batch_size must not be negative, except for -1';
	END IF;
	IF get_category_messages.category IS NULL THEN
		RETURN;
	END IF;

	-- what is committed is to be found; but a transaction with one snapshot would not see what is numbered now
	IF current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') THEN
		_before := message_store.feed_head();
		LOOP
			_head := message_store.number_feed();
			EXIT WHEN _head = _before;
			_before := _head;
		END LOOP;
	END IF;

	FOR _message IN
		SELECT m.* FROM message_store.category_messages(get_category_messages.category,
			greatest(get_category_messages."position", 1) - 2,
			get_category_messages.correlation, get_category_messages.consumer_group_member,
			get_category_messages.consumer_group_size) m
	LOOP
		-- messages that became effective together have one position, and are read together
		EXIT WHEN _count <> -1 AND _given >= _count AND _message.global_position IS DISTINCT FROM _last;
		RETURN NEXT _message;
		_given := _given + 1;
		_last := _message.global_position;
	END LOOP;
END $$;

COMMENT ON FUNCTION message_store.get_category_messages(varchar, bigint, bigint, varchar, bigint, bigint, varchar) IS
'The messages of all streams of a category, by global position, as azr_feed() gives them with effective => true. It first gives a position to what has been committed.

Arguments: category. position, the first global position that is wanted. batch_size, how many messages at most; -1 for all. correlation, a category: only messages whose metadata has a correlationStreamName of it. consumer_group_member and consumer_group_size: only messages of streams whose cardinal id belongs to this member. condition must be NULL.

Result: rows of message_store.message. To read on, give the last global_position + 1.

Locks: those of azr_feed_wait(), so end the transaction soon.

Errors: P0001 bad arguments, in Message DB''s words; ZR009 the feed does not go as far as position - 1; 2201W bad batch_size; and those of azr_feed().';

-- Who may use azr_load() may read, and who may use azr_append() may write: azr_grant() says who that is. Functions run
-- with the rights of the caller.

SELECT max(p.oid::regprocedure::text) FILTER (WHERE p.proname = 'azr_load') AS azr_load,
	max(p.oid::regprocedure::text) FILTER (WHERE p.proname = 'azr_append') AS azr_append
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'angzarr'
JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' \gset

GRANT USAGE ON SCHEMA message_store TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA message_store TO PUBLIC;
GRANT SELECT, INSERT ON message_store.stream_names TO PUBLIC;
ALTER TABLE message_store.stream_names ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS reader ON message_store.stream_names;
DROP POLICY IF EXISTS writer ON message_store.stream_names;
CREATE POLICY reader ON message_store.stream_names FOR SELECT
	USING (has_function_privilege(:'azr_load'::regprocedure, 'EXECUTE'));
CREATE POLICY writer ON message_store.stream_names FOR INSERT
	WITH CHECK (has_function_privilege(:'azr_append'::regprocedure, 'EXECUTE'));

COMMIT;
