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

enum query_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum query_mode {
	MODE_ROWS,		/* the messages themselves */
	MODE_COUNT,
	MODE_GROUPS,		/* --group-by */
	MODE_SHAPE,
	MODE_METRICS,
	MODE_CHECK,
	MODE_SAVE,
	MODE_DUPLICATES,
	MODE_FLUSH,
	MODE_EXPLAIN,
	MODE_WHY
};

struct query {
	bool		 is_asked;	/* any of these options was given */
	enum query_mode	 mode;
	int		 modes;		/* how many options chose one */
	const char	*select;	/* NULL: everything */
	enum query_format format;
	enum query_color color;
	const char	*columns;	/* comma list of fields, NULL: the default */
	const char	*sort;		/* "field,-field" */
	int64_t		 limit;		/* -1: none */
	const char	*by;		/* --count --by, --group-by, --shape; NULL: the default */
	const char	*count_by;	/* --by as it was given */
	int64_t		 top;		/* groups shown, -1: all */
	int64_t		 buckets, first_s;
	bool		 is_linear, wants_parents;
	const char	*why;		/* a queue ID */
	const char	*output;	/* --metrics: into this file */
	const char	*warn, *crit;	/* --check */
	int64_t		 watch_s;	/* -1: once */
	const char	*save;		/* a file, "-" */
	const char	*from;		/* a snapshot, "-"; NULL: the queue */
	const char	*queue_dir;	/* a copied spool; NULL: ours */
	int64_t		 wait_s;	/* --flush-select: ends it after so long without news */
	double		 rate;		/* --flush-select: messages a second; 0: no limit */
	bool		 is_direct;	/* we may read the queue ourselves */
};
#define QUERY_INIT { .limit = -1, .top = -1, .buckets = -1, .first_s = -1, \
	.watch_s = -1, .wait_s = -1 }

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
