\set s 100000 + random(1, least(1000, 1000000 / :size))
SELECT * FROM azr_load('bench', NULL, ('00000000000000000000000000' || :s)::uuid, :size - 10, :size);
