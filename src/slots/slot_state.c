/*-------------------------------------------------------------------------
 *
 * slot_state.c
 *	  Storing what another node keeps for a slot's streams beside their events.
 *
 * Positions and snapshots come as a whole, and take the place of all that this node has: they may
 * be left from the last time that it owned the slot.  Settings of domains and editions belong to
 * streams of other slots too, so what was said here stays, but for what would let in what the other
 * node keeps out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "erasure/erase.h"
#include "events/event_args.h"
#include "events/max_payload.h"
#include "events/timeline.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "slots/slot_state.h"
#include "snapshots/snapshot_table.h"
#include "streams/domain_settings.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* How many rows are stored together, and how many bytes of them at most but for the last one. */
#define LOT_ROWS	500
#define LOT_BYTES	(4 * 1024 * 1024)

/* Columns of positions and of snapshots, as azr_slot_row has them. */
static const AzrSlotRowColumn position_columns[] = {
	SLOT_ROW_handler, SLOT_ROW_domain, SLOT_ROW_edition, SLOT_ROW_root, SLOT_ROW_sequence
};

static const AzrSlotRowColumn snapshot_columns[] = {
	SLOT_ROW_domain, SLOT_ROW_edition, SLOT_ROW_root, SLOT_ROW_sequence, SLOT_ROW_created_at,
	SLOT_ROW_filed_at, SLOT_ROW_setting, SLOT_ROW_type, SLOT_ROW_payload, SLOT_ROW_late_transient
};

#define MAX_COLUMNS	lengthof(snapshot_columns)

/* Rows of one table on their way in. */
typedef struct Lot
{
	const char *what;			/* one of them is */
	const char *table;
	const char *sql;			/* stores those whose key is not there yet,
								 * and returns the keys of what it has stored */
	const char *find;			/* a row by its key */
	int			nkey;			/* of the columns, the first ones */
	int			ncolumns;
	const AzrSlotRowColumn *columns;
	int			count;
	int			stored;			/* of these, before the first that was not */
	Size		bytes;
	int64		rows[LOT_ROWS]; /* of the query, which they are from */
	Datum		values[MAX_COLUMNS][LOT_ROWS];
} Lot;

struct AzrStateImport
{
	int			slot;
	int64	   *row;			/* of the query: that errors are about */
	MemoryContext context;		/* of what is in the lots */
	Lot			positions;
	Lot			latest;			/* snapshots */
	Lot			history;		/* snapshots */
};

static int64 import_domain(const AzrSlotRow *row);
static int64 import_edition(const AzrSlotRow *row);
static void refuse_edition(uint64 row, const Datum *values, const bool *nulls, void *arg);
static int64 import_erasure(const AzrSlotRow *row, int slot);
static void add(AzrStateImport *import, Lot *lot, const AzrSlotRow *row);
static void check_place(const AzrSlotRow *row, int slot);
static void check_snapshot(const AzrSlotRow *row, int slot, bool is_latest);
static void store_lots(AzrStateImport *import);
static void store_lot(AzrStateImport *import, Lot *lot);
static void note_stored(uint64 row, const Datum *values, const bool *nulls, void *arg);
pg_noreturn static void refuse_row(AzrStateImport *import, const Lot *lot, int n);
static Datum value_of(const Lot *lot, AzrSlotRowColumn column, int n);
static Datum array_of(Lot *lot, int column, Oid *type);

/*
 * Begin with the state of a slot: nothing that is here of it stays.  Errors are said to be about
 * '*row', which has the number of the row that is taken: it is set to that of an earlier row where
 * an error turns out to be about this one.
 */
