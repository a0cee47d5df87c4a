\ir ../evidence_log.sql
