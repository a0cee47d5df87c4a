-- Stored history cannot be changed, by nobody and by no way but DDL.
\set r '00000000-0000-0000-0000-000000000001'
SELECT outcome FROM azr_append('immutable', NULL, :'r', 0, types(2), payloads(2));
SELECT outcome FROM azr_append('immutable', 'e', :'r', 1, types(2), payloads(2));

\pset format unaligned
\pset tuples_only on
SELECT table_name || ': ' || outcome(replace(statement, 'TABLE', table_name))
FROM unnest(ARRAY['azr_events', 'azr_main_events']) table_name,
	unnest(ARRAY[
		'UPDATE TABLE SET type_id = 1 WHERE stream_id > 0',
		'UPDATE TABLE SET stream_id = - stream_id WHERE stream_id > 0',
		'DELETE FROM TABLE WHERE stream_id > 0',
		'TRUNCATE TABLE',
		'TRUNCATE TABLE CASCADE',
		'INSERT INTO TABLE SELECT * FROM TABLE WHERE stream_id > 0 ON CONFLICT (stream_id, sequence) DO UPDATE SET type_id = 1',
		'MERGE INTO TABLE t USING azr_streams s ON t.stream_id = s.stream_id AND s.stream_id > 0 WHEN MATCHED THEN UPDATE SET type_id = 1',
		'MERGE INTO TABLE t USING azr_streams s ON t.stream_id = s.stream_id AND s.stream_id > 0 WHEN MATCHED THEN DELETE']) statement;
-- nor that of editions, but by azr_delete_edition
SELECT statement || ': ' || outcome(statement)
FROM unnest(ARRAY[
	'UPDATE azr_edition_events SET type_id = 1',
	'UPDATE azr_events SET stream_id = - stream_id WHERE stream_id < 0',
	'DELETE FROM azr_edition_events',
	'DELETE FROM azr_events WHERE stream_id < 0',
	'TRUNCATE azr_edition_events']) statement;
SELECT 'azr_streams: ' || outcome(statement)
FROM unnest(ARRAY[
	'UPDATE azr_streams SET domain = ''x''',
	'DELETE FROM azr_streams',
	'TRUNCATE azr_streams',
	'INSERT INTO azr_streams SELECT * FROM azr_streams ON CONFLICT (stream_id) DO UPDATE SET domain = ''x''']) statement;

-- by a cascade from a table of one's own
CREATE TABLE kinds (stream_id bigint, sequence bigint, PRIMARY KEY (stream_id, sequence));
INSERT INTO kinds SELECT stream_id, sequence FROM azr_events;
ALTER TABLE azr_events ADD CONSTRAINT kind FOREIGN KEY (stream_id, sequence)
	REFERENCES kinds ON DELETE CASCADE ON UPDATE CASCADE;
SELECT outcome('DELETE FROM kinds WHERE stream_id > 0');
SELECT outcome('UPDATE kinds SET sequence = sequence + 1000000 WHERE stream_id > 0');
SELECT outcome('TRUNCATE kinds CASCADE');
ALTER TABLE azr_events DROP CONSTRAINT kind;
DROP TABLE kinds;

-- the triggers are always on, on every table
SELECT tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text
FROM pg_trigger WHERE tgname LIKE 'azr_reject%' ORDER BY 1;
SELECT outcome('SELECT azr_reject_change()');

-- nothing has changed
SELECT sequence, type, payload FROM azr_load('immutable', NULL, :'r');
