/*-------------------------------------------------------------------------
 *
 * prove.c
 *	  azr_prove and azr_prove_consistency: proofs that can be checked without the database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/timeline.h"
#include "evidence/log.h"
#include "evidence/note.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/json.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_prove);
PG_FUNCTION_INFO_V1(azr_prove_consistency);

/* What is to be proved. */
typedef struct Proof
{
	AzrLog		log;
	AzrStreamName name;			/* on the main timeline */
	AzrStream	stream;
	const text *origin;
	int64		sequence;		/* of the last event */
	int64		size;			/* of the log */
	AzrJsonbState json;
} Proof;

/* Is a note of the log that is named $2? */
#define NOTE_IS_OF	"starts_with(note::text, $2 || E'\\n') "

static void find_stream(Proof *proof, const AzrStreamName *asked,
						const AzrOptionalInt64 *sequence);
static int64 choose_size(Proof *proof, const AzrOptionalInt64 *size);
static int64 last_noted_size(const text *origin, int64 from);
static text *filed_note(const text *origin, int64 size);
static void note_text(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void push_events(Proof *proof);
static void push_event(Proof *proof, const AzrLogEvent *event);
static void push_column(Proof *proof, const AzrLogEvent *event, const char *key,
						AttrNumber column);
static void push_bytes(Proof *proof, const char *key, const void *bytes, Size length);
static void push_hashes(Proof *proof, const List *hashes);
static void raise_not_sealed(const AzrStreamName *name, int64 sequence);

/*
 * azr_prove(domain, edition, root, sequence, size) -> jsonb
 *
 * See prove.sql for arguments, result and errors.
 */
Datum
azr_prove(PG_FUNCTION_ARGS)
{
	AzrStreamName asked = azr_arg_stream(fcinfo, 0);
	AzrOptionalInt64 sequence = azr_arg_optional_count(fcinfo, 3, "sequence");
	AzrOptionalInt64 size = azr_arg_optional_count(fcinfo, 4, "size");
	text	   *origin = azr_evidence_must_origin();
	Proof		proof = {0};
	int64		index;
	uint8		root[AZR_DIGEST_BYTES];
	text	   *note;

	proof.origin = origin;
	azr_log_begin(&proof.log, GetActiveSnapshot());
	find_stream(&proof, &asked, &sequence);
	index = choose_size(&proof, &size);
	azr_tree_root(&proof.log.tree, proof.size, root);
	note = filed_note(origin, proof.size);

	azr_push_jsonb(&proof.json, WJB_BEGIN_OBJECT, NULL);
	azr_json_push_text(&proof.json, "origin", origin);
	azr_json_push_int64(&proof.json, "size", proof.size);
	azr_json_push_int64(&proof.json, "index", index);
	push_bytes(&proof, "root_hash", root, AZR_DIGEST_BYTES);
	azr_json_push_text(&proof.json, "domain", proof.name.domain);
	azr_json_push_text(&proof.json, "edition", proof.name.edition);
	azr_json_push_uuid(&proof.json, "root", proof.name.root);
	azr_json_push_int64(&proof.json, "sequence", proof.sequence);
	azr_json_push_key(&proof.json, "events");
	push_events(&proof);
	azr_json_push_key(&proof.json, "proof");
	push_hashes(&proof, azr_tree_inclusion(&proof.log.tree, index, proof.size));
	if (note != NULL)
		azr_json_push_text(&proof.json, "checkpoint", note);
	azr_push_jsonb(&proof.json, WJB_END_OBJECT, NULL);
	azr_log_end(&proof.log);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(proof.json.result));
}

/*
 * azr_prove_consistency(from_size, to_size) -> bytea[]
 *
 * See prove.sql for arguments, result and errors.
 */
Datum
azr_prove_consistency(PG_FUNCTION_ARGS)
{
	int64		from_size = azr_arg_count(fcinfo, 0, "from_size");
	int64		to_size = azr_arg_count(fcinfo, 1, "to_size");
	AzrLog		log;
	List	   *proof;
	Datum	   *hashes;
	ListCell   *lc;

	(void) azr_evidence_must_origin();
	azr_log_begin(&log, GetActiveSnapshot());
	azr_log_check_size(&log, to_size, "to_size");
	if (from_size > to_size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not be greater than \"%s\"", "from_size", "to_size")));
	proof = azr_tree_consistency(&log.tree, from_size, to_size);
	azr_log_end(&log);

	hashes = palloc(Max(list_length(proof), 1) * sizeof(Datum));
	foreach(lc, proof)
		hashes[foreach_current_index(lc)] =
		PointerGetDatum(azr_make_bytea(lfirst(lc), AZR_DIGEST_BYTES));
	PG_RETURN_POINTER(construct_array(hashes, list_length(proof), BYTEAOID, -1, false,
									  TYPALIGN_INT));
}

