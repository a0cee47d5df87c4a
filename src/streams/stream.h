/*-------------------------------------------------------------------------
 *
 * stream.h
 *	  Stream identity: names and ids.
 *
 * A stream is one (domain, edition, root).  Its row in azr_streams gives it
 * the bigint by which all other tables know it: 1, 2, ... on the main
 * timeline, -1, -2, ... in an edition.
 *
 * stream_lock.h has the lock of those who write to a stream.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_STREAM_H
#define AZR_STREAM_H

#include "plumbing/table.h"
#include "streams/edition.h"
#include "streams/root_scan.h"

typedef struct AzrStreamName
{
	text	   *domain;
	text	   *edition;
	pg_uuid_t  *root;
} AzrStreamName;

/* id of a stream that has no row */
#define AZR_NO_STREAM	INT64CONST(0)

typedef struct AzrStream
{
	int64		id;				/* or AZR_NO_STREAM */
	int64		divergence;		/* an edition's first own sequence; else 0 */
} AzrStream;

/* A look-up of the names of many streams. */
typedef struct AzrStreamNames
{
	Relation	rel;
	AzrScan		scan;
	uint64		finding;		/* of the table: names that were looked up are
								 * the same as long as this is */
	int64		id;				/* the stream that was found last */
	AzrStreamName name;			/* its names, until the next one is looked up */
} AzrStreamNames;

/* A stream that is about to get its first own events, 'first' to 'last'. */
typedef struct AzrNewStream
{
	AzrStreamName name;
	int64		first;
	int64		last;
	bool		is_moved;		/* was it made on another node? */
	TimestampTz created_at;		/* then, when */
	AzrStream	stream;			/* as azr_streams_create() has made it */
} AzrNewStream;

/*
 * Told of streams that get their first own events, which are not there yet.  On the main
 * timeline, 'first' is 0; in an edition, it is where the stream branches off.  The writer holds
 * the streams' locks.
 */
typedef void (*AzrStreamCallback) (const AzrNewStream *streams, int count);

extern AzrStreamName azr_arg_stream(FunctionCallInfo fcinfo, int argno);
extern AzrOptionalInt64 azr_arg_divergence(FunctionCallInfo fcinfo, int argno,
										   const AzrStreamName *name);
extern AzrStreamName azr_main_stream(const AzrStreamName *name);
extern AzrStreamName azr_copy_stream_name(const Datum *values);
extern char *azr_stream_label(const AzrStreamName *name);

extern AzrStream azr_stream_find(const AzrStreamName *name, Snapshot snapshot);
extern AzrStream azr_stream_probe(const AzrStreamName *name, Snapshot snapshot,
								  bool *created_here);
extern AzrStream azr_stream_find_settled(const AzrStreamName *name, bool *waited);
extern void azr_streams_create(AzrNewStream *streams, int count);
extern bool azr_is_new_for(const AzrStreamName *name, const text *edition);
extern void azr_on_new_stream(AzrStreamCallback callback);
extern void azr_stream_names_begin(AzrStreamNames *names, Snapshot snapshot);
extern bool azr_stream_names_find(AzrStreamNames *names, int64 stream_id);
extern void azr_stream_names_end(AzrStreamNames *names);
extern void azr_stream_roots_begin(AzrRootScan *scan, const text *domain, const text *edition,
								   const pg_uuid_t *after, Snapshot snapshot);
extern void azr_streams_lock(LOCKMODE lockmode);
extern void azr_streams_forget(void);
extern Snapshot azr_register_read_snapshot(void);

#endif							/* AZR_STREAM_H */
