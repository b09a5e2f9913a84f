/*
 * spool-floor.c - what a file system asks for, and nothing else
 *
 *	spool-floor unlink [-t] DIR ...		remove all files of these
 *	spool-floor rename [-t] FROM TO		move them to TO (flat)
 *
 * Directories are walked one level deep; -t: two threads share the
 * one-character directories. The floor beneath postsuper, for benchmarks.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRS_MAX	4096

static char dirs[DIRS_MAX][512];
static int dir_count;
static atomic_int next_dir;
static const char *to;		/* NULL: unlink */

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
act_in(const char *path)
{
	char target[1024];
	struct dirent *de;
	DIR *dir = opendir(path);

	if (dir == NULL)
		die(path);
	while ((de = readdir(dir)) != NULL) {
		if (de->d_type == DT_DIR)
			continue;
		if (to == NULL) {
			if (unlinkat(dirfd(dir), de->d_name, 0) == -1)
				die(de->d_name);
			continue;
		}
		snprintf(target, sizeof(target), "%s/%s", to, de->d_name);
		if (renameat(dirfd(dir), de->d_name, AT_FDCWD, target) == -1)
			die(target);
	}
	closedir(dir);
}

static void *
work(void *unused)
{
	int i;

	(void)unused;
	while ((i = atomic_fetch_add(&next_dir, 1)) < dir_count)
		act_in(dirs[i]);
	return NULL;
}

static void
add_dirs(const char *path)
{
	struct dirent *de;
	DIR *dir = opendir(path);

	if (dir == NULL)
		die(path);
	snprintf(dirs[dir_count++], sizeof(dirs[0]), "%s", path);
	while ((de = readdir(dir)) != NULL)
		if (de->d_type == DT_DIR && de->d_name[0] != '.' &&
		    dir_count < DIRS_MAX)
			snprintf(dirs[dir_count++], sizeof(dirs[0]),
			    "%s/%s", path, de->d_name);
	closedir(dir);
}

int
main(int argc, char **argv)
{
	pthread_t other;
	int first = 2;
	int has_threads;

	has_threads = argc > 2 && strcmp(argv[2], "-t") == 0;
	first += has_threads;
	if (argc <= first)
		return 64;
	if (strcmp(argv[1], "rename") == 0)
		to = argv[--argc];
	for (; first < argc; first++)
		add_dirs(argv[first]);
	if (has_threads && pthread_create(&other, NULL, work, NULL) != 0)
		die("thread");
	work(NULL);
	if (has_threads)
		pthread_join(other, NULL);
	return 0;
}
