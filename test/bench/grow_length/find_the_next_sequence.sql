\set s 100000 + random(1, least(1000, 1000000 / :size))
SELECT azr_next_sequence('bench', NULL, ('00000000000000000000000000' || :s)::uuid);
