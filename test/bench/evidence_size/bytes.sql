SELECT round(sum(pg_total_relation_size(c.oid)) / 1e6, 1), 18.0
FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE 'azr\_evidence%';
