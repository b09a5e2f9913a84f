/*
 * table_command.h - the command line that postmap and postalias share
 *
 * A command is a row: its usage line, its letters, its grammar. Source:
 * spec/tables.md 13 and 14; the long options are table_long's.
 */
#ifndef LIB_TABLE_TABLE_COMMAND_H
#define LIB_TABLE_TABLE_COMMAND_H

#include <stdbool.h>

struct err;
struct table_tool_list;

/* Which parts of a message are looked up: postmap -b, -h, -m. */
enum {
	TABLE_MESSAGE_BODY	= 1,
	TABLE_MESSAGE_HEADER	= 2,
	TABLE_MESSAGE_MIME	= 4	/* headers of MIME parts are headers */
};

struct table_command {
	const char	*usage;		/* "usage: ..." */
	const char	*letters;	/* for getopt; begins with '+' */
	bool		 is_alias;	/* alias files: see struct table_tool */
	/*
	 * message - look up the parts of a message on descriptor in; NULL
	 * without -b and -h. Returns 0 when something was found, 1, or -1
	 */
	int		 (*message)(struct table_tool_list *list, int in,
			    unsigned parts, struct err *err);
};

/*
 * table_command_main - all of main(): options, configuration, action
 *
 * Returns an exit status; ends the process with a fatal message instead when
 * something fails.
 */
int	table_command_main(const struct table_command *command, int argc,
	    char **argv);

#endif
