/*
 * confine.h - where a role may change files, by Landlock
 */
#ifndef DAEMON_SERVE_CONFINE_H
#define DAEMON_SERVE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* What may be done to a path, and to what lies below it when it is a directory. */
enum confine_right {
	CONFINE_WRITE,		/* files that are there, FIFOs too */
	CONFINE_CHANGE		/* also make, rename and remove files and folders */
};

struct confine_path {
	const char		*path;
	enum confine_right	 right;
};

/*
 * confine - from now on, and for good, files are changed nowhere else
 *
 * A path that does not exist is skipped; one that is a symbolic link means
 * what it leads to. Reading, sockets, and descriptors that are open already
 * stay as they are. Needs no new privileges to be off, as sandbox_enter does.
 *
 * Returns false when the kernel cannot do it (Landlock ABI 2 is from Linux
 * 5.19): then nothing has changed, which is logged when verbose.
 */
bool	confine(const struct confine_path *paths, size_t count);

#endif
