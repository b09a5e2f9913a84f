/*
 * options.h - the command line of postconf
 */
#ifndef CMD_POSTCONF_OPTIONS_H
#define CMD_POSTCONF_OPTIONS_H

#include <stdbool.h>

#include "cmd/postconf/postconf.h"

/* Up to LONG_SCHEMA what is to be done, then what goes with it. */
enum long_mode { LONG_NONE = 0, LONG_HELP = 256, LONG_LINT, LONG_EXPLAIN,
	LONG_WHO_USES, LONG_DIFF, LONG_SET, LONG_UNDO, LONG_GREP, LONG_PROFILE,
	LONG_SCHEMA, LONG_STRICT, LONG_JSON, LONG_DRY_RUN, LONG_EXIT_CODE,
	LONG_REFUSE, LONG_APPLY };

struct command_line {
	struct postconf	*pc;
	enum long_mode	 mode;
	const char	*mode_name;	/* as given, for messages */
	const char	*argument;
	unsigned	 flags;		/* PC_LONG_* */
	unsigned	 set;		/* options given, as bits */
	const char	*config_dir, *tls_mode;
};

/*
 * options_read - take the options; operands then begin at optind
 *
 * cl	its pc is set, the rest zero
 *
 * Ends the process for --help, and with a fatal message when they do not fit.
 */
void	options_read(struct command_line *cl, int argc, char **argv);
/* options_given - was any of these letters given? "2" stands for -PP */
bool	options_given(const struct command_line *cl, const char *letters);
/* options_given_beside - was any but these? */
bool	options_given_beside(const struct command_line *cl, const char *letters);

#endif
