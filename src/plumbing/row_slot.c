/*-------------------------------------------------------------------------
 *
 * row_slot.c
 *	  Slots for rows that are about to be stored.
 *
 * A table asks a slot for its row by the slot's operations.  Those of a virtual slot copy all
 * values, so that the slot owns them, and then form the row of them by heap_form_tuple(), which
 * looks at each column twice.  Of a row to be stored, the values stay where they are for as long
 * as they are needed, and few kinds of columns occur.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "plumbing/compat.h"
#include "plumbing/row_slot.h"

static void keep_values(TupleTableSlot *slot);
static HeapTuple form_row(TupleTableSlot *slot);
static bool largest_size(TupleDesc desc, const Datum *values, const bool *nulls,
						 Size *size, bool *has_nulls);
static Size put_bytes(char *row, Size offset, Form_pg_attribute column, const void *value);
static Size align(char *row, Size offset, Form_pg_attribute column);

/*
 * A virtual slot, in the current memory context.  What the values of its rows point to must live
 * until the row is stored.
 */
TupleTableSlot *
azr_row_slot(TupleDesc desc)
{
	static TupleTableSlotOps operations;

	if (operations.copy_heap_tuple == NULL)
	{
		memcpy(&operations, &TTSOpsVirtual, sizeof(operations));
		operations.materialize = keep_values;
		operations.copy_heap_tuple = form_row;
	}
	return MakeSingleTupleTableSlot(desc, &operations);
}

/*
 * The slot need not own its values.
 */
static void
keep_values(TupleTableSlot *slot)
{
}

/*
 * The row as heap_form_tuple() forms it.
 */
static HeapTuple
form_row(TupleTableSlot *slot)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;
	Size		largest;
	bool		has_nulls;
	Size		header;
	Size		offset;
	HeapTuple	tuple;
	HeapTupleHeader row;

	if (!largest_size(desc, values, nulls, &largest, &has_nulls))
		return heap_form_tuple(desc, unconstify(Datum *, values), unconstify(bool *, nulls));

	header = MAXALIGN(SizeofHeapTupleHeader + (has_nulls ? BITMAPLEN(desc->natts) : 0));
	tuple = palloc(HEAPTUPLESIZE + header + largest);
	row = tuple->t_data = (HeapTupleHeader) ((char *) tuple + HEAPTUPLESIZE);
	memset(row, 0, header);
	offset = header;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (nulls[i])
			continue;
		if (has_nulls)
			row->t_bits[i / BITS_PER_BYTE] |= 1 << i % BITS_PER_BYTE;
		if (column->attbyval)
		{
			offset = align((char *) row, offset, column);
			store_att_byval((char *) row + offset, values[i], column->attlen);
			offset += column->attlen;
		}
		else
		{
			offset = put_bytes((char *) row, offset, column, DatumGetPointer(values[i]));
			if (column->attlen < 0)
				row->t_infomask |= HEAP_HASVARWIDTH;
		}
	}
	if (has_nulls)
		row->t_infomask |= HEAP_HASNULL;
	row->t_hoff = header;
	HeapTupleHeaderSetNatts(row, desc->natts);
	HeapTupleHeaderSetDatumLength(row, offset);
	HeapTupleHeaderSetTypeId(row, desc->tdtypeid);
	HeapTupleHeaderSetTypMod(row, desc->tdtypmod);
	ItemPointerSetInvalid(&row->t_ctid);
	tuple->t_len = offset;
	tuple->t_tableOid = InvalidOid;
	ItemPointerSetInvalid(&tuple->t_self);
	return tuple;
}

/*
 * How long the values of a row are at most.  Returns false if heap_form_tuple() is to form it: a
 * value may be toasted, or a C string.
 */
static bool
largest_size(TupleDesc desc, const Datum *values, const bool *nulls, Size *size, bool *has_nulls)
{
	*size = 0;
	*has_nulls = false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (nulls[i])
			*has_nulls = true;
		else if (column->attlen > 0)
			*size += MAXALIGN(column->attlen);
		else if (column->attlen != -1 || VARATT_IS_EXTERNAL(DatumGetPointer(values[i])))
			return false;
		else
			*size += MAXALIGN(VARSIZE_ANY(DatumGetPointer(values[i])));
	}

	/* before each value, there may be as many bytes again to align it */
	*size += desc->natts * MAXIMUM_ALIGNOF;
	return true;
}

/*
 * Put a value that is passed by reference into a row.  Returns where it ends.
 */
static Size
put_bytes(char *row, Size offset, Form_pg_attribute column, const void *value)
{
	Size		size;

	if (column->attlen > 0)
	{
		offset = align(row, offset, column);
		size = column->attlen;
	}
	else if (VARATT_IS_SHORT(value))
		size = VARSIZE_SHORT(value);
	else if (VARATT_CAN_MAKE_SHORT(value) && column->attstorage != TYPSTORAGE_PLAIN)
	{
		size = VARATT_CONVERTED_SHORT_SIZE(value);
		SET_VARSIZE_SHORT(row + offset, size);
		memcpy(row + offset + VARHDRSZ_SHORT, VARDATA(value), size - VARHDRSZ_SHORT);
		return offset + size;
	}
	else
	{
		offset = align(row, offset, column);
		size = VARSIZE(value);
	}
	memcpy(row + offset, value, size);
	return offset + size;
}

/*
 * Where a value begins.  The bytes before it become 0, by which it is known that it is aligned.
 */
static Size
align(char *row, Size offset, Form_pg_attribute column)
{
	Size		aligned = att_align_nominal(offset, column->attalign);

	while (offset < aligned)
		row[offset++] = 0;
	return offset;
}
