\ir ../streams.sql
SELECT azr_domain_set('bench', 'relaxed');
