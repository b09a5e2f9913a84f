/*
 * dispatch.c - hand entries to delivery agents, take their answers
 *
 * A connection to a transport comes first, the choice of an entry only when
 * an agent has greeted: so the best entry of that moment goes out, however
 * long the agent took. At most two connections a transport wait for their
 * greeting; agents that are at work do not count.
 *
 * An agent that dies takes nothing with it: its recipients are deferred, and
 * its transport rests for transport_retry_time.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/ask.h"
#include "daemon/serve/deliver.h"
#include "daemon/serve/verp.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define CONNECTING_MAX	2
#define BACK_TO_BACK_MS	1500	/* the peer: one, in whole seconds */
#define SENDOPT_RCPT	8	/* a recipient needs SMTPUTF8 (spec/services.md 3.9) */

struct delivery {
	struct qmgr	 *qm;
	struct transport *transport;
	struct entry	 *entry;	/* NULL until greeted */
	struct ask	 *ask;
};

static const struct dsn unavailable = {
	"4.3.0", "", "mail transport unavailable", "", "", "", ""
};
static const struct dsn unknown_error = {
	"4.3.0", "", "unknown mail transport error", "", "", "", ""
};

static void	connect_more(struct qmgr *qm, struct transport *t);

/* ---- the timer of the scheduler ---- */

static void
set_timer(struct qmgr *qm)
{
	int64_t at = sched_next_timer(&qm->sched), wait;
	struct timeval tv;

	if (at == -1)
		return;
	wait = at - clock_mono_ms();
	if (wait < 0)
		wait = 0;
	tv.tv_sec = wait / 1000;
	tv.tv_usec = wait % 1000 * 1000;
	event_add(qm->sched_timer, &tv);	/* replaces a later one */
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct qmgr *qm = arg;

	(void)fd;
	(void)what;
	sched_run_timers(&qm->sched, clock_mono_ms());
	set_timer(qm);
}

/* ---- a message whose entries have changed ---- */

/* Read on before the last entry is done, so that agents need not wait (default_recipient_refill_*). */
static bool
wants_refill(const struct message *m)
{
	const struct transport_limits *l;
	int64_t since = clock_mono_ms() - m->read_ms;
	int room;

	if (!message_more(m) || m->batch_count > 0 || m->jobs == NULL)
		return false;
	l = &m->jobs->transport->limits;
	room = sched_room(m);
	return room >= l->refill ||
	    (room > 0 && since >= (int64_t)l->refill_delay_s * 1000);
}

void
dispatch_after(struct qmgr *qm, struct message *m)
{
	if (m->batch_count > 0)
		return;			/* being resolved */
	if (m->entries == 0)
		report_begin(qm, m);
	else if (wants_refill(m))
		active_read_more(qm, m);
}

/* ---- entries that cannot go where they should ---- */

/* Finishing may free the message: the last thing done to it. */
static void
divert(struct qmgr *qm, struct entry *e, const struct dsn *dsn)
{
	struct message *m = e->message;
	struct recipient *rcpts;
	size_t count;

	rcpts = sched_steal(e, &count);
	assign_divert(qm, m, rcpts, count, dsn);
	sched_finish(e, SCHED_CRASHED, NULL, clock_mono_ms());
	dispatch_after(qm, m);
}

static void
dest_died(struct qmgr *qm, struct dest *d)
{
	struct buf reason = BUF_INIT;
	struct hop_status why = { .text = NULL };
	struct entry *e, *taken = NULL, **last = &taken;
	struct dsn dsn;

	/* All first, and a copy: the destination may go while they do. */
	hop_status_set(&why, &d->dead.dsn);
	for (; (e = sched_take_dest(d)) != NULL; last = &e->next)
		*last = e;
	buf_addf(&reason, "delivery temporarily suspended: %s",
	    why.dsn.reason);
	dsn = why.dsn;
	dsn.reason = reason.ptr;
	while ((e = taken) != NULL) {
		taken = e->next;
		divert(qm, e, &dsn);
	}
	hop_status_clear(&why);
	buf_done(&reason);
}

