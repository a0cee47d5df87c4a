/*-------------------------------------------------------------------------
 *
 * slot.c
 *	  Slots: which streams this node keeps, where a store is kept on several.
 *
 * azr_slot, azr_own_slots and azr_slots; and what changes the state of a slot while it moves:
 * azr_slot_receive and azr_slot_freeze.  See slot.h for who looks at slots, and when.
 *
 * A backend keeps one bit for each slot, until a trigger of the table says that something has
 * changed.  While all slots are this node's, which is so where nothing was said of them, to look
 * at one is to see that the table has not changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/table.h"
#include "plumbing/text.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(azr_slot);
PG_FUNCTION_INFO_V1(azr_own_slots);
PG_FUNCTION_INFO_V1(azr_slots);
PG_FUNCTION_INFO_V1(azr_slot_receive);
PG_FUNCTION_INFO_V1(azr_slot_freeze);

/* Some of the slots: one bit for each, as PostgreSQL's get_bit() counts them. */
typedef struct Slots
{
	uint8		bits[AZR_NUM_SLOTS / BITS_PER_BYTE];
} Slots;

/* What the table has of a slot; node is NULL if there is nothing. */
typedef struct Owner
{
	bool		receiving;
	bool		leftover;
	char	   *node;
	char	   *moving_to;		/* or NULL */
} Owner;

/* Columns of azr_slot_owners, as in slot.sql. */
enum
{
	Anum_azr_slot_owners_slot = 1,
	Anum_azr_slot_owners_this_node,
	Anum_azr_slot_owners_receiving,
	Anum_azr_slot_owners_leftover,
	Anum_azr_slot_owners_node,
	Anum_azr_slot_owners_moving_to,
	Natts_azr_slot_owners = Anum_azr_slot_owners_moving_to
};

static const AzrColumn owners_columns[Natts_azr_slot_owners] = {
	{"slot", INT4OID, true},
	{"this_node", BOOLOID, true},
	{"receiving", BOOLOID, true},
	{"leftover", BOOLOID, true},
	{"node", TEXTOID, true},
	{"moving_to", TEXTOID, false}
};

static const AzrIndex owners_indexes[] = {
	{"azr_slot_owners_pkey", 1, {Anum_azr_slot_owners_slot}, 0, 0}
};

AZR_CHECK_INDEXES(owners_indexes);

static AzrTable owners_table = {
	.name = "azr_slot_owners",
	.ncolumns = Natts_azr_slot_owners,
	.columns = owners_columns,
	.nindexes = lengthof(owners_indexes),
	.indexes = owners_indexes
};

/* What the backend knows, as long as the table is as it was when this was read. */
static uint64 known_finding = 0;
static bool is_divided;			/* was anything said of slots? */
static bool all_own;			/* are all slots this node's? */
static bool any_frozen;			/* is one about to go to another node? */
static Slots own;				/* those that are this node's */
static Slots frozen;			/* of these, those that are about to go */

/* The slot whose streams are being brought here, or deleted, by us; or NO_SLOT. */
#define NO_SLOT		(-1)

static int	let_in = NO_SLOT;

