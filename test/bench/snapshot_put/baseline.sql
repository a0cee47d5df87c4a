\set r random(1, 100)
INSERT INTO baseline SELECT nextval('puts') / 50, now(), azr_root('bench', :r::text), 'bench', 'angzarr', 'transient', 'State', bytes FROM state
ON CONFLICT (domain, edition, root) DO UPDATE SET sequence = excluded.sequence, created_at = excluded.created_at,
	retention = excluded.retention, state_type = excluded.state_type, state = excluded.state;
