-- azr_check

CREATE FUNCTION @extschema@.azr_check(domain text DEFAULT NULL)
RETURNS SETOF @extschema@.azr_problem
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_check(text) IS
'Checks that what is stored follows the rules, and that the store can go on from it. The store''s functions cannot break the rules; an INSERT by the owner or a superuser, a restore of some of the tables, or a broken disk can.

Arguments: domain, or NULL for all, and also for what belongs to no domain: events without a stream, the sequences of streams'' numbers and of tickets, the feed, and triggers.

Result: rows of azr_problem; no rows if all is sound. problem is one of: gap, sequences that a stream lacks; event_without_stream; stream_without_event; event_below_start, before sequence 0 or an edition''s divergence; wrong_divergence, past the main timeline''s next sequence; wrong_timeline, the number of a stream does not fit its edition; pending_without_cascade; erased_without_record, an event has the type of erased ones, but azr_erase has not erased it, as where it was imported: azr_erase puts it on record; not_erased, it is on record that an event was erased, but it has what was erased, or is missing, as after a restore of some of the tables; snapshot_past_end; position_past_end; sequence_behind, numbers of streams or of appends are taken that the sequence has not given, as after logical replication; not_in_feed, events of the main timeline have no ticket, so they never get a position, as after an INSERT by hand; feed_lacks_events, numbering has passed other than as many events as there are positions; feed_gap, the batches of the feed do not follow on each other; trigger_not_always, a trigger that keeps history immutable is missing or weaker than ENABLE ALWAYS, as after pg_restore --disable-triggers. azr_take_over mends sequence_behind and trigger_not_always.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, so it can run beside full load, and works on a standby. Reads the primary key of the events once, and the table where that has not been vacuumed; without a domain, also the tables of events. A NOTICE every 10 seconds says how far it has got.

Errors: 22023 bad value.';
