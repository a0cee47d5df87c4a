/*-------------------------------------------------------------------------
 *
 * domain_settings.c
 *	  azr_domain_set and azr_domain_settings: what is said of a domain.
 *
 * Every append asks for the settings of its domain, and few domains have any.  So a backend
 * keeps all of them, until a trigger of the table says that something has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "plumbing/args.h"
#include "plumbing/grow.h"
#include "plumbing/query.h"
#include "plumbing/table.h"
#include "plumbing/text.h"
#include "streams/domain_settings.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_domain_set);
PG_FUNCTION_INFO_V1(azr_domain_settings);

/* The longest description, in bytes. */
#define MAX_DESCRIPTION_BYTES	65536

/* Columns of azr_registered_domains, as in domain_settings.sql. */
enum
{
	Anum_azr_registered_domains_max_payload = 1,
	Anum_azr_registered_domains_domain,
	Anum_azr_registered_domains_durability,
	Anum_azr_registered_domains_description,
	Natts_azr_registered_domains = Anum_azr_registered_domains_description
};

static const AzrColumn domains_columns[Natts_azr_registered_domains] = {
	{"max_payload", INT4OID, false},
	{"domain", TEXTOID, true},
	{"durability", TEXTOID, true},
	{"description", TEXTOID, false}
};

static const AzrIndex domains_indexes[] = {
	{"azr_registered_domains_pkey", 1, {Anum_azr_registered_domains_domain}, 0, 0}
};

AZR_CHECK_INDEXES(domains_indexes);

static AzrTable domains_table = {
	.name = "azr_registered_domains",
	.ncolumns = Natts_azr_registered_domains,
	.columns = domains_columns,
	.nindexes = lengthof(domains_indexes),
	.indexes = domains_indexes
};

enum
{
	DURABLE,
	RELAXED
};

static const char *const durability_names[] = {
	[DURABLE] = "durable",
	[RELAXED] = "relaxed",
	NULL
};

/* The settings of a domain. */
typedef struct KnownDomain
{
	text	   *domain;
	AzrDomainSettings settings;
} KnownDomain;

/* All domains that have settings, by name. */
typedef struct KnownDomains
{
	MemoryContext context;		/* of all this */
	int			count;
	int			allocated;
	KnownDomain *all;
} KnownDomains;

static KnownDomains *known = NULL;
static uint64 known_finding;	/* of the table, when they were read */

static void check_max_payload(int32 max_payload);
static void read_settings(void);
static void note_settings(uint64 row, const Datum *values, const bool *nulls, void *arg);
static int	compare_domains(const void *a, const void *b);

/*
 * azr_domain_set(domain, durability, max_payload, description) -> void
 *
 * A domain with the default of every setting has no row.
 */
Datum
azr_domain_set(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	text	   *domain = azr_arg_name(fcinfo, 0, "domain");
	const char *durability = PG_ARGISNULL(1) ? NULL :
		durability_names[azr_arg_choice(fcinfo, 1, "durability", durability_names)];

	if (!PG_ARGISNULL(2))
		check_max_payload(PG_GETARG_INT32(2));
	if (!PG_ARGISNULL(3) && VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(3)) > 0)
		azr_check_length(PG_GETARG_TEXT_PP(3), MAX_DESCRIPTION_BYTES, "description", 0);
	azr_check_can_write(fcinfo);

	table_close(azr_table_open(&domains_table, RowExclusiveLock), NoLock);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, durability ? CStringGetTextDatum(durability) : (Datum) 0,
				  durability == NULL);
	azr_query_arg(&args, INT4OID, PG_GETARG_DATUM(2), PG_ARGISNULL(2));
	azr_query_arg(&args, TEXTOID, PG_GETARG_DATUM(3), PG_ARGISNULL(3));
	azr_query_must_change("azr_registered_domains", 1,
						  "INSERT INTO %s.azr_registered_domains AS d "
						  "(domain, durability, max_payload, description) "
						  "VALUES ($1, coalesce($2, 'durable'), nullif($3, 0), nullif($4, '')) "
						  "ON CONFLICT (domain) DO UPDATE SET "
						  "durability = coalesce($2, d.durability), "
						  "max_payload = nullif(coalesce($3, d.max_payload), 0), "
						  "description = nullif(coalesce($4, d.description), '')",
						  &args);
	args.count = 1;
	(void) azr_query_modify("DELETE FROM %s.azr_registered_domains WHERE domain = $1 "
							"AND durability = 'durable' AND max_payload IS NULL "
							"AND description IS NULL",
							&args, NULL, NULL);
	PG_RETURN_VOID();
}

