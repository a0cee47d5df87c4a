-- azr_take_over

CREATE FUNCTION @extschema@.azr_take_over() RETURNS SETOF @extschema@.azr_change
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_take_over() IS
'Makes a store work again that has a new owner, or rows from elsewhere: after REASSIGN OWNED or ALTER TABLE OWNER TO, after a switch-over to a former subscriber of logical replication, or after a restore of data alone. Does nothing if nothing is to be done.

Who may call it: every role has EXECUTE, but it refuses all except superusers and roles that have the rights of the owner of the tables.

Result: rows of azr_change, one for each thing done. action is one of: granted, EXECUTE or USAGE WITH GRANT OPTION on a function or type to the tables'' owner, as the role that creates the extension has it; repeated, a grant that an earlier owner has made, in the new owner''s name, so that it stays when the earlier owner loses its rights; advanced, a sequence, of streams'' numbers or of tickets, past those that are taken; enabled, a trigger that keeps history immutable, as ALWAYS, even if somebody has disabled it. It takes no right from anybody. A trigger that is missing or was changed is not made again: azr_check shows it.

Locks: those of azr_grant; ShareRowExclusiveLock on a table whose trigger is enabled, which waits for its writers. The sequence is advanced at once, even if the transaction is rolled back.

Errors: 25006 read-only transaction or standby; 42501 neither superuser nor owner.';
