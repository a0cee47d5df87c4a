\set s random(1, 100)
SELECT max(sequence) + 1 FROM events WHERE stream_id = :s;
