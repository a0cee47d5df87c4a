-- azr_import

CREATE PROCEDURE @extschema@.azr_import(
	query text,
	batch bigint DEFAULT 10000,
	progress boolean DEFAULT true
)
LANGUAGE c AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE @extschema@.azr_import(text, bigint, boolean) IS
'Stores the events that a query gives, any number of them, and commits batch by batch. For moving into the store from elsewhere; call it with CALL, outside of a transaction block.

Arguments: query, one query that returns the columns domain text, edition text, root uuid, sequence bigint, type text, payload bytea, metadata jsonb, created_at timestamptz, correlation_id text and external_id text, in this order and of these types; their names do not matter. It runs with the rights of the caller. Its rows come in stream order: those of a stream together, by sequence, without a gap from what the stream has already. edition NULL or '''' means the main timeline, whose streams must come before editions that branch off them; a stream''s first event in an edition fixes its divergence. metadata, correlation_id and external_id may be NULL; created_at NULL means as in azr_append. batch, after how many rows the transaction is committed: at the end of the stream that reaches it, so a stream is never split. progress, whether NOTICEs say every 5 seconds how many rows are read or stored, how many a second and how many are left, and at the end how many were stored.

All rows are read before the first is stored, and are kept in a temporary file, of about their own size, once they are more than work_mem. An event that is stored already is passed over if it is the same as the row in all columns, where created_at NULL is the same as any time. So after a break, the same call goes on where it was.

Events get their places in the feed, and handlers and snapshots are told of new streams, as by azr_append; a stream''s events of a batch are appended some thousand at a time. An external_id is stored as it is: it is not looked whether another event of the stream has it.

Locks: as azr_append, for one batch. Appends to other streams go on. Positions and snapshots past the end of a new stream are dropped, as by its first append.

Errors: ZR013 a stream''s slot is another node''s, or frozen. 2D000 in a transaction block, a function or a subtransaction. 42804 the query returns other columns. ZR001 a row does not follow what is stored of its stream, or another event is stored at its sequence. ZR003 the edition is sealed, and the row''s event is not there yet. 22004 NULL where there must be a value. 22023 bad value, or query is not one query. 54000 a payload or its metadata are too large. 25006 read-only transaction or standby. 40P01, 55P03 and 57014 from waiting for a lock. And what the query raises. The context of an error names the row. All batches before it are kept.';
