/*
 * flush.c - --flush-select: deliver some messages now, and see that they are tried
 *
 *	asked ---> in deferred as before ---> incoming, active ---> gone
 *	                                                  |
 *	                                                  +-------> deferred again
 *
 * The flush service moves the files; where each is, the directories tell.
 *
 * SPDX-License-Identifier: ISC
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postqueue/query_internal.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_flush.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_scan.h"

#define LOOK_MS		250	/* between looks at what was asked for */
#define WAKE_MS		10000	/* without news: the queue manager is told once more */

enum fate { FATE_PLANNED, FATE_ASKED, FATE_GONE, FATE_AGAIN, FATE_FAILED };

struct wanted {
	char		*id;
	ino_t		 inode;
	struct timespec	 changed;	/* ctime when it was asked for */
	bool		 was_moved;	/* seen elsewhere than in deferred */
	enum fate	 fate;
};

struct flush {
	struct run	*r;
	struct wanted	*list;
	size_t		 count, room, held;
	size_t		 fates[FATE_FAILED + 1];
	bool		 is_terminal;
	int64_t		 news_ms, woken_ms;	/* when something happened; when it was told */
	bool		 has_given_up;
};

static bool
take(struct queue_message *m, void *ctx)
{
	struct flush *f = ctx;
	struct wanted *w;

	if (strcmp(m->queue, "deferred") != 0 &&
	    strcmp(m->queue, "incoming") != 0) {
		f->held++;
		return true;
	}
	if (f->count == f->room) {
		f->room = f->room * 2 + 64;
		f->list = xreallocarray(f->list, f->room, sizeof(*f->list));
	}
	w = &f->list[f->count++];
	memset(w, 0, sizeof(*w));
	w->id = xstrdup(m->id);
	w->inode = m->st.st_ino;
	return true;
}

static void
set_fate(struct flush *f, struct wanted *w, enum fate fate)
{
	f->fates[w->fate]--;
	f->fates[fate]++;
	w->fate = fate;
	f->news_ms = clock_mono_ms();
}

/* Is this file there, and the one that was meant? */
static bool
is_at(const struct wanted *w, const char *queue, struct stat *st)
{
	struct buf path = BUF_INIT;
	bool is_it;

	queue_path(&path, queue, w->id);
	is_it = lstat(path.ptr, st) == 0 && (w->inode == 0 ||
	    st->st_ino == w->inode);
	buf_done(&path);
	return is_it;
}

static void
look_after(struct flush *f, struct wanted *w)
{
	struct stat st;

	if (is_at(w, "active", &st) || is_at(w, "incoming", &st)) {
		if (!w->was_moved)
			f->news_ms = clock_mono_ms();
		w->was_moved = true;
		return;
	}
	if (is_at(w, "deferred", &st)) {
		/* Back, with a new time for the next attempt. */
		if (w->was_moved || (st.st_mtime > clock_now() &&
		    (st.st_ctim.tv_sec != w->changed.tv_sec ||
		    st.st_ctim.tv_nsec != w->changed.tv_nsec)))
			set_fate(f, w, FATE_AGAIN);
		return;
	}
	/* It may have gone from one to the other while we looked. */
	if (!is_at(w, "active", &st) && !is_at(w, "deferred", &st))
		set_fate(f, w, FATE_GONE);
}

static void
ask_for(struct flush *f, struct wanted *w)
{
	struct err err = ERR_INIT;
	struct stat st;

	if (f->r->source.kind == SOURCE_QUEUE) {
		if (is_at(w, "deferred", &st)) {
			w->changed = st.st_ctim;
		} else if (!is_at(w, "incoming", &st)) {
			set_fate(f, w, FATE_GONE);
			return;
		}
	}
	switch (queue_flush_send_file(w->id, &err)) {
	case QUEUE_FLUSH_OK:
		set_fate(f, w, FATE_ASKED);
		return;
	case QUEUE_FLUSH_FAILED:
		log_fatal("Cannot flush mail queue - mail system is down%s%s",
		    err.kind != ERR_NONE ? ": " : "", err.text);
	default:
		log_warning("%s: the flush service has refused it", w->id);
		set_fate(f, w, FATE_FAILED);
		return;
	}
}

