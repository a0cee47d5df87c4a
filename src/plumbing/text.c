/*-------------------------------------------------------------------------
 *
 * text.c
 *	  Comparing, copying and hashing of text values, by bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "plumbing/compat.h"
#include "plumbing/text.h"

bool
azr_text_is(const text *value, const char *expected)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(expected) &&
		memcmp(VARDATA_ANY(value), expected, strlen(expected)) == 0;
}

bool
azr_same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

text *
azr_copy_text(const text *value, MemoryContext context)
{
	text	   *copy = (text *) MemoryContextAlloc(context, VARSIZE_ANY(value));

	memcpy(copy, value, VARSIZE_ANY(value));
	return copy;
}

/*
 * A hash of 64 bits.  The hash of several values is made by giving each the hash of those
 * before it as its seed.
 */
uint64
azr_hash_text(const text *value, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(value),
							   VARSIZE_ANY_EXHDR(value), seed);
}

/*
 * Bytes as a bytea, in the current memory context.
 */
bytea *
azr_make_bytea(const void *bytes, Size length)
{
	bytea	   *result = palloc(VARHDRSZ + length);

	SET_VARSIZE(result, VARHDRSZ + length);
	memcpy(VARDATA(result), bytes, length);
	return result;
}
