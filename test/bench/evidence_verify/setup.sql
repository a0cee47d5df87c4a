\ir ../evidence_log.sql
SELECT azr_seal(300000);
VACUUM ANALYZE;