AzrStateImport *
azr_state_import_begin(int slot, int64 *row)
{
	AzrStateImport *import = palloc0(sizeof(AzrStateImport));

	import->slot = slot;
	import->row = row;
	import->context = AllocSetContextCreate(CurrentMemoryContext, "angzarr slot state",
											ALLOCSET_DEFAULT_SIZES);
	import->positions.what = "position";
	import->positions.table = "azr_positions";
	import->positions.sql = "INSERT INTO %s.azr_positions (handler, domain, edition, root, sequence) "
		"SELECT * FROM unnest($1, $2, $3, $4, $5) "
		"ON CONFLICT (handler, domain, edition, root) DO NOTHING "
		"RETURNING handler::text, domain::text, edition::text, root::uuid";
	import->positions.find = "SELECT true FROM %s.azr_positions "
		"WHERE handler = $1 AND domain = $2 AND edition = $3 AND root = $4";
	import->positions.nkey = 4;
	import->positions.ncolumns = lengthof(position_columns);
	import->positions.columns = position_columns;
	import->latest.what = "latest snapshot";
	import->latest.table = "azr_latest_snapshots";
	import->latest.sql = "INSERT INTO %s.azr_latest_snapshots (domain, edition, root, sequence, "
		"created_at, filed_at, retention, state_type, state, late_transient) "
		"SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
		"ON CONFLICT (domain, edition, root) DO NOTHING "
		"RETURNING domain::text, edition::text, root::uuid";
	import->latest.find = "SELECT true FROM %s.azr_latest_snapshots "
		"WHERE domain = $1 AND edition = $2 AND root = $3";
	import->latest.nkey = 3;
	import->latest.ncolumns = lengthof(snapshot_columns);
	import->latest.columns = snapshot_columns;
	/* the partitions have keys, and the table that has them has none */
	import->history.what = "snapshot";
	import->history.table = "azr_snapshot_history";
	import->history.sql = "INSERT INTO %s.azr_snapshot_history (domain, edition, root, sequence, "
		"created_at, filed_at, retention, state_type, state) "
		"SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING "
		"RETURNING domain::text, edition::text, root::uuid, sequence::bigint";
	import->history.find = "SELECT true FROM %s.azr_snapshot_history "
		"WHERE domain = $1 AND edition = $2 AND root = $3 AND sequence = $4";
	import->history.nkey = 4;
	import->history.ncolumns = lengthof(snapshot_columns) - 1;
	import->history.columns = snapshot_columns;
	azr_state_delete(slot);
	return import;
}

/*
 * Delete all positions and snapshots of a slot.
 */
void
azr_state_delete(int slot)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT4OID, Int32GetDatum(slot), false);
	(void) azr_query_modify("DELETE FROM %s.azr_positions WHERE %s.azr_slot(root) = $1",
							&args, NULL, NULL);
	(void) azr_query_modify("DELETE FROM %s.azr_latest_snapshots WHERE %s.azr_slot(root) = $1",
							&args, NULL, NULL);
	(void) azr_query_modify("DELETE FROM %s.azr_snapshot_history WHERE %s.azr_slot(root) = $1",
							&args, NULL, NULL);
}

/*
 * Take a row.  Returns how many changes were made by now that were not counted yet.
 *
 * Raises 22023 for a kind that there is not, or a bad value, ZR007 for what is past the end of its
 * stream, and 54000.
 */
int64
azr_state_import_row(AzrStateImport *import, const AzrSlotRow *row)
{
	if (strcmp(row->kind, AZR_ROW_DOMAIN) == 0)
		return import_domain(row);
	if (strcmp(row->kind, AZR_ROW_EDITION) == 0)
		return import_edition(row);
	if (strcmp(row->kind, AZR_ROW_ERASURE) == 0)
		return import_erasure(row, import->slot);
	if (strcmp(row->kind, AZR_ROW_POSITION) == 0)
	{
		(void) azr_arg_name(row->columns, SLOT_ROW_handler, "handler");
		check_place(row, import->slot);
		add(import, &import->positions, row);
		return 1;
	}
	if (strcmp(row->kind, AZR_ROW_SNAPSHOT) == 0)
	{
		bool		is_latest = !azr_slot_row_is_null(row, SLOT_ROW_late_transient);

		check_snapshot(row, import->slot, is_latest);
		add(import, is_latest ? &import->latest : &import->history, row);
		return 1;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a row of a slot cannot be of kind \"%s\"", row->kind)));
	return 0;					/* keep compiler quiet */
}

/*
 * Store what is left.
 */
void
azr_state_import_end(AzrStateImport *import)
{
	store_lots(import);
	MemoryContextDelete(import->context);
}

/*
 * Settings of a domain, unless there are some here.
 */
