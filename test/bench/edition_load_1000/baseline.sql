\set r random(1, 100)
SELECT count(*) FROM azr_load('bench', NULL, azr_root('bench', :r::text));
