\set r random(1, 1000)
SELECT azr_put_position('reader', 'bench', NULL, azr_root('bench', :r::text), nextval('moves'));
