-- Cascades over several nodes.
--
-- Each node confirms or revokes its own participants, at a time of its own. So that never some are
-- confirmed and others revoked, what becomes of a cascade is decided first, in one place: the
-- decision is event 0 of a stream of its own, in the domain angzarr.cascades, whose root is made
-- of the cascade's id. Of two that decide at once, the first one wins, and the other one is told.
-- Before that, all nodes are asked: if a participant was resolved there otherwise, nothing is
-- decided, since it could not be shown.
--
-- When it is decided it is shown: each node resolves its participants. If this does not come to
-- its end, azr_stale_cascades() says what was decided, and azr_router_finish_cascades() does it.

-- What each node has of a cascade: how many streams take part, how many of them are not resolved,
-- and one stream that was confirmed, and one that was revoked, if there are any.
CREATE FUNCTION @extschema@.azr_all_cascade(text, OUT participants bigint, OUT unresolved bigint, OUT confirmed_in text, OUT revoked_in text) RETURNS SETOF record
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT pg_catalog.count(*) AS participants,
		pg_catalog.count(*) FILTER (WHERE r.type IS NULL) AS unresolved,
		pg_catalog.min(p.domain || '/' || p.edition || '/' || p.root::pg_catalog.text) FILTER (WHERE r.type <> 'type.googleapis.com/angzarr.Revocation') AS confirmed_in,
		pg_catalog.min(p.domain || '/' || p.edition || '/' || p.root::pg_catalog.text) FILTER (WHERE r.type = 'type.googleapis.com/angzarr.Revocation') AS revoked_in
	FROM @extschema@.azr_cascade_participants($1) p
	LEFT JOIN LATERAL (SELECT t.type FROM @extschema@.azr_timeline t
		WHERE t.cascade_id = $1 AND t.committed AND t.domain = p.domain AND t.edition = p.edition AND t.root = p.root
		ORDER BY t.sequence LIMIT 1) r ON true; $$;

-- On the nodes where streams take part. Others would say that they do not know it.
CREATE FUNCTION @extschema@.azr_some_confirm_cascade(text) RETURNS SETOF bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT CASE WHEN EXISTS (SELECT FROM @extschema@.azr_cascade_participants($1))
		THEN @extschema@.azr_confirm_cascade($1) ELSE 0 END AS resolved; $$;

CREATE FUNCTION @extschema@.azr_some_revoke_cascade(text, text) RETURNS SETOF bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL;
	SELECT CASE WHEN EXISTS (SELECT FROM @extschema@.azr_cascade_participants($1))
		THEN @extschema@.azr_revoke_cascade($1, $2) ELSE 0 END AS resolved; $$;

-- What was decided of a cascade, and why: NULL if nothing was, or if that is not known, since somebody
-- else has written to the stream. Of a decision that was erased, the node still says which type it had.
CREATE FUNCTION @extschema@.azr_decision(cascade_id text, OUT outcome text, OUT reason text) RETURNS record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	its_root uuid := @extschema@.azr_root('angzarr.cascades', $1);
	decided text;
BEGIN
	SELECT e.type, e.metadata ->> 'reason' INTO decided, reason
		FROM @extschema@.azr_at_load(@extschema@.azr_slot(its_root), 'angzarr.cascades', NULL, its_root, 0, 1, NULL, NULL, NULL, false, NULL) e;
	IF decided = 'type.googleapis.com/angzarr.Erased' THEN
		SELECT e.type INTO decided FROM @extschema@.azr_all_erasures('angzarr.cascades') e
			WHERE e.edition = 'angzarr' AND e.root = its_root AND e.sequence = 0;
	END IF;
	outcome := CASE decided WHEN 'angzarr.Confirmed' THEN 'confirmed' WHEN 'angzarr.Revoked' THEN 'revoked' END;
END
$$;

