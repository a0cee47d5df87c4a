BEGIN;
SELECT * FROM azr_fetch('behind', 100);
ROLLBACK;
