-- As care/creator.sql does in a new installation, for what 0.2.0 adds.
REVOKE ALL ON FUNCTION
	@extschema@.azr_check(text),
	@extschema@.azr_grant(regrole, text),
	@extschema@.azr_revoke(regrole, text),
	@extschema@.azr_privileges()
	FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
	@extschema@.azr_check(text),
	@extschema@.azr_grant(regrole, text),
	@extschema@.azr_revoke(regrole, text),
	@extschema@.azr_privileges()
	TO @extowner@ WITH GRANT OPTION;
REVOKE ALL ON TYPE @extschema@.azr_problem, @extschema@.azr_privilege FROM PUBLIC;
GRANT USAGE ON TYPE @extschema@.azr_problem, @extschema@.azr_privilege
	TO @extowner@ WITH GRANT OPTION;
