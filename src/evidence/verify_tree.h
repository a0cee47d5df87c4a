/*-------------------------------------------------------------------------
 *
 * verify_tree.h
 *	  Is the log's tree what its leaves, its checkpoints and a note kept outside say?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_VERIFY_TREE_H
#define AZR_VERIFY_TREE_H

#include "evidence/evidence_table.h"
#include "evidence/note.h"
#include "nodes/execnodes.h"

/* Levels of a tree. */
#define AZR_TREE_LEVELS	64

/* A look at the tree, leaf by leaf. */
typedef struct AzrVerifyTree
{
	AzrSha256  *sha;
	ReturnSetInfo *problems;
	AzrEvidenceReader *reader;
	int64		count;			/* leaves that were seen */
	uint8		peaks[AZR_TREE_LEVELS][AZR_DIGEST_BYTES];	/* roots of full
															 * subtrees, by level */
	bool		lacks_leaves;	/* was one unknown in the current tile? */
	int			reported_level; /* tile that was reported last */
	int64		reported_index;
	AzrCheckpointScan checkpoints;
	AzrCheckpoint next;			/* checkpoint that is not looked at yet */
	const AzrNote *note;		/* or NULL */
} AzrVerifyTree;

extern void azr_verify_tree_begin(AzrVerifyTree *tree, AzrSha256 *sha, Snapshot snapshot,
								  const AzrNote *note, ReturnSetInfo *problems);
extern void azr_verify_tree_leaf(AzrVerifyTree *tree, const uint8 *leaf);
extern bool azr_verify_tree_fits(AzrVerifyTree *tree, const uint8 *leaves, int count,
								 const AzrCheckpoint *last);
extern void azr_verify_tree_end(AzrVerifyTree *tree);

#endif							/* AZR_VERIFY_TREE_H */
