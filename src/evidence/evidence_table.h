/*-------------------------------------------------------------------------
 *
 * evidence_table.h
 *	  The tables of the evidence.
 *
 * What is read from them may be what somebody has put there by hand: a tile or salts that are
 * missing or of a wrong length read as none at all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVIDENCE_TABLE_H
#define AZR_EVIDENCE_TABLE_H

#include "evidence/leaf.h"
#include "evidence/tree.h"
#include "plumbing/compat.h"
#include "plumbing/table.h"

/* The salts beside the leaves of a tile. */
#define AZR_SALTS_BYTES		(AZR_TILE_HASHES * AZR_SALT_BYTES)

/*
 * What the salts of a tile are made of, and stored as, until an event of it is erased: a first
 * byte of 1, and random bytes.  Its length is that of no salts.
 */
#define AZR_SEED_BYTES		33

/* Where in its tile a leaf is, and which tile that is. */
#define azr_place_in_tile(position)	((int) ((position) % AZR_TILE_HASHES))
#define azr_tile_of(position)		((position) / AZR_TILE_HASHES)

/* A size that the log has had. */
typedef struct AzrCheckpoint
{
	bool		found;
	int64		size;
	bool		is_digest;		/* is the root of the right length? */
	uint8		root[AZR_DIGEST_BYTES];
} AzrCheckpoint;

/* A scan of all of them, ascending. */
typedef struct AzrCheckpointScan
{
	Relation	rel;
	AzrScan		scan;
} AzrCheckpointScan;

/* Reading the tables: the last tile of each level is remembered, and the last salts. */
typedef struct AzrEvidenceReader
{
	Snapshot	snapshot;
	AzrSha256	sha;
	Relation	tiles;
	AzrScan		tile_scan;
	struct
	{
		bool		is_known;
		int64		index;
		int			count;
		uint8		hashes[AZR_TILE_BYTES];
	}			tile[AZR_TILE_LEVELS];
	Relation	salts;
	AzrScan		salts_scan;
	AzrScan		ticket_scan;
	bool		knows_salts;
	int64		salts_index;
	int			salts_count;
	bool		has_seed;		/* are they made of this? */
	uint8		seed[AZR_SEED_BYTES];
	int64		last_ticket;
	uint8		salt[AZR_SALTS_BYTES];
	Relation	heads;
	AzrScan		head_scan;
} AzrEvidenceReader;

/* How far a stream is sealed. */
typedef struct AzrHead
{
	int64		stream_id;
	int64		next_sequence;
	bool		is_digest;
	uint8		leaf[AZR_DIGEST_BYTES];
} AzrHead;

extern text *azr_evidence_origin(void);
extern text *azr_evidence_must_origin(void);
extern bool azr_evidence_was_named(const text *origin);
extern void azr_evidence_put_origin(const text *origin);
extern AzrCheckpoint azr_last_checkpoint(Snapshot snapshot);
extern AzrCheckpoint azr_checkpoint_at(int64 size, Snapshot snapshot);
extern int64 azr_sealed_size(Snapshot snapshot);
extern void azr_checkpoint_scan_begin(AzrCheckpointScan *scan, Snapshot snapshot);
extern AzrCheckpoint azr_checkpoint_scan_next(AzrCheckpointScan *scan);
extern void azr_checkpoint_scan_end(AzrCheckpointScan *scan);

extern AzrEvidenceReader *azr_evidence_reader_begin(Snapshot snapshot);
extern const uint8 *azr_evidence_tile(AzrEvidenceReader *reader, int level, int64 index,
									  int *count);
extern int64 azr_evidence_last_tile(AzrEvidenceReader *reader);
extern const uint8 *azr_evidence_must_tile(void *reader, int level, int64 index, int count);
pg_noreturn extern void azr_evidence_tile_damaged(int level, int64 index, int found, int expected);
pg_noreturn extern void azr_evidence_salts_damaged(int64 index, int found, int expected);
extern const uint8 *azr_evidence_salts(AzrEvidenceReader *reader, int64 index, int *count);
extern void azr_salts_of_seed(AzrSha256 *sha, const uint8 *seed, uint8 *salts);
extern int64 azr_evidence_last_ticket(AzrEvidenceReader *reader, int64 index);
extern int64 azr_evidence_look_from(AzrEvidenceReader *reader, int64 ticket);
extern bool azr_evidence_head(AzrEvidenceReader *reader, int64 stream_id, AzrHead *head);
extern void azr_evidence_heads_from(AzrEvidenceReader *reader);
extern bool azr_evidence_next_head(AzrEvidenceReader *reader, AzrHead *head);
extern void azr_evidence_reader_end(AzrEvidenceReader *reader);

extern void azr_evidence_put_tile(int level, int64 index, const uint8 *hashes, int count);
extern void azr_evidence_put_salts(int64 index, int64 last_ticket, const uint8 *salts, int count);
extern void azr_evidence_put_seed(int64 index, int64 last_ticket, const uint8 *seed);
extern void azr_evidence_put_heads(const AzrHead *heads, int count);
extern void azr_evidence_put_checkpoint(int64 size, const uint8 *root, const text *note);

#endif							/* AZR_EVIDENCE_TABLE_H */
