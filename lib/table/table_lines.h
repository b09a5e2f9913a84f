/*
 * table_lines.h - lines of a descriptor, as many at a time as are there
 *
 * The other side sees its answers before we wait for it, and tables are held
 * (table_hold) between two reads.
 */
#ifndef LIB_TABLE_TABLE_LINES_H
#define LIB_TABLE_TABLE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct table_tool_list;

struct table_lines {
	int	 fd;
	FILE	*out;			/* flushed before each read; may be NULL */
	struct table_tool_list *list;	/* held between reads; may be NULL */
	bool	 wants_many;		/* set it when more lines at a time are better */
	char	*data;
	size_t	 start, end, size;
};

void	table_lines_init(struct table_lines *l, int fd, FILE *out,
	    struct table_tool_list *list);
void	table_lines_done(struct table_lines *l);
/*
 * table_lines_next - the next line without its newline
 *
 * Valid until the next read: until after table_lines_has_more is false.
 * NULL at the end, or with err.
 */
char	*table_lines_next(struct table_lines *l, struct err *err);
/* table_lines_has_more - is there another line without a read? */
bool	table_lines_has_more(const struct table_lines *l);

#endif
