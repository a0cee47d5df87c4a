-- :size streams of one event.  Millions are made by INSERT, as a restore makes them.
SELECT azr_append('bench', NULL, '00000000000000000000000000000000', 0, ARRAY['com.example.bank.v1.AccountWasOpened'], ARRAY[decode(repeat('ab', 64), 'hex')]);
INSERT INTO azr_streams (stream_id, created_at, root, domain, edition)
SELECT nextval('azr_stream_ids'), now(), lpad((10000000 + s)::text, 32, '0')::uuid, 'bench', 'angzarr' FROM generate_series(1, :size) s;
INSERT INTO azr_main_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, 0, now(), type_id, true, decode(repeat('ab', 64), 'hex') FROM azr_streams, azr_event_types WHERE stream_id > 1;
VACUUM ANALYZE azr_streams, azr_main_events;
CHECKPOINT;
