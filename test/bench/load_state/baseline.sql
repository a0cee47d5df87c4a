SELECT * FROM azr_load('bench', NULL, azr_root('bench', 'long'));
