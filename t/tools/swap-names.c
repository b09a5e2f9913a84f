/*
 * swap-names.c - let files take each other's names, again and again
 *
 *	swap-names directory
 *
 * Until SIGTERM: two files anywhere below the directory exchange their names.
 * Each file has one name at any time. To a tool that has just listed a queue
 * this is what the reuse of queue IDs looks like, only a thousand times as
 * often. Prints how often it was done.
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

#define PAUSE_US	500
#define PER_LOOK	200	/* exchanges before the names are read again */

static volatile sig_atomic_t is_over;

static void
end(int sig)
{
	(void)sig;
	is_over = 1;
}

static size_t
read_names(char *dir, char ***names)
{
	char *const top[] = { dir, NULL };
	FTS *walk = fts_open(top, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;
	size_t count = 0;

	*names = NULL;
	while (walk != NULL && (e = fts_read(walk)) != NULL) {
		if (e->fts_info != FTS_F)
			continue;
		*names = xreallocarray(*names, count + 1, sizeof(**names));
		(*names)[count++] = xstrdup(e->fts_path);
	}
	if (walk != NULL)
		fts_close(walk);
	return count;
}

int
main(int argc, char **argv)
{
	unsigned long done = 0;
	char **names;
	size_t count, i;

	if (argc != 2)
		log_fatal("usage: swap-names directory");
	signal(SIGTERM, end);
	while (!is_over) {
		count = read_names(argv[1], &names);
		for (i = 0; i < PER_LOOK && !is_over; i++) {
			/* One of them may be on its way already. */
			if (count > 1 && renameat2(AT_FDCWD,
			    names[(size_t)random() % count], AT_FDCWD,
			    names[(size_t)random() % count],
			    RENAME_EXCHANGE) == 0)
				done++;
			usleep(PAUSE_US);
		}
		while (count > 0)
			free(names[--count]);
		free(names);
	}
	printf("%lu\n", done);
	return 0;
}
