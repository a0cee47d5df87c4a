\set s random(1, 100)
SELECT * FROM azr_load('bench', NULL, lpad(:s::text, 32, '0')::uuid, 990);
