/*
 * watch.c - --watch: what has arrived, left and moved since the last round
 *
 * Each message that was shown is remembered with its row, for the time when
 * it has left. Counts are printed anew each round.
 *
 * SPDX-License-Identifier: ISC
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uthash.h>

#include "cmd/postqueue/query_internal.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_scan.h"

struct known {
	char		*id;
	ino_t		 inode;
	char		*queue;
	char		*row;		/* as one that has left */
	size_t		 row_len;
	unsigned	 round;		/* in which it was met last */
	UT_hash_handle	 hh;
};

struct watch {
	struct run	*r;
	struct known	*all;
	unsigned	 round;
};

static struct known *
find(struct watch *w, const struct queue_message *m)
{
	struct known *k;

	HASH_FIND_STR(w->all, m->id, k);
	/* A short ID may be another message's by now. */
	return k != NULL && k->inode == m->st.st_ino ? k : NULL;
}

static void
forget(struct watch *w, struct known *k)
{
	HASH_DEL(w->all, k);
	free(k->id);
	free(k->queue);
	free(k->row);
	free(k);
}

static void
remember(struct watch *w, struct queue_message *m, struct known *k)
{
	struct run *r = w->r;
	struct buf row = BUF_INIT;

	if (k == NULL) {
		HASH_FIND_STR(w->all, m->id, k);
		if (k != NULL)
			forget(w, k);
		k = xcalloc(1, sizeof(*k));
		k->id = xstrdup(m->id);
		HASH_ADD_KEYPTR(hh, w->all, k->id, strlen(k->id), k);
	}
	k->inode = m->st.st_ino;
	free(k->queue);
	k->queue = xstrdup(m->queue);
	output_message(&r->output, &r->main.c, "left", &row);
	free(k->row);
	k->row_len = row.len;
	k->row = buf_take(&row);
	k->round = w->round;
}

static bool
take(struct queue_message *m, void *ctx)
{
	struct watch *w = ctx;
	struct run *r = w->r;
	struct known *k = find(w, m);
	const char *event = w->round == 1 ? "" : k == NULL ? "arrived" :
	    strcmp(k->queue, m->queue) != 0 ? "moved" : NULL;

	r->main.c.m = m;
	if (k != NULL && event == NULL) {
		k->round = w->round;
		return true;
	}
	remember(w, m, k);
	output_message(&r->output, &r->main.c, event, &r->out);
	output_write(&r->out);
	return true;
}

static void
show_left(struct watch *w)
{
	struct known *k, *next;

	HASH_ITER(hh, w->all, k, next) {
		if (k->round == w->round)
			continue;
		buf_add(&w->r->out, k->row, k->row_len);
		output_write(&w->r->out);
		forget(w, k);
	}
}

static void
look_again(struct watch *w)
{
	struct queue_scan_job job = { .take = take, .ctx = w };

	w->round++;
	query_scan(w->r, &job);
	/* A round that was broken off proves nothing. */
	if (!source_interrupted && w->round > 1)
		show_left(w);
}

/* All that counts begins anew. */
static void
reset(struct run *r)
{
	unsigned i;
	size_t k;

	r->now = clock_now();
	r->main.c.now = r->now;
	r->unreadable = 0;
	for (i = 0; i < r->part_count; i++) {
		r->parts[i].c.now = r->now;
		r->parts[i].matched = r->parts[i].unknown =
		    r->parts[i].damaged = 0;
		for (k = 0; k < r->plan_count; k++) {
			queue_groups_free(r->parts[i].groups[k]);
			r->parts[i].groups[k] =
			    queue_groups_new(&r->plans[k]);
		}
	}
}

static void
count_again(struct run *r)
{
	char text[32];
	struct tm tm;

	if (query_terminal_height() > 0)
		buf_adds(&r->out, "\x1b[H\x1b[J");
	if (r->q->format == FORMAT_TABLE && localtime_r(&r->now, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		buf_addf(&r->out, "%s\n", text);
	groups_run(r);
	if (r->q->format == FORMAT_TABLE)
		buf_addc(&r->out, '\n');
	output_write(&r->out);
}

static void
nap(int64_t seconds)
{
	int64_t until = clock_mono_ms() + seconds * 1000, left;

	while (!source_interrupted && (left = until - clock_mono_ms()) > 0)
		poll(NULL, 0, left < 60000 ? (int)left : 60000);
}

int
watch_run(struct run *r)
{
	struct watch w = { .r = r };
	struct known *k, *next;

	if (r->plan_count == 0) {
		output_head(&r->output, &r->out);
		output_write(&r->out);
	}
	while (!source_interrupted) {
		if (r->plan_count == 0)
			look_again(&w);
		else
			count_again(r);
		nap(r->q->watch_s);
		reset(r);
	}
	HASH_ITER(hh, w.all, k, next)
		forget(&w, k);
	return QUERY_DONE;
}
