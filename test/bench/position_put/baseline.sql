\set r random(1, 1000)
INSERT INTO baseline VALUES ('reader', 'bench', 'angzarr', azr_root('bench', :r::text), nextval('moves'))
ON CONFLICT (handler, domain, edition, root) DO UPDATE SET sequence = excluded.sequence WHERE baseline.sequence < excluded.sequence;
