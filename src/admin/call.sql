-- azr_call: for routers

CREATE FUNCTION @extschema@.azr_call(packed text) RETURNS SETOF text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_call(text) IS
'Calls a function of the store for a router (extension angzarr_router), with its arguments and its result as PL/Proxy can carry them at little cost. A session keeps the plans of such calls. It is for routers only: the form can change with any version, where a node understands routers of earlier ones.

Arguments: packed, the call as a router writes it: the function''s name, the columns that are asked for, and the arguments.

Result: rows of text, each with many rows of what the function returns; none if it returns none.

Locks: those of the function.

Errors: those of the function, which the caller must have the right to call; 22004 NULL; 22023 this is not a call as a router writes it; 42883 the store has no such function, or none with this number of arguments; 42703 its rows have no such column; 22P03 and 08P01 a value does not have the form of its type; 22021 a text is not one of its encoding; 54000 a row is larger than 750 MB.';
