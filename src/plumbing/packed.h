/*-------------------------------------------------------------------------
 *
 * packed.h
 *	  How a router packs a call for a node, and the node its answer.
 *
 * PL/Proxy sends and receives text only, and has the node parse and plan the query of each
 * call.  So a call is one text, whose query is always the same, and its answer is a set of
 * texts.  Each character of such a text has six bits: they are '@', which is 0, and what follows
 * in ASCII, to 127.  Three bytes become four characters, the lowest bits first.  In the bytes,
 * integers are in network order, and values as the binary protocol has them, with character
 * data in the encoding of the router's database.
 *
 * A call begins with a head, which says what is called:
 *
 *	2 bytes		the length of the head, with these
 *	1 byte		AZR_PACKED_VERSION
 *	name		of the function, without its schema: a byte with the length, then that
 *	1 byte		the number of columns that are asked for; 0 for the value of a function that
 *				returns no rows of columns
 *	names		of the columns
 *	1 byte		the number of arguments
 *
 * Then come the arguments, each with its length before it, 4 bytes, which is -1 for NULL.
 *
 * A text of an answer has whole rows.  A row has a bit for each column, which is set if the
 * value is not NULL, beginning with the lowest bit of the first byte.  Then come the values
 * that are not NULL, each with its length before it: a byte, or AZR_PACKED_LONG and then 4
 * bytes.
 *
 * Nodes and routers of different versions talk to each other: this can only change together
 * with AZR_PACKED_VERSION, and a node goes on understanding the versions before.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PACKED_H
#define AZR_PACKED_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "port/pg_bswap.h"
#include "utils/lsyscache.h"

#define AZR_PACKED_VERSION	1
#define AZR_PACKED_LONG		255

/* How many characters bytes become, and how many bytes characters. */
#define AZR_PACKED_CHARS(nbytes)	(((size_t) (nbytes) * 4 + 2) / 3)
#define AZR_PACKED_BYTES(nchars)	((size_t) (nchars) * 3 / 4)

#define AZR_PACKED_BITMAP(ncolumns)	(((ncolumns) + 7) / 8)

/* A type's function for the binary protocol, to read or to write. */
typedef struct AzrBinaryFunction
{
	Oid			type;
	Oid			param;			/* for reading */
	FmgrInfo	function;
} AzrBinaryFunction;

static inline bool
azr_packed_is_null(const unsigned char *bitmap, int column)
{
	return (bitmap[column / 8] & (1 << (column % 8))) == 0;
}

/* The same on machines of either byte order. */
#ifdef WORDS_BIGENDIAN
#define AZR_PACKED_LITTLE(word)	pg_bswap64(word)
#else
#define AZR_PACKED_LITTLE(word)	(word)
#endif

/*
 * Pack bytes into a text: six bytes, which are 48 bits, become eight characters at a time.
 * Returns NULL if that is larger than a text can be.
 */
static inline text *
azr_packed_text(const StringInfoData *bytes, MemoryContext context)
{
	size_t		length = AZR_PACKED_CHARS(bytes->len) + VARHDRSZ;
	const char *from = bytes->data;
	size_t		left = bytes->len;
	text	   *packed;
	char	   *to;

	if (!AllocSizeIsValid(length))
		return NULL;
	packed = MemoryContextAlloc(context, length);
	SET_VARSIZE(packed, length);
	to = VARDATA(packed);
	while (left > 0)
	{
		size_t		now = Min(left, 6);
		uint64		word = 0;
		uint64		x;

		/* it is faster to read two bytes that are left for later, too */
		if (left >= sizeof(word))
			memcpy(&word, from, sizeof(word));
		else
			memcpy(&word, from, now);
		x = AZR_PACKED_LITTLE(word);
		x = (x & UINT64CONST(0x0000000000FFFFFF)) | (x & UINT64CONST(0x0000FFFFFF000000)) << 8;
		x = (x & UINT64CONST(0x00000FFF00000FFF)) | (x & UINT64CONST(0x00FFF00000FFF000)) << 4;
		x = (x & UINT64CONST(0x003F003F003F003F)) | (x & UINT64CONST(0x0FC00FC00FC00FC0)) << 2;
		word = AZR_PACKED_LITTLE(x | UINT64CONST(0x4040404040404040));
		if (now == 6)
			memcpy(to, &word, sizeof(word));
		else
			memcpy(to, &word, AZR_PACKED_CHARS(now));
		left -= now;
		from += now;
		to += sizeof(word);
	}
	return packed;
}

/*
 * The bytes of a packed text, with room for two more behind them.  Returns false if it is none.
 */
static inline bool
azr_unpack_text(const text *packed, StringInfo bytes)
{
	const char *from = VARDATA_ANY(packed);
	size_t		left = VARSIZE_ANY_EXHDR(packed);
	uint64		wrong = 0;
	char	   *to;

	if (left % 4 == 1)
		return false;
	bytes->len = AZR_PACKED_BYTES(left);
	bytes->maxlen = bytes->len + 2;
	bytes->cursor = 0;
	bytes->data = palloc(bytes->maxlen);
	to = bytes->data;
	while (left > 0)
	{
		size_t		now = Min(left, sizeof(uint64));
		uint64		word = UINT64CONST(0x4040404040404040);
		uint64		x;

		if (now == sizeof(word))
			memcpy(&word, from, sizeof(word));
		else
			memcpy(&word, from, now);
		x = AZR_PACKED_LITTLE(word) ^ UINT64CONST(0x4040404040404040);
		wrong |= x & UINT64CONST(0xC0C0C0C0C0C0C0C0);
		x = (x & UINT64CONST(0x003F003F003F003F)) | (x & UINT64CONST(0x3F003F003F003F00)) >> 2;
		x = (x & UINT64CONST(0x00000FFF00000FFF)) | (x & UINT64CONST(0x0FFF00000FFF0000)) >> 4;
		x = (x & UINT64CONST(0x0000000000FFFFFF)) | (x & UINT64CONST(0x00FFFFFF00000000)) >> 8;
		word = AZR_PACKED_LITTLE(x);
		if (now == sizeof(word))
			memcpy(to, &word, sizeof(word));
		else
			memcpy(to, &word, AZR_PACKED_BYTES(now));
		left -= now;
		from += now;
		to += 6;
	}
	return wrong == 0;
}

/*
 * Find a type's function to read with, or to write with.
 */
static inline void
azr_binary_reader(AzrBinaryFunction *reader, Oid type, MemoryContext context)
{
	Oid			receive;

	getTypeBinaryInputInfo(type, &receive, &reader->param);
	fmgr_info_cxt(receive, &reader->function, context);
	reader->type = type;
}

static inline void
azr_binary_writer(AzrBinaryFunction *writer, Oid type, MemoryContext context)
{
	Oid			send;
	bool		is_varlena;

	getTypeBinaryOutputInfo(type, &send, &is_varlena);
	fmgr_info_cxt(send, &writer->function, context);
	writer->type = type;
}

/*
 * Read a value.  There is a byte behind it, which is zero meanwhile: functions may rely on that.
 * Returns false if the value is longer than what its type has read.
 */
static inline bool
azr_binary_read(AzrBinaryFunction *reader, char *bytes, int length, Datum *value)
{
	StringInfoData from = {.data = bytes,.len = length,.maxlen = length + 1};
	char		next = bytes[length];

	bytes[length] = '\0';
	*value = ReceiveFunctionCall(&reader->function, &from, reader->param, -1);
	bytes[length] = next;
	return from.cursor == length;
}

#endif							/* AZR_PACKED_H */
