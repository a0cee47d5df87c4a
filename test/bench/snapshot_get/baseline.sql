\set r random(1, 10000)
SELECT sequence, state_type, state, retention, created_at FROM baseline WHERE domain = 'bench' AND edition = 'angzarr' AND root = azr_root('bench', :r::text);
