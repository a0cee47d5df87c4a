/*-------------------------------------------------------------------------
 *
 * text.c
 *	  Comparing, copying and hashing of text values, by bytes; and bytes as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "common/hashfn.h"
#include "plumbing/compat.h"
#include "plumbing/text.h"
#include "utils/memutils.h"

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

/*
 * Bytes in base64, without line breaks.
 */
char *
azr_base64(const void *bytes, Size length)
{
	char	   *result;
	int			room;
	int			encoded;

	/* what can be encoded at once is as much as memory that can be allocated */
	if (length > MaxAllocSize / 4 * 3 - 8)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a value of %zu bytes is too long for base64", length)));
	room = pg_b64_enc_len((int) length);
	result = palloc(room + 1);
	encoded = pg_b64_encode(bytes, (int) length, result, room);
	if (encoded < 0)
		elog(ERROR, "could not encode as base64");
	result[encoded] = '\0';
	return result;
}
