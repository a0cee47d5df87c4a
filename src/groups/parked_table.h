/*-------------------------------------------------------------------------
 *
 * parked_table.h
 *	  Streams that a group holds back.
 *
 * A stream is parked from a position on.  azr_retry() gives its events from there up to where
 * the stream's partition has come, and then the stream goes on with what comes next.  Where
 * the partition is leased, it has come as far as what is leased: azr_fetch() may give that
 * again, but not the events of this stream.
 *
 * All this is looked at, and changed, by who has locked the stream's partition; but for the
 * reason, which an erasure of the stream's events takes away.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PARKED_TABLE_H
#define AZR_PARKED_TABLE_H

#include "groups/group_table.h"

/*
 * Events of the stream are given from 'done_below' on, and, if it is parked, before
 * 'parked_from'.
 */
typedef struct AzrParkedStream
{
	int64		stream_id;
	int32		partition;
	bool		is_parked;
	int64		parked_from;
	int64		done_below;
	int64		sequence;		/* of the event that was parked */
} AzrParkedStream;

typedef struct AzrParkedStreams
{
	int			count;
	int			allocated;
	AzrParkedStream *all;
} AzrParkedStreams;

extern AzrParkedStreams azr_parked_in(const text *handler, const AzrPartitions *partitions);
extern const AzrParkedStream *azr_parked_find(const AzrParkedStreams *streams, int64 stream_id);
extern AzrParkedStreams azr_parked_named(const text *handler, const text *domain,
										 const pg_uuid_t *root);
extern bool azr_parked_get(const text *handler, AzrParkedStream *stream);
extern void azr_parked_put(const text *handler, const AzrParkedStream *stream,
						   const text *reason);
extern void azr_parked_set(const text *handler, const AzrParkedStream *stream);
extern void azr_parked_forget(const text *handler, const AzrPartitions *partitions);
extern void azr_parked_forget_all(const text *handler);
extern void azr_parked_blank(int64 stream_id);

#endif							/* AZR_PARKED_TABLE_H */
