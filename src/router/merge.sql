-- One answer of those of all nodes. azr_all_NAME, in router.sql, has the rows of all nodes, each
-- node's in its order; azr_route_NAME is what the caller of NAME gets.

-- Lists. A limit below 1 is for the nodes, which give nothing or say what is wrong: with LIMIT 0 they
-- would not be asked.

CREATE FUNCTION @extschema@.azr_route_domains() RETURNS SETOF text
LANGUAGE sql BEGIN ATOMIC
	SELECT DISTINCT d COLLATE "C" AS domain FROM @extschema@.azr_all_domains() d ORDER BY domain;
END;

CREATE FUNCTION @extschema@.azr_route_roots(text, text, uuid, bigint) RETURNS SETOF uuid
LANGUAGE sql BEGIN ATOMIC
	SELECT r FROM @extschema@.azr_all_roots($1, $2, $3, $4) r
	ORDER BY r LIMIT CASE WHEN $4 > 0 OR $4 IS NULL THEN $4 ELSE 1 END;
END;

CREATE FUNCTION @extschema@.azr_route_streams_of(text, text, uuid, bigint) RETURNS SETOF @extschema@.azr_stream
LANGUAGE sql BEGIN ATOMIC
	SELECT s.* FROM @extschema@.azr_all_streams_of($1, $2, $3, $4) s
	ORDER BY s.root LIMIT CASE WHEN $4 > 0 OR $4 IS NULL THEN $4 ELSE 1 END;
END;

CREATE FUNCTION @extschema@.azr_route_trace(text) RETURNS SETOF @extschema@.azr_timeline
LANGUAGE sql BEGIN ATOMIC
	SELECT t.* FROM @extschema@.azr_all_trace($1) t
	ORDER BY t.domain COLLATE "C", t.edition COLLATE "C", t.root, t.sequence;
END;

-- A page has all rows of its last root.
CREATE FUNCTION @extschema@.azr_route_lag(text, text, uuid, bigint) RETURNS SETOF @extschema@.azr_lag_entry
LANGUAGE sql BEGIN ATOMIC
	SELECT p.* FROM (
		SELECT l.* FROM @extschema@.azr_all_lag($1, $2, $3, $4) l
		ORDER BY l.domain COLLATE "C", l.root
		FETCH FIRST (CASE WHEN $4 > 0 THEN $4 WHEN $4 IS NULL THEN 9223372036854775807 ELSE 1 END) ROWS WITH TIES
	) p
	ORDER BY p.domain COLLATE "C", p.root, p.edition COLLATE "C";
END;

CREATE FUNCTION @extschema@.azr_route_erasures(text) RETURNS SETOF @extschema@.azr_erasure
LANGUAGE sql BEGIN ATOMIC
	SELECT e.* FROM @extschema@.azr_all_erasures($1) e
	ORDER BY e.domain COLLATE "C", e.edition COLLATE "C", e.root, e.sequence;
END;

-- Who owns a slot says so, also while it is about to go to another node. One that two nodes own has
-- two rows.
CREATE FUNCTION @extschema@.azr_route_slots() RETURNS SETOF @extschema@.azr_slot_owner
LANGUAGE sql BEGIN ATOMIC
	WITH said AS MATERIALIZED (SELECT o.* FROM @extschema@.azr_all_slots() o)
	SELECT s, o.node, coalesce(o.state, 'unknown'), o.moving_to
	FROM pg_catalog.generate_series(0, 1023) s
	LEFT JOIN said o ON o.slot = s AND o.state IN ('own', 'frozen')
	WHERE EXISTS (SELECT FROM said)
	ORDER BY s, o.node COLLATE "C";
END;

