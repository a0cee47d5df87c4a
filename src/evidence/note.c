/*-------------------------------------------------------------------------
 *
 * note.c
 *	  Checkpoints as notes: text as C2SP's tlog-checkpoint and signed-note have it.
 *
 * A note has lines: the name of the log, its size, the root of its tree in base64, and maybe
 * others.  A signed one goes on with an empty line, and lines that begin with an em dash, one for
 * each signature.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "common/int.h"
#include "evidence/note.h"
#include "fmgr.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/text.h"
#include "utils/builtins.h"

/* What a signature begins with: U+2014 in UTF-8, and a space. */
#define SIGNATURE	"\xe2\x80\x94 "

/* The length of a digest in base64. */
#define ROOT_LENGTH	44

static bool read_size(const char *digits, int64 *size);
static char *next_line(char **rest);
pg_noreturn static void raise_no_note(const char *argname, const char *detail);

/*
 * The note of a size that nobody has signed yet.
 */
text *
azr_note_make(const text *origin, int64 size, const uint8 *root)
{
	return cstring_to_text(psprintf("%s\n%lld\n%s\n", text_to_cstring(origin), (long long) size,
									azr_base64(root, AZR_DIGEST_BYTES)));
}

/*
 * Read an argument that is a note, signed or not.
 *
 * Raises 22023 for what is none.
 */
AzrNote
azr_arg_note(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	AzrNote		note = {0};
	char	   *rest = text_to_cstring(azr_arg_text(fcinfo, argno, argname));
	char	   *origin = next_line(&rest);
	char	   *size = next_line(&rest);
	char	   *root = next_line(&rest);
	char	   *line;
	uint8		decoded[AZR_DIGEST_BYTES + 3];

	if (origin == NULL || size == NULL || root == NULL || *origin == '\0')
		raise_no_note(argname, "Its first three lines must be the log's name, its size and the root of its tree.");
	else if (!read_size(size, &note.size))
		raise_no_note(argname, "Its second line must be the log's size.");
	note.origin = cstring_to_text(origin);
	if (strlen(root) != ROOT_LENGTH ||
		pg_b64_decode(root, ROOT_LENGTH, (void *) decoded, sizeof(decoded)) != AZR_DIGEST_BYTES)
		raise_no_note(argname, "Its third line must be a digest of 32 bytes in base64.");
	memcpy(note.root, decoded, AZR_DIGEST_BYTES);

	/* what follows up to an empty line is signed too, but means nothing here */
	while ((line = next_line(&rest)) != NULL && *line != '\0')
		;
	while (line != NULL && (line = next_line(&rest)) != NULL)
	{
		if (strncmp(line, SIGNATURE, strlen(SIGNATURE)) != 0)
			raise_no_note(argname, "Each line after the empty one must be a signature.");
		note.is_signed = true;
	}
	if (*rest != '\0')
		raise_no_note(argname, "Its last line must end with a newline.");
	return note;
}

/*
 * Read a size in decimal digits, without a sign and without zeros before it.  False if it is none,
 * or past what an int64 holds.
 *
 * strtoll() is not used, since a library that was built with a new glibc's would not be loaded
 * where an older one is.
 */
static bool
read_size(const char *digits, int64 *size)
{
	const char *digit = digits;

	*size = 0;
	do
	{
		if (*digit < '0' || *digit > '9' ||
			pg_mul_s64_overflow(*size, 10, size) || pg_add_s64_overflow(*size, *digit - '0', size))
			return false;
	} while (*++digit != '\0');
	return *digits != '0' || digits[1] == '\0';
}

/*
 * Cut off the next line, or return NULL if no newline is left.
 */
static char *
next_line(char **rest)
{
	char	   *line = *rest;
	char	   *newline = strchr(line, '\n');

	if (newline == NULL)
		return NULL;
	*newline = '\0';
	*rest = newline + 1;
	return line;
}

static void
raise_no_note(const char *argname, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"%s\" is not a checkpoint", argname),
			 errdetail("%s", detail)));
}
