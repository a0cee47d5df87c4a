/*-------------------------------------------------------------------------
 *
 * positions.c
 *	  The position store: how far each handler has read each stream.
 *
 * azr_put_position, azr_put_positions, azr_get_position, azr_delete_positions
 * and azr_lag.
 *
 * A position only goes forward.  Of two workers of a handler that record
 * different ones, the later waits for the earlier, and the higher one stays,
 * whoever comes first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "base/query.h"
#include "base/stream.h"
#include "base/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "positions/positions.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_put_position);
PG_FUNCTION_INFO_V1(azr_put_positions);
PG_FUNCTION_INFO_V1(azr_get_position);
PG_FUNCTION_INFO_V1(azr_delete_positions);
PG_FUNCTION_INFO_V1(azr_lag);

/* Columns of azr_positions, as in positions.sql. */
enum
{
	Anum_azr_positions_sequence = 1,
	Anum_azr_positions_root,
	Anum_azr_positions_handler,
	Anum_azr_positions_domain,
	Anum_azr_positions_edition,
	Natts_azr_positions = Anum_azr_positions_edition
};

static const AzrColumn positions_columns[Natts_azr_positions] = {
	{"sequence", INT8OID, true},
	{"root", UUIDOID, true},
	{"handler", TEXTOID, true},
	{"domain", TEXTOID, true},
	{"edition", TEXTOID, true}
};

static const AzrIndex positions_indexes[] = {
	{
		"azr_positions_pkey", 4,
		{
			Anum_azr_positions_handler, Anum_azr_positions_domain,
			Anum_azr_positions_edition, Anum_azr_positions_root
		},
		0, 0
	}
};

AZR_CHECK_INDEXES(positions_indexes);

static AzrTable positions_table = {
	.name = "azr_positions",
	.ncolumns = Natts_azr_positions,
	.columns = positions_columns,
	.nindexes = lengthof(positions_indexes),
	.indexes = positions_indexes,
	.updated = true
};

/* A handler's position in a stream, and how it compares with the stored one. */
typedef struct Position
{
	text	   *handler;
	AzrStreamName stream;
	int64		sequence;
	int64		in_force;
} Position;

/*
 * Rows of azr_positions of edition $1, $2.  Their key starts with the handler: one
 * index probe finds each handler that there is, and one more what it has there.
 */
#define OF_EDITION \
	"domain = $1 AND edition = $2 AND handler = ANY (ARRAY(" \
	"WITH RECURSIVE h AS (" \
	"(SELECT p.handler FROM %s.azr_positions p ORDER BY p.handler LIMIT 1) " \
	"UNION ALL " \
	"SELECT (SELECT p.handler FROM %s.azr_positions p " \
	"WHERE p.handler > h.handler ORDER BY p.handler LIMIT 1) " \
	"FROM h WHERE h.handler IS NOT NULL) " \
	"SELECT h.handler FROM h WHERE h.handler IS NOT NULL))"

static void begin_write(const text *domain, const text *edition, const char *function);
static void make_keys(ScanKeyData *keys, const Position *position);
static bool is_further(TupleTableSlot *existing, void *arg);
static void put_by_sql(Position *position);
static bool find_position(Position *position, Snapshot snapshot);

/*
 * azr_put_position(handler, domain, edition, root, sequence) -> bigint
 */
Datum
azr_put_position(PG_FUNCTION_ARGS)
{
	Position	position;
	Relation	rel;

	position.handler = azr_arg_name(fcinfo, 0, "handler");
	position.stream = azr_arg_stream(fcinfo, 1);
	position.sequence = azr_arg_count(fcinfo, 4, "sequence");
	position.in_force = position.sequence;
	begin_write(position.stream.domain, position.stream.edition, "azr_put_position()");

	rel = azr_table_open(&positions_table, RowExclusiveLock);
	if (positions_table.plain)
	{
		ScanKeyData keys[4];
		Datum		values[Natts_azr_positions];
		bool		nulls[Natts_azr_positions] = {false};

		make_keys(keys, &position);
		values[Anum_azr_positions_sequence - 1] = Int64GetDatum(position.sequence);
		values[Anum_azr_positions_root - 1] = UUIDPGetDatum(position.stream.root);
		values[Anum_azr_positions_handler - 1] = PointerGetDatum(position.handler);
		values[Anum_azr_positions_domain - 1] = PointerGetDatum(position.stream.domain);
		values[Anum_azr_positions_edition - 1] = PointerGetDatum(position.stream.edition);
		(void) azr_upsert(&positions_table, rel, keys, lengthof(keys), values, nulls,
						  is_further, &position);
	}
	else
		put_by_sql(&position);
	table_close(rel, NoLock);

	PG_RETURN_INT64(position.in_force);
}

