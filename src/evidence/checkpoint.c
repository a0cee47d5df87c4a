/*-------------------------------------------------------------------------
 *
 * checkpoint.c
 *	  azr_checkpoint, azr_put_checkpoint and azr_checkpoints: what is signed outside of the
 *	  database, and kept there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "evidence/log.h"
#include "evidence/note.h"
#include "fmgr.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_checkpoint);
PG_FUNCTION_INFO_V1(azr_put_checkpoint);
PG_FUNCTION_INFO_V1(azr_checkpoints);

static void raise_mismatch(const AzrNote *note, const char *detail);

/*
 * azr_checkpoint(size) -> text
 *
 * See checkpoint.sql for arguments and errors.
 */
Datum
azr_checkpoint(PG_FUNCTION_ARGS)
{
	AzrOptionalInt64 size = azr_arg_optional_count(fcinfo, 0, "size");
	text	   *origin = azr_evidence_must_origin();
	uint8		root[AZR_DIGEST_BYTES];
	AzrLog		log;

	azr_log_begin(&log, GetActiveSnapshot());
	if (!size.given)
		size.value = log.size;
	azr_log_check_size(&log, size.value, "size");
	azr_tree_root(&log.tree, size.value, root);
	azr_log_end(&log);
	PG_RETURN_TEXT_P(azr_note_make(origin, size.value, root));
}

/*
 * azr_put_checkpoint(note) -> void
 *
 * See checkpoint.sql for arguments, locks and errors.
 */
Datum
azr_put_checkpoint(PG_FUNCTION_ARGS)
{
	AzrNote		note = azr_arg_note(fcinfo, 0, "note");
	text	   *origin;
	uint8		root[AZR_DIGEST_BYTES];
	Snapshot	snapshot;
	AzrLog		log;

	azr_check_can_write(fcinfo);
	if (!note.is_signed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be signed", "note"),
				 errhint("Sign what azr_checkpoint() returns, outside of the database.")));
	origin = azr_evidence_must_origin();
	azr_evidence_lock();
	if (!azr_same_text(origin, note.origin))
		raise_mismatch(&note, psprintf("The log of this database is \"%s\".",
									   text_to_cstring(origin)));

	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	azr_log_begin(&log, snapshot);
	if (note.size > log.size)
		raise_mismatch(&note, psprintf("The log has %lld events: it may have lost what came later, in a failover or by a restore.",
									   (long long) log.size));
	azr_tree_root(&log.tree, note.size, root);
	if (memcmp(root, note.root, AZR_DIGEST_BYTES) != 0)
		raise_mismatch(&note, psprintf("The root of its tree at that size is %s.",
									   azr_base64(root, AZR_DIGEST_BYTES)));
	azr_log_end(&log);
	UnregisterSnapshot(snapshot);
	azr_evidence_put_checkpoint(note.size, root, PG_GETARG_TEXT_PP(0));
	PG_RETURN_VOID();
}

/*
 * azr_checkpoints() -> setof azr_checkpoint_row
 */
Datum
azr_checkpoints(PG_FUNCTION_ARGS)
{
	AzrQueryArgs no_args = {0};

	return azr_query_return_set(fcinfo,
								"SELECT size::bigint, root::bytea, sealed_at::timestamptz, note::text "
								"FROM %s.azr_evidence_checkpoints ORDER BY size",
								&no_args);
}

static void
raise_mismatch(const AzrNote *note, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_AZR_EVIDENCE_MISMATCH),
			 errmsg("the note of log \"%s\" at size %lld is not of the log of this database",
					text_to_cstring(note->origin), (long long) note->size),
			 errdetail("%s", detail),
			 errhint("Call azr_verify() with the note.")));
}