static bool is_known(void);
static void know(void);
static void read_owners(void);
static Owner read_owner(int slot);
static Slots arg_slots(FunctionCallInfo fcinfo, int argno, const char *argname);
static AzrQueryArgs slot_args(int slot, const text *node);
static char *frozen_detail(int slot);
static int	count_slots(const Slots *slots);
static bool has_slot(const Slots *slots, int slot);
static void add_slot(Slots *slots, int slot);
static void check_is_seen(int slot);
static void check_node(const text *node, bool this_node);
static void refuse_node(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void check_moves(const text *node, const Slots *slots, bool this_node);
static void refuse_move(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void check_lost(const Slots *lost);
static void refuse_to_lose(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * azr_slot(root) -> integer
 */
Datum
azr_slot(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(azr_slot_of(PG_GETARG_UUID_P(0)));
}

/*
 * azr_own_slots(node, slots, this_node) -> void
 *
 * The lock comes before all else: what is looked at then stays so.
 */
Datum
azr_own_slots(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	text	   *node = azr_arg_name(fcinfo, 0, "node");
	Slots		slots = arg_slots(fcinfo, 1, "slots");
	bool		this_node = azr_arg_bool(fcinfo, 2, "this_node");
	Slots		lost = {0};

	azr_check_can_write(fcinfo);
	azr_streams_lock(AccessExclusiveLock);
	table_close(azr_table_open(&owners_table, RowExclusiveLock), NoLock);
	know();

	for (int slot = 0; slot < AZR_NUM_SLOTS; slot++)
	{
		bool		stays = has_slot(&slots, slot) ? this_node : is_divided;

		/* what is frozen goes to the node that it was frozen for: see below */
		if (has_slot(&own, slot) && !stays && !has_slot(&frozen, slot))
			add_slot(&lost, slot);
	}
	PushActiveSnapshot(GetLatestSnapshot());
	check_node(node, this_node);
	check_moves(node, &slots, this_node);
	check_lost(&lost);
	PopActiveSnapshot();

	azr_query_arg(&args, TEXTOID, PointerGetDatum(node), false);
	azr_query_arg(&args, BOOLOID, BoolGetDatum(this_node), false);
	azr_query_arg(&args, BYTEAOID, PointerGetDatum(azr_make_bytea(slots.bits, sizeof(slots.bits))), false);
	azr_query_must_change("azr_slot_owners", count_slots(&slots),
						  "INSERT INTO %s.azr_slot_owners AS o "
						  "(slot, this_node, receiving, leftover, node) "
						  "SELECT s, $2, false, false, $1 FROM generate_series(0, 1023) s "
						  "WHERE get_bit($3, s) = 1 ORDER BY s "
						  "ON CONFLICT (slot) DO UPDATE SET this_node = $2, node = $1, "
						  "receiving = false, moving_to = NULL, leftover = NOT $2 "
						  "AND (o.leftover OR o.receiving OR o.moving_to IS NOT NULL)",
						  &args);
	PG_RETURN_VOID();
}

/*
 * azr_slots() -> setof azr_slot_owner
 */
Datum
azr_slots(PG_FUNCTION_ARGS)
{
	AzrQueryArgs no_args = {0};

	return azr_query_return_set(fcinfo,
								"SELECT s, o.node::text, CASE WHEN o.slot IS NULL THEN 'unknown' "
								"WHEN o.this_node AND o.moving_to IS NOT NULL THEN 'frozen' "
								"WHEN o.this_node THEN 'own' "
								"WHEN o.receiving THEN 'receiving' "
								"WHEN o.leftover THEN 'leftover' ELSE 'foreign' END, "
								"o.moving_to::text "
								"FROM generate_series(0, 1023) s "
								"LEFT JOIN %s.azr_slot_owners o ON o.slot = s "
								"WHERE EXISTS (SELECT FROM %s.azr_slot_owners) ORDER BY s",
								&no_args);
}

/*
 * azr_slot_receive(slot, node) -> void
 *
 * What others may do with the slot's streams stays as it is: nothing.  So only those are kept out
 * who change the state of slots too.
 */
Datum
azr_slot_receive(PG_FUNCTION_ARGS)
{
	int			slot = azr_arg_slot(fcinfo, 0, "slot");
	text	   *node = azr_arg_name(fcinfo, 1, "node");
	AzrQueryArgs args = slot_args(slot, node);

	azr_check_can_write(fcinfo);
	azr_streams_lock(ShareUpdateExclusiveLock);
	table_close(azr_table_open(&owners_table, RowExclusiveLock), NoLock);
	know();
	if (has_slot(&own, slot))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d belongs to this node", slot),
				 is_divided
				 ? errhint("A node receives slots that belong to other nodes.")
				 : errhint("First say with azr_own_slots() which slots this node owns.")));
	PushActiveSnapshot(GetLatestSnapshot());
	check_node(node, false);
	PopActiveSnapshot();
	azr_query_must_change("azr_slot_owners", 1,
						  "INSERT INTO %s.azr_slot_owners (slot, this_node, receiving, leftover, node) "
						  "VALUES ($1, false, true, false, $2) "
						  "ON CONFLICT (slot) DO UPDATE SET node = $2, receiving = true, leftover = false",
						  &args);
	PG_RETURN_VOID();
}

/*
 * azr_slot_freeze(slot, node) -> void
 *
 * The lock is that of azr_own_slots(): who was let in has ended, who comes later is told.
 */
Datum
azr_slot_freeze(PG_FUNCTION_ARGS)
{
	int			slot = azr_arg_slot(fcinfo, 0, "slot");
	text	   *node = azr_arg_name(fcinfo, 1, "node");
	AzrQueryArgs args = slot_args(slot, node);
	Slots		only = {0};

	azr_check_can_write(fcinfo);
	azr_streams_lock(AccessExclusiveLock);
	table_close(azr_table_open(&owners_table, RowExclusiveLock), NoLock);
	know();
	if (!is_divided || !has_slot(&own, slot))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d cannot be frozen", slot),
				 is_divided
				 ? errdetail("It does not belong to this node.")
				 : errdetail("Nothing was said of slots yet, so this node has no name."),
				 errhint("Only a slot that azr_own_slots() has given to this node can move to another one.")));
	add_slot(&only, slot);
	PushActiveSnapshot(GetLatestSnapshot());
	check_node(node, false);
	check_moves(node, &only, false);
	PopActiveSnapshot();
	check_is_seen(slot);
	azr_query_must_change("azr_slot_owners", 1,
						  "UPDATE %s.azr_slot_owners SET moving_to = $2 WHERE slot = $1 AND this_node",
						  &args);
	PG_RETURN_VOID();
}

