\set s random(1, 100)
SELECT sequence, type, payload, metadata, created_at, 'angzarr', correlation_id, external_id,
	source_domain, source_edition, source_root, source_sequence, cascade_id, committed
FROM events WHERE stream_id = :s AND sequence >= 0 ORDER BY sequence;
