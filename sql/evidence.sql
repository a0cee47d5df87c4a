-- azr_evidence_enable, azr_seal, azr_checkpoint, azr_put_checkpoint, azr_checkpoints,
-- azr_prove, azr_prove_consistency, azr_tile, azr_entries, azr_salts and azr_verify. Salts are
-- random, so what depends on them is compared, and not shown.
--
-- The feed has events of other tests too. A database of its own has a log of its own.

SELECT current_database() AS shared \gset
CREATE DATABASE regress_azr_evidence;
\c regress_azr_evidence
SET client_min_messages = warning;
CREATE EXTENSION angzarr;
SET TIME ZONE 'UTC';

-- Before evidence is kept

SELECT azr_seal();
SELECT azr_checkpoint();
SELECT azr_put_checkpoint(E'a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_prove('account', NULL, 'e5b6a2f0-0000-5000-8000-000000000001');
SELECT azr_prove_consistency(0, 0);
SELECT azr_tile(0, 0);
SELECT azr_entries(0);
SELECT azr_salts(0);
SELECT azr_verify();
SELECT * FROM azr_checkpoints();

SELECT azr_evidence_enable(NULL);
SELECT azr_evidence_enable('');
SELECT azr_evidence_enable('two words');
SELECT azr_evidence_enable(E'a\u00a0b');
SELECT azr_evidence_enable(E'a\u2028');
SELECT azr_evidence_enable('a+b');
SELECT azr_evidence_enable(E'a\nb');
SELECT azr_evidence_enable('example.com/test');
SELECT azr_evidence_enable('example.com/test');
SELECT azr_evidence_enable('example.com/other');

-- An empty log

SELECT * FROM azr_seal();
SELECT azr_checkpoint();
SELECT azr_tile(0, 0);
SELECT * FROM azr_verify();
SELECT azr_seal(-1);
SELECT azr_seal(NULL);
BEGIN READ ONLY;
SELECT azr_seal();
ROLLBACK;

-- The test vectors: two events whose salts are given

SELECT azr_append('account', NULL, 'e5b6a2f0-0000-5000-8000-000000000001', 0, ARRAY['Opened'],
	ARRAY['{"owner": "Alice"}']::bytea[], created_at => ARRAY['2026-01-01T00:00Z']::timestamptz[]);
SELECT azr_append('account', NULL, 'e5b6a2f0-0000-5000-8000-000000000001', 1, ARRAY['Deposited'],
	ARRAY['\x0801']::bytea[], metadata => ARRAY['{"ip": "::1"}']::jsonb[],
	created_at => ARRAY['2026-01-01T00:00:00.000001Z']::timestamptz[],
	correlation_id => 'c-1', external_id => 'p-1', source_domain => 'ledger',
	source_root => 'e5b6a2f0-0000-5000-8000-000000000001', source_sequence => 3);
SELECT size FROM azr_seal(0);
SELECT size FROM azr_seal(1);
SELECT size FROM azr_seal(1);
SELECT size FROM azr_seal();
SELECT length(azr_tile(0, 0)), length(azr_salts(0)), azr_salts(0) <> decode(repeat('00', 32), 'hex') AS random;
SELECT * FROM azr_verify();

-- The entries of a bundle, in order: what RFC 6962 hashes for the leaf
CREATE FUNCTION entries(index bigint) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
DECLARE
	bundle bytea := azr_entries(index);
	at int := 0;
	size int;
BEGIN
	WHILE at < length(bundle) LOOP
		size := get_byte(bundle, at) * 256 + get_byte(bundle, at + 1);
		RETURN NEXT substr(bundle, at + 3, size);
		at := at + 2 + size;
	END LOOP;
END $$;

BEGIN;
UPDATE azr_evidence_salts SET salts = decode(repeat('aa', 16) || repeat('bb', 16), 'hex');
SELECT sha256('\x00' || e) AS first FROM entries(0) e LIMIT 1;
UPDATE azr_evidence_tiles SET hashes = sha256('\x00' || (SELECT e FROM entries(0) e LIMIT 1)) || substr(hashes, 33);
SELECT sha256('\x00' || e) AS second FROM entries(0) e OFFSET 1;
UPDATE azr_evidence_tiles SET hashes = substr(hashes, 1, 32) || sha256('\x00' || (SELECT e FROM entries(0) e OFFSET 1));
-- The extension makes the same leaf itself: else there was no proof, and verifying found the events
SELECT azr_prove('account', NULL, 'e5b6a2f0-0000-5000-8000-000000000001')
	- 'checkpoint' = '{
	"origin": "example.com/test", "size": 2, "index": 1,
	"root_hash": "FOh52awAja/jaLme9xAwAD+lt2+iJNaje/bWZr9hg6w=",
	"domain": "account", "edition": "angzarr", "root": "e5b6a2f0-0000-5000-8000-000000000001", "sequence": 1,
	"events": [
		{"sequence": 0, "type": "Opened", "created_at_us": 1767225600000000, "committed": true,
		 "payload": "eyJvd25lciI6ICJBbGljZSJ9", "salt": "qqqqqqqqqqqqqqqqqqqqqg=="},
		{"sequence": 1, "type": "Deposited", "created_at_us": 1767225600000001, "committed": true,
		 "source_domain": "ledger", "source_edition": "angzarr",
		 "source_root": "e5b6a2f0-0000-5000-8000-000000000001", "source_sequence": 3,
		 "correlation_id": "c-1", "external_id": "p-1",
		 "payload": "CAE=", "metadata": "{\"ip\": \"::1\"}", "salt": "u7u7u7u7u7u7u7u7u7u7uw=="}],
	"proof": ["Uvrf5UPOrF6ZozhzPHBtaolQo5T5TallQOL9tfegRDo="]}'::jsonb AS as_expected;
