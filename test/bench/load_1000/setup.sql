\ir ../long_streams.sql
