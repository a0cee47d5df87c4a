-- No function makes a row of its values if the type that it returns was altered: a number
-- would be read as a pointer.
SELECT azr_root('row_types', 'a') AS r \gset
SELECT outcome FROM azr_append('row_types', NULL, :'r', 0, types(3), payloads(3), external_id => 'x', correlation_id => 'row_types', source_domain => 's', source_root => :'r', source_sequence => 7);
SELECT outcome FROM azr_append('row_types', NULL, :'r', 3, types(1), payloads(1), cascade_id => 'row_types', committed => false);
SELECT azr_put_snapshot('row_types', NULL, :'r', 1, 't', 's');
SELECT azr_create_edition('row_types', 'branch', 1);
SELECT azr_domain_set('row_types', 'relaxed');
SELECT azr_feed_advance() >= 0 AS advanced;
SELECT azr_group_create('row_types', 1, domains => ARRAY['row_types']), azr_group_create('row_types parked', 1, domains => ARRAY['row_types']);
SELECT count(*) FROM azr_fetch('row_types parked', 1);
SELECT azr_park('row_types parked', azr_feed_head(), 'why');
SELECT azr_put_position('row_types', 'row_types', NULL, :'r', 1);

-- Alters each column of the type that a call returns by itself, and says what the call does then.
CREATE FUNCTION with_altered_columns(function text, arguments text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	returned oid := (SELECT t.typrelid FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype WHERE p.oid = function::regproc);
	name name := returned::regclass;
	col record;
BEGIN
	FOR col IN SELECT attname, CASE atttypid WHEN 'text'::regtype THEN 'bigint' ELSE 'text' END AS type
		FROM pg_attribute WHERE attrelid = returned AND attnum > 0 AND NOT attisdropped ORDER BY attnum
	LOOP
		BEGIN
			EXECUTE format('ALTER TYPE %I ALTER ATTRIBUTE %I TYPE %s', name, col.attname, col.type);
			EXECUTE format('SELECT count(x::text) FROM %s(%s) x', function, arguments);
			RAISE EXCEPTION 'nothing was raised';
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT SQLSTATE || ': ' || SQLERRM;
		END;
	END LOOP;
END
$$;

SELECT function, outcome, count(*) AS columns
FROM (VALUES
	('azr_append', format('%L, NULL, %L, NULL, types(1), payloads(1)', 'row_types', :'r')),
	('azr_append_json', format('%L, NULL, %L, NULL, ''[{"type": "T", "data": 1}]''', 'row_types', :'r')),
	('azr_append_commutative', format('%L, NULL, %L, 4, types(1), payloads(1), ''application/json'', ''{}''', 'row_types', :'r')),
	('azr_load', format('%L, NULL, %L', 'row_types', :'r')),
	('azr_load_effective', format('%L, NULL, %L', 'row_types', :'r')),
	('azr_load_state', format('%L, NULL, %L', 'row_types', :'r')),
	('azr_find_by_external_id', format('%L, NULL, %L, ''x''', 'row_types', :'r')),
	('azr_find_by_source', format('%L, NULL, %L, ''s'', NULL, %L, 7', 'row_types', :'r', :'r')),
	('azr_streams_of', '''row_types'', NULL'),
	('azr_feed', ''),
	('azr_feed_status', ''),
	('azr_fetch', '''row_types'', 1'),
	('azr_retry', '''row_types parked'''),
	('azr_parked', ''),
	('azr_groups', ''),
	('azr_get_snapshot', format('%L, NULL, %L', 'row_types', :'r')),
	('azr_maintain', ''),
	('azr_put_position', format('''row_types'', %L, NULL, %L, 2', 'row_types', :'r')),
	('azr_lag', '''row_types'', ''row_types'''),
	('azr_editions', ''),
	('azr_erasures', ''),
	('azr_scrub', ''),
	('azr_domain_settings', ''),
	('azr_stale_cascades', '''infinity'''),
	('azr_cascade_participants', '''row_types'''),
	('azr_privileges', ''),
	('azr_check', '''row_types'''),
	('azr_publication', ''),
	('azr_take_over', '')) AS call(function, arguments),
	with_altered_columns(function, arguments) AS outcome
GROUP BY 1, 2 ORDER BY 1, 2;

-- azr_trace returns rows of a view.  PostgreSQL lets nobody change the types of a view's columns,
-- but lets its owner add columns.
BEGIN;
CREATE OR REPLACE VIEW azr_timeline AS SELECT NULL::text COLLATE "C" AS domain, NULL::text COLLATE "C" AS edition, NULL::uuid AS root, NULL::bigint AS sequence, NULL::text COLLATE "C" AS type,
	NULL::bytea AS payload, NULL::jsonb AS metadata, NULL::timestamptz AS created_at, NULL::text COLLATE "C" AS correlation_id, NULL::text COLLATE "C" AS external_id,
	NULL::text COLLATE "C" AS source_domain, NULL::text COLLATE "C" AS source_edition, NULL::uuid AS source_root, NULL::bigint AS source_sequence, NULL::text COLLATE "C" AS cascade_id, NULL::boolean AS committed,
	1 AS more;
SELECT count(*) FROM azr_trace('row_types');
ROLLBACK;

SELECT * FROM azr_check('row_types');
SELECT azr_group_drop('row_types'), azr_group_drop('row_types parked');
DROP FUNCTION with_altered_columns;
