/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  The log's Merkle tree, as RFC 6962 has it, on tiles as C2SP's tlog-tiles has them.
 *
 * A tile of level L has the roots of up to 256 full subtrees of 256^L leaves each.  So those
 * of level 0 have the leaves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TREE_H
#define AZR_TREE_H

#include "nodes/pg_list.h"
#include "plumbing/sha256.h"

#define AZR_TILE_HASHES		256
#define AZR_TILE_BYTES		(AZR_TILE_HASHES * AZR_DIGEST_BYTES)

/* A log has fewer than 2^63 entries. */
#define AZR_TILE_LEVELS		8

/*
 * The hashes of a tile, of which there must be at least 'count': else it raises an error.  They
 * stay valid until another tile of the same level is asked for.
 */
typedef const uint8 *(*AzrTileCallback) (void *arg, int level, int64 index, int count);

/* A tree. */
typedef struct AzrTree
{
	AzrSha256  *sha;
	AzrTileCallback tile;
	void	   *arg;
} AzrTree;

extern int64 azr_tile_hashes(int level, int64 index, int64 size);
extern void azr_node_hash(AzrSha256 *sha, const uint8 *left, const uint8 *right, uint8 *hash);
extern void azr_full_root(AzrSha256 *sha, const uint8 *hashes, int count, uint8 *root);
extern void azr_tree_root(const AzrTree *tree, int64 size, uint8 *root);
extern List *azr_tree_inclusion(const AzrTree *tree, int64 index, int64 size);
extern List *azr_tree_consistency(const AzrTree *tree, int64 from_size, int64 to_size);

#endif							/* AZR_TREE_H */
