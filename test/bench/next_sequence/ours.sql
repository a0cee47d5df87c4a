\set s random(101, 200)
SELECT azr_next_sequence('bench', NULL, ('00000000000000000000000000000' || :s)::uuid);