/*
 * Find the stream, and the event up to which it is proved: the last one that is sealed, unless
 * it is given.
 *
 * Raises 22023 for an edition's own event, and if nothing of the stream is sealed.
 */
static void
find_stream(Proof *proof, const AzrStreamName *asked, const AzrOptionalInt64 *sequence)
{
	AzrOptionalInt64 no_divergence = {false, 0};
	AzrTimeline timeline = azr_timeline_find(asked, no_divergence, proof->log.snapshot);
	AzrHead		head;

	proof->name = azr_main_stream(asked);
	proof->stream = timeline.main;
	if (timeline.is_edition && timeline.shared_to.given && sequence->given &&
		sequence->value >= timeline.shared_to.value)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %lld of %s is the edition's own",
						(long long) sequence->value, azr_stream_label(asked)),
				 errdetail("The log has the events of the main timeline only. The edition shares those below sequence %lld.",
						   (long long) timeline.shared_to.value)));
	if (proof->stream.id == AZR_NO_STREAM ||
		!azr_evidence_head(proof->log.reader, proof->stream.id, &head) || head.next_sequence < 1)
		raise_not_sealed(&proof->name, sequence->given ? sequence->value : 0);
	proof->sequence = sequence->given ? sequence->value : head.next_sequence - 1;
	if (!sequence->given && timeline.is_edition && timeline.shared_to.given)
		proof->sequence = Min(proof->sequence, timeline.shared_to.value - 1);
	if (proof->sequence < 0)
		raise_not_sealed(&proof->name, 0);
}

/*
 * Choose the size of the log that the proof is of, unless it is given: the last one with a signed
 * note that has the event, or else what is sealed.  Returns the event's place in the log.
 *
 * Raises 22023 if the log does not have the event at that size.
 */
static int64
choose_size(Proof *proof, const AzrOptionalInt64 *size)
{
	int64		index;

	if (size->given)
		azr_log_check_size(&proof->log, size->value, "size");
	index = azr_log_position(&proof->log, proof->stream.id, proof->sequence);
	if (index == AZR_NO_POSITION)
		raise_not_sealed(&proof->name, proof->sequence);
	if (size->given)
		proof->size = size->value;
	else
	{
		proof->size = last_noted_size(proof->origin, index + 1);
		if (proof->size == 0)
			proof->size = proof->log.size;
	}
	if (index >= proof->size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %lld of %s is not in the log of size %lld",
						(long long) proof->sequence, azr_stream_label(&proof->name),
						(long long) proof->size),
				 errdetail("It is entry %lld.", (long long) index)));
	return index;
}

/*
 * The last size of at least 'from' that has a signed note of the log's name, or 0.  There may be
 * some of a name that it had before.
 */
static int64
last_noted_size(const text *origin, int64 from)
{
	AzrQueryArgs args = {0};
	AzrQueryValue size = {false, (Datum) 0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(from), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(origin), false);
	azr_query_read("SELECT size::bigint FROM %s.azr_evidence_checkpoints "
				   "WHERE note IS NOT NULL AND size >= $1 AND " NOTE_IS_OF "ORDER BY size DESC LIMIT 1",
				   &args, azr_query_note, &size);
	return size.found ? DatumGetInt64(size.value) : 0;
}

/*
 * The signed note of a size, or NULL.
 */
static text *
filed_note(const text *origin, int64 size)
{
	AzrQueryArgs args = {0};
	text	   *note = NULL;

	azr_query_arg(&args, INT8OID, Int64GetDatum(size), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(origin), false);
	azr_query_read("SELECT note::text FROM %s.azr_evidence_checkpoints "
				   "WHERE size = $1 AND " NOTE_IS_OF,
				   &args, note_text, &note);
	return note;
}

static void
note_text(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	text	  **note = (text **) arg;

	if (!nulls[0])
		*note = azr_copy_text(DatumGetTextPP(values[0]), CurrentMemoryContext);
}

/*
 * Add the stream's events up to the one that is asked for.
 *
 * Raises ZR011 if they do not give its sealed leaf.
 */