static int64
import_domain(const AzrSlotRow *row)
{
	AzrQueryArgs args = {0};
	FunctionCallInfo columns = row->columns;
	bool		no_limit = azr_slot_row_is_null(row, SLOT_ROW_max_payload);
	int32		limit = no_limit ? 0 :
		DatumGetInt32(azr_slot_row_value(row, SLOT_ROW_max_payload));
	static const char *const durabilities[] = {"durable", "relaxed", NULL};
	int			durability = azr_arg_choice(columns, SLOT_ROW_setting, "setting", durabilities);

	if (!no_limit && (limit < AZR_MIN_MAX_PAYLOAD || limit > AZR_MAX_PAYLOAD_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_payload must be between %d and %d, but is %d",
						AZR_MIN_MAX_PAYLOAD, AZR_MAX_PAYLOAD_BYTES, limit)));
	azr_query_arg(&args, TEXTOID,
				  PointerGetDatum(azr_arg_name(columns, SLOT_ROW_domain, "domain")), false);
	azr_query_arg(&args, TEXTOID, CStringGetTextDatum(durabilities[durability]), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(limit), no_limit);
	azr_query_arg(&args, TEXTOID, azr_slot_row_value(row, SLOT_ROW_description),
				  azr_slot_row_is_null(row, SLOT_ROW_description));
	return (int64) azr_query_modify("INSERT INTO %s.azr_registered_domains "
									"(domain, durability, max_payload, description) "
									"VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
									&args, NULL, NULL);
}

/*
 * What is registered of an edition.  Where it is registered here too, it gets the protection that
 * is stricter.
 *
 * Raises ZR004 if it branches off elsewhere here.
 */
static int64
import_edition(const AzrSlotRow *row)
{
	FunctionCallInfo columns = row->columns;
	text	   *domain = azr_arg_name(columns, SLOT_ROW_domain, "domain");
	text	   *edition = azr_arg_edition(columns, SLOT_ROW_edition, "edition");
	AzrOptionalInt64 divergence = azr_arg_optional_count(columns, SLOT_ROW_divergence,
														 "divergence");
	int			protection = azr_arg_choice(columns, SLOT_ROW_setting, "setting",
											azr_protection_names);
	TimestampTz created_at = azr_slot_row_time(row, SLOT_ROW_created_at);
	AzrQueryArgs args = azr_query_edition(domain, edition);
	uint64		changed;

	if (azr_edition_is_main(edition))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the main timeline of domain \"%s\" cannot be registered",
						text_to_cstring(domain))));
	azr_edition_lock(domain, edition, ExclusiveLock);
	azr_query_arg(&args, INT8OID, Int64GetDatum(divergence.value), !divergence.given);
	azr_query_arg(&args, TEXTOID, azr_slot_row_value(row, SLOT_ROW_description),
				  azr_slot_row_is_null(row, SLOT_ROW_description));
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(created_at), false);
	azr_query_arg(&args, TEXTOID, CStringGetTextDatum(azr_protection_names[protection]), false);
	changed = azr_query_modify("INSERT INTO %s.azr_registered_editions AS r "
							   "(domain, edition, divergence, description, created_at, protection) "
							   "VALUES ($1, $2, $3, $4, $5, $6) "
							   "ON CONFLICT (domain, edition) DO UPDATE SET protection = $6 "
							   "WHERE CASE r.protection WHEN 'open' THEN $6 <> 'open' "
							   "WHEN 'protected' THEN $6 = 'sealed' ELSE false END",
							   &args, NULL, NULL);
	azr_query_latest("SELECT domain::text, edition::text, divergence::text, $3::text "
					 "FROM %s.azr_registered_editions "
					 "WHERE domain = $1 AND edition = $2 AND divergence IS DISTINCT FROM $3",
					 &args, refuse_edition, NULL);
	return (int64) changed;
}

/*
 * An edition branches off elsewhere here: its streams that have no events of their own would have
 * others than on the other node.
 */
static void
refuse_edition(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	azr_check_row(nulls, 2);
	ereport(ERROR,
			(errcode(ERRCODE_AZR_INVALID_DIVERGENCE),
			 errmsg("edition \"%s\" of domain \"%s\" is registered with another divergence here",
					TextDatumGetCString(values[1]), TextDatumGetCString(values[0])),
			 errdetail("It is %s here, and %s on the other node.",
					   nulls[2] ? "not given" : TextDatumGetCString(values[2]),
					   nulls[3] ? "not given" : TextDatumGetCString(values[3])),
			 errhint("An edition must be created alike on all nodes: delete it here, if it has no events that are needed, or leave the slot where it is.")));
}

/*
 * An event that was erased, here if it is not yet.
 */
static int64
import_erasure(const AzrSlotRow *row, int slot)
{
	FunctionCallInfo columns = row->columns;
	AzrStreamName name = azr_slot_row_stream(row, slot);
	int64		sequence = azr_arg_count(columns, SLOT_ROW_sequence, "sequence");
	AzrErasureRecord record;

	record.ids = azr_slot_row_is_null(row, SLOT_ROW_correlation_id) &&
		azr_slot_row_is_null(row, SLOT_ROW_external_id);
	record.reason = azr_arg_text(columns, SLOT_ROW_description, "description");
	record.erased_by = azr_arg_text(columns, SLOT_ROW_erased_by, "erased_by");
	record.erased_at = azr_slot_row_time(row, SLOT_ROW_erased_at);
	if (sequence == PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("stream \"%s\" has no event %lld", azr_stream_label(&name),
						(long long) sequence)));
	return azr_erase_as_recorded(&name, sequence, &record) ? 1 : 0;
}