static void
show(struct flush *f, bool is_last)
{
	struct buf line = BUF_INIT;
	size_t asked = f->count - f->fates[FATE_PLANNED];

	if (!f->is_terminal && !is_last)
		return;
	buf_addf(&line, "%zu of %zu asked for", asked, f->count);
	if (f->r->source.kind == SOURCE_QUEUE)
		buf_addf(&line, ", %zu waiting, %zu gone, %zu deferred again",
		    f->fates[FATE_ASKED], f->fates[FATE_GONE],
		    f->fates[FATE_AGAIN]);
	if (f->fates[FATE_FAILED] > 0)
		buf_addf(&line, ", %zu refused", f->fates[FATE_FAILED]);
	if (f->has_given_up)
		buf_adds(&line, "; nothing has happened for a while");
	if (f->held > 0)
		buf_addf(&line, ", %zu in other queues", f->held);
	if (f->is_terminal) {
		buf_insert(&line, 0, "\r", 1);
		buf_adds(&line, is_last ? "\x1b[K\n" : "\x1b[K");
	} else {
		buf_addc(&line, '\n');
	}
	if (write(STDERR_FILENO, line.ptr, line.len) == -1)
		f->is_terminal = false;
	buf_done(&line);
}

static void
look_at_all(struct flush *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->list[i].fate == FATE_ASKED)
			look_after(f, &f->list[i]);
	show(f, false);
}

static void
ask_for_all(struct flush *f)
{
	int64_t began = clock_mono_ms(), looked = began, due, now;
	size_t i;

	for (i = 0; i < f->count && !source_interrupted; i++) {
		if (f->r->q->rate > 0) {
			due = began + (int64_t)((double)i * 1000 /
			    f->r->q->rate);
			while (!source_interrupted &&
			    (now = clock_mono_ms()) < due)
				poll(NULL, 0, due - now > LOOK_MS ? LOOK_MS :
				    (int)(due - now));
		}
		ask_for(f, &f->list[i]);
		if (clock_mono_ms() - looked >= LOOK_MS &&
		    f->r->source.kind == SOURCE_QUEUE) {
			look_at_all(f);
			looked = clock_mono_ms();
		}
	}
}

static int
finish(struct flush *f)
{
	int status = query_status(f->r, false);

	show(f, true);
	if (f->r->source.kind != SOURCE_QUEUE)
		log_info("when each is tried cannot be seen without direct "
		    "access to the queue");
	if (f->count == 0)
		return status == QUERY_DONE ? QUERY_NOTHING : status;
	return source_interrupted || f->has_given_up ||
	    f->fates[FATE_FAILED] > 0 ?
	    QUERY_PARTLY : status;
}

/*
 * Until each was tried. A queue manager that was replaced meanwhile may have
 * missed what it was told; one that does nothing is not waited for for ever.
 */
static void
wait_for_all(struct flush *f)
{
	int64_t now;

	while (!source_interrupted && f->fates[FATE_ASKED] > 0) {
		look_at_all(f);
		now = clock_mono_ms();
		if (now - f->news_ms >= f->r->q->wait_s * 1000) {
			f->has_given_up = f->fates[FATE_ASKED] > 0;
			break;
		}
		if (now - f->news_ms >= WAKE_MS &&
		    now - f->woken_ms >= WAKE_MS) {
			queue_act_wake("qmgr", "I");
			f->woken_ms = now;
		}
		if (f->fates[FATE_ASKED] > 0)
			poll(NULL, 0, LOOK_MS);
	}
}

int
flush_run(struct run *r)
{
	struct flush f = { .r = r, .is_terminal = isatty(STDERR_FILENO) };
	struct queue_scan_job job = { .take = take, .ctx = &f };
	size_t i;
	int status;

	query_scan(r, &job);
	f.fates[FATE_PLANNED] = f.count;
	ask_for_all(&f);
	if (r->source.kind == SOURCE_QUEUE)
		wait_for_all(&f);
	status = finish(&f);
	for (i = 0; i < f.count; i++)
		free(f.list[i].id);
	free(f.list);
	return status;
}
