-- azr_maintain: the partitions of the snapshots' history.
CREATE FUNCTION put(k text, sequence bigint, retention text DEFAULT 'default') RETURNS void LANGUAGE sql AS
$$ SELECT azr_put_snapshot('maintain', NULL, azr_root('maintain', $1), $2, 'text', convert_to($2::text, 'UTF8'), $3) $$;
CREATE FUNCTION get(k text, at_sequence bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT sequence || ' ' || convert_from(state, 'UTF8') FROM azr_get_snapshot('maintain', NULL, azr_root('maintain', $1), $2) $$;
CREATE FUNCTION gets(k text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(coalesce(split_part(get($1, i), ' ', 1), '-'), ' ' ORDER BY i) FROM generate_series(0, 9) i $$;
-- snapshots of the stream k as if each had been put so long ago: the last one is the latest
CREATE FUNCTION file(k text, ages interval[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n int := cardinality(ages);
BEGIN
	INSERT INTO azr_snapshot_history (sequence, created_at, filed_at, root, domain, edition, retention, state_type, state)
	SELECT i - 1, now() - ages[i], now() - ages[i + 1], azr_root('maintain', k), 'maintain', 'angzarr', 'default', 'text', convert_to((i - 1)::text, 'UTF8')
	FROM generate_series(1, n - 1) i;
	INSERT INTO azr_latest_snapshots
	SELECT n - 1, now() - ages[n], now() - ages[n], azr_root('maintain', k), 'maintain', 'angzarr', 'default', 'text', convert_to((n - 1)::text, 'UTF8'), false;
END $$;
CREATE FUNCTION partitions() RETURNS SETOF text LANGUAGE sql AS
$$ SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'azr_snapshot_history_by_time'::regclass ORDER BY 1 $$;
CREATE FUNCTION drop_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	p text;
BEGIN
	FOR p IN SELECT x FROM partitions() x WHERE x <> 'azr_snapshot_history_rest' LOOP
		EXECUTE format('DROP TABLE %I', p);
	END LOOP;
END $$;
-- what azr_maintain() does, without names and times
CREATE FUNCTION maintain(keep interval DEFAULT '7 days', partition interval DEFAULT '1 day', ahead int DEFAULT 7) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', n, action, snapshots), ', ' ORDER BY action)
   FROM (SELECT action, count(*) AS n, sum(snapshots) AS snapshots FROM azr_maintain($1, $2, $3) GROUP BY action) a $$;
\pset format unaligned
\pset tuples_only on
\pset null '(null)'
-- how many partitions are left depends on the time of day
SET client_min_messages = warning;

-- where it never ran, everything lands in the default partition, and works
SELECT partitions();
SELECT put('a', i) FROM generate_series(0, 3) i;
SELECT gets('a');
SELECT count(*) FROM azr_snapshot_history_rest;
-- the current partition and seven to come; what had landed is moved; a second run has nothing to do
SELECT action, partition = 'azr_snapshot_history_' || to_char(starts_at AT TIME ZONE 'UTC', 'YYYYMMDD'),
	starts_at AT TIME ZONE 'UTC' - date_trunc('day', now() AT TIME ZONE 'UTC') AS starts,
	ends_at AT TIME ZONE 'UTC' - starts_at AT TIME ZONE 'UTC' AS spans, snapshots
FROM azr_maintain() ORDER BY starts_at, action;
SELECT maintain(), gets('a');
SELECT count(*) FROM azr_snapshot_history_rest;
SELECT put('a', 4), put('a', 5), gets('a');
SELECT count(*) FROM azr_snapshot_history_rest;
-- they are as good as the first: key, columns, owner, and nothing of how they were made is left
SELECT count(*), count(*) FILTER (WHERE relowner = (SELECT relowner FROM pg_class WHERE oid = 'azr_snapshot_history_rest'::regclass)),
	count(*) FILTER (WHERE EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p')),
	count(*) FILTER (WHERE EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c'))
FROM pg_class c, partitions() p WHERE c.oid = p::regclass;

-- a year without it, and clocks that jumped: what is past is pruned, the rest gets its place
SELECT file('year', array_agg(make_interval(hours => 24 * i) ORDER BY i DESC)) FROM generate_series(0, 365) i;
SELECT file('ahead', ARRAY['-1440 hours', '-9600 hours', '-9624 hours']::interval[]);
-- the latest is never pruned, however old
SELECT file('idle', ARRAY['9000 hours', '8000 hours', '7000 hours']::interval[]);
SELECT put('forever', 0, 'persist'), put('forever', 1, 'persist'), put('forever', 2);
UPDATE azr_snapshot_history_persist SET filed_at = filed_at - interval '10 years';
SELECT get('year', 1), get('year', 300), get('year', 365), get('idle', 1), get('idle'), get('ahead', 0), get('ahead', 1);
SELECT count(*) FROM azr_snapshot_history_rest;
SELECT maintain();
SELECT count(*) FROM azr_snapshot_history_rest;
SELECT get('year', 1), get('year', 300), get('year', 362), get('year', 365), get('idle', 1), get('idle'), get('ahead', 0), get('ahead', 1), gets('forever'), gets('a');
SELECT maintain();
-- a stream whose time is ahead of the clock goes on to be found
SELECT put('ahead', 3), put('ahead', 4), put('ahead', 1), gets('ahead');
SELECT maintain();

-- reading stops at the first partition, from the newest, that has the answer: here they are by
-- days from today
CREATE FUNCTION looked_at() RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg((to_date(right(relname, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date)::text, ' ' ORDER BY relname DESC), '-')
   FROM pg_stat_xact_user_tables WHERE idx_scan > 0 AND relname ~ '^azr_snapshot_history_2' $$;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT get('year', 365), looked_at();
SELECT get('year', 364), looked_at();
ROLLBACK;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT get('year', 363), looked_at();
ROLLBACK;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT get('year', 361), looked_at();
ROLLBACK;
-- of what was pruned, all that are not newer
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT get('year', 300), looked_at();
ROLLBACK;
-- nor are those looked at that are newer than all of the stream's: no lock either
BEGIN;
SELECT get('a', 2);
SELECT count(*) FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation
WHERE l.pid = pg_backend_pid() AND i.inhparent = 'azr_snapshot_history_by_time'::regclass;
ROLLBACK;

-- one that comes late is filed with the one that follows it, so that it hides none
DELETE FROM azr_snapshot_history WHERE domain = 'maintain' AND root = azr_root('maintain', 'year') AND sequence = 361;
SELECT put('year', 361), get('year', 361), get('year', 362), get('year', 363);
-- the same where it replaces
SELECT put('year', 362), get('year', 361), get('year', 362), get('year', 363), get('year', 364);

-- the time to keep, the span and the number may change: existing partitions stay as they are
SELECT maintain(keep => '48 hours') ~ '^[345] dropped$', get('year', 360), get('year', 364);
SELECT maintain(keep => '0', ahead => 0) ~ '^[123] dropped$', get('year', 364), get('year', 365);
SELECT maintain(ahead => 9);
SELECT drop_partitions();
-- each new one begins where the last one ends
SELECT maintain(ahead => 1), maintain(partition => '1 week', ahead => 3), maintain(partition => '1 month', ahead => 5),
	maintain(partition => '1 hour', ahead => 7), maintain(partition => '10 years', ahead => 9), maintain(ahead => 9);
SELECT count(*), count(*) FILTER (WHERE starts_at = last_end)
FROM (SELECT bounds[1]::timestamptz AS starts_at, lag(bounds[2]::timestamptz) OVER (ORDER BY bounds[1]::timestamptz) AS last_end
	FROM pg_class c, regexp_match(pg_get_expr(relpartbound, oid), $$'(.*)'.*'(.*)'$$) bounds
	WHERE oid IN (SELECT x::regclass FROM partitions() x) AND bounds IS NOT NULL) b;
SELECT drop_partitions();
-- partitions start at full multiples in UTC: hours, weeks on a Monday, months, centuries
SELECT DISTINCT to_char(starts_at AT TIME ZONE 'UTC', 'MI:SS.US'), ends_at - starts_at FROM azr_maintain(partition => '1 hour', ahead => 19);
BEGIN;
SELECT file('spans', ARRAY['0', '-2000 hours', '-9999 hours']::interval[]);
SELECT DISTINCT to_char(starts_at AT TIME ZONE 'UTC', 'FMDay HH24:MI:SS.US') FROM azr_maintain(partition => '2 weeks', ahead => 10) WHERE action = 'moved';
ROLLBACK;
BEGIN;
SELECT file('spans', ARRAY['0', '-2000 hours', '-9999 hours']::interval[]);
SELECT DISTINCT to_char(starts_at AT TIME ZONE 'UTC', 'DD HH24:MI:SS.US'), extract(month FROM starts_at AT TIME ZONE 'UTC')::int % 3, age(ends_at AT TIME ZONE 'UTC', starts_at AT TIME ZONE 'UTC')
FROM azr_maintain(partition => '3 months', ahead => 0) WHERE action = 'moved';
ROLLBACK;
BEGIN;
SELECT file('spans', ARRAY['0', '-2000 hours', '-9999 hours']::interval[]);
SELECT count(*) > 0, bool_and(mod(extract(epoch FROM starts_at - '2000-01-03 00:00+00')::bigint, 5400) = 0) FROM azr_maintain(partition => '90 minutes', ahead => 1) WHERE action = 'moved';
ROLLBACK;
-- a name that is taken is no obstacle
-- (one that starts at midnight has no time in its name)
SELECT p AS taken, p || '_1' AS taken_1 FROM (SELECT 'azr_snapshot_history_' || to_char(t AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MI') AS p
	FROM generate_series(30, 31) i, date_trunc('hour', now() + make_interval(hours => i)) t WHERE (t AT TIME ZONE 'UTC')::time <> '00:00' ORDER BY i LIMIT 1) p \gset
CREATE TABLE :"taken" (a int);
CREATE TYPE :"taken_1" AS ENUM ();
SELECT count(*) FROM azr_maintain(partition => '1 hour', ahead => 35) WHERE partition = :'taken' || '_2';
DROP TABLE :"taken";
DROP TYPE :"taken_1";
-- what is set for dates and times does not matter
BEGIN;
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL IntervalStyle = 'sql_standard';
SET LOCAL TimeZone = 'Asia/Kathmandu';
SELECT count(*) > 10, bool_and((starts_at AT TIME ZONE 'UTC')::time = '00:00' OR partition ~ '_\d\d\d\d$'), bool_and((ends_at AT TIME ZONE 'UTC')::time = '00:00')
FROM azr_maintain(partition => '1 day', ahead => 60);
ROLLBACK;

-- new partitions have the rights that the default one has, whatever else is granted by default
CREATE ROLE regress_azr_reader;
CREATE ROLE regress_azr_other;
BEGIN;
GRANT SELECT ON azr_snapshot_history_rest TO regress_azr_reader WITH GRANT OPTION;
GRANT INSERT, DELETE ON azr_snapshot_history_rest TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_azr_other;
SELECT count(*) > 3 FROM azr_maintain(partition => '1 hour', ahead => 50) WHERE action = 'created';
SELECT DISTINCT a.grantee::regrole, a.privilege_type, a.is_grantable, count(*) > 4
FROM pg_inherits, pg_class c, aclexplode(c.relacl) a
WHERE inhparent = 'azr_snapshot_history_by_time'::regclass AND c.oid = inhrelid AND a.grantee <> c.relowner
GROUP BY 1, 2, 3 ORDER BY 2;
ROLLBACK;

-- and row level security, so that nobody reads there what the default partition has not shown
BEGIN;
SELECT drop_partitions();
DELETE FROM azr_snapshot_history;
SELECT file('hidden', ARRAY[interval '1 hour', interval '2 hours']);
GRANT SELECT ON azr_snapshot_history, azr_snapshot_history_rest TO regress_azr_reader;
ALTER TABLE azr_snapshot_history_rest ENABLE ROW LEVEL SECURITY;
SELECT partition AS moved FROM azr_maintain(partition => '1 month') WHERE action = 'moved' LIMIT 1 \gset
SELECT bool_and(relrowsecurity) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = 'azr_snapshot_history_by_time'::regclass;
SELECT count(*) > 0 FROM :moved;
SET LOCAL ROLE regress_azr_reader;
SELECT (SELECT count(*) FROM azr_snapshot_history) AS history, (SELECT count(*) FROM azr_snapshot_history_rest) AS rest, (SELECT count(*) FROM :moved) AS moved;
ROLLBACK;
DROP ROLE regress_azr_reader, regress_azr_other;

-- a partition is named with its schema where the search_path does not lead to it
BEGIN;
SET LOCAL search_path = pg_catalog;
SELECT action, bool_and(partition LIKE 'public.azr\_snapshot\_history\_2%'), bool_and(to_regclass(partition) IS NOT NULL)
FROM public.azr_maintain(partition => '1 hour', ahead => 50) WHERE action = 'created' GROUP BY action;
ROLLBACK;

-- one call does a bounded part of the work, what is needed soonest first, and says how much is left
SELECT drop_partitions();
DELETE FROM azr_snapshot_history;
SELECT file('much', array_agg(make_interval(hours => i) ORDER BY i DESC)) FROM generate_series(1, 101) i;
SELECT date_trunc('hour', now()) AS hour \gset
SET client_min_messages = notice;
SELECT action, count(*), sum(snapshots) AS snapshots, sum(partitions) AS partitions,
	min(starts_at) BETWEEN :'hour' AND :'hour'::timestamptz + interval '1 hour' AS from_now_on
FROM azr_maintain(partition => '1 hour', ahead => 40) GROUP BY action ORDER BY action;
SET client_min_messages = warning;
-- again and again, until there is nothing left
CREATE FUNCTION maintain_all(keep interval, ahead int, OUT calls int, OUT most bigint, OUT done bigint) LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	remaining int;
BEGIN
	calls := 0;
	most := 0;
	done := 0;
	LOOP
		SELECT coalesce(sum(partitions) FILTER (WHERE action <> 'remaining'), 0), sum(partitions) FILTER (WHERE action = 'remaining')
		INTO n, remaining FROM azr_maintain(keep, '1 hour', ahead);
		calls := calls + 1;
		most := greatest(most, n);
		done := done + n;
		EXIT WHEN remaining IS NULL;
		ASSERT n > 0, 'it goes on';
	END LOOP;
END $$;
SELECT calls, most, done BETWEEN 109 AND 110 FROM maintain_all('7 days', 40);
SELECT count(*) FROM azr_snapshot_history_rest;
SELECT count(*), count(get) FROM generate_series(0, 100) i, get('much', i);
-- the same for what is past
SELECT calls BETWEEN 2 AND 3, most, done BETWEEN 99 AND 101 FROM maintain_all('0', 0);
-- to plan is bounded too
BEGIN;
SELECT file('many', array_agg(make_interval(mins => i) ORDER BY i DESC)) FROM generate_series(300, 1500) i;
SELECT action, count(*), sum(partitions) FROM azr_maintain(partition => '1 minute', ahead => 0) WHERE action <> 'moved' GROUP BY action ORDER BY action;
ROLLBACK;
-- and the number of snapshots that are moved, but for what one partition gets
BEGIN;
SELECT file('some', ARRAY['30 hours', '30 hours', '10 hours', '9 hours']::interval[]);
INSERT INTO azr_snapshot_history
SELECT i, created_at, filed_at, root, domain, edition, retention, state_type, state
FROM azr_snapshot_history, generate_series(10, 100008) i WHERE root = azr_root('maintain', 'some') AND sequence = 0;
SELECT action, count(*), sum(snapshots), sum(partitions) FROM azr_maintain(partition => '1 hour', ahead => 0) WHERE action <> 'created' GROUP BY action ORDER BY action;
ROLLBACK;
SELECT drop_partitions();
DELETE FROM azr_snapshot_history;
-- while others are locked out, nobody looks through the default partition, nor through what was moved
SELECT file('probed', ARRAY['3 hours', '2 hours', '1 hour', '0']::interval[]);
SELECT pg_stat_force_next_flush();
BEGIN;
SET LOCAL enable_seqscan = off;
SELECT maintain(partition => '1 hour', ahead => 1) ~ '^[45] created, 3 moved 3$';
-- (an index was built on each new one when it was still empty)
SELECT relname ~ '_rest$' AS is_default, max(seq_scan), sum(idx_scan) > 0 FROM pg_stat_xact_user_tables WHERE relname ~ '^azr_snapshot_history_(rest|2)' GROUP BY 1 ORDER BY 1;
ROLLBACK;
DELETE FROM azr_snapshot_history;

-- a column that the owner added moves along, unless it is generated
BEGIN;
SELECT put('columns', 1), put('columns', 2);
ALTER TABLE azr_snapshot_history ADD COLUMN gone int DEFAULT 1, ADD COLUMN "Note, of %s" text DEFAULT 'none', ADD COLUMN length int GENERATED ALWAYS AS (length("Note, of %s")) STORED;
ALTER TABLE azr_snapshot_history DROP COLUMN gone;
SELECT current_setting('server_version_num')::int >= 170000 AS identities, current_setting('server_version_num')::int >= 180000 AS virtuals \gset
\if :identities
ALTER TABLE azr_snapshot_history ADD COLUMN number int GENERATED ALWAYS AS IDENTITY (START 5);
\else
ALTER TABLE azr_snapshot_history ADD COLUMN number int DEFAULT 5;
\endif
\if :virtuals
ALTER TABLE azr_snapshot_history ADD COLUMN twice int GENERATED ALWAYS AS (number * 2) VIRTUAL;
\else
ALTER TABLE azr_snapshot_history ADD COLUMN twice int GENERATED ALWAYS AS (number * 2) STORED;
\endif
UPDATE azr_snapshot_history SET "Note, of %s" = 'kept';
SELECT maintain(ahead => 0);
SELECT tableoid <> 'azr_snapshot_history_rest'::regclass AS moved, sequence, "Note, of %s", length, number, twice FROM azr_snapshot_history;
SELECT put('columns', 3), get('columns', 2);
SELECT tableoid <> 'azr_snapshot_history_rest'::regclass AS moved, sequence, "Note, of %s", length, twice / number FROM azr_snapshot_history ORDER BY sequence;
ROLLBACK;

-- a table that the owner moved or renamed is still the one, and another of its name is not
BEGIN;
CREATE SCHEMA "else%s ""where""";
CREATE TABLE azr_snapshot_history_old PARTITION OF azr_snapshot_history_by_time
	(PRIMARY KEY (domain, edition, root, sequence)) FOR VALUES FROM ('2001-01-01') TO ('2001-01-02');
ALTER TABLE azr_snapshot_history_old SET SCHEMA "else%s ""where""";
CREATE TABLE azr_snapshot_history_old AS SELECT 'unrelated' AS note;
ALTER TABLE azr_snapshot_history_rest SET SCHEMA "else%s ""where""";
ALTER TABLE "else%s ""where""".azr_snapshot_history_rest RENAME TO "the%s rest";
CREATE TABLE azr_snapshot_history_rest AS SELECT 'unrelated'::text AS note, now() - interval '1 year' AS filed_at;
SELECT put('moved', 1), put('moved', 2), put('moved', 3), put('moved', 4);
UPDATE azr_snapshot_history SET filed_at = filed_at - interval '100 days' WHERE root = azr_root('maintain', 'moved') AND sequence = 1;
SELECT action, CASE WHEN action IN ('dropped', 'pruned') THEN partition END, count(*), sum(snapshots) FROM azr_maintain(ahead => 0) GROUP BY 1, 2 ORDER BY 1;
SELECT gets('moved'), (SELECT count(*) FROM "else%s ""where"""."the%s rest"), to_regclass('"else%s ""where""".azr_snapshot_history_old');
SELECT note FROM azr_snapshot_history_old UNION ALL SELECT note FROM azr_snapshot_history_rest;
ROLLBACK;

-- what does not leave the default partition gets no partition of its own
BEGIN;
SELECT put('stuck', 1), put('stuck', 2);
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep_row BEFORE DELETE ON azr_snapshot_history_rest FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT outcome('SELECT azr_maintain()'), get('stuck', 1);
ROLLBACK;

-- it can be undone, and stands under any level of isolation
BEGIN;
SELECT put('undo', 1), put('undo', 2), maintain(partition => '1 hour', ahead => 60) ~ 'created', gets('undo');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT maintain(partition => '1 hour', ahead => 47) ~ 'created', gets('a');
COMMIT;

-- one statement may read what it drops
BEGIN;
SELECT drop_partitions();
SELECT azr_put_snapshot('maintain', NULL, azr_root('maintain', 'big'), i, 't', (SELECT string_agg(decode(md5(j::text), 'hex'), '') FROM generate_series(1, 1000) j)) FROM generate_series(1, 2) i;
UPDATE azr_snapshot_history SET filed_at = filed_at - interval '100 days' WHERE root = azr_root('maintain', 'big');
SELECT maintain(keep => '101 days');
WITH s AS MATERIALIZED (SELECT * FROM azr_get_snapshot('maintain', NULL, azr_root('maintain', 'big'), 1)),
	m AS MATERIALIZED (SELECT count(*) FROM s, azr_maintain())
SELECT m.count, length(state), md5(state) = (SELECT md5(string_agg(decode(md5(j::text), 'hex'), '')) FROM generate_series(1, 1000) j) FROM m, s;
ROLLBACK;

-- bad arguments
SELECT outcome('SELECT azr_maintain(' || args || ')') FROM unnest(ARRAY[
	'keep => NULL', 'keep => ''-1 second''', 'partition => NULL', 'partition => ''59 seconds''', 'partition => ''0''',
	'partition => ''-1 day''', 'partition => ''1 month 1 day''', 'partition => ''-1 month''', 'partition => ''101 years''',
	'partition => ''2000000000 days''', 'ahead => NULL', 'ahead => -1', 'ahead => 1001']) args;
SELECT count(*) FROM azr_maintain(keep => '6700 years', partition => '100 years', ahead => 0);
SELECT count(*) >= 0 FROM azr_maintain(keep => '1 month 1 day', partition => '2 days -1 hour', ahead => 0);

-- the tables are the owner's: what it relies on must stay
BEGIN;
ALTER TABLE azr_snapshot_history_by_time DETACH PARTITION azr_snapshot_history_rest;
SELECT outcome('SELECT azr_maintain()');
SELECT get('a', 2), put('a', 7), get('a', 6);
SELECT drop_partitions();
SELECT put('b', 1);
SELECT left(outcome($$SELECT put('b', 2)$$), 5), get('b');
ROLLBACK;
-- a default partition that has partitions of its own
BEGIN;
ALTER TABLE azr_snapshot_history_by_time DETACH PARTITION azr_snapshot_history_rest;
CREATE TABLE azr_snapshot_history_parted PARTITION OF azr_snapshot_history_by_time DEFAULT PARTITION BY LIST (domain);
SELECT outcome('SELECT azr_maintain()');
ROLLBACK;
-- another key, or another order of it
BEGIN;
CREATE OPERATOR CLASS backwards FOR TYPE timestamptz USING btree AS
	OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 timestamptz_cmp(timestamptz, timestamptz);
SELECT put('key', 1), put('key', 2);
CREATE FUNCTION with_key(key text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE azr_snapshot_history DETACH PARTITION azr_snapshot_history_by_time;
	ALTER TABLE azr_snapshot_history_by_time RENAME TO azr_by_time_before;
	EXECUTE 'CREATE TABLE azr_snapshot_history_by_time PARTITION OF azr_snapshot_history FOR VALUES IN (''default'', ''transient'') PARTITION BY ' || key;
	EXECUTE 'CREATE TABLE azr_rest_of_another PARTITION OF azr_snapshot_history_by_time (PRIMARY KEY (domain, edition, root, sequence)) '
		|| CASE WHEN key ~ 'HASH' THEN 'FOR VALUES WITH (MODULUS 1, REMAINDER 0)' ELSE 'DEFAULT' END;
	RETURN QUERY SELECT concat_ws(': ', key, s, outcome(s)) FROM unnest(ARRAY['SELECT count(*) FROM azr_maintain(ahead => 0)', 'SELECT get(''key'', 1)', 'SELECT put(''key'', 3)', 'SELECT get(''key'')']) s;
	DROP TABLE azr_snapshot_history_by_time;
	ALTER TABLE azr_by_time_before RENAME TO azr_snapshot_history_by_time;
	ALTER TABLE azr_snapshot_history ATTACH PARTITION azr_snapshot_history_by_time FOR VALUES IN ('default', 'transient');
END $$;
SELECT with_key(k) FROM unnest(ARRAY['RANGE (created_at)', 'RANGE (filed_at, created_at)', 'LIST (filed_at)', 'HASH (filed_at)',
	'RANGE ((CASE WHEN sequence >= 0 THEN filed_at END))', 'RANGE (filed_at backwards)', 'RANGE (filed_at)']) k;
ROLLBACK;

SELECT drop_partitions();
DELETE FROM azr_snapshot_history;
DELETE FROM azr_latest_snapshots;
DROP FUNCTION put, get, gets, file, drop_partitions, partitions, maintain, maintain_all, looked_at;