-- A slot that none of the nodes here owns may belong to one that the map does not have: its streams are
-- missing in all lists.
CREATE FUNCTION @extschema@.azr_route_check(text) RETURNS SETOF @extschema@.azr_problem
LANGUAGE sql BEGIN ATOMIC
	SELECT p.* FROM @extschema@.azr_all_check($1) p
	UNION ALL
	SELECT CASE g.owners WHEN 0 THEN 'slot_without_node' ELSE 'slot_of_several_nodes' END, NULL, NULL, NULL, NULL,
		pg_catalog.format('%s slots, the first of which is %s, belong to %s of the nodes that azr_router_nodes() lists',
			g.slots, g.first_slot, CASE g.owners WHEN 0 THEN 'none' ELSE g.owners::text END)
	FROM (SELECT o.owners, count(*) AS slots, min(o.slot) AS first_slot
		FROM (SELECT s.slot, count(s.node) AS owners FROM @extschema@.azr_route_slots() s GROUP BY s.slot) o
		WHERE o.owners <> 1 GROUP BY o.owners) g
	WHERE $1 IS NULL;
END;

-- Domains

CREATE FUNCTION @extschema@.azr_route_statistics(text) RETURNS SETOF @extschema@.azr_domain_statistics
LANGUAGE sql BEGIN ATOMIC
	SELECT s.domain, sum(s.streams)::bigint, sum(s.events)::bigint, sum(s.appends)::bigint, sum(s.conflicts)::bigint,
		sum(s.duplicates)::bigint, sum(s.merges)::bigint, sum(s.bytes)::bigint, max(s.last_append)
	FROM @extschema@.azr_all_statistics($1) s
	GROUP BY s.domain
	ORDER BY s.domain COLLATE "C";
END;

CREATE FUNCTION @extschema@.azr_route_domain_set(text, text, integer, text) RETURNS integer
LANGUAGE sql BEGIN ATOMIC
	SELECT count(*)::integer FROM @extschema@.azr_all_domain_set($1, $2, $3, $4);
END;

CREATE FUNCTION @extschema@.azr_route_domain_settings() RETURNS SETOF @extschema@.azr_domain_setting
LANGUAGE sql BEGIN ATOMIC
	SELECT DISTINCT s.domain COLLATE "C", s.durability, s.max_payload, s.description
	FROM @extschema@.azr_all_domain_settings() s
	ORDER BY 1, 2, 3, 4;
END;

-- Positions and snapshots

CREATE FUNCTION @extschema@.azr_route_delete_positions(text, text, text, uuid) RETURNS bigint
LANGUAGE sql BEGIN ATOMIC
	SELECT CASE WHEN $4 IS NULL
		THEN (SELECT sum(n)::bigint FROM @extschema@.azr_all_delete_positions($1, $2, $3, $4) n)
		ELSE @extschema@.azr_at_delete_positions(@extschema@.azr_slot($4), $1, $2, $3, $4) END;
END;

-- Each node gets the roots that are its own.
CREATE FUNCTION @extschema@.azr_split_put_positions(integer[], text, text, text, uuid[], bigint[]) RETURNS SETOF bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; SPLIT $1, $5, $6; RUN ON $1;
	SELECT r FROM @extschema@.azr_put_positions($2, $3, $4, $5, $6) r; $$;

-- A call that is wrong goes to one node as a whole, which says what is wrong: no other one has
-- done its part then.
CREATE FUNCTION @extschema@.azr_route_put_positions(text, text, text, uuid[], bigint[]) RETURNS bigint
LANGUAGE sql BEGIN ATOMIC
	SELECT CASE WHEN pg_catalog.cardinality($4) > 0 AND pg_catalog.array_ndims($4) = 1 AND pg_catalog.array_ndims($5) = 1
			AND pg_catalog.cardinality($4) = pg_catalog.cardinality($5)
			AND NOT EXISTS (SELECT FROM unnest($4, $5) a(root, sequence) WHERE a.root IS NULL OR a.sequence IS NULL OR a.sequence < 0)
		THEN (SELECT sum(n)::bigint FROM @extschema@.azr_split_put_positions(
			ARRAY(SELECT @extschema@.azr_slot(a.root) FROM pg_catalog.unnest($4) WITH ORDINALITY a(root, n) ORDER BY a.n),
			$1, $2, $3, $4, $5) n)
		ELSE @extschema@.azr_at_put_positions(0, $1, $2, $3, $4, $5) END;
