-- azr_grant, azr_revoke and azr_privileges

CREATE TYPE @extschema@.azr_privilege AS (
	function regprocedure,
	level text
);

COMMENT ON TYPE @extschema@.azr_privilege IS
'A function and the level that may call it.';

CREATE FUNCTION @extschema@.azr_grant(role regrole, level text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_grant(regrole, text) IS
'Lets a role use the store.

Arguments: role. level: reader, who reads; writer, who also appends, puts snapshots and positions and runs cascades; admin, who also deletes editions, snapshots and positions, protects editions and maintains. azr_privileges lists the functions of each.

Result: none. The role has EXECUTE on the functions of the level and of those below it, SELECT on azr_timeline, and USAGE on the schema. It has no right on a table. The grantor is the extension''s owner.

Locks: an advisory lock against other calls of azr_grant and azr_revoke, to the end of the transaction.

Errors: 22004 NULL where there must be a value; 22023 no such level, or PUBLIC; 42704 no such role; 42501 the schema belongs to another role, which must grant USAGE first.';

CREATE FUNCTION @extschema@.azr_revoke(role regrole, level text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_revoke(regrole, text) IS
'Takes back what azr_grant has given.

Arguments: role. level: what is taken is this level and those above it, so that revoking writer leaves a reader, and revoking reader leaves nothing.

Result: none. Functions of these levels that were granted one by one are revoked too, and with reader also USAGE on the schema, if the extension''s owner has granted it. Rights that the role has as a member of another stay.

Locks: those of azr_grant.

Errors: 22004 NULL where there must be a value; 22023 no such level, or PUBLIC; 42704 no such role.';

CREATE FUNCTION @extschema@.azr_privileges() RETURNS SETOF @extschema@.azr_privilege
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_privileges() IS
'The functions of the extension, with the lowest level that may call each: reader, writer, admin, or owner for those that azr_grant never grants.

Result: rows of azr_privilege, by level and name.';
