/*-------------------------------------------------------------------------
 *
 * verify_tree.c
 *	  Is the log's tree what its leaves, its checkpoints and a note kept outside say?
 *
 * The roots of full subtrees are kept, one a level at most.  A root that a tile has is compared
 * with that, and then the tile's is used: so a tile that was changed is reported by itself, and
 * not with everything that comes after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "evidence/verify_tree.h"
#include "plumbing/text.h"
#include "streams/problem.h"

static void check_tile(AzrVerifyTree *tree, int level, int64 index, uint8 *root);
static void check_size(AzrVerifyTree *tree);
static void root_of(AzrVerifyTree *tree, uint8 *root);
static void add_leaf(AzrVerifyTree *tree, const uint8 *leaf, bool check);

/*
 * Begin with no leaf.
 */
void
azr_verify_tree_begin(AzrVerifyTree *tree, AzrSha256 *sha, Snapshot snapshot,
					  const AzrNote *note, ReturnSetInfo *problems)
{
	memset(tree, 0, sizeof(AzrVerifyTree));
	tree->sha = sha;
	tree->problems = problems;
	tree->note = note;
	tree->reported_level = -1;
	tree->reader = azr_evidence_reader_begin(snapshot);
	azr_checkpoint_scan_begin(&tree->checkpoints, snapshot);
	tree->next = azr_checkpoint_scan_next(&tree->checkpoints);
	check_size(tree);
}

/*
 * The next leaf, as its tile has it, or NULL if nobody knows it.
 */
void
azr_verify_tree_leaf(AzrVerifyTree *tree, const uint8 *leaf)
{
	static const uint8 unknown[AZR_DIGEST_BYTES] = {0};

	if (leaf == NULL)
		tree->lacks_leaves = true;
	add_leaf(tree, leaf != NULL ? leaf : unknown, true);
	check_size(tree);
}

/*
 * Are these the leaves that come next?  They are all of a tile.  If it is a full one, the tile
 * above decides; else 'last', the checkpoint of all that is sealed.
 */
bool
azr_verify_tree_fits(AzrVerifyTree *tree, const uint8 *leaves, int count,
					 const AzrCheckpoint *last)
{
	uint8		root[AZR_DIGEST_BYTES];

	if (count == AZR_TILE_HASHES)
	{
		int64		index = azr_tile_of(tree->count);
		int			place = azr_place_in_tile(index);
		int			hashes;
		const uint8 *above = azr_evidence_tile(tree->reader, 1, azr_tile_of(index), &hashes);

		azr_full_root(tree->sha, leaves, count, root);
		return place < hashes &&
			memcmp(above + place * AZR_DIGEST_BYTES, root, AZR_DIGEST_BYTES) == 0;
	}
	else
	{
		AzrVerifyTree then = *tree;

		for (int i = 0; i < count; i++)
			add_leaf(&then, leaves + i * AZR_DIGEST_BYTES, false);
		root_of(&then, root);
		return last->is_digest && memcmp(last->root, root, AZR_DIGEST_BYTES) == 0;
	}
}

void
azr_verify_tree_end(AzrVerifyTree *tree)
{
	azr_checkpoint_scan_end(&tree->checkpoints);
	azr_evidence_reader_end(tree->reader);
}

static void
add_leaf(AzrVerifyTree *tree, const uint8 *leaf, bool check)
{
	int64		index = tree->count++;
	uint8		root[AZR_DIGEST_BYTES];
	int			level = 0;

	memcpy(root, leaf, AZR_DIGEST_BYTES);
	while (((index >> level) & 1) != 0)
	{
		azr_node_hash(tree->sha, tree->peaks[level], root, root);
		level++;
		if (check && level % 8 == 0)
			check_tile(tree, level / 8, index >> level, root);
	}
	memcpy(tree->peaks[level], root, AZR_DIGEST_BYTES);
}

/*
 * Compare the root of a full tile with what the tile of the next level has of it.
 */
static void
check_tile(AzrVerifyTree *tree, int level, int64 index, uint8 *root)
{
	int64		above = azr_tile_of(index);
	int			place = azr_place_in_tile(index);
	int			count;
	const uint8 *hashes = azr_evidence_tile(tree->reader, level, above, &count);
	AzrOptionalInt64 no_sequence = {false, 0};
	bool		lacks_leaves = level == 1 && tree->lacks_leaves;

	if (level == 1)
		tree->lacks_leaves = false;
	if (place >= count)
	{
		if (tree->reported_level != level || tree->reported_index != above)
			azr_problem_put(tree->problems, "root_differs", NULL, no_sequence,
							psprintf("Tile %lld of level %d is missing or too short: it lacks hash %d.",
									 (long long) above, level, place));
		tree->reported_level = level;
		tree->reported_index = above;
		return;
	}
	hashes += place * AZR_DIGEST_BYTES;
	if (!lacks_leaves && memcmp(hashes, root, AZR_DIGEST_BYTES) != 0)
		azr_problem_put(tree->problems, "root_differs", NULL, no_sequence,
						psprintf("Tile %lld of level %d, which has entries %lld to %lld, does not give the hash that tile %lld of level %d has of it.",
								 (long long) index, level - 1,
								 (long long) (index << (8 * level)),
								 (long long) (((index + 1) << (8 * level)) - 1),
								 (long long) above, level));
	memcpy(root, hashes, AZR_DIGEST_BYTES);
}

/*
 * Compare the root with those that there are of the size.
 */
static void
check_size(AzrVerifyTree *tree)
{
	uint8		root[AZR_DIGEST_BYTES];
	bool		has_root = false;
	AzrOptionalInt64 no_sequence = {false, 0};

	while (tree->next.found && tree->next.size <= tree->count)
	{
		if (!has_root)
			root_of(tree, root);
		has_root = true;
		if (tree->next.size != tree->count || !tree->next.is_digest ||
			memcmp(tree->next.root, root, AZR_DIGEST_BYTES) != 0)
			azr_problem_put(tree->problems, "root_differs", NULL, no_sequence,
							psprintf("The checkpoint of size %lld has another root than the log has at that size.",
									 (long long) tree->next.size));
		tree->next = azr_checkpoint_scan_next(&tree->checkpoints);
	}
	if (tree->note != NULL && tree->note->size == tree->count)
	{
		if (!has_root)
			root_of(tree, root);
		if (memcmp(tree->note->root, root, AZR_DIGEST_BYTES) != 0)
			azr_problem_put(tree->problems, "root_differs", NULL, no_sequence,
							psprintf("The note of size %lld has another root than the log has at that size: %s. The log is not the one of which the note was made.",
									 (long long) tree->note->size,
									 azr_base64(root, AZR_DIGEST_BYTES)));
	}
}

/*
 * The root above the leaves so far.
 */
static void
root_of(AzrVerifyTree *tree, uint8 *root)
{
	bool		is_last = true;

	if (tree->count == 0)
	{
		azr_sha256_start(tree->sha);
		azr_sha256_finish(tree->sha, root);
	}
	for (int level = 0; (tree->count >> level) > 0; level++)
	{
		if (((tree->count >> level) & 1) == 0)
			continue;
		if (is_last)
			memcpy(root, tree->peaks[level], AZR_DIGEST_BYTES);
		else
			azr_node_hash(tree->sha, tree->peaks[level], root, root);
		is_last = false;
	}
}
