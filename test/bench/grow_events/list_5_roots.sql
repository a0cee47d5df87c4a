SELECT azr_roots('bench', NULL, NULL, 5);
