/*-------------------------------------------------------------------------
 *
 * json_events.c
 *	  Events as JSON, in both directions.
 *
 * A payload is bytes.  On the way in, "data" becomes the UTF-8 bytes of its
 * JSON text, and "payload_base64" the bytes that it says; on the way out, a payload
 * that is JSON text becomes "data", and any other "payload_base64".  So what came out
 * can go in again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "common/base64.h"
#include "events/event_args.h"
#include "events/json_events.h"
#include "events/max_payload.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "plumbing/iso_time.h"
#include "plumbing/json.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

/* What a jsonb value can hold: offsets have 28 bits (JENTRY_OFFLENMASK). */
#define MAX_DOCUMENT_BYTES	JENTRY_OFFLENMASK

/* The longest text that is looked at as a time. */
#define MAX_TIME_BYTES		100

static void event_from_json(JsonbValue *json, int place, AzrNewEvents *events);
static Datum payload_from_json(JsonbValue *json, int place);
static Datum payload_from_base64(JsonbValue *json, int place);
static bool is_base64_padded_well(const char *value, int len);
static bool is_ignored(const char *key);
static TimestampTz created_at_from_json(JsonbValue *json, int place);
static void push_column(AzrEventDocument *document, const AzrEventColumn *column, Datum value);
static void push_payload(AzrEventDocument *document, Datum value);
static void count_bytes(AzrEventDocument *document, Size bytes);

/*
 * Read the argument 'events' of azr_append_json().  The memory of what is read is the current
 * context's.
 *
 * Raises 22023, naming the event by its place from 1, and 22007 or 22008 for a
 * created_at that is not in the form of iso_time.h or out of range.
 */
void
azr_events_from_json(Jsonb *json, AzrNewEvents *events)
{
	JsonbIterator *it;
	JsonbValue	v;
	int			count = JB_ROOT_COUNT(json);

	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"events\" must be a JSON array of objects"),
				 JB_ROOT_IS_OBJECT(json)
				 ? errhint("Of a document of azr_load_json, give what it has under the key \"events\".") : 0));

	events->types = palloc(count * sizeof(Datum));
	events->payloads = palloc(count * sizeof(Datum));
	events->metadata = palloc0(count * sizeof(Datum));
	events->metadata_nulls = palloc(count * sizeof(bool));
	events->created_at = palloc(count * sizeof(TimestampTz));

	it = JsonbIteratorInit(&json->root);
	(void) JsonbIteratorNext(&it, &v, false);	/* WJB_BEGIN_ARRAY */
	while (JsonbIteratorNext(&it, &v, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		event_from_json(&v, events->count + 1, events);
		events->count++;
	}
}

/*
 * Read one object into events->...[place - 1].
 */
static void
event_from_json(JsonbValue *json, int place, AzrNewEvents *events)
{
	int			i = place - 1;
	bool		has_type = false;
	bool		has_data = false;
	bool		has_base64 = false;
	JsonbIterator *it;
	JsonbValue	v;

	if (json->type != jbvBinary || !JsonContainerIsObject(json->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %d is not a JSON object", place)));

	events->metadata_nulls[i] = true;
	events->created_at[i] = AZR_NOW;

	it = JsonbIteratorInit(json->val.binary.data);
	(void) JsonbIteratorNext(&it, &v, false);	/* WJB_BEGIN_OBJECT */
	while (JsonbIteratorNext(&it, &v, true) == WJB_KEY)
	{
		char	   *key = pnstrdup(v.val.string.val, v.val.string.len);

		(void) JsonbIteratorNext(&it, &v, true);	/* WJB_VALUE */
		if (strcmp(key, "type") == 0)
		{
			text	   *type;

			if (v.type != jbvString)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("\"type\" of event %d is not a string", place)));
			type = cstring_to_text_with_len(v.val.string.val, v.val.string.len);
			azr_check_type("events", place, type);
			events->types[i] = PointerGetDatum(type);
			has_type = true;
		}
		else if (strcmp(key, "data") == 0)
		{
			events->payloads[i] = payload_from_json(&v, place);
			has_data = true;
		}
		else if (strcmp(key, "payload_base64") == 0)
		{
			events->payloads[i] = payload_from_base64(&v, place);
			has_base64 = true;
		}
		else if (strcmp(key, "metadata") == 0)
		{
			if (v.type != jbvNull)
			{
				events->metadata[i] = JsonbPGetDatum(JsonbValueToJsonb(&v));
				events->metadata_nulls[i] = false;
			}
		}
		else if (strcmp(key, "created_at") == 0)
		{
			if (v.type != jbvNull)
				events->created_at[i] = created_at_from_json(&v, place);
		}
		else if (!is_ignored(key))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("event %d has an unknown key \"%s\"", place, key),
					 errdetail("The keys are type, data or payload_base64, metadata and created_at. Others that azr_load_json gives an event are ignored.")));
	}

	if (!has_type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %d has no \"type\"", place)));
	if (!has_data && !has_base64)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %d has neither \"data\" nor \"payload_base64\"", place)));
	if (has_data && has_base64)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %d has both \"data\" and \"payload_base64\"", place)));
}

