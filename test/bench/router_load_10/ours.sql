\set s random(1, 100)
SELECT sequence, type, payload FROM azr_load('bench', NULL, azr_root('bench', :s::text), 990);
