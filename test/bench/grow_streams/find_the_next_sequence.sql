\set s 10000000 + random(1, :size)
SELECT azr_next_sequence('bench', NULL, ('000000000000000000000000' || :s)::uuid);