/*
 * A payload: the UTF-8 bytes of the JSON text, unless that is too large to be stored.
 */
static Datum
payload_from_json(JsonbValue *json, int place)
{
	Jsonb	   *data = JsonbValueToJsonb(json);

	if (VARSIZE(data) * (uint64) AZR_JSON_MAX_EXPANSION > AZR_MAX_PAYLOAD_BYTES)
		azr_check_payload_size(place, azr_json_text_size(data, false, AZR_MAX_PAYLOAD_BYTES), 0);
	return PointerGetDatum(azr_json_to_utf8(data));
}

/*
 * A payload as azr_load_json gives what is not JSON.
 */
static Datum
payload_from_base64(JsonbValue *json, int place)
{
	int			len;
	int			size;
	bytea	   *payload;

	if (json->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"payload_base64\" of event %d is not a string", place)));

	len = json->val.string.len;
	size = pg_b64_dec_len(len);
	payload = palloc(VARHDRSZ + size);
	size = pg_b64_decode(json->val.string.val, len, (void *) VARDATA(payload), size);
	if (size < 0 || !is_base64_padded_well(json->val.string.val, len))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"payload_base64\" of event %d is not base64", place),
				 errhint("Use the standard alphabet, with padding and without white space.")));
	SET_VARSIZE(payload, VARHDRSZ + size);
	return PointerGetDatum(payload);
}

/*
 * pg_b64_decode() takes what follows the padding, and loses a part of it.  So see to it that
 * there is one "=" or two of them, at the end, or none.
 */
static bool
is_base64_padded_well(const char *value, int len)
{
	const char *padding = memchr(value, '=', len);
	const char *end = value + len;

	return padding == NULL || padding == end - 1 ||
		(padding == end - 2 && *(end - 1) == '=');
}

/*
 * Is it a key that azr_load_json gives an event, but which says nothing of what is to be
 * stored: where the event was, and what an append says of all its events?
 */
static bool
is_ignored(const char *key)
{
	for (int i = 0; i < Natts_azr_event; i++)
		if (i != Anum_azr_event_payload - 1 &&
			strcmp(key, azr_event_columns[i].name) == 0)
			return true;
	return false;
}

/*
 * The time at which an event happened, which no setting of the session's changes.
 */
static TimestampTz
created_at_from_json(JsonbValue *json, int place)
{
	TimestampTz result = 0;
	AzrIsoTime	form;
	char	   *value;
	int			len;

	if (json->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"created_at\" of event %d is not a string", place)));

	len = json->val.string.len;
	value = pnstrdup(json->val.string.val,
					 pg_mbcliplen(json->val.string.val, len, MAX_TIME_BYTES));
	form = len > MAX_TIME_BYTES ? AZR_ISO_TIME_MALFORMED : azr_iso_time(value, &result);
	if (form == AZR_ISO_TIME_MALFORMED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_DATETIME_FORMAT),
				 errmsg("\"created_at\" of event %d is not an ISO 8601 time with an offset: \"%s\"",
						place, value),
				 errhint("Write it like \"2026-01-31T12:34:56.789Z\" or \"2026-01-31T12:34:56+02:00\".")));
	if (form == AZR_ISO_TIME_OUT_OF_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("\"created_at\" of event %d is out of range: \"%s\"", place, value)));
	return result;
}

