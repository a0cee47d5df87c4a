\set r random(1, 100)
SELECT azr_put_snapshot('bench', NULL, azr_root('bench', :r::text), nextval('puts') / 50, 'State', bytes, 'transient') FROM state;
