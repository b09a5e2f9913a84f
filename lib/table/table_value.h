/*
 * table_value.h - values that name files (postmap -F, spec/tables.md 13.6)
 */
#ifndef LIB_TABLE_TABLE_VALUE_H
#define LIB_TABLE_TABLE_VALUE_H

#include <stdbool.h>

struct buf;
struct err;

/*
 * table_value_encode - content of the files that value lists, as base64
 *
 * Several files are joined by one newline. 0, or -1 with the reason of 13.6.
 */
int	table_value_encode(struct buf *out, const char *value,
	    struct err *err);
/* table_value_decode - base64 back to content, in place; false: malformed */
bool	table_value_decode(struct buf *value);

#endif