SELECT azr_checkpoint(2);
SELECT problem, sequence, detail FROM azr_verify();
SELECT encode(decode('FOh52awAja/jaLme9xAwAD+lt2+iJNaje/bWZr9hg6w=', 'base64'), 'hex') AS root;
ROLLBACK;

-- Sizes, tiles and proofs, checked by what RFC 9162 says in 2.1.3.2 and 2.1.4.2

CREATE FUNCTION node(l bytea, r bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256('\x01' || l || r) $$;

CREATE FUNCTION proves_inclusion(leaf bytea, leaf_index bigint, tree_size bigint, proof bytea[], root bytea)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	fn bigint := leaf_index;
	sn bigint := tree_size - 1;
	r bytea := leaf;
	p bytea;
BEGIN
	IF leaf_index >= tree_size THEN
		RETURN false;
	END IF;
	FOREACH p IN ARRAY proof LOOP
		IF sn = 0 THEN
			RETURN false;
		END IF;
		IF fn & 1 = 1 OR fn = sn THEN
			r := node(p, r);
			IF fn & 1 = 0 THEN
				WHILE fn & 1 = 0 AND fn <> 0 LOOP
					fn := fn >> 1;
					sn := sn >> 1;
				END LOOP;
			END IF;
		ELSE
			r := node(r, p);
		END IF;
		fn := fn >> 1;
		sn := sn >> 1;
	END LOOP;
	RETURN sn = 0 AND r = root;
END $$;

CREATE FUNCTION proves_consistency(first bigint, second bigint, first_hash bytea, second_hash bytea, proof bytea[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	path bytea[] := proof;
	fn bigint := first - 1;
	sn bigint := second - 1;
	fr bytea;
	sr bytea;
	c bytea;
BEGIN
	IF cardinality(path) = 0 THEN
		RETURN false;
	END IF;
	IF first & (first - 1) = 0 THEN
		path := first_hash || path;
	END IF;
	WHILE fn & 1 = 1 LOOP
		fn := fn >> 1;
		sn := sn >> 1;
	END LOOP;
	fr := path[1];
	sr := path[1];
	FOREACH c IN ARRAY path[2:] LOOP
		IF sn = 0 THEN
			RETURN false;
		END IF;
		IF fn & 1 = 1 OR fn = sn THEN
			fr := node(c, fr);
			sr := node(c, sr);
			IF fn & 1 = 0 THEN
				WHILE fn & 1 = 0 AND fn <> 0 LOOP
					fn := fn >> 1;
					sn := sn >> 1;
				END LOOP;
			END IF;
		ELSE
			sr := node(sr, c);
		END IF;
		fn := fn >> 1;
		sn := sn >> 1;
	END LOOP;
	RETURN fr = first_hash AND sr = second_hash AND sn = 0;
END $$;

CREATE FUNCTION root_at(size bigint) RETURNS bytea LANGUAGE sql AS $$
	SELECT decode(split_part(azr_checkpoint(size), E'\n', 3), 'base64')
$$;

CREATE TABLE root AS SELECT i, ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid AS root
	FROM generate_series(0, 49) i;
-- one event, three at a time, and pending ones
SELECT count(azr_append('order', NULL, root, NULL, ARRAY['A', 'B', 'C'], ARRAY['1', '2', '']::bytea[],
	metadata => ARRAY['{"b": 1, "a": "ä"}', NULL, '[]']::jsonb[])) FROM root, generate_series(1, 3);
SELECT count(azr_append_one('order', NULL, root, NULL, 'D', root::text::bytea, NULL, 'f' || i)) FROM root;
SELECT count(azr_append('order', NULL, root, NULL, ARRAY['P'], ARRAY['p']::bytea[], cascade_id => 'c', committed => false)) FROM root WHERE i < 3;
SELECT count(azr_append('order', 'e', root, NULL, ARRAY['E'], ARRAY['e']::bytea[], divergence => 4)) FROM root WHERE i = 1;
SELECT size FROM azr_seal(100);
SELECT size FROM azr_seal(200);
SELECT size FROM azr_seal(), generate_series(1, 2);
SELECT size, root_hash = root_at(size) AS is_root, note FROM azr_checkpoints();
SELECT * FROM azr_verify();
SELECT length(azr_tile(0, 0)) AS full, length(azr_tile(0, 1)) / 32 AS last, length(azr_tile(1, 0)) / 32 AS above, length(azr_salts(1)) / 16 AS salts;
SELECT azr_tile(0, 2);
SELECT azr_tile(1, 1);
SELECT azr_tile(2, 0);
SELECT azr_tile(9, 0);
SELECT azr_tile(-1, 0);
SELECT azr_tile(0, -1);
SELECT azr_entries(2);
-- entries give leaves, and leaves give tiles
SELECT count(*), bool_and(sha256('\x00' || e) = substr(azr_tile(0, tile), 32 * (place::int - 1) + 1, 32)) AS are_leaves
FROM generate_series(0, 1) tile, entries(tile) WITH ORDINALITY AS e(e, place);

-- each event of some streams, at each size
SELECT count(*), bool_and(proves_inclusion(
	substr(azr_tile(0, p.index / 256), 32 * (p.index % 256)::int + 1, 32), p.index, p.size,
	ARRAY(SELECT decode(h, 'base64') FROM jsonb_array_elements_text(p.proof) WITH ORDINALITY AS h(h, n) ORDER BY n),
	decode(p.root_hash, 'base64'))) AS proved
FROM root, generate_series(0, 8, 4) sequence, (VALUES (NULL::bigint), (501), (502), (505)) s(size),
	jsonb_to_record(azr_prove('order', NULL, root, sequence, s.size)) AS p(index bigint, size bigint, proof jsonb, root_hash text);
SELECT count(*), bool_and(CASE WHEN a IN (0, b) THEN azr_prove_consistency(a, b) = '{}'
	ELSE proves_consistency(a, b, root_at(a), root_at(b), azr_prove_consistency(a, b)) END) AS proved
FROM unnest(ARRAY[0, 1, 2, 3, 7, 8, 100, 255, 256, 257, 500, 504, 505]) a
JOIN unnest(ARRAY[1, 2, 8, 9, 255, 256, 257, 302, 500, 504, 505]) b ON a <= b;
-- a proof for another tree, and a leaf that is not the one
SELECT proves_consistency(3, 8, root_at(4), root_at(8), azr_prove_consistency(3, 8)),
	proves_consistency(3, 8, root_at(3), root_at(9), azr_prove_consistency(3, 8));
SELECT azr_prove_consistency(3, 2);
SELECT azr_prove_consistency(3, 506);
SELECT azr_prove_consistency(NULL, 5);

-- What is proved
SELECT p -> 'sequence' AS sequence, p -> 'size' AS size, jsonb_array_length(p -> 'events') AS events
FROM (VALUES (NULL::bigint), (0), (5)) v(sequence), azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', sequence) p;
SELECT azr_prove('order', 'e', '00000000-0000-0000-0000-000000000001') -> 'sequence' AS shared;
SELECT azr_prove('order', 'e', '00000000-0000-0000-0000-000000000001', 4);
SELECT azr_prove('order', 'other', '00000000-0000-0000-0000-000000000001', 4) ->> 'edition' AS edition;
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 11);
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 0, 2);
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 0, 506);
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000009999');
SELECT azr_append_one('order', NULL, '00000000-0000-0000-0000-000000009999', 0, 'A', '1');
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000009999');
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', -1);

