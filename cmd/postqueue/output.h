/*
 * output.h - one message as a row or an object, safe to show
 */
#ifndef CMD_POSTQUEUE_OUTPUT_H
#define CMD_POSTQUEUE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/postqueue/query.h"
#include "cmd/postqueue/table.h"

struct buf;
struct err;
struct queue_field;
struct queue_field_context;

struct output {
	enum query_format format;
	const struct queue_field *columns[TABLE_COLUMNS_MAX];
	size_t		 count;
	struct table_layout table;
	bool		 has_events;	/* each row begins with what happened */
};

/*
 * output_set_columns - read a comma list of field names, NULL: the usual ones
 *
 * width	of the terminal, 0 where there is none; has_color as for tables
 */
int	output_set_columns(struct output *o, const char *list, size_t width,
	    bool has_color, struct err *err);
/* output_head - the line of names, where the format has one */
void	output_head(const struct output *o, struct buf *out);
/*
 * output_message - append one message; reads of it what the columns need
 *
 * event	with has_events: "arrived", "left", "moved", or "" (listed)
 */
void	output_message(const struct output *o, struct queue_field_context *c,
	    const char *event, struct buf *out);

/* output_csv - append one value by RFC 4180, or for tab-separated rows */
void	output_csv(struct buf *out, const char *text, bool is_tsv);

/*
 * output_write - text to standard output, out is empty then
 *
 * A reader that has seen enough ends the process without complaint.
 */
void	output_write(struct buf *out);

#endif
