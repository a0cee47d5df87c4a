/*-------------------------------------------------------------------------
 *
 * protobuf.h
 *	  Comparing and merging Protocol Buffers messages, field by field, without
 *	  their definitions.
 *
 * A field is a field number of the message itself.  Its value is the sequence of its
 * records, byte for byte; where these stand among those of other fields does not matter.
 * So what is called equal is equal to every reader (if each oneof has one member, as all
 * writers write it), while what is called changed may be the same message written in
 * another way: a map in another order, a sub-message in two records.
 *
 * The merge is a three-way merge, as diff3 makes it of text, with fields in place of lines.
 * A field that neither side has changed since the base stays.  A field that one side has
 * changed is taken from that side.  A field that both have changed is an overlap, even if
 * both have the same value now: if two sides each count 5 up to 6, the merged value should
 * not be 6.
 *
 * Plain C, without PostgreSQL, so that it can be read and fuzzed by itself.  Memory
 * comes from the caller, who is to free it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PROTOBUF_H
#define AZR_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A message whose records go back and forth between its fields more often than
 * this is not parsed.  It bounds memory and time, at 12 bytes for each.
 */
#define AZR_MESSAGE_MAX_RUNS	(1 << 22)

/* Larger messages are not parsed. */
#define AZR_MESSAGE_MAX_SIZE	INT32_MAX

/*
 * What this needs from the program that it is part of: a function that allocates memory,
 * also of 0 bytes, and does not return if it cannot; and a function to call now and then,
 * which need not return.
 */
typedef struct AzrMessageHost
{
	void	   *(*allocate) (size_t size);
	void		(*poll) (void);
} AzrMessageHost;

/* Adjacent records of one field. */
typedef struct AzrRun
{
	uint32_t	field;
	uint32_t	start;			/* from the message's first byte */
	uint32_t	size;
} AzrRun;

/* A message that has been parsed: its runs, sorted by field and then by place. */
typedef struct AzrMessage
{
	const uint8_t *bytes;
	size_t		size;
	AzrRun	   *runs;
	size_t		nruns;
} AzrMessage;

/* Field numbers, ascending. */
typedef struct AzrFieldNumbers
{
	uint32_t   *numbers;
	size_t		count;
} AzrFieldNumbers;

/* What a comparison of two sides with their base has found. */
typedef struct AzrMessageMerge
{
	const AzrMessage *base;
	const AzrMessage *ours;
	const AzrMessage *theirs;
	bool		ours_changed;
	bool		theirs_changed;
	AzrFieldNumbers overlap;	/* what both have changed */
	size_t		size;			/* of the merged message; 0 if there is an
								 * overlap */
} AzrMessageMerge;

extern bool azr_message_parse(AzrMessage *message, const uint8_t *bytes, size_t size,
							  const AzrMessageHost *host);
extern AzrFieldNumbers azr_message_changes(const AzrMessage *before,
										   const AzrMessage *after,
										   const AzrMessageHost *host);
extern AzrMessageMerge azr_message_compare(const AzrMessage *base, const AzrMessage *ours,
										   const AzrMessage *theirs,
										   const AzrMessageHost *host);
extern void azr_message_write_merged(const AzrMessageMerge *merge, uint8_t *to,
									 const AzrMessageHost *host);

#endif							/* AZR_PROTOBUF_H */
