/*
 * times.c - how fast it is, measured from within
 *
 * What a user waits for: rows on the first screen, all of them, a key until
 * its screen is drawn (while the queue is still being read, and after), a
 * look at a queue that has not changed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/times.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "cmd/qtop/do.h"
#include "cmd/qtop/screen.h"
#include "lib/base/clock.h"

#define REFRESHES	4

static int64_t started_ms;

void
times_start(void)
{
	started_ms = clock_mono_ms();
}

static double
since(int64_t ms)
{
	return (double)(clock_mono_ms() - ms) / 1000;
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* One key, until its screen is drawn: microseconds. */
static int64_t
time_key(struct model *m, struct grid *g, int key)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do_key(m, key);
	model_update(m);
	screen_draw(m, g);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (int64_t)(b.tv_sec - a.tv_sec) * 1000000 +
	    (b.tv_nsec - a.tv_nsec) / 1000;
}

static int64_t
time_keys(struct model *m, struct grid *g, int rounds)
{
	static const int keys[] = { KEYS_DOWN, KEYS_PAGE_DOWN, KEYS_END,
	    KEYS_PAGE_UP, KEYS_HOME, ' ', '>', '<', 'I', '/', 'z', 'q', 'z',
	    KEYS_ESC, '\\', 'a', 'g', 'e', '>', '1', 'h', KEYS_ESC, '3', '2',
	    'a', 'A' };
	int64_t most = 0, us;
	size_t i;

	while (rounds-- > 0)
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			us = time_key(m, g, keys[i]);
			if (us > most)
				most = us;
			nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
		}
	return most;
}

void
times_measure(struct model *m, struct grid *g)
{
	struct view *v = NULL;
	int64_t most;
	double before;
	unsigned first, i;

	model_ask(m);
	while ((v = views_take(m->views)) == NULL || v->count == 0) {
		view_free(v);
		v = NULL;
		source_status(m->source, &m->status);
		if (!m->status.is_first && queue_snapshot_count(m->snapshot) ==
		    0)
			break;
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	fprintf(stderr, "first-rows-s %.3f\n", since(started_ms));
	if (m->shown[m->screen] == NULL)
		m->shown[m->screen] = v;
	else
		view_free(v);
	most = time_keys(m, g, 1);
	source_wait(m->source, 1);
	fprintf(stderr, "complete-s %.3f\nmessages %zu\n", since(started_ms),
	    queue_snapshot_count(m->snapshot));
	fprintf(stderr, "key-while-scanning-ms %.1f\n", (double)most / 1000);
	model_ask(m);
	view_free(m->shown[m->screen]);
	m->shown[m->screen] = views_wait(m->views, m->asked[m->screen]);
	fprintf(stderr, "sorted-s %.3f\n", since(started_ms));
	fprintf(stderr, "key-ms %.1f\n", (double)time_keys(m, g, 4) / 1000);
	/* The second round learns the directories; later ones profit. */
	source_wait(m->source, 2);
	source_status(m->source, &m->status);
	first = m->status.rounds;
	source_look(m->source);
	source_wait(m->source, first + 1);
	nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
	before = cpu();
	for (i = 0; i < REFRESHES; i++) {
		source_status(m->source, &m->status);
		source_wait(m->source, m->status.rounds + 1);
	}
	fprintf(stderr, "refresh-cpu-s %.3f\n", (cpu() - before) / REFRESHES);
	before = cpu();
	source_look(m->source);
	source_status(m->source, &m->status);
	source_wait(m->source, m->status.rounds + 1);
	fprintf(stderr, "thorough-cpu-s %.3f\n", cpu() - before);
	fprintf(stderr, "memory-mib %.1f\n", (double)queue_snapshot_memory(
	    m->snapshot) / 1048576);
}
