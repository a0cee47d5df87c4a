\ir ../stream_of_size.sql
