/*-------------------------------------------------------------------------
 *
 * event_selection.c
 *	  Which events some partitions of a group have still to be given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "groups/event_selection.h"
#include "plumbing/int64.h"

static bool is_selected(void *arg, int64 stream_id, int64 first, int64 last);

/*
 * Select the events past the positions of some partitions, the first of which is furthest
 * behind, without those that are held back, by the active PostgreSQL snapshot.  What is
 * allocated goes with the current memory context.
 */
void
azr_selection_begin(AzrSelection *selection, const AzrGroup *group,
					const AzrPartitions *partitions, int64 head)
{
	selection->group = group;
	selection->partitions = *partitions;
	selection->head = head;
	selection->only = NULL;
	selection->parked = azr_parked_in(group->handler, partitions);
	selection->places = palloc(group->partitions * sizeof(int));
	for (int i = 0; i < group->partitions; i++)
		selection->places[i] = -1;
	for (int i = 0; i < partitions->count; i++)
	{
		Assert(partitions->all[i].number < group->partitions);
		selection->places[partitions->all[i].number] = i;
	}
}

/*
 * Show the selected events to a callback, by a PostgreSQL snapshot.  Returns the last
 * position that was looked at.
 */
int64
azr_selection_read(AzrSelection *selection, AzrFeedCallback callback, void *arg,
				   Snapshot snapshot)
{
	AzrFeedRead read = {
		.after = selection->partitions.all[0].position,
		.last = selection->head,
		.domains = selection->group->domains,
		.types = selection->group->types,
		.effective = true,
		.no_moved = true,
		.moved_after = selection->group->moved_after,
		.filter = is_selected,
		.filter_arg = selection
	};

	return azr_feed_each(&read, snapshot, callback, arg);
}

static bool
is_selected(void *arg, int64 stream_id, int64 first, int64 last)
{
	AzrSelection *selection = (AzrSelection *) arg;
	const AzrPartition *partition = azr_selection_partition(selection, stream_id);
	const AzrParkedStream *parked;

	if (partition == NULL || partition->position >= last)
		return false;
	if (selection->only != NULL &&
		bsearch(&stream_id, selection->only, selection->nonly, sizeof(int64),
				azr_compare_int64) == NULL)
		return false;
	first = Max(first, partition->position + 1);
	parked = azr_parked_find(&selection->parked, stream_id);
	if (parked != NULL)
		first = Max(first, parked->done_below);
	if (parked != NULL && parked->is_parked)
		last = Min(last, parked->parked_from - 1);
	return first <= last;
}

/*
 * The partition of a stream, or NULL if it is none of those that are selected.
 */
AzrPartition *
azr_selection_partition(AzrSelection *selection, int64 stream_id)
{
	int			place = selection->places[azr_partition_of(stream_id, selection->group->partitions)];

	return place < 0 ? NULL : &selection->partitions.all[place];
}