static void
check_max_payload(int32 max_payload)
{
	if (max_payload != 0 &&
		(max_payload < AZR_MIN_MAX_PAYLOAD || max_payload > AZR_MAX_PAYLOAD_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"max_payload\" must be 0, or between %d and %d, but is %d",
						AZR_MIN_MAX_PAYLOAD, AZR_MAX_PAYLOAD_BYTES, max_payload),
				 errdetail("It is a number of bytes, and 0 means that the domain has no limit of its own.")));
}

/*
 * azr_domain_settings() -> setof azr_domain_setting
 */
Datum
azr_domain_settings(PG_FUNCTION_ARGS)
{
	AzrQueryArgs no_args = {0};

	return azr_query_return_set(fcinfo,
								"SELECT d.domain::text, d.durability::text, d.max_payload::int, "
								"d.description::text "
								"FROM %s.azr_registered_domains d ORDER BY d.domain",
								&no_args);
}

/*
 * The settings of a domain, as they are now: this transaction's own changes count too.
 */
AzrDomainSettings
azr_domain_settings_of(const text *domain)
{
	AzrDomainSettings none = {false, 0};
	KnownDomain key = {.domain = unconstify(text *, domain)};
	const KnownDomain *found = NULL;

	/*
	 * a transaction that goes on need not have been told of what is committed
	 * meanwhile
	 */
	AcceptInvalidationMessages();
	if (known == NULL || !azr_table_is_known(&domains_table, known_finding))
		read_settings();
	if (known->count > 0)
		found = bsearch(&key, known->all, known->count, sizeof(KnownDomain), compare_domains);
	return found != NULL ? found->settings : none;
}

/*
 * Read the settings of all domains.  The finding of the table is noted before they are read.  A
 * change that is committed after that makes the finding an old one, so it is not missed.  They are
 * kept for later transactions, so a new snapshot reads them, also where this transaction must
 * stick to its own.
 */
static void
read_settings(void)
{
	AzrQueryArgs no_args = {0};
	MemoryContext context;
	MemoryContext oldcontext;
	KnownDomains *read;
	uint64		finding;

	if (known != NULL)
	{
		MemoryContext old = known->context;

		known = NULL;
		MemoryContextDelete(old);
	}
	table_close(azr_table_open(&domains_table, AccessShareLock), NoLock);
	finding = domains_table.findings;
	context = AllocSetContextCreate(CurrentMemoryContext, "angzarr domain settings",
									ALLOCSET_SMALL_SIZES);
	read = MemoryContextAllocZero(context, sizeof(KnownDomains));
	read->context = context;
	oldcontext = MemoryContextSwitchTo(context);
	PushActiveSnapshot(GetLatestSnapshot());
	azr_query_read("SELECT domain::text, durability::text, max_payload::int "
				   "FROM %s.azr_registered_domains",
				   &no_args, note_settings, read);
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcontext);
	if (read->count > 1)
		qsort(read->all, read->count, sizeof(KnownDomain), compare_domains);
	MemoryContextSetParent(context, CacheMemoryContext);
	known = read;
	known_finding = finding;
}

/*
 * A word that is not one of ours counts as the safest.
 */
static void
note_settings(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	KnownDomains *domains = (KnownDomains *) arg;
	KnownDomain *domain;

	azr_check_row(nulls, 2);
	domains->all = azr_grow(domains->all, domains->count, &domains->allocated,
							sizeof(KnownDomain));
	domain = &domains->all[domains->count++];
	domain->domain = azr_copy_text(DatumGetTextPP(values[0]), domains->context);
	domain->settings.relaxed = azr_text_is(DatumGetTextPP(values[1]), durability_names[RELAXED]);
	domain->settings.max_payload = nulls[2] ? 0 : Max(DatumGetInt32(values[2]), 0);
}

static int
compare_domains(const void *a, const void *b)
{
	const text *first = ((const KnownDomain *) a)->domain;
	const text *second = ((const KnownDomain *) b)->domain;
	int			length = VARSIZE_ANY_EXHDR(first);
	int			difference = length - (int) VARSIZE_ANY_EXHDR(second);

	return difference != 0 ? difference
		: memcmp(VARDATA_ANY(first), VARDATA_ANY(second), length);
}