static void
transport_failed(struct qmgr *qm, struct transport *t, const struct dsn *why)
{
	struct entry *e;

	sched_fail_transport(t, why, clock_mono_ms());
	while ((e = sched_take_transport(t)) != NULL)
		divert(qm, e, why);
}

/* ---- the request ---- */

static int
request_flags(const struct entry *e)
{
	const struct message *m = e->message;
	int flags = AGENT_SUCCESS | AGENT_BOUNCE | (m->trace_flags & (
	    AGENT_MTA_PROBE | AGENT_USER_PROBE | AGENT_RECORD));

	if (params.confirm_delay_cleared && m->warn_time < 0)
		flags |= AGENT_REC_DELAY;
	/*
	 * Deliveries to one destination that follow each other: the next one
	 * may find the connection of the last. Measured beside Debian's postfix.
	 */
	if (e->dest->done_ms != 0 &&
	    clock_mono_ms() - e->dest->done_ms <= BACK_TO_BACK_MS)
		flags |= AGENT_CONN_LOAD | AGENT_CONN_STORE;
	return flags;
}

static void
dispatch_request_bytes(struct buf *out, const struct entry *e)
{
	const struct message *m = e->message;
	struct buf verp = BUF_INIT;
	struct queue_rcpt *rcpts = xcalloc(e->count, sizeof(*rcpts));
	struct agent_request rq = {
		.flags = request_flags(e), .queue_name = "active",
		.queue_id = m->id, .data_offset = m->data_offset,
		.data_size = m->content_length,
		.nexthop = e->dest->nexthop, .encoding = m->encoding,
		.sender = m->sender, .envelope_id = m->envelope_id,
		.sendopts = (int)m->sendopts, .ret_flags = m->ret_flags,
		.times = { .arrival = m->arrival, .active = m->active,
		    .handoff = clock_timeval() },
		.client_name = m->client_name, .client_addr = m->client_addr,
		.client_port = m->client_port,
		.client_proto = m->client_proto,
		.client_helo = m->client_helo, .sasl_method = m->sasl_method,
		.sasl_username = m->sasl_username,
		.sasl_sender = m->sasl_sender, .log_ident = m->log_ident,
		.rewrite_context = m->rewrite_context, .rcpts = rcpts,
		.rcpt_count = e->count
	};
	size_t i;

	for (i = 0; i < e->count; i++) {
		const struct recipient *r = &e->rcpts[i];

		rcpts[i] = (struct queue_rcpt){ r->address, r->orig,
		    r->dsn_orcpt, r->dsn_notify, r->offset };
		if (rq.sendopts != 0 && !text_is_ascii(r->address))
			rq.sendopts |= SENDOPT_RCPT;
	}
	if (m->verp_delimiters[0] != '\0' && e->count > 0) {
		verp_sender(&verp, m->sender, m->verp_delimiters,
		    e->rcpts[0].orig[0] != '\0' ? e->rcpts[0].orig :
		    e->rcpts[0].address);
		rq.sender = verp.ptr;
	}
	deliver_put_request(out, &rq);
	free(rcpts);
	buf_done(&verp);
}

/* ---- one delivery ---- */

static void
delivery_free(struct delivery *dl)
{
	if (dl->entry == NULL)
		dl->transport->connecting--;
	ask_close(dl->ask);
	free(dl);
}

static void
begin(struct delivery *dl, const struct attrs *greeting)
{
	struct buf out = BUF_INIT;

	if (!deliver_is_greeting(greeting))
		log_warning("private/%s: this is no delivery agent",
		    dl->transport->name);
	dl->entry = sched_pick(dl->transport, clock_mono_ms());
	if (dl->entry == NULL) {
		delivery_free(dl);	/* somebody else took it */
		return;
	}
	dl->transport->connecting--;
	dispatch_request_bytes(&out, dl->entry);
	ask_send(dl->ask, out.ptr, out.len, params.daemon_timeout);
	buf_done(&out);
	connect_more(dl->qm, dl->transport);
}