/*
 * azr_put_positions(handler, domain, edition, roots, sequences) -> bigint
 */
Datum
azr_put_positions(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	text	   *domain = azr_arg_name(fcinfo, 1, "domain");
	text	   *edition = azr_arg_edition(fcinfo, 2, "edition");
	AzrArrayArg roots = azr_arg_full_array(fcinfo, 3, "roots", UUIDOID);
	AzrArrayArg sequences = azr_arg_full_array(fcinfo, 4, "sequences", INT8OID);

	if (roots.count != sequences.count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("roots and sequences must have as many elements each"),
				 errdetail("They have %d and %d.", roots.count, sequences.count)));
	for (int i = 0; i < sequences.count; i++)
		if (DatumGetInt64(sequences.elems[i]) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %d of sequences must not be negative, but is %lld",
							i + 1, (long long) DatumGetInt64(sequences.elems[i]))));
	begin_write(domain, edition, "azr_put_positions()");

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(edition), false);
	azr_query_arg(&args, UUIDARRAYOID, PG_GETARG_DATUM(3), false);
	azr_query_arg(&args, INT8ARRAYOID, PG_GETARG_DATUM(4), false);
	PG_RETURN_INT64((int64)
					azr_query_modify("INSERT INTO %s.azr_positions AS p "
									 "(handler, domain, edition, root, sequence) "
									 "SELECT $1, $2, $3, n.root, max(n.sequence) "
									 "FROM unnest($4, $5) AS n(root, sequence) "
									 "GROUP BY n.root ORDER BY n.root "
									 "ON CONFLICT (handler, domain, edition, root) "
									 "DO UPDATE SET sequence = excluded.sequence "
									 "WHERE p.sequence < excluded.sequence",
									 &args, NULL, NULL));
}

/*
 * azr_get_position(handler, domain, edition, root) -> bigint
 */
Datum
azr_get_position(PG_FUNCTION_ARGS)
{
	Position	position;

	position.handler = azr_arg_name(fcinfo, 0, "handler");
	position.stream = azr_arg_stream(fcinfo, 1);
	if (!find_position(&position, GetActiveSnapshot()))
		PG_RETURN_NULL();
	PG_RETURN_INT64(position.in_force);
}

/*
 * azr_delete_positions(handler, domain, edition, root) -> bigint
 */
Datum
azr_delete_positions(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	text	   *domain;
	text	   *edition;

	azr_query_arg(&args, TEXTOID, PointerGetDatum(azr_arg_name(fcinfo, 0, "handler")), false);
	if (PG_ARGISNULL(1))
	{
		if (!PG_ARGISNULL(2) || !PG_ARGISNULL(3))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("edition and root need a domain"),
					 errhint("Without a domain, all positions of the handler are deleted.")));
		PreventCommandIfReadOnly("azr_delete_positions()");
		PreventCommandIfParallelMode("azr_delete_positions()");
		PG_RETURN_INT64((int64)
						azr_query_modify("DELETE FROM %s.azr_positions WHERE handler = $1",
										 &args, NULL, NULL));
	}

	domain = azr_arg_name(fcinfo, 1, "domain");
	edition = azr_arg_edition(fcinfo, 2, "edition");
	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(edition), false);
	azr_query_arg(&args, UUIDOID, PG_ARGISNULL(3) ? (Datum) 0 : PG_GETARG_DATUM(3),
				  PG_ARGISNULL(3));
	begin_write(domain, edition, "azr_delete_positions()");
	PG_RETURN_INT64((int64)
					azr_query_modify("DELETE FROM %s.azr_positions "
									 "WHERE handler = $1 AND domain = $2 AND edition = $3 "
									 "AND ($4 IS NULL OR root = $4)",
									 &args, NULL, NULL));
}

/* The last sequence of a stream, in azr_lag's query. */
#define LAST_OF(edition) \
	"(SELECT max(e.sequence) FROM %s.azr_events e WHERE e.stream_id = " \
	"(SELECT s.stream_id FROM %s.azr_streams s " \
	"WHERE s.domain = streams.domain AND s.edition = " edition " AND s.root = streams.root))"

/*
 * azr_lag(handler, domain) -> setof azr_lag_entry
 */
