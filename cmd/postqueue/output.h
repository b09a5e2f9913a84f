/*
 * output.h - one message as a row or an object, safe to show
 */
#ifndef CMD_POSTQUEUE_OUTPUT_H
#define CMD_POSTQUEUE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/postqueue/query.h"

struct buf;
struct queue_field;
struct queue_field_context;

#define OUTPUT_COLUMNS_MAX	32

struct output {
	enum query_format format;
	const struct queue_field *columns[OUTPUT_COLUMNS_MAX];
	size_t		 count;
	bool		 has_columns;	/* somebody chose them */
	size_t		 width;		/* of the terminal, 0: no limit */
};

/*
 * output_set_columns - read a comma list of field names
 *
 * Returns NULL, or the name that is no field.
 */
const char	*output_set_columns(struct output *o, const char *list);
/* output_head - the line of names, where the format has one */
void	output_head(const struct output *o, struct buf *out);
/* output_message - append one message; reads of it what the columns need */
void	output_message(const struct output *o, struct queue_field_context *c,
	    struct buf *out);

/* output_length - how many characters, not bytes */
size_t	output_length(const char *text);
/* output_csv - append one value by RFC 4180, or for tab-separated rows */
void	output_csv(struct buf *out, const char *text, bool is_tsv);

#endif
