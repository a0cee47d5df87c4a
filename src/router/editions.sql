-- Editions on several nodes. All nodes are asked before anything is done on any of them, and what
-- was done on some nodes only is completed by calling again.

-- What each node has of an edition.
CREATE FUNCTION @extschema@.azr_all_edition(text, text, OUT here boolean, OUT divergence bigint, OUT protection text, OUT description text, OUT roots bigint) RETURNS SETOF record
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT e.edition IS NOT NULL AS here, e.divergence AS divergence, e.protection AS protection, e.description AS description, e.roots AS roots
	FROM (SELECT 1) one LEFT JOIN @extschema@.azr_editions($1) e ON e.edition = $2; $$;

-- On the nodes that have the edition, or on those that do not have it.
CREATE FUNCTION @extschema@.azr_some_create_edition(boolean, text, text, bigint, text) RETURNS SETOF integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT CASE WHEN $1 = EXISTS (SELECT FROM @extschema@.azr_editions($2) e WHERE e.edition = $3)
		THEN (SELECT pg_catalog.count(*) FROM @extschema@.azr_create_edition($2, $3, $4, $5)) ELSE 0 END::pg_catalog.int4 AS done; $$;

CREATE FUNCTION @extschema@.azr_some_protect_edition(text, text, text) RETURNS SETOF integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT CASE WHEN EXISTS (SELECT FROM @extschema@.azr_editions($1) e WHERE e.edition = $2)
		THEN (SELECT pg_catalog.count(*) FROM @extschema@.azr_protect_edition($1, $2, $3)) ELSE 0 END::pg_catalog.int4 AS done; $$;

-- On the nodes where it is protected, which refuse it.
CREATE FUNCTION @extschema@.azr_some_delete_edition(text, text) RETURNS SETOF bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT CASE WHEN EXISTS (SELECT FROM @extschema@.azr_editions($1) e WHERE e.edition = $2 AND e.protection <> 'open')
		THEN @extschema@.azr_delete_edition($1, $2) ELSE 0 END AS deleted; $$;

-- If all that have it have it as it is to be, an earlier call did not get to the others. One that
-- came to be by an append exists.
CREATE FUNCTION @extschema@.azr_route_create_edition(text, text, bigint, text) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	nodes bigint;
	there bigint;
	alike bigint;
BEGIN
	IF $1 IS NULL THEN
		RETURN @extschema@.azr_at_create_edition(0, $1, $2, $3, $4);
	END IF;
	SELECT count(*), count(*) FILTER (WHERE here), count(*) FILTER (WHERE here
		AND e.divergence IS NOT DISTINCT FROM $3 AND e.description IS NOT DISTINCT FROM $4
		AND (e.roots = 0 OR $3 IS NOT NULL OR $4 IS NOT NULL)) INTO nodes, there, alike
	FROM @extschema@.azr_all_edition($1, $2) e;
	IF there = 0 THEN
		-- the first node decides between two that create it at once, and says what is wrong
		PERFORM @extschema@.azr_at_create_edition(0, $1, $2, $3, $4);
	ELSIF there = nodes OR alike < there THEN
		PERFORM n FROM @extschema@.azr_some_create_edition(true, $1, $2, $3, $4) n;
	END IF;
	PERFORM n FROM @extschema@.azr_some_create_edition(false, $1, $2, $3, $4) n;
	RETURN 1;
END
$$;

-- A node that has nothing of the edition yet gets it first: it may not take events of a sealed one.
CREATE FUNCTION @extschema@.azr_route_protect_edition(text, text, text) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	known record;
BEGIN
	IF $1 IS NULL THEN
		RETURN @extschema@.azr_at_protect_edition(0, $1, $2, $3);
	END IF;
	SELECT count(*) FILTER (WHERE here) AS there, count(*) AS nodes, min(e.divergence) AS divergence, min(e.description) AS description INTO known
		FROM @extschema@.azr_all_edition($1, $2) e;
	IF known.there = 0 THEN
		RETURN @extschema@.azr_at_protect_edition(0, $1, $2, $3);
	END IF;
	PERFORM n FROM @extschema@.azr_some_protect_edition($1, $2, $3) n;
	IF known.there < known.nodes THEN
		PERFORM n FROM @extschema@.azr_some_create_edition(false, $1, $2, known.divergence, known.description) n;
		PERFORM n FROM @extschema@.azr_some_protect_edition($1, $2, $3) n;
	END IF;
	RETURN 1;
END
$$;

CREATE FUNCTION @extschema@.azr_route_delete_edition(text, text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF $1 IS NOT NULL THEN
		PERFORM n FROM @extschema@.azr_some_delete_edition($1, $2) n;
	END IF;
	RETURN (SELECT sum(n)::bigint FROM @extschema@.azr_all_delete_edition($1, $2) n);
END
$$;

CREATE FUNCTION @extschema@.azr_route_editions(text) RETURNS SETOF @extschema@.azr_edition
LANGUAGE sql BEGIN ATOMIC
	SELECT e.domain, e.edition, max(e.divergence),
		CASE WHEN bool_or(e.protection = 'sealed') THEN 'sealed' WHEN bool_or(e.protection = 'protected') THEN 'protected' ELSE 'open' END,
		max(e.description), min(e.created_at), sum(e.roots)::bigint, sum(e.events)::bigint
	FROM @extschema@.azr_all_editions($1) e
	GROUP BY e.domain, e.edition
	ORDER BY e.domain COLLATE "C", e.edition COLLATE "C";
END;
