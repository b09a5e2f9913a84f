/*
 * destination.h - what stands right of the colon in aliases, and in .forward
 *
 *	user, user@example.org, "|command argument", /file/name, :include:/file, \user
 */
#ifndef DAEMON_LOCAL_DESTINATION_H
#define DAEMON_LOCAL_DESTINATION_H

#include <stdbool.h>

enum destination_kind { DEST_ADDRESS, DEST_COMMAND, DEST_FILE, DEST_INCLUDE };

struct destination {
	enum destination_kind kind;
	const char	*text;		/* internal address, command line, or path */
	bool		 is_verbatim;	/* \user: no aliases, no .forward */
};

/* Return false to stop. */
typedef bool (*destination_fn)(const struct destination *d, void *ctx);

/* destination_each - call fn for each one in text; returns how many there were */
int	destination_each(const char *text, destination_fn fn, void *ctx);

#endif
