\ir ../streams.sql
