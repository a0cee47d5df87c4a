\ir ../streams.sql
\ir ../bare_events.sql
