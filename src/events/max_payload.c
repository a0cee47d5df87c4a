/*-------------------------------------------------------------------------
 *
 * max_payload.c
 *	  How large the payload of an event or the state of a snapshot may be.
 *
 * Who may set angzarr.max_payload: the server's configuration and ALTER DATABASE do, and
 * who may write these is trusted.  From anywhere else (SET, ALTER ROLE, connection
 * options, a function's SET clause) it is taken only of superusers and of those who were
 * granted SET ON PARAMETER, since any user can write there.  So the parameter cannot be
 * PGC_SUSET, which the owner of a database, who is no superuser, could not set.
 *
 * The library is loaded when a session first calls a function of it.  Until then, PostgreSQL
 * keeps any text that the session gives for the parameter, in place of what
 * ALTER DATABASE or the configuration says: that is lost to us if the former is then
 * refused.  A session that has done so may not store anything; see overridden_by_session.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "events/max_payload.h"
#include "miscadmin.h"
#include "plumbing/json.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"

#define PARAMETER	"angzarr.max_payload"

/* The longest line that COPY can write and read: what a StringInfo holds. */
#define MAX_LINE_BYTES	(MaxAllocSize - 1)

/* What the columns besides payload and metadata take of that at most, generously. */
#define OTHER_COLUMNS_BYTES	(64 * 1024)

/* A payload as COPY writes it: two backslashes, an x, and two digits a byte. */
#define HEXADECIMAL_BYTES(bytes)	(3 + 2 * (uint64) (bytes))

StaticAssertDecl(HEXADECIMAL_BYTES(AZR_MAX_PAYLOAD_BYTES) + OTHER_COLUMNS_BYTES < MAX_LINE_BYTES,
				 "the largest payload leaves no room for the other columns");

static int	max_payload = AZR_MAX_PAYLOAD_BYTES;

/* The parameter is being defined, and given the values that the session had for it. */
static bool defining = false;

/*
 * This session's user has given a value that was refused, so that those which it has
 * taken the place of are not known.
 */
static bool overridden_by_session = false;

static const struct config_generic *find_parameter(void);
static bool check_max_payload(int *newval, void **extra, GucSource source);
static bool may_set(Oid role);
static void check_line(int place, Size payload, Datum metadata);

/*
 * Called when the library is loaded.
 */
void
azr_max_payload_init(void)
{
	const struct config_generic *placeholder = find_parameter();
	GucSource	source = placeholder != NULL ? placeholder->reset_source : PGC_S_DEFAULT;

	defining = true;
	DefineCustomIntVariable(PARAMETER,
							"The largest payload of an event, and state of a snapshot.",
							"Set it with ALTER DATABASE or in the server's configuration. "
							"In a session, only superusers can set it, and those who were "
							"granted SET on it.",
							&max_payload, AZR_MAX_PAYLOAD_BYTES,
							AZR_MIN_MAX_PAYLOAD, AZR_MAX_PAYLOAD_BYTES,
							PGC_USERSET, GUC_UNIT_BYTE, check_max_payload, NULL, NULL);
	defining = false;
	overridden_by_session = source > PGC_S_DATABASE &&
		find_parameter()->reset_source != source;
}

/*
 * The parameter, or what holds its place until it is defined, or NULL.
 */
static const struct config_generic *
find_parameter(void)
{
#if PG_VERSION_NUM >= 160000
	return find_option(PARAMETER, false, true, ERROR);
#else
	struct config_generic **variables = get_guc_variables();

	for (int i = 0; i < GetNumConfigOptions(); i++)
		if (pg_strcasecmp(variables[i]->name, PARAMETER) == 0)
			return variables[i];
	return NULL;
#endif
}

/*
 * Is a new value taken?
 *
 * While the parameter is being defined, it is not known who has given the value: the session's
 * user may be the one, also where a function of another user has had the library
 * loaded.
 */
static bool
check_max_payload(int *newval, void **extra, GucSource source)
{
	if (source <= PGC_S_DATABASE || source == PGC_S_TEST || InitializingParallelWorker)
		return true;
	if (IsTransactionState() && may_set(GetUserId()) &&
		(!defining || may_set(GetSessionUserId())))
		return true;

	GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
	GUC_check_errmsg("permission denied to set parameter \"%s\"", PARAMETER);
	GUC_check_errhint("The owner of the database sets it with ALTER DATABASE. A superuser can GRANT SET ON PARAMETER.");
	return false;
}

static bool
may_set(Oid role)
{
	return pg_parameter_aclcheck(PARAMETER, role, ACL_SET) == ACLCHECK_OK;
}

/*
 * The limit that is in force for what this session stores in a domain, in bytes.
 *
 * Raises 42501 where the session was begun with a value that it may not have, since
 * nobody knows then which it should have.
 */
int
azr_max_payload(const text *domain)
{
	int			domains_own = azr_domain_settings_of(domain).max_payload;

	if (overridden_by_session)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set parameter \"%s\"", PARAMETER),
				 errdetail("This session was begun with a value from connection options or ALTER ROLE, in place of the one that the database has."),
				 errhint("Connect without it, or remove it with ALTER ROLE ... RESET. The owner of the database sets it with ALTER DATABASE. A superuser can GRANT SET ON PARAMETER.")));
	return domains_own > 0 ? Min(domains_own, max_payload) : max_payload;
}

/*
 * Refuse events that are too large: a payload above 'max_payload' bytes, or one that
 * could not be dumped, with its metadata.  0 stands for what can be dumped.
 *
 * Raises 54000, naming the event by its place from 1.
 */
void
azr_check_event_sizes(const AzrNewEvents *events, int max_payload)
{
	for (int i = 0; i < events->count; i++)
	{
		Size		payload = toast_raw_datum_size(events->payloads[i]) - VARHDRSZ;

		azr_check_payload_size(i + 1, payload, max_payload);
		if (events->metadata != NULL && !events->metadata_nulls[i])
			check_line(i + 1, payload, events->metadata[i]);
	}
}

/*
 * The same for one payload, the size of which is known.
 */
void
azr_check_payload_size(int place, uint64 size, int max_payload)
{
	int			limit = max_payload > 0 ? max_payload : AZR_MAX_PAYLOAD_BYTES;

	if (size > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("payload of event %d is too large", place),
				 errdetail("It has %llu bytes, and the limit is %d bytes.",
						   (unsigned long long) size, limit),
				 errhint("Keep the data elsewhere, and append an event that says where.")));
}

/*
 * Refuse an event whose payload and metadata would not fit into a line of COPY.  The text
 * of a small jsonb can be huge: it keeps 1e100000 in 12 bytes.  What is small even so
 * is not looked at.
 */
static void
check_line(int place, Size payload, Datum metadata)
{
	Size		stored = toast_raw_datum_size(metadata) - VARHDRSZ;
	uint64		room = MAX_LINE_BYTES - OTHER_COLUMNS_BYTES - HEXADECIMAL_BYTES(payload);
	Jsonb	   *json;

	if (stored * (uint64) AZR_JSON_MAX_EXPANSION <= room)
		return;
	json = DatumGetJsonbP(metadata);
	if (azr_json_text_size(json, true, room) > room)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("metadata of event %d is too large", place),
				 errdetail("Its text has more than %llu bytes, which is what a payload of %zu bytes leaves for it in a line of a dump.",
						   (unsigned long long) room, payload),
				 errhint("Keep the data elsewhere, and append an event that says where.")));
	if ((Pointer) json != DatumGetPointer(metadata))
		pfree(json);
}
