-- Nothing is open to PUBLIC but azr_take_over, which looks who calls; and the creator may use and grant everything.
SELECT p.oid::regprocedure
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'angzarr',
	aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE a.grantee = 0;
SELECT p.oid::regprocedure
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'angzarr'
WHERE NOT has_function_privilege(e.extowner, p.oid, 'EXECUTE WITH GRANT OPTION');
-- data belongs to the creator; nobody else has a right on it
SELECT c.relname, c.relowner = e.extowner AS creator_owns_it,
	EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) AS others_have_rights
FROM pg_class c
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'angzarr'
WHERE c.relkind <> 'c'
ORDER BY c.relname COLLATE "C";
-- everything that holds data is dumped
SELECT x.c FROM pg_extension e, unnest(e.extconfig::regclass[]) x(c) WHERE e.extname = 'angzarr' ORDER BY x.c::text COLLATE "C";
