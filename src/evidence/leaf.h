/*-------------------------------------------------------------------------
 *
 * leaf.h
 *	  What the log has of an event: its entry and its leaf.
 *
 *	f(x)  = length of x, 4 bytes, big-endian, and x; FFFFFFFF for NULL.  Text is UTF-8, an
 *			integer 8 bytes, big-endian.
 *	body  = SHA256("angzarr body 1\n" salt f(payload) f(metadata::text) f(correlation_id)
 *			f(external_id))
 *	entry = "angzarr event 1\n" f(domain) f(edition) f(root) f(sequence) f(type)
 *			f(created_at, microseconds since 1970) f(committed, 1 byte) f(cascade_id)
 *			f(source_domain) f(source_edition) f(source_root) f(source_sequence)
 *			f(previous leaf) f(body)
 *	leaf  = SHA256(00 entry)
 *
 * The previous leaf is that of the event before in the stream, NULL for the first.
 *
 * Where an event had moved to another node, and was deleted here, before evidence was kept, the
 * entry is "angzarr moved 1\n".
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LEAF_H
#define AZR_LEAF_H

#include "feed/feed_reader.h"
#include "plumbing/sha256.h"

/* Bytes of the random salt of a body. */
#define AZR_SALT_BYTES	16

/* An event, as the columns of azr_feed_event. */
typedef struct AzrLeafEvent
{
	const Datum *values;
	const bool *nulls;
	const text *type;			/* if not NULL, the one that the leaf has in
								 * place of that in 'values' */
} AzrLeafEvent;

extern void azr_leaf_body(AzrSha256 *sha, const AzrLeafEvent *event, const uint8 *salt,
						  uint8 *body);
extern void azr_leaf_entry(const AzrLeafEvent *event, const uint8 *previous, const uint8 *body,
						   StringInfo entry);
extern void azr_leaf_hash(AzrSha256 *sha, const StringInfoData *entry, uint8 *leaf);
extern void azr_leaf_moved(AzrSha256 *sha, uint8 *leaf);
extern int64 azr_unix_microseconds(TimestampTz time);

#endif							/* AZR_LEAF_H */
