\ir ../events.sql
CREATE TABLE heads (stream_id bigint PRIMARY KEY, next_sequence bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO heads VALUES (1, 0);
