/*
 * options_internal.h - between reading the command line and checking it
 */
#ifndef CMD_POSTSUPER_OPTIONS_INTERNAL_H
#define CMD_POSTSUPER_OPTIONS_INTERNAL_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/postsuper/options.h"

/* Values of the long options. */
enum {
	LONG_HELP = 256, LONG_SELECT, LONG_FROM_QUEUE, LONG_IDS, LONG_DRY_RUN,
	LONG_YES, LONG_MAX, LONG_EXPECT, LONG_LIMIT, LONG_ORDER, LONG_RATE,
	LONG_BATCH, LONG_PAUSE, LONG_NOTE, LONG_REASON, LONG_NO_UNDO,
	LONG_JSON, LONG_UNDO, LONG_TRASH, LONG_PURGE, LONG_OLDER_THAN,
	LONG_JOURNAL, LONG_SINCE, LONG_EDITOR, LONG_KEEP_HELD, LONG_WAIT,
	LONG_RECOVER, LONG_COPY_TO, LONG_EXPORT, LONG_VERIFY,
	LONG_EXPORT_QUEUE, LONG_IMPORT_QUEUE, LONG_KEEP, LONG_REPAIR,
	LONG_SCHEMA, LONG_REORDER,
	LONG_OP,		/* + enum queue_edit_op */
	LONG_ACTION = LONG_OP + EDIT_OP_COUNT	/* + enum queue_action */
};

extern const struct option super_long_options[];

/* While it is read. */
struct reader {
	struct super_options *o;
	bool		 has_short;	/* another short option than -c and -v */
	int		 mode;		/* LONG_ACTION, LONG_UNDO ...; 0: classic */
	uint64_t	 given[2];	/* long options, as bits from LONG_HELP */
};

/* options_check - long options were given: end the process when they do not fit each other */
void	options_check(struct reader *r, char **operands);

#endif