-- Show what was decided, on all nodes, and say in how many participants that was done now. A node
-- resolves so many of them at a time.
CREATE FUNCTION @extschema@.azr_show_decision(cascade_id text, outcome text, reason text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	now_resolved bigint;
	resolved bigint := 0;
BEGIN
	LOOP
		IF outcome = 'confirmed' THEN
			SELECT sum(n) INTO now_resolved FROM @extschema@.azr_some_confirm_cascade(cascade_id) n;
		ELSE
			SELECT sum(n) INTO now_resolved FROM @extschema@.azr_some_revoke_cascade(cascade_id, reason) n;
		END IF;
		EXIT WHEN now_resolved = 0;
		resolved := resolved + now_resolved;
	END LOOP;
	RETURN resolved;
END
$$;

CREATE FUNCTION @extschema@.azr_resolve_cascade(cascade_id text, outcome text, reason text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	root uuid;
	asked record;
	decision record;
	appended record;
BEGIN
	SELECT sum(c.participants) AS participants, sum(c.unresolved) AS unresolved,
		min(CASE outcome WHEN 'confirmed' THEN c.revoked_in ELSE c.confirmed_in END) AS otherwise_in
		INTO asked FROM @extschema@.azr_all_cascade($1) c;
	IF asked.participants = 0 THEN
		RAISE EXCEPTION 'unknown cascade "%"', cascade_id
			USING ERRCODE = 'ZR006', DETAIL = 'No stream has pending events of it.';
	ELSIF asked.otherwise_in IS NOT NULL THEN
		RAISE EXCEPTION 'cascade "%" cannot be % any more', cascade_id, outcome
			USING ERRCODE = 'ZR006', DETAIL = format('It was %s in stream "%s".',
				CASE outcome WHEN 'confirmed' THEN 'revoked' ELSE 'confirmed' END, asked.otherwise_in);
	ELSIF asked.unresolved = 0 THEN
		RETURN 0;
	END IF;

	root := @extschema@.azr_root('angzarr.cascades', cascade_id);
	SELECT r.* INTO appended FROM @extschema@.azr_at_append(@extschema@.azr_slot(root), 'angzarr.cascades', NULL, root, 0,
		ARRAY[CASE outcome WHEN 'confirmed' THEN 'angzarr.Confirmed' ELSE 'angzarr.Revoked' END], ARRAY[''::bytea],
		ARRAY[jsonb_strip_nulls(jsonb_build_object('cascade_id', cascade_id, 'reason', reason))],
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, 'return') r;
	IF appended.outcome = 'conflict' THEN
		SELECT d.* INTO decision FROM @extschema@.azr_decision(cascade_id) d;
		IF decision.outcome IS NULL THEN
			RAISE EXCEPTION 'what was decided of cascade "%" is not known', cascade_id
				USING ERRCODE = 'ZR006', DETAIL = format('Event 0 of stream "angzarr.cascades/angzarr/%s" is none of the router''s.', root),
				HINT = 'Confirm or revoke the cascade on the nodes themselves, in the same way on all of them.';
		ELSIF decision.outcome <> outcome THEN
			RAISE EXCEPTION 'cascade "%" cannot be % any more', cascade_id, outcome
				USING ERRCODE = 'ZR006', DETAIL = format('It was decided before that it is %s.', decision.outcome),
				HINT = 'What is decided and not shown everywhere is completed by azr_router_finish_cascades().';
		END IF;
		reason := decision.reason;
	END IF;
	RETURN @extschema@.azr_show_decision(cascade_id, outcome, reason);
END
$$;

CREATE FUNCTION @extschema@.azr_route_confirm_cascade(text) RETURNS bigint
LANGUAGE sql BEGIN ATOMIC
	SELECT @extschema@.azr_resolve_cascade($1, 'confirmed', NULL);
END;

CREATE FUNCTION @extschema@.azr_route_revoke_cascade(text, text) RETURNS bigint
LANGUAGE sql BEGIN ATOMIC
	SELECT @extschema@.azr_resolve_cascade($1, 'revoked', $2);
END;

CREATE FUNCTION @extschema@.azr_route_cascade_participants(text) RETURNS SETOF @extschema@.azr_participant
LANGUAGE sql BEGIN ATOMIC
	SELECT p.* FROM @extschema@.azr_all_cascade_participants($1) p
	ORDER BY p.domain COLLATE "C", p.edition COLLATE "C", p.root;
END;

-- A node on which all is resolved does not say so by itself, so all are asked about each cascade.
CREATE FUNCTION @extschema@.azr_route_stale_cascades(timestamptz) RETURNS SETOF @extschema@.azr_stale_cascade
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	stale record;
	asked record;
BEGIN
	FOR stale IN
		SELECT s.cascade_id, min(s.oldest) AS oldest FROM @extschema@.azr_all_stale_cascades($1) s
		GROUP BY s.cascade_id ORDER BY 2, s.cascade_id COLLATE "C"
	LOOP
		SELECT sum(c.participants)::bigint AS participants,
			CASE WHEN count(c.revoked_in) > 0 THEN 'revoked' WHEN count(c.confirmed_in) > 0 THEN 'confirmed' END AS outcome
			INTO asked FROM @extschema@.azr_all_cascade(stale.cascade_id) c;
		RETURN NEXT (stale.cascade_id,
			coalesce((SELECT d.outcome FROM @extschema@.azr_decision(stale.cascade_id) d), asked.outcome),
			asked.participants, stale.oldest)::@extschema@.azr_stale_cascade;
	END LOOP;
END
$$;

CREATE TYPE @extschema@.azr_router_finished AS (
	cascade_id text,
	outcome text,
	resolved bigint,
	problem text
);

COMMENT ON TYPE @extschema@.azr_router_finished IS
'A cascade that was to be completed. resolved: in how many participants that was done now. problem: why it could not be, NULL if all went well.';

CREATE FUNCTION @extschema@.azr_router_finish_cascades(older_than timestamptz) RETURNS SETOF @extschema@.azr_router_finished
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_router_finish_cascades(timestamptz) IS
'Completes cascades that are decided and not resolved everywhere, since a node or a router was stopped meanwhile. Call it from time to time. About a cascade of which nothing is decided it does nothing: who calls azr_stale_cascades() decides, by azr_confirm_cascade() or azr_revoke_cascade().

Arguments: older_than, as in azr_stale_cascades(): such as now() - interval ''1 minute''.

Result: rows of azr_router_finished. A cascade that cannot be completed does not keep others from it.

Errors: 22004 NULL; 25001 in a transaction block; 25006 read-only transaction; 08001 and 08006 a node cannot be reached.';

CREATE FUNCTION @extschema@.azr_route_router_finish_cascades(timestamptz) RETURNS SETOF @extschema@.azr_router_finished
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	stale record;
	finished @extschema@.azr_router_finished;
BEGIN
	FOR stale IN
		SELECT s.cascade_id, s.outcome, (SELECT d.reason FROM @extschema@.azr_decision(s.cascade_id) d) AS reason
		FROM @extschema@.azr_route_stale_cascades($1) s WHERE s.outcome IS NOT NULL
	LOOP
		finished := ROW(stale.cascade_id, stale.outcome, NULL, NULL);
		BEGIN
			finished.resolved := @extschema@.azr_show_decision(stale.cascade_id, stale.outcome, stale.reason);
		EXCEPTION WHEN OTHERS THEN
			finished.problem := SQLERRM;
		END;
		RETURN NEXT finished;
	END LOOP;
END
$$;
