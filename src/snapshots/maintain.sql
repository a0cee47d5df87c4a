-- azr_maintain

CREATE TYPE @extschema@.azr_maintenance AS (
	action text,
	partition text,
	starts_at timestamptz,
	ends_at timestamptz,
	snapshots bigint,
	partitions integer
);

COMMENT ON TYPE @extschema@.azr_maintenance IS
'What azr_maintain() did. action is one of: created and dropped, a partition; moved, snapshots out of the default partition into this one; pruned, snapshots in the default partition itself; postponed, everything, since other transactions used the history for too long; remaining, partitions that another call has to make or drop. partition names it as a regclass is shown, with its schema where the search_path does not lead to it. partitions is how many were created or dropped, or remain.';

CREATE FUNCTION @extschema@.azr_maintain(
	keep interval DEFAULT '7 days',
	partition interval DEFAULT '1 day',
	ahead integer DEFAULT 7
) RETURNS SETOF @extschema@.azr_maintenance
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_maintain(interval, interval, integer) IS
'Keeps up the partitions of the snapshots'' history: makes those for the time to come, moves snapshots that were filed when there was none for them, and drops those that are past. The latest snapshot of a stream and those that persist are not in them. Call it from time to time, such as once a day. It can run at any time, beside full load, and twice at once. One call makes 32 partitions at most, fewer if there are more than 500, drops 50 at most, and makes no more once it has moved 100,000 snapshots. If more is to be done, it says so in a row and a notice: call it again, in another transaction, until there is no such row. The current partition and those to come are made first.

Arguments: keep, for how long snapshots stay in the history once a later one has taken their place; 0 or more. partition, the time that a new partition spans: from one minute to 100 years, or whole months; existing ones stay as they are. Partitions start at full multiples of it, in UTC; those of whole weeks, on a Monday. ahead, how many partitions there should be after the current one, 0 to 1000.

Result: rows of azr_maintenance, one for each thing done, and one (remaining) where there is more to do; no rows if there was nothing to do. For snapshots that were filed without a partition, at most about 1,000 partitions are counted as remaining. A column that the owner added to the history is moved with a snapshot. A new partition gets the privileges of the default partition, and row level security without policies if that has it enabled.

Locks: an advisory lock of a private class, so that one call waits for the other. From the start, it locks the history by time and its default partition against changes of the tables, but not of rows. At the end, it locks these two and the partitions to be dropped exclusively, only while it probes the default partition''s index and changes the catalogs. It waits for these locks for 20 milliseconds at a time, so that nobody is held up behind it, and for 5 seconds in all, or lock_timeout, if that is set and shorter. After that, or when somebody waits for a snapshot that it is moving, it does nothing, and says so in a row and a warning.

Errors: 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if snapshots were filed in the default partition after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 42501 the owner of the tables may not create tables in their schema; 55000 the default partition is missing or no ordinary table, the history is partitioned otherwise, or a trigger or rule of the owner keeps snapshots in the default partition; 55P03, 57014 from waiting for another call.';
