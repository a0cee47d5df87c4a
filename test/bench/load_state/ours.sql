SELECT * FROM azr_load_state('bench', NULL, azr_root('bench', 'long'));
