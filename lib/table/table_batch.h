/*
 * table_batch.h - answer many keys, as "postmap -q -" does
 */
#ifndef LIB_TABLE_TABLE_BATCH_H
#define LIB_TABLE_TABLE_BATCH_H

#include <stdio.h>

struct err;
struct table_tool_list;

/*
 * table_batch_query - print "KEY<TAB>VALUE" for each line of in that is a key
 *
 * out		nothing has been written to it yet
 *
 * Answers come in the order of the keys, and all that can be given are given
 * before the next key is waited for.
 *
 * Returns 0 when there was one, 1, or -1 with err after the answers before
 * the failure.
 */
int	table_batch_query(struct table_tool_list *list, int in, FILE *out,
	    struct err *err);

#endif
