-- Nothing is granted to PUBLIC, except two functions below. The role that creates the
-- extension may use and grant every function and type. This comes last, so that none is
-- forgotten.
DO $$
DECLARE
	f pg_catalog.regprocedure;
	t pg_catalog.regtype;
	creator pg_catalog.regrole;
BEGIN
	FOR f, creator IN
		SELECT d.objid, e.extowner
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
		WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
			AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype OPERATOR(pg_catalog.=) 'e'
			AND e.extname OPERATOR(pg_catalog.=) 'angzarr'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION',
			f, creator);
	END LOOP;
	FOR t, creator IN
		SELECT d.objid, e.extowner
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
		JOIN pg_catalog.pg_class c ON c.reltype OPERATOR(pg_catalog.=) d.objid
		WHERE c.relkind OPERATOR(pg_catalog.=) 'c'
			AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
			AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype OPERATOR(pg_catalog.=) 'e'
			AND e.extname OPERATOR(pg_catalog.=) 'angzarr'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', t);
		EXECUTE pg_catalog.format('GRANT USAGE ON TYPE %s TO %s WITH GRANT OPTION', t, creator);
	END LOOP;
END
$$;

-- A new owner of the tables has no rights yet: this function gives them, and checks itself
-- who calls.
GRANT EXECUTE ON FUNCTION @extschema@.azr_take_over() TO PUBLIC;

-- Whoever may read azr_timeline may use its index, and whoever owns the tables may analyze
-- them and build their indexes. It only computes.
GRANT EXECUTE ON FUNCTION @extschema@.azr_correlation_key(uuid, text) TO PUBLIC;
