\set s random(1, 100)
SELECT azr_next_sequence('bench', NULL, lpad(:s::text, 32, '0')::uuid);
