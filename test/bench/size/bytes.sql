SELECT round(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname IN ('azr_main_events', 'azr_streams', 'azr_event_types')) / 1e6, 1),
	round(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname = 'upstream_events') / 1e6, 1)
FROM pg_class c WHERE c.relname IN ('azr_main_events', 'azr_streams', 'azr_event_types', 'upstream_events');
