/*
 * options.h - the command line of postqueue, read and checked
 */
#ifndef CMD_POSTQUEUE_OPTIONS_H
#define CMD_POSTQUEUE_OPTIONS_H

#include "cmd/postqueue/query.h"

struct queue_options {
	int		 mode;		/* option letter, 0: none */
	const char	*argument;	/* of -i and -s */
	const char	*config_dir;
	struct query	 query;		/* of the long options, if it is_asked */
};
#define QUEUE_OPTIONS_INIT { .query = QUERY_INIT }

/* queue_options_read - what cannot be meant ends the process; so do --help, --fields, --json-schema */
void	queue_options_read(int argc, char **argv, struct queue_options *o);

#endif
