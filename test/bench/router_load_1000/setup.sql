\ir ../hundred_long_streams.sql