Datum
azr_lag(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(azr_arg_name(fcinfo, 0, "handler")), false);
	if (PG_ARGISNULL(1))
		azr_query_arg(&args, TEXTOID, (Datum) 0, true);
	else
		azr_query_arg(&args, TEXTOID, PointerGetDatum(azr_arg_name(fcinfo, 1, "domain")), false);
	return azr_query_return_set(fcinfo,
								"WITH known AS (SELECT domain, edition, root, sequence "
								"FROM %s.azr_positions "
								"WHERE handler = $1 AND ($2 IS NULL OR domain = $2)), "
								"followed AS (SELECT domain, edition FROM known UNION "
								"SELECT $2, '" AZR_MAIN_EDITION "' WHERE $2 IS NOT NULL), "
								"streams AS (SELECT domain, edition, root FROM known UNION "
								"SELECT domain, edition, s.root FROM %s.azr_streams s "
								"JOIN followed USING (domain, edition)) "
								"SELECT domain, edition, root, k.sequence, n.last + 1, "
								"n.last - coalesce(k.sequence, -1) "
								"FROM streams LEFT JOIN known k USING (domain, edition, root) "
								"CROSS JOIN LATERAL (SELECT coalesce("
								LAST_OF("streams.edition") ", "
								"least(" LAST_OF("'" AZR_MAIN_EDITION "'") ", "
								"(SELECT r.divergence - 1 FROM %s.azr_registered_editions r "
								"WHERE r.domain = streams.domain AND r.edition = streams.edition))"
								") AS last) n "
								"WHERE n.last > coalesce(k.sequence, -1) "
								"ORDER BY domain, edition, root",
								&args);
}

/*
 * How many positions there are in an edition, by the active PostgreSQL snapshot.
 */
int64
azr_edition_positions_count(const text *domain, const text *edition)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);
	AzrQueryValue count = {false, (Datum) 0};

	azr_query_read("SELECT count(*) FROM %s.azr_positions WHERE " OF_EDITION,
				   &args, azr_query_note, &count);
	return DatumGetInt64(count.value);
}

/*
 * Delete the positions in an edition that the caller has locked against writers.
 */
void
azr_edition_positions_delete(const text *domain, const text *edition)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);

	(void) azr_query_modify("DELETE FROM %s.azr_positions WHERE " OF_EDITION,
							&args, NULL, NULL);
}

/*
 * May this transaction write to the edition?  Deleting an edition takes its
 * positions, so it has to wait for those that are being put.
 */
static void
begin_write(const text *domain, const text *edition, const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (!azr_edition_is_main(edition))
		azr_edition_lock(domain, edition, ShareLock);
}

static void
make_keys(ScanKeyData *keys, const Position *position)
{
	azr_key_text(&keys[0], 1, position->handler);
	azr_key_text(&keys[1], 2, position->stream.domain);
	azr_key_text(&keys[2], 3, position->stream.edition);
	azr_key_uuid(&keys[3], 4, position->stream.root);
}

/*
 * Is the new position past the stored one?
 */
static bool
is_further(TupleTableSlot *existing, void *arg)
{
	Position   *position = (Position *) arg;
	int64		stored = DatumGetInt64(existing->tts_values[Anum_azr_positions_sequence - 1]);

	position->in_force = Max(stored, position->sequence);
	return stored < position->sequence;
}

/*
 * The same with SQL, where the owner of the table has added triggers and the like.
 */
static void
put_by_sql(Position *position)
{
	AzrQueryArgs args = {0};
	AzrQueryValue stored = {false, (Datum) 0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(position->handler), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(position->stream.domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(position->stream.edition), false);
	azr_query_arg(&args, UUIDOID, UUIDPGetDatum(position->stream.root), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(position->sequence), false);
	if (azr_query_modify("INSERT INTO %s.azr_positions AS p "
						 "(handler, domain, edition, root, sequence) "
						 "VALUES ($1, $2, $3, $4, $5) "
						 "ON CONFLICT (handler, domain, edition, root) "
						 "DO UPDATE SET sequence = excluded.sequence "
						 "WHERE p.sequence < excluded.sequence RETURNING p.sequence",
						 &args, azr_query_note, &stored) > 0)
	{
		position->in_force = DatumGetInt64(stored.value);
		return;
	}
	if (!find_position(position, SnapshotSelf) || position->in_force < position->sequence)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("a trigger on azr_positions dropped the position of stream \"%s\"",
						azr_stream_label(&position->stream)),
				 errhint("A BEFORE trigger there must return the row as it got it.")));
}

/*
 * Look a position up, into 'in_force'.
 */
static bool
find_position(Position *position, Snapshot snapshot)
{
	Relation	rel = azr_table_open(&positions_table, AccessShareLock);
	ScanKeyData keys[4];
	AzrScan		scan;
	TupleTableSlot *row;

	make_keys(keys, position);
	azr_scan_begin(&scan, &positions_table, rel, 0, snapshot, keys, lengthof(keys));
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
		position->in_force = DatumGetInt64(row->tts_values[Anum_azr_positions_sequence - 1]);
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return row != NULL;
}