/*
 * Raise 40001 if the transaction must stick to a snapshot that does not show that a slot is this
 * node's.
 */
static void
check_is_seen(int slot)
{
	AzrQueryArgs args = slot_args(slot, NULL);

	if (IsolationUsesXactSnapshot() &&
		azr_query_modify("SELECT FROM %s.azr_slot_owners WHERE slot = $1 AND this_node FOR UPDATE",
						 &args, NULL, NULL) == 0)
		azr_serialization_failure("slot %d has changed after this transaction's snapshot", slot);
}

/*
 * The argument that names a slot.
 */
int
azr_arg_slot(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	int32		slot = azr_arg_int(fcinfo, argno, argname);

	if (slot < 0 || slot >= AZR_NUM_SLOTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be from 0 to %d, but is %d",
						argname, AZR_NUM_SLOTS - 1, slot)));
	return slot;
}

/*
 * Arguments $1 and $2: a slot, and a node if there is one.
 */
static AzrQueryArgs
slot_args(int slot, const text *node)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT4OID, Int32GetDatum(slot), false);
	if (node != NULL)
		azr_query_arg(&args, TEXTOID, PointerGetDatum(node), false);
	return args;
}

/*
 * What is known of a slot now.  The caller has locked azr_streams, so that it stays so.
 */
AzrSlotState
azr_slot_state(int slot)
{
	AzrSlotState state = {0};
	Owner		owner = read_owner(slot);

	know();
	state.is_own = has_slot(&own, slot);
	state.is_frozen = has_slot(&frozen, slot);
	state.node = owner.node;
	state.is_receiving = !state.is_own && owner.receiving;
	state.is_leftover = !state.is_own && owner.leftover;
	state.moving_to = owner.moving_to;
	return state;
}

/*
 * What stands in the table of a slot, or nothing.  No snapshot of the transaction goes into it, as
 * in read_owners().
 */
static Owner
read_owner(int slot)
{
	Relation	rel = azr_table_open(&owners_table, AccessShareLock);
	ScanKeyData key;
	AzrScan		scan;
	TupleTableSlot *row;
	Owner		owner = {0};

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(slot));
	azr_scan_begin(&scan, &owners_table, rel, 0, SnapshotSelf, &key, 1);
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
	{
		azr_check_row(row->tts_isnull, Anum_azr_slot_owners_node);
		owner.receiving = DatumGetBool(row->tts_values[Anum_azr_slot_owners_receiving - 1]);
		owner.leftover = DatumGetBool(row->tts_values[Anum_azr_slot_owners_leftover - 1]);
		owner.node = TextDatumGetCString(row->tts_values[Anum_azr_slot_owners_node - 1]);
		if (!row->tts_isnull[Anum_azr_slot_owners_moving_to - 1])
			owner.moving_to =
				TextDatumGetCString(row->tts_values[Anum_azr_slot_owners_moving_to - 1]);
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return owner;
}

