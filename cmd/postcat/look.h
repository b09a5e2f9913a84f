/*
 * look.h - the long options: which messages, and how they are shown
 */
#ifndef CMD_POSTCAT_LOOK_H
#define CMD_POSTCAT_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/postcat/view.h"

/* Exit statuses of spec/beyond.md 1. */
enum look_status {
	LOOK_DONE	= 0,
	LOOK_FATAL	= 1,
	LOOK_NOTHING	= 3,	/* no message, or nothing to show in any */
	LOOK_PARTLY	= 4,
	LOOK_DIFFERS	= 10	/* --diff */
};

struct look {
	view_fn		 view;		/* NULL: another mode was asked for */
	bool		 is_diff;
	bool		 is_id;		/* -q: operands are IDs, not files */
	const char	*select;
	const char	*config_dir;
	const char	*color;		/* auto, always, never */
	struct view_options o;
	const char	**headers;	/* NULL-terminated */
	size_t		 header_count;
};

/* look_run - load the configuration, find each message, show it */
enum look_status	look_run(struct look *l, char **operands);

#endif
