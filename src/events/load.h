/*-------------------------------------------------------------------------
 *
 * load.h
 *	  Loading one stream, event by event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LOAD_H
#define AZR_LOAD_H

#include "events/cascade_resolution.h"
#include "events/timeline.h"
#include "events/type.h"
#include "fmgr.h"

/* How many types a load remembers by itself: a power of two. */
#define AZR_LOAD_TYPES	16

/* A load in progress. */
typedef struct AzrLoad
{
	AzrStreamName stream;
	AzrTimeline timeline;
	AzrTimelineScan scan;
	bool		passes_over;	/* are some events left out that the scan
								 * reads? */
	int64		from;			/* events before this sequence are left out */
	bool		has_types;
	AzrTypeNumbers only_types;	/* events of others are left out */
	bool		has_until;		/* ascending only */
	TimestampTz until;
	int64		left;			/* how many more events are asked for */
	bool		effective;		/* only as business logic may see them? */
	AzrEffectiveView view;
	const text *no_op;
	const text *empty;
	const text *main_edition;
	MemoryContext context;
	AzrCorrelationText correlation; /* of the last event */
	struct
	{
		int32		number;
		text	   *type;		/* or NULL */
		bool		is_framework;
	}			types[AZR_LOAD_TYPES];
} AzrLoad;

extern PGDLLEXPORT Datum azr_load(PG_FUNCTION_ARGS);

extern void azr_load_begin_call(AzrLoad *load, FunctionCallInfo fcinfo, Snapshot snapshot);
extern void azr_load_begin(AzrLoad *load, const AzrStreamName *name,
						   const AzrTimeline *timeline, int64 from, AzrOptionalInt64 to,
						   Snapshot snapshot);
extern void azr_load_show_effective(AzrLoad *load, const text *own_cascade);
extern bool azr_load_next(AzrLoad *load, Datum *values, bool *nulls);
extern bool azr_load_next_columns(AzrLoad *load, const AttrNumber *columns, int ncolumns,
								  Datum *values, bool *nulls);
extern Datum azr_load_return_set(AzrLoad *load, FunctionCallInfo fcinfo);
extern void azr_load_end(AzrLoad *load);

#endif							/* AZR_LOAD_H */
