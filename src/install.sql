-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION angzarr" to load this file. \quit

-- The objects of the extension, in the order in which they need each other: the
-- Makefile puts each file in the place of its line.
\i angzarr.sql
\i streams/stream.sql
\i streams/edition.sql
\i streams/domain_settings.sql
\i streams/problem.sql
\i events/type.sql
\i events/correlation.sql
\i events/event_table.sql
\i events/immutable.sql
\i events/erased.sql
\i events/append_scan.sql
\i events/append.sql
\i events/expect.sql
\i events/load_scan.sql
\i events/load.sql
\i events/find.sql
\i events/streams_of.sql
\i streams/lists.sql
\i feed/feed_table.sql
\i feed/feed_scan.sql
\i feed/feed.sql
\i import/import.sql
\i groups/group_table.sql
\i groups/groups.sql
\i groups/parked_table.sql
\i groups/fetch.sql
\i groups/ack.sql
\i groups/parking.sql
\i positions/positions.sql
\i positions/lag.sql
\i snapshots/snapshot_table.sql
\i snapshots/snapshots.sql
\i snapshots/load_state.sql
\i snapshots/maintain.sql
\i merge/merge.sql
\i merge/append_commutative.sql
\i cascades/cascades.sql
\i cascades/load_effective.sql
\i editions/editions.sql
\i evidence/evidence_table.sql
\i evidence/seal.sql
\i evidence/checkpoint.sql
\i evidence/prove.sql
\i evidence/tile.sql
\i evidence/verify.sql
\i erasure/erase.sql
\i erasure/scrub.sql
\i admin/check.sql
\i admin/access.sql
\i admin/change.sql
\i admin/take_over.sql
\i admin/publication.sql
\i admin/creator.sql
