\set s random(101, 200)
SELECT * FROM azr_load('bench', NULL, ('00000000000000000000000000000' || :s)::uuid, 990);
