SELECT azr_erase('bench', NULL, azr_root('bench', 'erase'), 0, 10000, 'measured');