/*
 * Do streams of a root stand here although its slot is another node's, and is that known: are
 * they being brought here, or left over after a move?
 */
bool
azr_slot_is_moving(const pg_uuid_t *root)
{
	AzrSlotState state = azr_slot_state(azr_slot_of(root));

	return state.is_receiving || state.is_leftover;
}

/*
 * Let our own session use the streams of a slot that is another node's, until azr_slot_let_end()
 * is called with what this returns.  That must happen in any case, so in PG_FINALLY().
 */
int
azr_slot_let_begin(int slot)
{
	int			outer = let_in;

	let_in = slot;
	return outer;
}

void
azr_slot_let_end(int outer)
{
	let_in = outer;
}

/*
 * Is a stream this node's?  The caller has just opened azr_streams.  If the transaction had locked
 * that before, nobody can have changed who owns slots since.
 *
 * Raises ZR013.
 */
void
azr_slot_check(const AzrStreamName *name)
{
	char	   *owner;

	if (likely(is_known() && all_own))
		return;
	if (azr_slot_is_own(name->root) || let_in == azr_slot_of(name->root))
		return;

	owner = azr_slot_owner(name->root);
	ereport(ERROR,
			(errcode(ERRCODE_AZR_WRONG_NODE),
			 errmsg("stream \"%s\" is kept on another node", azr_stream_label(name)),
			 errdetail_internal("%s", owner),
			 errhint("Run this again on the node that owns the slot.")));
}

/*
 * The same for who is about to write to a stream that is this node's: it must not be about to go
 * to another one.
 *
 * Raises ZR013.
 */
void
azr_slot_check_write(const AzrStreamName *name)
{
	int			slot;

	if (likely(is_known() && !any_frozen))
		return;
	if (!is_known())
		read_owners();
	slot = azr_slot_of(name->root);
	if (!has_slot(&frozen, slot) || let_in == slot)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_AZR_WRONG_NODE),
			 errmsg("stream \"%s\" cannot be written to now", azr_stream_label(name)),
			 errdetail_internal("%s", frozen_detail(slot)),
			 errhint("Run this again in a moment; when the slot has moved, the error names the node that owns it.")));
}

/*
 * The same as azr_slot_check_write() for who is about to change what is kept for streams of any
 * slot.
 *
 * Locks azr_streams in AccessShareLock.  Raises ZR013.
 */
void
azr_slots_check_write(void)
{
	azr_streams_lock(AccessShareLock);
	know();
	if (!any_frozen)
		return;
	for (int slot = 0; slot < AZR_NUM_SLOTS; slot++)
	{
		if (has_slot(&frozen, slot))
			ereport(ERROR,
					(errcode(ERRCODE_AZR_WRONG_NODE),
					 errmsg("streams of slot %d cannot be written to now", slot),
					 errdetail_internal("%s", frozen_detail(slot)),
					 errhint("Run this again when the slot has moved.")));
	}
}

/*
 * Where a frozen slot goes, as a sentence.
 */
static char *
frozen_detail(int slot)
{
	AzrSlotState state = azr_slot_state(slot);

	return psprintf("Slot %d is moving to node \"%s\".", slot,
					state.moving_to != NULL ? state.moving_to : "");
}

/*
 * The same as azr_slot_check() for who reads something that is kept for a stream, and does not look
 * for the stream itself.  While all slots are this node's, this locks nothing: what is read may then
 * be given to another node before the transaction ends, as anything that was read may change.
 */
void
azr_slot_check_name(const AzrStreamName *name)
{
	know();
	if (all_own)
		return;
	azr_streams_lock(AccessShareLock);
	azr_slot_check(name);
}

/*
 * Is a root's slot this node's?  The caller has opened azr_streams.
 */
bool
azr_slot_is_own(const pg_uuid_t *root)
{
	if (!is_known())
		read_owners();
	return all_own || has_slot(&own, azr_slot_of(root));
}

/*
 * Have a query pass over streams of other nodes.  Returns false if there can be none.  Otherwise,
 * adds the argument that AZR_SLOT_IS_OWN needs.
 */
