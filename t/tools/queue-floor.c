/*
 * queue-floor.c - what listing a queue costs at least
 *
 *	queue-floor threads
 *
 * In a queue directory: collects the names of deferred (hashed one level
 * deep), then opens, looks at, reads and closes each file and its defer log,
 * by that many threads. Prints files and bytes. A floor for benchmarks.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

static char **names;		/* "A/ABC..." */
static size_t count, room;

struct part {
	size_t		 from, upto;
	size_t		 files, bytes;
};

static void
collect(const char *hash)
{
	char path[300];
	struct dirent *de;
	DIR *dir;

	snprintf(path, sizeof(path), "deferred/%s", hash);
	if ((dir = opendir(path)) == NULL)
		return;
	while ((de = readdir(dir)) != NULL) {
		if (de->d_type != DT_REG)
			continue;
		if (count == room) {
			room = room * 2 + 1024;
			names = xreallocarray(names, room, sizeof(*names));
		}
		snprintf(path, sizeof(path), "%s/%s", hash, de->d_name);
		names[count++] = xstrdup(path);
	}
	closedir(dir);
}

static void
read_one(struct part *p, const char *queue, const char *name)
{
	char path[300], bytes[16384];
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", queue, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	if (fstat(fd, &st) == 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
		p->files++;
		p->bytes += (size_t)n;
	}
	close(fd);
}

static void *
work(void *arg)
{
	struct part *p = arg;
	size_t i;

	for (i = p->from; i < p->upto; i++) {
		read_one(p, "deferred", names[i]);
		read_one(p, "defer", names[i]);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	size_t i, n = argc > 1 ? (size_t)atoi(argv[1]) : 1, files = 0,
	    bytes = 0;
	struct part parts[64] = { { 0 } };
	pthread_t threads[64];
	struct dirent *de;
	DIR *dir;

	if (n < 1 || n > 64 || (dir = opendir("deferred")) == NULL)
		log_fatal("usage: queue-floor threads, in a queue directory");
	while ((de = readdir(dir)) != NULL)
		if (strlen(de->d_name) == 1 && de->d_name[0] != '.')
			collect(de->d_name);
	closedir(dir);
	for (i = 0; i < n; i++) {
		parts[i].from = count * i / n;
		parts[i].upto = count * (i + 1) / n;
		if (pthread_create(&threads[i], NULL, work, &parts[i]) != 0)
			log_fatal("cannot start a thread");
	}
	for (i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		files += parts[i].files;
		bytes += parts[i].bytes;
	}
	printf("%zu files, %zu bytes\n", files, bytes);
	return 0;
}
