/*
 * source.c - where messages come from: the queue, showq, a snapshot
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/source.h"

#include <signal.h>
#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/pack.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_listing.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan.h"

#define FLUSHED_SINGLY	50	/* messages whose text goes out at once */
#define FLUSH_AT	65536	/* bytes of text that wait */

atomic_int source_interrupted;

static void
note_interrupt(int sig)
{
	(void)sig;
	source_interrupted = 1;
}

void
source_catch_interrupt(void)
{
	struct sigaction sa = { .sa_handler = note_interrupt };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* ---- one message after the other ---- */

struct feed {
	const struct queue_scan_job *job;
	struct queue_message m;
	struct buf	 out;
	size_t		 count;
	bool		 is_over;	/* somebody said stop */
};

static void
flush(struct feed *f)
{
	if (f->out.len > 0 && f->job->text != NULL &&
	    !f->job->text(&f->out, f->job->ctx))
		f->is_over = true;
	buf_reset(&f->out);
}

static void
give(struct feed *f)
{
	const struct queue_scan_job *job = f->job;

	if (job->look(&f->m, &f->out, job->own) && job->take != NULL &&
	    !job->take(&f->m, job->ctx))
		f->is_over = true;
	if (++f->count < FLUSHED_SINGLY || f->out.len >= FLUSH_AT)
		flush(f);
	if (job->pulse != NULL && f->count % FLUSHED_SINGLY == 0)
		job->pulse(job->pulse_ctx);
	f->is_over |= source_interrupted != 0;
}

static void
give_listed(const struct queue_listing_message *from, void *ctx)
{
	struct feed *f = ctx;

	if (f->is_over)
		return;
	queue_listing_tell(from, &f->m);
	give(f);
}

static void
ask_showq(struct feed *f)
{
	struct err err = ERR_INIT;

	switch (queue_listing_from_showq(give_listed, f, &err)) {
	case LISTING_DONE:
		return;
	case LISTING_DOWN:
		log_fatal("Queue report unavailable - mail system is down "
		    "(%s)", err.text);
	default:
		flush(f);
		log_fatal("%s", err.text);
	}
}

/* Returns how many lines were none. */
static size_t
read_snapshot(struct feed *f, const struct source *s)
{
	struct err err = ERR_INIT;
	struct unpack *u = unpack_new(s->fd, s->name, &err);
	struct queue_jsonl *r;
	size_t bad = 0;
	int rc = 1;

	if (u == NULL)
		log_fatal("%s", err.text);
	r = queue_jsonl_new(unpack_read, u, s->name);
	while (!f->is_over && rc != 0) {
		rc = queue_jsonl_next(r, &f->m, &err);
		if (rc == 1) {
			give(f);
		} else if (rc == -1) {
			log_warning("%s", err.text);
			bad++;
			if (err.kind != ERR_SYNTAX)
				break;
		}
	}
	queue_jsonl_free(r);
	unpack_free(u);
	return bad;
}

size_t
source_run(const struct source *s, const char *const *queues,
    const struct queue_scan_job *job)
{
	struct feed f = { .job = job, .out = BUF_INIT };
	struct queue_scan *qs;
	size_t bad = 0;

	if (s->kind == SOURCE_QUEUE) {
		qs = queue_scan_open(queues, s->flags);
		queue_scan_run(qs, job);
		bad = queue_scan_unreadable(qs);
		queue_scan_close(qs);
		return bad;
	}
	queue_message_init(&f.m);
	if (s->kind == SOURCE_SHOWQ)
		ask_showq(&f);
	else
		bad = read_snapshot(&f, s);
	flush(&f);
	queue_message_done(&f.m);
	buf_done(&f.out);
	return bad;
}