bool
azr_slots_arg(AzrQueryArgs *args)
{
	know();
	if (all_own)
		return false;
	azr_query_arg(args, BYTEAOID, PointerGetDatum(azr_make_bytea(own.bits, sizeof(own.bits))), false);
	return true;
}

/*
 * Which node a root's slot belongs to, as a sentence.
 */
char *
azr_slot_owner(const pg_uuid_t *root)
{
	int			slot = azr_slot_of(root);
	Owner		owner = read_owner(slot);

	return owner.node == NULL
		? psprintf("Slot %d belongs to a node that is not known here.", slot)
		: psprintf("Slot %d belongs to node \"%s\".", slot, owner.node);
}

static bool
is_known(void)
{
	return azr_table_is_known(&owners_table, known_finding);
}

/*
 * Know who owns slots.  This asks for what others have changed, since the caller may not have
 * locked anything just before.
 */
static void
know(void)
{
	AcceptInvalidationMessages();
	if (!is_known())
		read_owners();
}

/*
 * Read who owns slots.  While azr_streams is locked, azr_own_slots() changes nothing, so this
 * needs no snapshot, which it could not take where a query runs in parallel.  As in
 * domain_settings.c, the finding of the table is noted before the rows are read.
 */
static void
read_owners(void)
{
	Relation	rel;
	uint64		finding;
	AzrScan		scan;
	TupleTableSlot *row;
	int			nrows = 0;
	int			nown = 0;
	Slots		read = {0};
	Slots		read_frozen = {0};
	bool		is_any_frozen = false;

	azr_streams_lock(AccessShareLock);
	rel = azr_table_open(&owners_table, AccessShareLock);
	finding = owners_table.findings;
	azr_scan_begin(&scan, &owners_table, rel, 0, SnapshotSelf, NULL, 0);
	while ((row = azr_scan_next(&scan, ForwardScanDirection)) != NULL)
	{
		int32		slot;

		azr_check_row(row->tts_isnull, Anum_azr_slot_owners_node);
		slot = DatumGetInt32(row->tts_values[Anum_azr_slot_owners_slot - 1]);
		nrows++;
		if (slot < 0 || slot >= AZR_NUM_SLOTS ||
			!DatumGetBool(row->tts_values[Anum_azr_slot_owners_this_node - 1]))
			continue;
		add_slot(&read, slot);
		nown++;
		if (!row->tts_isnull[Anum_azr_slot_owners_moving_to - 1])
		{
			add_slot(&read_frozen, slot);
			is_any_frozen = true;
		}
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);

	is_divided = nrows > 0;
	all_own = nrows == 0 || nown == AZR_NUM_SLOTS;
	if (nrows == 0)
		memset(&read, 0xFF, sizeof(read));
	own = read;
	frozen = read_frozen;
	any_frozen = is_any_frozen;
	known_finding = finding;
}

/*
 * An argument of slots, at least one.
 */
static Slots
arg_slots(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	TypeCacheEntry *type = lookup_type_cache(INT4RANGEOID, TYPECACHE_RANGE_INFO);
	Slots		slots = {0};
	int32		count;
	RangeType **ranges;

	azr_arg_check_not_null(fcinfo, argno, argname);
	multirange_deserialize(type, PG_GETARG_MULTIRANGE_P(argno), &count, &ranges);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not be empty", argname)));
	for (int i = 0; i < count; i++)
	{
		RangeBound	lower;
		RangeBound	upper;
		bool		empty;

		/* a range of integers includes its lower bound, not its upper one */
		range_deserialize(type, ranges[i], &lower, &upper, &empty);
		if (lower.infinite || upper.infinite || DatumGetInt32(lower.val) < 0 ||
			DatumGetInt32(upper.val) > AZR_NUM_SLOTS)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" must have slots from 0 to %d only",
							argname, AZR_NUM_SLOTS - 1)));
		for (int slot = DatumGetInt32(lower.val); slot < DatumGetInt32(upper.val); slot++)
			add_slot(&slots, slot);
	}
	return slots;
}

static int
count_slots(const Slots *slots)
{
	int			count = 0;

	for (int slot = 0; slot < AZR_NUM_SLOTS; slot++)
		count += has_slot(slots, slot);
	return count;
}

