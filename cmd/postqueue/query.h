/*
 * query.h - the long options: select, format, sort, count, group
 */
#ifndef CMD_POSTQUEUE_QUERY_H
#define CMD_POSTQUEUE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

enum query_format {
	FORMAT_DEFAULT,		/* table on a terminal, else jsonl */
	FORMAT_CLASSIC, FORMAT_TABLE, FORMAT_JSONL, FORMAT_CSV, FORMAT_TSV,
	FORMAT_IDS, FORMAT_IDS0
};

enum query_exit {		/* beyond the classic modes */
	QUERY_DONE = 0, QUERY_FATAL = 1, QUERY_NOTHING = 3, QUERY_PARTLY = 4
};

struct query {
	bool		 is_asked;	/* any of these options was given */
	const char	*select;	/* NULL: everything */
	enum query_format format;
	const char	*columns;	/* comma list of fields, NULL: the default */
	const char	*sort;		/* "field,-field" */
	int64_t		 limit;		/* -1: none */
	bool		 wants_count;
	const char	*by;		/* --count --by */
	const char	*group_by;
	int64_t		 top;		/* groups shown, -1: all */
	bool		 wants_shape;
	const char	*shape_field;	/* NULL: rcpt.domain */
	int64_t		 buckets, first_s;
	bool		 is_linear, wants_parents;
	bool		 wants_explain;
	const char	*why;		/* a queue ID */
	bool		 is_direct;	/* we may read the queue ourselves */
};
#define QUERY_INIT { .limit = -1, .top = -1, .buckets = -1, .first_s = -1 }

/* query_format_find - by name; false when there is no such format */
bool	query_format_find(const char *name, enum query_format *out);

/*
 * query_run - answer it on standard output
 *
 * The working directory is the queue directory; rights are as they came. Ends
 * the process with a message when the query makes no sense. Returns the exit
 * status.
 */
int	query_run(struct query *q);

#endif
