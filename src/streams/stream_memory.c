/*-------------------------------------------------------------------------
 *
 * stream_memory.c
 *	  The streams that a backend has lately used, by name.
 *
 * See stream_memory.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/text.h"
#include "streams/edition.h"
#include "streams/stream_memory.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/reltrigger.h"
#include "utils/snapmgr.h"

/* Where a stream may stand: in the set that its name leads to. */
#define NUM_SETS	256
#define SET_SIZE	4

/* Streams of domains with longer names are not remembered. */
#define MAX_DOMAIN	51

typedef struct RememberedStream
{
	int64		id;				/* or AZR_NO_STREAM: the place is free */
	pg_uuid_t	root;
	TransactionId xmin;			/* which made the row; it is committed */
	uint8		domain_len;
	char		domain[MAX_DOMAIN];
} RememberedStream;

StaticAssertDecl(sizeof(RememberedStream) * NUM_SETS * SET_SIZE == 80 * 1024,
				 "the memory of streams is not as large as it is said to be");

/* NULL before the first stream is remembered. */
static RememberedStream (*sets)[SET_SIZE] = NULL;

static uint64 remembered_finding = 0;	/* of the table */
static bool rows_stay = false;	/* as it was then */

static RememberedStream *set_of(const AzrStreamName *name);
static bool is_name_of(const RememberedStream *stream, const AzrStreamName *name);
static bool shows(Snapshot snapshot, TransactionId xmin);
static void begin_anew(const AzrTable *table, Relation rel);
static bool rejects_changes(Relation rel);

/*
 * The number of a stream, if it is remembered and the snapshot shows it; else AZR_NO_STREAM,
 * which says nothing.  The caller has opened the table.
 *
 * A transaction that has locked the table before is not told by opening it again of what
 * others have done to it since, so this asks.
 *
 * A serializable transaction must note what it has read, so it is told nothing.
 */
int64
azr_stream_recall(const AzrTable *table, const AzrStreamName *name, Snapshot snapshot)
{
	RememberedStream *set;

	if (sets == NULL)
		return AZR_NO_STREAM;
	AcceptInvalidationMessages();
	if (!rows_stay || !azr_table_is_known(table, remembered_finding) ||
		IsolationIsSerializable() || !azr_edition_is_main(name->edition))
		return AZR_NO_STREAM;

	set = set_of(name);
	for (int i = 0; i < SET_SIZE; i++)
	{
		if (is_name_of(&set[i], name))
			return shows(snapshot, set[i].xmin) ? set[i].id : AZR_NO_STREAM;
	}
	return AZR_NO_STREAM;
}

/*
 * Note a stream that a snapshot has shown, with its row, unless that may not stay as it is.
 */
void
azr_stream_remember(const AzrTable *table, Relation rel, const AzrStreamName *name, int64 id,
					TupleTableSlot *row, Snapshot snapshot)
{
	int			domain_len = VARSIZE_ANY_EXHDR(name->domain);
	RememberedStream *set;
	int			place;

	if (!azr_edition_is_main(name->edition) || domain_len > MAX_DOMAIN ||
		(snapshot->snapshot_type == SNAPSHOT_DIRTY && TransactionIdIsValid(snapshot->xmin)) ||
		!azr_row_is_settled(row))
		return;
	if (sets == NULL || remembered_finding != table->findings)
		begin_anew(table, rel);
	if (!rows_stay)
		return;

	/* at its old place, if it has one, or else before all others of the set */
	set = set_of(name);
	for (place = 0; place < SET_SIZE - 1; place++)
		if (is_name_of(&set[place], name))
			break;
	memmove(&set[1], &set[0], place * sizeof(RememberedStream));
	set[0].id = id;
	set[0].root = *name->root;
	set[0].xmin = azr_row_xmin(row);
	set[0].domain_len = domain_len;
	memcpy(set[0].domain, VARDATA_ANY(name->domain), domain_len);
}

static RememberedStream *
set_of(const AzrStreamName *name)
{
	uint64		hash = hash_bytes_extended(name->root->data, UUID_LEN,
										   azr_hash_text(name->domain, 0));

	return sets[hash % NUM_SETS];
}

static bool
is_name_of(const RememberedStream *stream, const AzrStreamName *name)
{
	return stream->id != AZR_NO_STREAM &&
		memcmp(stream->root.data, name->root->data, UUID_LEN) == 0 &&
		stream->domain_len == VARSIZE_ANY_EXHDR(name->domain) &&
		memcmp(stream->domain, VARDATA_ANY(name->domain), stream->domain_len) == 0;
}

/*
 * Does a snapshot show what a transaction has committed?  One that shows what is committed now
 * does.
 */
static bool
shows(Snapshot snapshot, TransactionId xmin)
{
	switch (snapshot->snapshot_type)
	{
		case SNAPSHOT_SELF:
			return true;
		case SNAPSHOT_DIRTY:
			/* nobody is about to make or to delete the row */
			snapshot->xmin = snapshot->xmax = InvalidTransactionId;
			return true;
		case SNAPSHOT_MVCC:
			return !XidInMVCCSnapshot(xmin, snapshot);
		default:
			return false;
	}
}

/*
 * Forget everything, and remember of the table as it was just opened.
 */
static void
begin_anew(const AzrTable *table, Relation rel)
{
	if (sets == NULL)
	{
		MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "angzarr streams",
													  ALLOCSET_SMALL_SIZES);

		sets = MemoryContextAlloc(context, NUM_SETS * SET_SIZE * sizeof(RememberedStream));
	}
	memset(sets, 0, NUM_SETS * SET_SIZE * sizeof(RememberedStream));
	rows_stay = rejects_changes(rel);
	remembered_finding = table->findings;
}

/*
 * Does the trigger that keeps history as it is fire for each change of a row, whoever makes it?
 */
static bool
rejects_changes(Relation rel)
{
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgenabled == TRIGGER_FIRES_ALWAYS &&
			TRIGGER_TYPE_MATCHES(trigger->tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_BEFORE,
								 TRIGGER_TYPE_UPDATE) &&
			TRIGGER_FOR_DELETE(trigger->tgtype) &&
			trigger->tgnattr == 0 && trigger->tgqual == NULL &&
			get_func_namespace(trigger->tgfoid) == azr_extension_schema())
			return strcmp(get_func_name(trigger->tgfoid), "azr_reject_change") == 0;
	}
	return false;
}
