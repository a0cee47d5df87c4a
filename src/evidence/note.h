/*-------------------------------------------------------------------------
 *
 * note.h
 *	  Checkpoints as notes: text as C2SP's tlog-checkpoint and signed-note have it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_NOTE_H
#define AZR_NOTE_H

#include "fmgr.h"
#include "plumbing/sha256.h"

/* What a note says. */
typedef struct AzrNote
{
	text	   *origin;
	int64		size;
	uint8		root[AZR_DIGEST_BYTES];
	bool		is_signed;		/* by whom, and whether rightly, is not looked
								 * at */
} AzrNote;

extern text *azr_note_make(const text *origin, int64 size, const uint8 *root);
extern AzrNote azr_arg_note(FunctionCallInfo fcinfo, int argno, const char *argname);

#endif							/* AZR_NOTE_H */
