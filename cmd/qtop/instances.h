/*
 * instances.h - other mail systems of this host
 *
 * Those that main.cf, or else the standard one, names in
 * multi_instance_directories and alternate_config_directories. qtop shows one
 * at a time: another one is shown by starting anew with its configuration.
 */
#ifndef CMD_QTOP_INSTANCES_H
#define CMD_QTOP_INSTANCES_H

#include <stddef.h>

#define INSTANCES_MAX	32

struct instances {
	char		*dirs[INSTANCES_MAX];	/* configuration directories, the one shown first */
	size_t		 count;
};

/* instances_find - fill it */
void	instances_find(struct instances *out);
void	instances_done(struct instances *in);
/* instances_start - become qtop, called as it was, with that configuration; returns only with errno set */
void	instances_start(char **argv, const char *dir);

#endif
