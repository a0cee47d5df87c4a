/*-------------------------------------------------------------------------
 *
 * take_over.h
 *	  What a store may lack if its rows come from elsewhere or it has a new owner: azr_check
 *	  sees it, azr_take_over mends it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TAKE_OVER_H
#define AZR_TAKE_OVER_H

/*
 * SELECT, for query.h, of the sequences of streams' numbers and of tickets, where one does not
 * stand at or above every number that is taken.  A ticket that numbering has passed counts as
 * taken, even if no row has it: an event that got it now would never have a position.
 *
 * Columns: name, OID, the last number that it gave, the highest number that is taken.
 */
#define AZR_SEQUENCE_BEHIND \
	"SELECT n.name, c.oid, n.given::bigint, n.taken::bigint " \
	"FROM (SELECT 'azr_stream_ids' AS name, " \
	"(SELECT last_value - (NOT is_called)::int FROM %s.azr_stream_ids) AS given, " \
	"(SELECT least(greatest(max(stream_id), -min(stream_id)::numeric), " \
	"9223372036854775807)::bigint " \
	"FROM %s.azr_streams HAVING max(stream_id) IS NOT NULL) AS taken " \
	"UNION ALL SELECT 'azr_tickets', " \
	"(SELECT last_value - (NOT is_called)::int FROM %s.azr_tickets), " \
	"greatest((SELECT max(ticket)::bigint FROM %s.azr_main_events), " \
	"(SELECT max(next_ticket)::bigint - 1 FROM %s.azr_feed_state))) n " \
	"JOIN pg_extension e ON e.extname = 'angzarr' " \
	"JOIN pg_class c ON c.relname = n.name AND c.relnamespace = e.extnamespace " \
	"WHERE n.taken > n.given"

/*
 * SELECT, for query.h, of the triggers that keep history immutable, but are not as
 * immutable.sql has made them.
 *
 * Columns: table, trigger, what is wrong with it, and whether ENABLE ALWAYS mends that.  27
 * and 34 are BEFORE UPDATE OR DELETE FOR EACH ROW and BEFORE TRUNCATE, as pg_trigger.h has
 * them.
 */
#define AZR_WEAK_TRIGGERS \
	"SELECT c.relname::text, t.name, CASE WHEN g.oid IS NULL THEN 'is missing' " \
	"WHEN NOT g.sound THEN 'was changed' WHEN g.tgenabled = 'D' THEN 'is disabled' " \
	"ELSE 'is not enabled as ALWAYS' END, coalesce(g.sound, false) " \
	"FROM pg_extension e CROSS JOIN " \
	"(VALUES ('azr_reject_change', 27), ('azr_reject_truncate', 34)) t(name, type) " \
	"JOIN pg_class c ON c.relnamespace = e.extnamespace AND c.relname = ANY " \
	"(ARRAY['azr_events', 'azr_main_events', 'azr_edition_events', " \
	"'azr_streams', 'azr_event_types', " \
	"'azr_erased_events']) " \
	"LEFT JOIN LATERAL (SELECT t.type = r.tgtype AND r.tgqual IS NULL " \
	"AND r.tgattr::text = '' AND p.proname = 'azr_reject_change' " \
	"AND p.pronamespace = e.extnamespace AS sound, r.oid, r.tgenabled " \
	"FROM pg_trigger r JOIN pg_proc p ON p.oid = r.tgfoid " \
	"WHERE r.tgrelid = c.oid AND r.tgname = t.name) g ON true " \
	"WHERE e.extname = 'angzarr' AND NOT coalesce(g.sound AND g.tgenabled = 'A', false) " \
	"ORDER BY c.relname, t.name"

#endif							/* AZR_TAKE_OVER_H */
