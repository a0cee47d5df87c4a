/*-------------------------------------------------------------------------
 *
 * text.h
 *	  Comparing, copying and hashing of text values, by bytes; and bytes as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TEXT_H
#define AZR_TEXT_H

extern bool azr_text_is(const text *value, const char *expected);
extern bool azr_same_text(const text *a, const text *b);
extern text *azr_copy_text(const text *value, MemoryContext context);
extern bytea *azr_make_bytea(const void *bytes, Size length);
extern uint64 azr_hash_text(const text *value, uint64 seed);
extern char *azr_base64(const void *bytes, Size length);

#endif							/* AZR_TEXT_H */
