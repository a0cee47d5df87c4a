\ir ../feed_log.sql
