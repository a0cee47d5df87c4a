\set s random(101, 200)
SELECT sequence, type, payload FROM azr_load('bench', NULL, ('00000000000000000000000000000' || :s)::uuid, 990);