static void
end(struct delivery *dl, const struct dsn *hop, bool has_left)
{
	struct qmgr *qm = dl->qm;
	struct entry *e = dl->entry;
	struct message *m = e->message;
	struct dest *died;

	if (has_left)
		m->has_failed = true;
	m->entries++;		/* keeps the message while others are diverted */
	died = sched_finish(e, hop->reason[0] != '\0' ? SCHED_HOP_FAILED :
	    SCHED_REACHED, hop, clock_mono_ms());
	if (died != NULL)
		dest_died(qm, died);
	delivery_free(dl);
	m->entries--;
	dispatch_after(qm, m);
	set_timer(qm);
}

/* The agent is gone, or there never was one. */
static void
broken(struct delivery *dl, const char *text)
{
	struct qmgr *qm = dl->qm;
	struct transport *t = dl->transport;
	struct entry *e = dl->entry;

	log_warning("%s on private/%s socket", text, t->name);
	log_warning("transport %s failure -- see a previous "
	    "warning/fatal/panic logfile record for the problem description",
	    t->name);
	delivery_free(dl);
	transport_failed(qm, t, e != NULL ? &unknown_error : &unavailable);
	if (e != NULL)
		divert(qm, e, &unknown_error);
	set_timer(qm);
}

static void
on_event(struct ask *ask, enum ask_event event, const struct attrs *attrs,
    const struct err *err, void *ctx)
{
	struct delivery *dl = ctx;
	struct err why = ERR_INIT;
	bool has_left = true;
	struct dsn hop;

	(void)ask;
	switch (event) {
	case ASK_GREETED:
		begin(dl, attrs);
		break;
	case ASK_REPLY:
		if (deliver_get_reply(&hop, &has_left, attrs, &why) == 0)
			end(dl, &hop, has_left);
		else
			broken(dl, why.text);
		break;
	case ASK_FAILED:
		broken(dl, err->text);
		break;
	}
}

/* ---- connections ---- */

static void
connect_more(struct qmgr *qm, struct transport *t)
{
	struct err err = ERR_INIT;
	struct delivery *dl;

	while (t->connecting < CONNECTING_MAX && t->connecting < t->todo &&
	    sched_has_work(t)) {
		dl = xcalloc(1, sizeof(*dl));
		dl->qm = qm;
		dl->transport = t;
		dl->ask = ask_open(qm->base, "private", t->name,
		    params.daemon_timeout, on_event, dl, &err);
		if (dl->ask == NULL) {
			free(dl);
			log_warning("connect to transport private/%s: %s",
			    t->name, strerror(err.errnum));
			transport_failed(qm, t, &unavailable);
			set_timer(qm);
			return;
		}
		t->connecting++;
	}
}

static void
on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct qmgr *qm = arg;
	struct transport *t;

	(void)fd;
	(void)what;
	while ((t = qm->woken) != NULL) {
		qm->woken = t->next_woken;
		t->is_woken = false;
		connect_more(qm, t);
	}
	set_timer(qm);
}

/* From inside the scheduler: only remember it, act from the loop. */
static void
wake(struct transport *t, void *ctx)
{
	struct timeval now = { 0, 0 };
	struct qmgr *qm = ctx;

	if (t->is_woken || t->connecting >= CONNECTING_MAX)
		return;
	t->is_woken = true;
	t->next_woken = qm->woken;
	qm->woken = t;
	if (!event_pending(qm->woken_event, EV_TIMEOUT, NULL))
		event_add(qm->woken_event, &now);
}

void
dispatch_init(struct qmgr *qm)
{
	sched_init(&qm->sched);
	qm->sched.dead_s = params.minimal_backoff_time;
	qm->sched.retry_s = params.transport_retry_time;
	qm->sched.logs_feedback =
	    params.destination_concurrency_feedback_debug;
	qm->sched.wake = wake;
	qm->sched.ctx = qm;
	qm->sched_timer = event_new(qm->base, -1, 0, on_timer, qm);
	qm->woken_event = event_new(qm->base, -1, 0, on_woken, qm);
}
