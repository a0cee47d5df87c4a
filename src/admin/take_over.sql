-- azr_take_over

CREATE FUNCTION @extschema@.azr_take_over() RETURNS SETOF @extschema@.azr_change
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_take_over() IS
'Makes a store go on that has a new owner, or whose rows came from elsewhere: after REASSIGN OWNED or ALTER TABLE OWNER TO, after a switch-over to what was a subscriber of logical replication, after a restore of data alone. Does nothing where nothing is to be done.

Whoever may call it: every role has EXECUTE; it refuses all but superusers and who has the rights of the owner of the tables.

Result: rows of azr_change, one for each thing done. action is one of: granted, EXECUTE or USAGE WITH GRANT OPTION on a function or type to the tables'' owner, as the role has it that creates the extension; repeated, a grant that an earlier owner has made, in the new owner''s name, so that it stays when the earlier one''s rights go; advanced, the sequence of streams'' numbers past those that are taken; enabled, a trigger that keeps history immutable, as ALWAYS, also where somebody has disabled it. It takes no right from anybody. A trigger that is missing or was changed is not made again: azr_check shows it.

Locks: those of azr_grant; ShareRowExclusiveLock on a table whose trigger is enabled, which waits for its writers. The sequence is advanced at once, also if the transaction is rolled back.

Errors: 25006 read-only transaction or standby; 42501 neither superuser nor owner.';