END;

CREATE FUNCTION @extschema@.azr_route_maintain(interval, interval, integer) RETURNS SETOF @extschema@.azr_maintenance
LANGUAGE sql BEGIN ATOMIC
	SELECT m.* FROM @extschema@.azr_all_maintain($1, $2, $3) m;
END;

-- Groups: each node has one of the same name, with positions in its own feed.

-- A node is asked how many partitions its group has.
CREATE FUNCTION @extschema@.azr_all_group_partitions(text) RETURNS SETOF integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT pg_catalog.count(*)::pg_catalog.int4 AS partitions FROM @extschema@.azr_groups($1); $$;

-- On the nodes that have the group, or on those that do not have it.
CREATE FUNCTION @extschema@.azr_some_group_create(boolean, text, integer, bigint, text[], text[]) RETURNS SETOF integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT CASE WHEN $1 = EXISTS (SELECT FROM @extschema@.azr_groups($2))
		THEN (SELECT pg_catalog.count(*) FROM @extschema@.azr_group_create($2, $3, $4, $5, $6)) ELSE 0 END::pg_catalog.int4 AS created; $$;

CREATE FUNCTION @extschema@.azr_route_group_create(text, integer, bigint, text[], text[]) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	nodes bigint;
	there bigint;
	alike bigint;
BEGIN
	IF $3 > -1 THEN
		RAISE EXCEPTION 'a group of a router begins with the first event' USING ERRCODE = '0A000',
			DETAIL = 'Each node has a feed of its own, so a position is one node''s.',
			HINT = 'Give -1 for after, and then call azr_group_seek() on each node.';
	END IF;
	SELECT count(*), count(*) FILTER (WHERE p > 0), count(*) FILTER (WHERE p = $2) INTO nodes, there, alike
		FROM @extschema@.azr_all_group_partitions(coalesce($1, '-')) p;
	IF there = 0 THEN
		-- the first node decides between two that create it at once, and says what is wrong
		PERFORM @extschema@.azr_at_group_create(0, $1, $2, $3, $4, $5);
	ELSIF there = nodes OR alike < there THEN
		PERFORM n FROM @extschema@.azr_some_group_create(true, $1, $2, $3, $4, $5) n;
	END IF;
	PERFORM n FROM @extschema@.azr_some_group_create(false, $1, $2, $3, $4, $5) n;
	RETURN 1;
END
$$;

CREATE FUNCTION @extschema@.azr_route_group_drop(text) RETURNS boolean
LANGUAGE sql BEGIN ATOMIC
	SELECT bool_or(d) FROM @extschema@.azr_all_group_drop($1) d;
END;

-- How far a partition is behind on all nodes. A position has no meaning for several.
CREATE FUNCTION @extschema@.azr_route_groups(text) RETURNS SETOF @extschema@.azr_group_state
LANGUAGE sql BEGIN ATOMIC
	SELECT g.handler, g.partition, NULL::bigint, NULL::bigint, sum(g.behind)::bigint, max(g.oldest), max(g.leased_until), sum(g.parked)::bigint
	FROM @extschema@.azr_all_groups($1) g
	GROUP BY g.handler, g.partition
	ORDER BY g.handler COLLATE "C", g.partition;
END;

CREATE FUNCTION @extschema@.azr_route_parked(text) RETURNS SETOF @extschema@.azr_parked_event
LANGUAGE sql BEGIN ATOMIC
	SELECT p.* FROM @extschema@.azr_all_parked($1) p ORDER BY p.handler COLLATE "C", p.parked_at;
END;
