-- DROP EXTENSION and CREATE EXTENSION in one session, in other schemas too: no
-- backend remembers what is gone.
\set r '00000000-0000-0000-0000-000000000001'
SELECT next_sequence FROM azr_append('again', NULL, :'r', NULL, types(1), payloads(1));

BEGIN;
DROP EXTENSION angzarr;
SELECT count(*) FROM pg_class WHERE relname LIKE 'azr\_%';
ROLLBACK;
SELECT next_sequence FROM azr_append('again', NULL, :'r', NULL, types(1), payloads(1));

DROP EXTENSION angzarr;
CREATE EXTENSION angzarr;
SELECT next_sequence FROM azr_append('again', NULL, :'r', NULL, types(1), payloads(1));

-- of azr_version, as a router packs it
\set call '@DQ@KDf^r}e]eIw\\i}f[@@@'
SELECT count(*) FROM azr_call(:'call');
PREPARE load AS SELECT sequence, type FROM azr_load('again', NULL, '00000000-0000-0000-0000-000000000001');
EXECUTE load;
DROP EXTENSION angzarr;
\set VERBOSITY sqlstate
EXECUTE load;
\set VERBOSITY default
CREATE SCHEMA "other ""schema";
CREATE SCHEMA "Other schema";
CREATE EXTENSION angzarr SCHEMA "Other schema";
-- types have other numbers here than there
SELECT next_sequence FROM "Other schema".azr_append('again', NULL, :'r', NULL, ARRAY['new', 'T1'], payloads(2), correlation_id => 'again');
SELECT sequence, type FROM "Other schema".azr_load('again', NULL, :'r');
SELECT domain, sequence FROM "Other schema".azr_trace('again');
SELECT count(*) FROM "Other schema".azr_call(:'call');
SELECT "Other schema".azr_domains(), "Other schema".azr_roots('again', NULL);
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER by_sql BEFORE INSERT ON "Other schema".azr_events FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT next_sequence FROM "Other schema".azr_append('again', NULL, :'r', 2, types(1), payloads(1));
-- the schema can be renamed
ALTER SCHEMA "Other schema" RENAME TO renamed;
SELECT next_sequence FROM renamed.azr_append('again', NULL, :'r', 3, types(1), payloads(1));
SELECT count(*) FROM renamed.azr_call(:'call');
-- but not left
ALTER EXTENSION angzarr SET SCHEMA public;

-- a NOT NULL of the owner's own holds
DROP EXTENSION angzarr;
CREATE EXTENSION angzarr;
ALTER TABLE azr_events ALTER COLUMN correlation_id SET NOT NULL;
SELECT left(outcome($$SELECT azr_append('again', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$), 5);
SELECT next_sequence FROM azr_append('again', NULL, :'r', NULL, types(1), payloads(1), correlation_id => 'given');

-- created and rolled back
DROP EXTENSION angzarr;
BEGIN;
CREATE EXTENSION angzarr;
SELECT next_sequence FROM azr_append('again', NULL, :'r', NULL, types(1), payloads(1));
ROLLBACK;
\set VERBOSITY sqlstate
SELECT azr_version();
\set VERBOSITY default
CREATE EXTENSION angzarr;
SELECT next_sequence FROM azr_append('again', NULL, :'r', NULL, types(1), payloads(1));
DROP SCHEMA renamed, "other ""schema";
EXECUTE load;
