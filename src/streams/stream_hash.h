/*-------------------------------------------------------------------------
 *
 * stream_hash.h
 *	  A hash whose key is a stream's number: lib/simplehash.h with all but two of its parameters.
 *
 * Who includes it defines SH_PREFIX and SH_ELEMENT_TYPE, a struct with the members stream_id and
 * status.  It may be included more than once.
 *
 *-------------------------------------------------------------------------
 */
#include "common/hashfn.h"

#define SH_KEY_TYPE		int64
#define SH_KEY			stream_id
#define SH_HASH_KEY(tb, key)	\
	murmurhash32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"