/*
 * Begin a document, which is an object.  The caller ends it, with WJB_END_OBJECT.
 */
void
azr_event_document_begin(AzrEventDocument *document)
{
	memset(&document->json, 0, sizeof(document->json));
	document->bytes = 0;
	document->scratch = AllocSetContextCreate(CurrentMemoryContext,
											  "azr_load_json payload",
											  ALLOCSET_DEFAULT_SIZES);
	azr_push_jsonb(&document->json, WJB_BEGIN_OBJECT, NULL);
}

/*
 * Push an event, given as the columns of azr_event, as an array's element.
 *
 * What is pushed must live until the document is complete, which is longer
 * than the columns do: everything is copied.
 */
void
azr_event_document_push(AzrEventDocument *document, const Datum *values, const bool *nulls)
{
	azr_push_jsonb(&document->json, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < Natts_azr_event; i++)
		if (!nulls[i])
			push_column(document, &azr_event_columns[i], values[i]);
	azr_push_jsonb(&document->json, WJB_END_OBJECT, NULL);
}

static void
push_column(AzrEventDocument *document, const AzrEventColumn *column, Datum value)
{
	Jsonb	   *metadata;

	switch (column->type)
	{
		case TEXTOID:
			azr_json_push_text(&document->json, column->name, DatumGetTextPP(value));
			break;
		case INT8OID:
			azr_json_push_int64(&document->json, column->name, DatumGetInt64(value));
			break;
		case UUIDOID:
			azr_json_push_uuid(&document->json, column->name, DatumGetUUIDP(value));
			break;
		case BOOLOID:
			azr_json_push_bool(&document->json, column->name, DatumGetBool(value));
			break;
		case TIMESTAMPTZOID:
			azr_json_push_string(&document->json, column->name,
								 JsonEncodeDateTime(NULL, value, TIMESTAMPTZOID, NULL));
			break;
		case JSONBOID:
			metadata = DatumGetJsonbPCopy(value);
			count_bytes(document, VARSIZE(metadata));
			azr_json_push_jsonb(&document->json, column->name, metadata);
			break;
		case BYTEAOID:
			push_payload(document, value);
			break;
		default:
			elog(ERROR, "unexpected type of column \"%s\" in JSON", column->name);
	}
}

/*
 * Push a payload, as "data" if it is JSON.
 *
 * What it takes to find out goes to the scratch context: a document of many
 * events would otherwise need several times its size.
 */
static void
push_payload(AzrEventDocument *document, Datum value)
{
	MemoryContext caller = MemoryContextSwitchTo(document->scratch);
	bytea	   *payload;
	Jsonb	   *data;
	char	   *base64 = NULL;

	/* JSON is about as large as jsonb, base64 is larger */
	count_bytes(document, toast_raw_datum_size(value) - VARHDRSZ);
	payload = DatumGetByteaPP(value);
	data = azr_json_from_utf8(payload);
	if (data == NULL)
		base64 = azr_base64(VARDATA_ANY(payload), VARSIZE_ANY_EXHDR(payload));
	MemoryContextSwitchTo(caller);

	if (data != NULL)
		azr_json_push_jsonb(&document->json, "data",
							(Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(data)));
	else
		azr_json_push_string(&document->json, "payload_base64", pstrdup(base64));
	MemoryContextReset(document->scratch);
}

/*
 * Fail with 54000 once the document can be known not to fit, rather than when
 * all of it is in memory.
 */
static void
count_bytes(AzrEventDocument *document, Size bytes)
{
	document->bytes += bytes;
	if (document->bytes > MAX_DOCUMENT_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the events are too large for one JSON document"),
				 errdetail("A document holds up to %d bytes.", MAX_DOCUMENT_BYTES),
				 errhint("Ask for fewer events with max_count, or use azr_load.")));
}
