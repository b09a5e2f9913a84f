/*
 * stopwatch.c - how long a command takes, and what it needs
 *
 *	stopwatch INPUT COUNT COMMAND [ARGUMENT ...]
 *
 * Runs the command COUNT times with INPUT as its standard input and prints
 * "WALL CPU KB": the medians of seconds, and the most resident memory. It is
 * small, so that starting a child costs next to nothing: a script's fork
 * takes longer than some commands. Exit 1 when the command fails.
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/base/mem.h"

extern char **environ;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static int
compare(const void *va, const void *vb)
{
	const double *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

static double
median(double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare);
	return times[count / 2];
}

int
main(int argc, char **argv)
{
	size_t count = argc > 3 ? strtoul(argv[2], NULL, 10) : 0, i;
	posix_spawn_file_actions_t files;
	struct rusage used;
	double *wall, *cpu;
	int status, rc;
	long kb = 0;
	pid_t pid;

	if (count == 0) {
		fprintf(stderr, "usage: stopwatch INPUT COUNT COMMAND ...\n");
		return 2;
	}
	wall = xreallocarray(NULL, count, sizeof(*wall));
	cpu = xreallocarray(NULL, count, sizeof(*cpu));
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, argv[1], O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	for (i = 0; i < count; i++) {
		wall[i] = now();
		if ((rc = posix_spawnp(&pid, argv[3], &files, NULL, argv + 3,
		    environ)) != 0) {
			fprintf(stderr, "%s: %s\n", argv[3], strerror(rc));
			return 1;
		}
		wait4(pid, &status, 0, &used);
		wall[i] = now() - wall[i];
		cpu[i] = seconds(&used.ru_utime) + seconds(&used.ru_stime);
		if (used.ru_maxrss > kb)
			kb = used.ru_maxrss;
		if (status != 0) {
			fprintf(stderr, "%s: status %#x\n", argv[3],
			    (unsigned)status);
			return 1;
		}
	}
	printf("%.6f %.6f %ld\n", median(wall, count), median(cpu, count), kb);
	free(wall);
	free(cpu);
	return 0;
}
