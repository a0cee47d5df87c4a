\ir ../streams.sql
\ir ../upstream_table.sql
