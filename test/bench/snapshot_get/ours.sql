\set r random(1, 10000)
SELECT * FROM azr_get_snapshot('bench', NULL, azr_root('bench', :r::text));