static void
push_events(Proof *proof)
{
	AzrLogScan	scan;
	AzrLogEvent event;
	int64		next = 0;
	bool		is_sound = true;
	uint8		sealed[AZR_DIGEST_BYTES];

	azr_push_jsonb(&proof->json, WJB_BEGIN_ARRAY, NULL);
	azr_log_scan_begin(&scan, &proof->log, &proof->name, proof->stream.id, 0,
					   proof->sequence);
	while (is_sound && azr_log_scan_next(&scan, &event))
	{
		CHECK_FOR_INTERRUPTS();
		is_sound = event.sequence == next++;
		push_event(proof, &event);
	}
	azr_log_scan_end(&scan);
	azr_push_jsonb(&proof->json, WJB_END_ARRAY, NULL);

	is_sound = is_sound && next == proof->sequence + 1;
	if (is_sound)
	{
		azr_log_leaf(&proof->log, event.position, sealed);
		is_sound = memcmp(sealed, event.leaf, AZR_DIGEST_BYTES) == 0;
	}
	if (!is_sound)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_EVIDENCE_MISMATCH),
				 errmsg("the events of %s up to %lld are not those that were sealed",
						azr_stream_label(&proof->name), (long long) proof->sequence),
				 errhint("azr_verify() says which were altered.")));
}

static void
push_event(Proof *proof, const AzrLogEvent *event)
{
	AzrJsonbState *json = &proof->json;

	azr_push_jsonb(json, WJB_BEGIN_OBJECT, NULL);
	azr_json_push_int64(json, "sequence", event->sequence);
	azr_json_push_text(json, "type", event->type);
	azr_json_push_int64(json, "created_at_us",
						azr_unix_microseconds(DatumGetTimestampTz(event->values[Anum_azr_timeline_created_at])));
	azr_json_push_bool(json, "committed",
					   DatumGetBool(event->values[Anum_azr_timeline_committed]));
	push_column(proof, event, "cascade_id", Anum_azr_timeline_cascade_id);
	push_column(proof, event, "source_domain", Anum_azr_timeline_source_domain);
	push_column(proof, event, "source_edition", Anum_azr_timeline_source_edition);
	push_column(proof, event, "source_root", Anum_azr_timeline_source_root);
	push_column(proof, event, "source_sequence", Anum_azr_timeline_source_sequence);
	if (event->is_erased)
	{
		push_bytes(proof, "body", event->body, AZR_DIGEST_BYTES);
		azr_json_push_bool(json, "erased", true);
	}
	else
	{
		push_column(proof, event, "correlation_id", Anum_azr_timeline_correlation_id);
		push_column(proof, event, "external_id", Anum_azr_timeline_external_id);
		push_column(proof, event, "payload", Anum_azr_timeline_payload);
		push_column(proof, event, "metadata", Anum_azr_timeline_metadata);
		push_bytes(proof, "salt", event->salt, AZR_SALT_BYTES);
	}
	azr_push_jsonb(json, WJB_END_OBJECT, NULL);
}

/*
 * Add a column, unless it is NULL.  The value is copied, since that of the column is valid until
 * the next event is looked at.
 */
static void
push_column(Proof *proof, const AzrLogEvent *event, const char *key, AttrNumber column)
{
	Datum		value = event->values[column];

	if (event->nulls[column])
		return;
	switch (column)
	{
		case Anum_azr_timeline_source_sequence:
			azr_json_push_int64(&proof->json, key, DatumGetInt64(value));
			break;
		case Anum_azr_timeline_source_root:
			azr_json_push_uuid(&proof->json, key, DatumGetUUIDP(value));
			break;
		case Anum_azr_timeline_payload:
			{
				bytea	   *payload = DatumGetByteaPP(value);

				push_bytes(proof, key, VARDATA_ANY(payload), VARSIZE_ANY_EXHDR(payload));
				break;
			}
		case Anum_azr_timeline_metadata:
			{
				Jsonb	   *metadata = DatumGetJsonbP(value);

				azr_json_push_string(&proof->json, key,
									 JsonbToCString(NULL, &metadata->root, VARSIZE(metadata)));
				break;
			}
		default:
			azr_json_push_text(&proof->json, key,
							   azr_copy_text(DatumGetTextPP(value), CurrentMemoryContext));
			break;
	}
}

static void
push_bytes(Proof *proof, const char *key, const void *bytes, Size length)
{
	azr_json_push_string(&proof->json, key, azr_base64(bytes, length));
}

static void
push_hashes(Proof *proof, const List *hashes)
{
	ListCell   *lc;

	azr_push_jsonb(&proof->json, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, hashes)
	{
		JsonbValue	value;

		value.type = jbvString;
		value.val.string.val = azr_base64(lfirst(lc), AZR_DIGEST_BYTES);
		value.val.string.len = strlen(value.val.string.val);
		azr_push_jsonb(&proof->json, WJB_ELEM, &value);
	}
	azr_push_jsonb(&proof->json, WJB_END_ARRAY, NULL);
}

static void
raise_not_sealed(const AzrStreamName *name, int64 sequence)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("event %lld of %s is not sealed", (long long) sequence,
					azr_stream_label(name)),
			 errhint("Call azr_seal() once it is committed.")));
}
