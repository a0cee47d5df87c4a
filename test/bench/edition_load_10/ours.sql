\set r random(1, 100)
SELECT count(*) FROM azr_load('bench', 'branch', azr_root('bench', :r::text));
