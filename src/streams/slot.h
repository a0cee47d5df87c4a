/*-------------------------------------------------------------------------
 *
 * slot.h
 *	  Slots: which streams this node keeps, where a store is kept on several.
 *
 * A stream's root leads to one of 1,024 slots, and each slot belongs to one node.  Where nothing
 * was said of slots, all of them are this node's.
 *
 * Whoever looks for a stream has locked the table azr_streams before, at least in
 * AccessShareLock, and keeps that lock to the end of the transaction.  azr_own_slots() takes it in
 * AccessExclusiveLock.  So slots change hands while nobody is at work on a stream, and who looks
 * for one later is told of the change when it locks the table.  azr_stream_probe(), by which every
 * stream is found, looks at the slot then: azr_slot_check().
 *
 * Who reads what is kept for a stream, and does not look for the stream itself, calls
 * azr_slot_check_name(); who changes it looks for the stream too, or locks azr_streams and calls
 * azr_slot_check().  Lists pass over the streams of other nodes: azr_slot_is_own() and azr_slots_arg().
 *
 * A slot that moves to another node has these states.  On the node that it comes from: own, frozen
 * (read, but not written to), left over (another node's, and its streams are still here to be
 * deleted).  On the node that it goes to: foreign, being received, own.  Whoever writes to a stream
 * calls azr_slot_check_write() after the stream was looked for, while azr_streams is locked; so who
 * has looked is waited for by azr_slot_freeze(), as by azr_own_slots().  azr_stream_lock() does
 * it for all who lock a stream.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_H
#define AZR_SLOT_H

#include "fmgr.h"
#include "plumbing/query.h"
#include "streams/slot_of.h"
#include "streams/stream.h"

/* What is known of a slot. */
typedef struct AzrSlotState
{
	bool		is_own;
	bool		is_frozen;		/* own, and about to go to another node */
	bool		is_receiving;	/* another node's, and being brought here */
	bool		is_leftover;	/* another node's, and what is here of it can
								 * be deleted */
	char	   *node;			/* that owns it; NULL if that is not known */
	char	   *moving_to;		/* the node that it is frozen for, or NULL */
} AzrSlotState;

/* SQL: is this node's the slot of a root?  'own' is what azr_slots_arg() has added. */
#define AZR_SLOT_IS_OWN(own, root)	"get_bit(" own ", %s.azr_slot(" root ")) = 1"

extern PGDLLEXPORT Datum azr_slot(PG_FUNCTION_ARGS);
extern int	azr_arg_slot(FunctionCallInfo fcinfo, int argno, const char *argname);
extern AzrSlotState azr_slot_state(int slot);
extern bool azr_slot_is_moving(const pg_uuid_t *root);
extern int	azr_slot_let_begin(int slot);
extern void azr_slot_let_end(int outer);
extern void azr_slot_check(const AzrStreamName *name);
extern void azr_slot_check_write(const AzrStreamName *name);
extern void azr_slots_check_write(void);
extern void azr_slot_check_name(const AzrStreamName *name);
extern bool azr_slot_is_own(const pg_uuid_t *root);
extern bool azr_slots_arg(AzrQueryArgs *args);
extern char *azr_slot_owner(const pg_uuid_t *root);

#endif							/* AZR_SLOT_H */