/*
 * Check that a stream has the event that a position or a snapshot is at.
 */
static void
check_place(const AzrSlotRow *row, int slot)
{
	AzrStreamName name = azr_slot_row_stream(row, slot);
	int64		sequence = azr_arg_count(row->columns, SLOT_ROW_sequence, "sequence");
	AzrOptionalInt64 no_divergence = {false, 0};
	AzrTimeline timeline;
	int64		next;

	/* an edition that is being deleted takes what is kept for it along */
	if (!azr_edition_is_main(name.edition))
		azr_edition_lock(name.domain, name.edition, ShareLock);
	timeline = azr_timeline_find(&name, no_divergence, SnapshotSelf);
	if (!azr_timeline_reaches(&timeline, sequence, SnapshotSelf, &next))
		ereport(ERROR,
				(errcode(ERRCODE_AZR_PAST_END),
				 errmsg("a %s of stream \"%s\" is past its end", row->kind,
						azr_stream_label(&name)),
				 errdetail("It is at %lld, and the next sequence is %lld.",
						   (long long) sequence, (long long) next),
				 errhint("Import all events before the state.")));
}

/*
 * Check a snapshot.
 */
static void
check_snapshot(const AzrSlotRow *row, int slot, bool is_latest)
{
	FunctionCallInfo columns = row->columns;
	AzrNewEvents sizes = {.count = 1};
	Datum		state;

	(void) azr_arg_type(columns, SLOT_ROW_type, "type");
	state = PointerGetDatum(azr_arg_bytea(columns, SLOT_ROW_payload, "payload"));
	sizes.payloads = &state;
	azr_check_event_sizes(&sizes, AZR_MAX_PAYLOAD_BYTES);
	(void) azr_slot_row_time(row, SLOT_ROW_created_at);
	(void) azr_slot_row_time(row, SLOT_ROW_filed_at);
	(void) azr_arg_choice(columns, SLOT_ROW_setting, "setting", azr_retention_names);
	check_place(row, slot);
}

/*
 * Put a row into a lot.
 */
static void
add(AzrStateImport *import, Lot *lot, const AzrSlotRow *row)
{
	MemoryContext oldcontext;

	if (lot->count == LOT_ROWS || lot->bytes >= LOT_BYTES)
		store_lots(import);
	lot->rows[lot->count] = *import->row;
	oldcontext = MemoryContextSwitchTo(import->context);
	for (int i = 0; i < lot->ncolumns; i++)
	{
		AzrSlotRowColumn column = lot->columns[i];
		Datum		value = azr_slot_row_value(row, column);
		Datum	   *kept = &lot->values[i][lot->count];

		switch (column)
		{
			case SLOT_ROW_edition:
				*kept = PointerGetDatum(azr_arg_edition(row->columns, column, "edition"));
				*kept = PointerGetDatum(azr_copy_text(DatumGetTextPP(*kept), import->context));
				break;
			case SLOT_ROW_root:
				{
					pg_uuid_t  *root = palloc(sizeof(pg_uuid_t));

					*root = *DatumGetUUIDP(value);
					*kept = UUIDPGetDatum(root);
				}
				break;
			case SLOT_ROW_sequence:
			case SLOT_ROW_created_at:
			case SLOT_ROW_filed_at:
			case SLOT_ROW_late_transient:
				*kept = value;
				break;
			default:
				*kept = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
				lot->bytes += VARSIZE_ANY(DatumGetPointer(*kept));
		}
	}
	MemoryContextSwitchTo(oldcontext);
	lot->count++;
}

/*
 * Store what is in the lots.
 */
static void
store_lots(AzrStateImport *import)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(import->context);

	store_lot(import, &import->positions);
	store_lot(import, &import->latest);
	store_lot(import, &import->history);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(import->context);
}

