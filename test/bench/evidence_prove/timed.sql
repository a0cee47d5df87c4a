SELECT count(azr_prove('bench', NULL, md5(s::text)::uuid)) FROM generate_series(1, 1000) s;
