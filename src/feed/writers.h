/*-------------------------------------------------------------------------
 *
 * writers.h
 *	  The transactions that are writing events of the main timeline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_WRITERS_H
#define AZR_WRITERS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

extern List *azr_writers(void);
extern bool azr_writers_have_common(const List *a, const List *b);
extern bool azr_oldest_writer(TimestampTz *since, int *pid);

#endif							/* AZR_WRITERS_H */
