\set s 10000000 + random(1, :size)
SELECT * FROM azr_load('bench', NULL, ('000000000000000000000000' || :s)::uuid, 0, 1);
