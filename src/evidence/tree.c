/*-------------------------------------------------------------------------
 *
 * tree.c
 *	  The log's Merkle tree, as RFC 6962 has it, on tiles as C2SP's tlog-tiles has them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "evidence/tree.h"
#include "port/pg_bitutils.h"

/* Levels of the tree that one level of tiles spans. */
#define SPAN	8

static void node(const AzrTree *tree, int level, int64 index, uint8 *hash);
static void range_root(const AzrTree *tree, int64 first, int64 end, uint8 *root);
static uint8 *range_root_copy(const AzrTree *tree, int64 first, int64 end);
static int64 split(int64 count);

/*
 * How many hashes a tile has in a log of a size; 0 if there is no such tile.
 */
int64
azr_tile_hashes(int level, int64 index, int64 size)
{
	int64		hashes = level < AZR_TILE_LEVELS ? size >> (SPAN * level) : 0;

	if (index > (hashes >> SPAN))
		return 0;
	return Min(hashes - index * AZR_TILE_HASHES, AZR_TILE_HASHES);
}

/*
 * The hash of a node with two children.
 */
void
azr_node_hash(AzrSha256 *sha, const uint8 *left, const uint8 *right, uint8 *hash)
{
	uint8		message[1 + 2 * AZR_DIGEST_BYTES];

	message[0] = 1;
	memcpy(message + 1, left, AZR_DIGEST_BYTES);
	memcpy(message + 1 + AZR_DIGEST_BYTES, right, AZR_DIGEST_BYTES);
	azr_sha256_start(sha);
	azr_sha256_add(sha, message, sizeof(message));
	azr_sha256_finish(sha, hash);
}

/*
 * The root of a full subtree above 'count' hashes: a power of two, at most 256.
 */
void
azr_full_root(AzrSha256 *sha, const uint8 *hashes, int count, uint8 *root)
{
	uint8		nodes[AZR_TILE_BYTES / 2];
	const uint8 *below = hashes;

	Assert(count > 0 && count <= AZR_TILE_HASHES && (count & (count - 1)) == 0);
	for (; count > 1; count /= 2)
	{
		for (int i = 0; i < count / 2; i++)
			azr_node_hash(sha, below + 2 * i * AZR_DIGEST_BYTES,
						  below + (2 * i + 1) * AZR_DIGEST_BYTES,
						  nodes + i * AZR_DIGEST_BYTES);
		below = nodes;
	}
	memcpy(root, below, AZR_DIGEST_BYTES);
}

/*
 * The root of a log of a size.
 */
void
azr_tree_root(const AzrTree *tree, int64 size, uint8 *root)
{
	if (size > 0)
		range_root(tree, 0, size, root);
	else
	{
		azr_sha256_start(tree->sha);
		azr_sha256_finish(tree->sha, root);
	}
}

/*
 * The proof that an entry is in a log of a size: a list of hashes, from the leaf on (PATH() in
 * RFC 6962).
 */
List *
azr_tree_inclusion(const AzrTree *tree, int64 index, int64 size)
{
	List	   *proof = NIL;
	int64		first = 0;
	int64		end = size;

	while (end - first > 1)
	{
		int64		middle = first + split(end - first);

		if (index < middle)
		{
			proof = lcons(range_root_copy(tree, middle, end), proof);
			end = middle;
		}
		else
		{
			proof = lcons(range_root_copy(tree, first, middle), proof);
			first = middle;
		}
	}
	return proof;
}

/*
 * The proof that a log of a size is the beginning of one of another size: a list of hashes
 * (PROOF() in RFC 6962).  There is nothing to prove if the first is empty, or the same.
 */
List *
azr_tree_consistency(const AzrTree *tree, int64 from_size, int64 to_size)
{
	List	   *proof = NIL;
	int64		first = 0;
	int64		end = to_size;

	if (from_size == 0)
		return NIL;
	while (end != from_size)
	{
		int64		middle = first + split(end - first);

		if (from_size <= middle)
		{
			proof = lcons(range_root_copy(tree, middle, end), proof);
			end = middle;
		}
		else
		{
			proof = lcons(range_root_copy(tree, first, middle), proof);
			first = middle;
		}
	}

	/* who checks the proof knows the root of all of the first one */
	if (first > 0)
		proof = lcons(range_root_copy(tree, first, end), proof);
	return proof;
}

/*
 * The root of a full subtree of 2^level leaves, the one with this index.
 */
static void
node(const AzrTree *tree, int level, int64 index, uint8 *hash)
{
	int			in_tile = level % SPAN;
	int64		first = index << in_tile;
	int			place = (int) (first % AZR_TILE_HASHES);
	int			count = 1 << in_tile;
	const uint8 *hashes = tree->tile(tree->arg, level / SPAN, first / AZR_TILE_HASHES,
									 place + count);

	azr_full_root(tree->sha, hashes + place * AZR_DIGEST_BYTES, count, hash);
}

/*
 * The root of the leaves from 'first' up to 'end', which is not included.  'first' is a multiple
 * of a power of two that is not less than their number.  They are full subtrees, each smaller
 * than the one before; they are joined from the last one on.
 */
static void
range_root(const AzrTree *tree, int64 first, int64 end, uint8 *root)
{
	int64		count = end - first;
	bool		is_last = true;

	for (int level = 0; (count >> level) > 0; level++)
	{
		uint8		hash[AZR_DIGEST_BYTES];

		if (((count >> level) & 1) == 0)
			continue;
		node(tree, level, (first + ((count >> (level + 1)) << (level + 1))) >> level, hash);
		if (is_last)
			memcpy(root, hash, AZR_DIGEST_BYTES);
		else
			azr_node_hash(tree->sha, hash, root, root);
		is_last = false;
	}
}

static uint8 *
range_root_copy(const AzrTree *tree, int64 first, int64 end)
{
	uint8	   *root = palloc(AZR_DIGEST_BYTES);

	range_root(tree, first, end, root);
	return root;
}

/*
 * How many leaves are left of a node above 'count', at least 2: the largest power of two that
 * is less.
 */
static int64
split(int64 count)
{
	return INT64CONST(1) << pg_leftmost_one_pos64((uint64) (count - 1));
}