static bool
has_slot(const Slots *slots, int slot)
{
	return (slots->bits[slot / BITS_PER_BYTE] >> (slot % BITS_PER_BYTE)) & 1;
}

static void
add_slot(Slots *slots, int slot)
{
	slots->bits[slot / BITS_PER_BYTE] |= 1 << (slot % BITS_PER_BYTE);
}

/*
 * This node has one name, and no other node has it.  A name is known as long as slots belong to
 * it.
 */
static void
check_node(const text *node, bool this_node)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(node), false);
	azr_query_arg(&args, BOOLOID, BoolGetDatum(this_node), false);
	azr_query_read("SELECT o.node::text, o.this_node::boolean FROM %s.azr_slot_owners o "
				   "WHERE (o.node = $1) <> (o.this_node = $2) AND (o.node = $1 OR $2) "
				   "ORDER BY o.this_node DESC LIMIT 1",
				   &args, refuse_node, NULL);
}

static void
refuse_node(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	azr_check_row(nulls, 2);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 DatumGetBool(values[1])
			 ? errmsg("this node is \"%s\"", TextDatumGetCString(values[0]))
			 : errmsg("\"%s\" is another node", TextDatumGetCString(values[0])),
			 errdetail("azr_own_slots() was called before with this name, and some slots belong to it."),
			 errhint("Give this_node => false for slots of other nodes, and for no others.")));
}

/*
 * Do slots that are in the middle of a move go where they should?  What is frozen for a node can be
 * given to that one or stay.  What is left over after a move can only come back by another one: the
 * node that has the slot may have appended to its streams.
 */
static void
check_moves(const text *node, const Slots *slots, bool this_node)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(node), false);
	azr_query_arg(&args, BOOLOID, BoolGetDatum(this_node), false);
	azr_query_arg(&args, BYTEAOID, PointerGetDatum(azr_make_bytea(slots->bits, sizeof(slots->bits))), false);
	azr_query_read("SELECT o.slot::int, o.this_node::boolean, coalesce(o.moving_to, o.node)::text "
				   "FROM %s.azr_slot_owners o WHERE get_bit($3, o.slot) = 1 AND CASE WHEN $2 "
				   "THEN NOT o.this_node AND o.leftover "
				   "ELSE o.this_node AND o.moving_to <> $1 END ORDER BY o.slot LIMIT 1",
				   &args, refuse_move, NULL);
}

static void
refuse_move(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	int			slot;
	char	   *node;

	azr_check_row(nulls, 3);
	slot = DatumGetInt32(values[0]);
	node = TextDatumGetCString(values[2]);
	if (DatumGetBool(values[1]))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d is moving to node \"%s\"", slot, node),
				 errhint("To keep it, give it to this node again with azr_own_slots().")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("what is here of slot %d is left over from a move", slot),
			 errdetail("The slot belongs to node \"%s\", which may have appended to its streams.", node),
			 errhint("Move the slot here again, beginning with azr_slot_receive(), or delete what is left with azr_slot_drop().")));
}

/*
 * May this node lose slots?  The caller has locked azr_streams, and made a snapshot after that.
 */
static void
check_lost(const Slots *lost)
{
	AzrQueryArgs args = {0};

	if (count_slots(lost) == 0)
		return;
	azr_query_arg(&args, BYTEAOID, PointerGetDatum(azr_make_bytea(lost->bits, sizeof(lost->bits))), false);
	azr_query_read("SELECT s.domain::text, s.edition::text, s.root::uuid FROM %s.azr_streams s "
				   "WHERE " AZR_SLOT_IS_OWN("$1", "s.root") " LIMIT 1",
				   &args, refuse_to_lose, NULL);
}

static void
refuse_to_lose(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrStreamName name;

	azr_check_row(nulls, 3);
	name = azr_copy_stream_name(values);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("this node has streams in slots that would belong to another node"),
			 errdetail("One of them is \"%s\", in slot %d.",
					   azr_stream_label(&name), azr_slot_of(name.root)),
			 is_divided
			 ? errhint("A slot in which this node has streams has to be moved: azr_slot_freeze().")
			 : errhint("First say which slots this node owns: all in which it has streams.")));
}
