SELECT azr_append('bench', NULL, azr_root('bench', 'wait'), 0, ARRAY['T'], ARRAY['']::bytea[]);
