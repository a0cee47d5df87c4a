SELECT azr_append('bench', NULL, azr_root('bench', '1'), 0, array_fill('T'::text, ARRAY[1000]), array_fill(''::bytea, ARRAY[1000]));
SELECT azr_feed_advance();