-- Notes

SELECT azr_put_checkpoint(azr_checkpoint(100));
SELECT azr_put_checkpoint('x');
SELECT azr_put_checkpoint(E'a\n1\nx\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'a\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'a\n\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'a\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'a\n1x\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'example.com/test\n9223372036854775807\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'example.com/test\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(E'a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nno signature\n');
SELECT azr_put_checkpoint(E'a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde');
SELECT azr_put_checkpoint(NULL);
SELECT azr_put_checkpoint(E'a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
\set VERBOSITY terse
SELECT azr_put_checkpoint(E'example.com/test\n100\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
\set VERBOSITY default
SELECT azr_put_checkpoint(E'example.com/test\n10000\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a bcde\n');
SELECT azr_put_checkpoint(azr_checkpoint(300) || E'\n\u2014 example.com/test AAAA\n');
SELECT azr_put_checkpoint(azr_checkpoint(302) || E'\n\u2014 example.com/test AAAA\n');
SELECT azr_put_checkpoint(azr_checkpoint(302) || E'\n\u2014 example.com/test AAAA\n\u2014 witness BBBB\n');
SELECT size, split_part(note, E'\n', 1) AS origin, split_part(note, E'\n', 6) AS second FROM azr_checkpoints();
-- the last size with a note that has the event, with the note
SELECT p -> 'size' AS size, p ->> 'checkpoint' = (SELECT note FROM azr_checkpoints() c WHERE c.size = (p -> 'size')::bigint) AS has_note
FROM (VALUES (0), (3), (9)) v(sequence), azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', sequence) p;
SELECT * FROM azr_verify(azr_checkpoint(300));
SELECT * FROM azr_verify((SELECT note FROM azr_checkpoints() WHERE size = 302));
SELECT * FROM azr_verify(azr_checkpoint(0));
SELECT * FROM azr_verify('x');
-- a note of another log, of another root, and of a log that goes further
SELECT problem, sequence, detail FROM azr_verify(replace(azr_checkpoint(300), 'example.com', 'example.org'));
SELECT problem, sequence, left(detail, 68) AS detail FROM azr_verify(E'example.com/test\n300\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n');
SELECT problem, sequence, detail FROM azr_verify(E'example.com/test\n10000\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n');

-- Nothing of the log can be deleted, and its name stays

DELETE FROM azr_evidence_tiles;
DELETE FROM azr_evidence_salts;
DELETE FROM azr_evidence_heads;
DELETE FROM azr_evidence_checkpoints;
TRUNCATE azr_evidence_tiles;
UPDATE azr_evidence SET origin = 'x';
DELETE FROM azr_evidence;

-- Where it has lost events, it gets a name of its own, on purpose; notes of before count as what they are

SELECT azr_evidence_enable('example.com/next', 'example.com/other');
SELECT azr_evidence_enable('example.com/next', '');
BEGIN;
SELECT azr_put_checkpoint(azr_checkpoint() || E'\n\u2014 example.com/test AAAA\n');
SELECT azr_checkpoint(300) AS before \gset
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001') ? 'checkpoint' AS has_note;
SELECT azr_evidence_enable('example.com/next', 'example.com/test');
SELECT azr_evidence_enable('example.com/next', 'example.com/test');
SELECT split_part(azr_checkpoint(), E'\n', 1);
SELECT p ->> 'origin', p ? 'checkpoint' AS has_note FROM azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001') p;
SELECT azr_put_checkpoint(azr_checkpoint() || E'\n\u2014 example.com/next AAAA\n');
SELECT p ? 'checkpoint' AS has_note FROM azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001') p;
SELECT * FROM azr_verify(:'before');
SELECT number, origin, sealed, named_at = now() FROM azr_evidence ORDER BY number;
SAVEPOINT s;
SELECT azr_evidence_enable('example.com/test', 'example.com/next');
ROLLBACK TO s;
SELECT azr_evidence_enable('example.com/test');
ROLLBACK;
BEGIN;
ALTER TABLE azr_evidence DISABLE TRIGGER ALL;
DELETE FROM azr_evidence;
SELECT azr_evidence_enable('example.com/next', 'example.com/test');
ROLLBACK;

-- Rows that somebody has changed by hand. Test 034 has more of them.

CREATE FUNCTION attack(sql text) RETURNS TABLE (problem text, domain text, root text, sequence bigint, detail text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE sql;
	RETURN QUERY SELECT p.problem, p.domain, right(p.root::text, 3), p.sequence, p.detail FROM azr_verify() p;
END $$;
BEGIN;
ALTER TABLE azr_events DISABLE TRIGGER ALL;
ALTER TABLE azr_main_events DISABLE TRIGGER ALL;
ALTER TABLE azr_evidence_tiles DISABLE TRIGGER ALL;
SAVEPOINT s;
SELECT * FROM attack('UPDATE azr_main_events SET payload = ''x'' WHERE stream_id = 3 AND sequence = 4');
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 3) IS NOT NULL AS proved_before;
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 4);
ROLLBACK TO s;
SELECT * FROM attack('DELETE FROM azr_main_events WHERE stream_id = 3 AND sequence = 4');
ROLLBACK TO s;
SELECT * FROM attack('UPDATE azr_evidence_salts SET salts = ''x'' WHERE index = 0');
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 4);
ROLLBACK TO s;
SELECT * FROM attack('UPDATE azr_evidence_tiles SET hashes = substr(hashes, 2) WHERE level = 0 AND index = 0');
SELECT azr_prove('order', NULL, '00000000-0000-0000-0000-000000000001', 4);
ROLLBACK TO s;
-- where the feed was cut off, nothing is taken for events that have moved
UPDATE azr_feed_batches SET events = 1, tickets = ARRAY[tickets[1], tickets[1]] WHERE first_position = 0;
DELETE FROM azr_feed_batches WHERE first_position > 0;
UPDATE azr_feed_state SET next_position = 1;
SELECT azr_feed_head();
SELECT azr_entries(0);
ROLLBACK TO s;
-- a log that would fork
UPDATE azr_evidence_tiles SET hashes = hashes || sha256('x') WHERE level = 0 AND index = 1;
SELECT azr_seal();
ROLLBACK;
SELECT size FROM azr_seal();
SELECT * FROM azr_verify();

-- Salts stay what they are when a tile grows; and once one is erased, those to come are not made of
-- what the others were made of

CREATE FUNCTION salt(i bigint) RETURNS bytea LANGUAGE sql AS $$ SELECT substr(azr_salts($1 / 256), 1 + 16 * (($1 % 256)::int), 16) $$;
CREATE FUNCTION made(seed bytea, i bigint) RETURNS bytea LANGUAGE sql AS $$ SELECT substr(sha256($1 || set_byte('\x00', 0, (($2 % 256) / 2)::int)), 1 + 16 * ($2 % 2)::int, 16) $$;
SELECT size AS s0 FROM azr_seal() \gset
-- to a tile of its own
SELECT count(azr_append_one('salts', NULL, azr_root('salts', 'fill'), NULL, 'A', 'a')) > 0 AS filled FROM generate_series(:s0 % 256, 255) i;
SELECT size % 256 AS place, size AS s FROM azr_seal() \gset
SELECT count(azr_append_one('salts', NULL, azr_root('salts', 'x'), NULL, 'A', 'a')) FROM generate_series(1, 3) i;
SELECT size - :s FROM azr_seal();
SELECT salts AS seed, length(salts) FROM azr_evidence_salts WHERE index = :s / 256 \gset
CREATE TABLE before AS SELECT i, salt(i) FROM generate_series(:s, :s + 2) i;
SELECT :place, count(DISTINCT salt), bool_and(salt = made(:'seed', i)) FROM before;
SELECT azr_append_one('salts', NULL, azr_root('salts', 'x'), NULL, 'A', 'a');
SELECT size - :s FROM azr_seal();
SELECT bool_and(salt = salt(i)) AS same, (SELECT salts = :'seed' FROM azr_evidence_salts WHERE index = :s / 256) AS seed FROM before;
SELECT azr_erase('salts', NULL, azr_root('salts', 'x'), 1, 2, 'the law');
SELECT i - :s AS i, salt = salt(i) AS same, salt(i) = '\x00000000000000000000000000000000' AS gone FROM before ORDER BY i;
SELECT position(:'seed' IN salts) FROM azr_evidence_salts WHERE index = :s / 256;
SELECT count(azr_append_one('salts', NULL, azr_root('salts', 'y'), NULL, 'A', 'a')) FROM generate_series(1, 2) i;
SELECT size > :s FROM azr_seal();
SELECT i - :s AS i, salt(i) = made(:'seed', i) AS made_of_it FROM generate_series(:s, :s + 6) i;
SELECT count(DISTINCT salt(i)) FROM generate_series(:s, :s + 6) i;
SELECT * FROM azr_verify();

\c :shared
DROP DATABASE regress_azr_evidence;
