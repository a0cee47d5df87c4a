-- 1,000 positions in either table, and a number that only grows
CREATE TABLE baseline (handler text, domain text, edition text, root uuid, sequence bigint,
	PRIMARY KEY (handler, domain, edition, root)) WITH (fillfactor = 80);
CREATE SEQUENCE moves CACHE 1000;
SELECT azr_put_positions('reader', 'bench', NULL, array_agg(azr_root('bench', i::text)), array_agg(0::bigint)) FROM generate_series(1, 1000) i;
INSERT INTO baseline SELECT handler, domain, edition, root, sequence FROM azr_positions;
VACUUM ANALYZE azr_positions;
VACUUM ANALYZE baseline;