static void
store_lot(AzrStateImport *import, Lot *lot)
{
	AzrQueryArgs args = {0};

	if (lot->count == 0)
		return;
	for (int i = 0; i < lot->ncolumns; i++)
	{
		Oid			type;
		Datum		array = array_of(lot, i, &type);

		azr_query_arg(&args, type, array, false);
	}
	lot->stored = 0;
	if (azr_query_modify(lot->sql, &args, note_stored, lot) != (uint64) lot->count)
		refuse_row(import, lot, Min(lot->stored, lot->count - 1));
	lot->count = 0;
	lot->bytes = 0;
}

/*
 * Callback: a row is stored, with this key.  They are stored in their order, so the first key that
 * is not the next one's says which row was passed over.
 */
static void
note_stored(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Lot		   *lot = (Lot *) arg;

	azr_check_row(nulls, lot->nkey);
	if (row != (uint64) lot->stored || lot->stored == lot->count)
		return;
	for (int i = 0; i < lot->nkey; i++)
	{
		Datum		expected = lot->values[i][lot->stored];

		switch (lot->columns[i])
		{
			case SLOT_ROW_root:
				if (memcmp(DatumGetUUIDP(values[i]), DatumGetUUIDP(expected), UUID_LEN) != 0)
					return;
				break;
			case SLOT_ROW_sequence:
				if (DatumGetInt64(values[i]) != DatumGetInt64(expected))
					return;
				break;
			default:
				if (!azr_same_text(DatumGetTextPP(values[i]), DatumGetTextPP(expected)))
					return;
		}
	}
	lot->stored++;
}

/*
 * Raise an error since a row was not stored: 22023 if another one has its key, and 27000 if not.
 */
static void
refuse_row(AzrStateImport *import, const Lot *lot, int n)
{
	AzrQueryArgs args = {0};
	AzrQueryValue other = {false, (Datum) 0};
	AzrStreamName name;

	for (int i = 0; i < lot->nkey; i++)
		azr_query_arg(&args, azr_slot_row_types[lot->columns[i]], lot->values[i][n], false);
	azr_query_latest(lot->find, &args, azr_query_note, &other);
	*import->row = lot->rows[n];
	if (!other.found)
		azr_query_row_dropped(lot->table);
	name.domain = DatumGetTextPP(value_of(lot, SLOT_ROW_domain, n));
	name.edition = DatumGetTextPP(value_of(lot, SLOT_ROW_edition, n));
	name.root = DatumGetUUIDP(value_of(lot, SLOT_ROW_root, n));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a %s of stream \"%s\" comes twice", lot->what, azr_stream_label(&name)),
			 lot->columns == position_columns
			 ? errdetail("It is that of handler \"%s\".",
						 TextDatumGetCString(value_of(lot, SLOT_ROW_handler, n)))
			 : errdetail("It is at %lld.",
						 (long long) DatumGetInt64(value_of(lot, SLOT_ROW_sequence, n))),
			 errhint("The rows must be those of azr_slot_export_state(), each of them once.")));
}

static Datum
value_of(const Lot *lot, AzrSlotRowColumn column, int n)
{
	int			i = 0;

	while (lot->columns[i] != column)
		i++;
	return lot->values[i][n];
}

/*
 * A column of a lot as an array.
 */
static Datum
array_of(Lot *lot, int column, Oid *type)
{
	Datum	   *values = lot->values[column];

	switch (lot->columns[column])
	{
		case SLOT_ROW_root:
			*type = UUIDARRAYOID;
			return PointerGetDatum(construct_array(values, lot->count, UUIDOID, UUID_LEN, false,
												   TYPALIGN_CHAR));
		case SLOT_ROW_sequence:
			*type = INT8ARRAYOID;
			return PointerGetDatum(construct_array(values, lot->count, INT8OID, sizeof(int64),
												   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		case SLOT_ROW_created_at:
		case SLOT_ROW_filed_at:
			*type = TIMESTAMPTZARRAYOID;
			return PointerGetDatum(construct_array(values, lot->count, TIMESTAMPTZOID,
												   sizeof(TimestampTz), FLOAT8PASSBYVAL,
												   TYPALIGN_DOUBLE));
		case SLOT_ROW_late_transient:
			*type = BOOLARRAYOID;
			return PointerGetDatum(construct_array(values, lot->count, BOOLOID, 1, true,
												   TYPALIGN_CHAR));
		case SLOT_ROW_payload:
			*type = BYTEAARRAYOID;
			return PointerGetDatum(construct_array(values, lot->count, BYTEAOID, -1, false,
												   TYPALIGN_INT));
		default:
			*type = TEXTARRAYOID;
			return PointerGetDatum(construct_array(values, lot->count, TEXTOID, -1, false,
												   TYPALIGN_INT));
	}
}
