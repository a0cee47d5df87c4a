\set s random(1, 100)
SELECT sequence, type, payload FROM events WHERE stream_id = :s AND sequence >= 990 ORDER BY sequence;
