/*
 * table.h - rows for people: columns that fit the terminal
 */
#ifndef CMD_POSTQUEUE_TABLE_H
#define CMD_POSTQUEUE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct queue_field;

#define TABLE_COLUMNS_MAX	32

struct table_column {
	const struct queue_field *field;
	const char	*title;
	size_t		 width;		/* 0: whatever it needs; only the last */
};

struct table_layout {
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t		 count;
	bool		 is_usual;	/* nobody chose the columns */
	bool		 has_color;
};

/*
 * table_fit - give each column its width
 *
 * width	of the terminal; 0: there is none. Columns that nobody chose
 *		are left out where they do not fit.
 */
void	table_fit(struct table_layout *t, size_t width);
void	table_head(const struct table_layout *t, struct buf *out);
/*
 * table_cell - append the ith cell of a row: text from a stranger
 *
 * Addresses are shortened in the middle, everything else at its end.
 */
void	table_cell(const struct table_layout *t, size_t i, const char *text,
	    struct buf *out);

/* table_pad - append text from a stranger, made to fit width columns exactly, at the right end of them when is_right */
void	table_pad(const char *text, size_t width, bool is_right,
	    struct buf *out);

#endif
