/*
 * resolver.c - ask the rewrite service where recipients go, without waiting
 *
 * For routing tables behind a server, and for those that have changed since
 * this process opened them. Messages stand in line; of the first one, one
 * recipient is asked for at a time.
 *
 * SPDX-License-Identifier: ISC
 */

#include "daemon/qmgr/assign.h"
#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/ask.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/route/rewrite.h"

#define RESOLVE_RETRY_S		1	/* the rewrite service is away (spec/services.md 3.5) */

struct resolver {
	struct qmgr	*qm;
	struct ask	*ask;		/* NULL: not connected */
	bool		 is_asked;	/* a question is under way */
	struct event	*retry;
	struct message	*first, **last;	/* messages in line; the first is being resolved */
	struct placed	*placed;	/* of the first */
};

static void	resolver_step(struct resolver *r);

/* The line moves on: the first message has all its places. */
static void
resolver_next(struct resolver *r, size_t count)
{
	struct message *m = r->first;
	struct placed *placed = r->placed;

	r->first = m->next_resolving;
	if (r->first == NULL)
		r->last = &r->first;
	m->next_resolving = NULL;
	r->placed = NULL;
	assign_end(r->qm, m, placed, count);
}

static void
resolver_reply(struct resolver *r, const struct attrs *attrs)
{
	const char *transport = attrs_get(attrs, "transport", 0);
	const char *nexthop = attrs_get(attrs, "nexthop", 0);
	const char *recipient = attrs_get(attrs, "recipient", 0);
	struct resolve_reply reply;
	struct message *m = r->first;
	int32_t flags = 0;

	resolve_reply_init(&reply);
	if (transport == NULL || nexthop == NULL || recipient == NULL ||
	    transport[0] == '\0' || !attrs_int(attrs, "flags", 1, &flags)) {
		reply.flags = RESOLVE_FAIL;
	} else {
		buf_sets(reply.transport, transport);
		buf_sets(reply.nexthop, nexthop);
		buf_sets(reply.recipient, recipient);
		reply.flags = (unsigned)flags;
	}
	/* batch_count is kept; placed counts in order of the batch. */
	assign_place(r->qm, m, m->resolving, &reply, r->placed,
	    &m->placed_count);
	m->resolving++;
	resolve_reply_done(&reply);
}

static void
resolver_event(struct ask *ask, enum ask_event event,
    const struct attrs *attrs, const struct err *err, void *ctx)
{
	struct timeval tv = { RESOLVE_RETRY_S, 0 };
	struct resolver *r = ctx;

	switch (event) {
	case ASK_FAILED:
		log_warning("private/%s: %s", params.rewrite_service_name,
		    err->text);
		ask_close(ask);
		r->ask = NULL;
		r->is_asked = false;
		if (r->first != NULL)
			event_add(r->retry, &tv);
		return;
	case ASK_REPLY:
		r->is_asked = false;
		resolver_reply(r, attrs);
		break;
	case ASK_GREETED:
		break;
	}
	resolver_step(r);
}

/* No such service, and our own tables will do: changed ones, but ours. */
static void
resolve_line_here(struct resolver *r)
{
	struct message *m;

	while ((m = r->first) != NULL) {
		r->first = m->next_resolving;
		if (r->first == NULL)
			r->last = &r->first;
		m->next_resolving = NULL;
		assign_here(r->qm, m);
	}
}

static void
resolver_connect(struct resolver *r)
{
	struct timeval tv = { RESOLVE_RETRY_S, 0 };
	struct err err = ERR_INIT;

	r->ask = ask_open(r->qm->base, "private", params.rewrite_service_name,
	    params.qmgr_ipc_timeout, resolver_event, r, &err);
	if (r->ask != NULL)
		return;
	log_warning("%s", err.text);
	if (rewrite_needs_server() || r->placed != NULL)
		event_add(r->retry, &tv);
	else
		resolve_line_here(r);
}

static void
resolver_retry(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	(void)fd;
	(void)what;
	if (r->ask == NULL && r->first != NULL)
		resolver_connect(r);
}

/*
 * Ask for the next recipient; messages that are complete leave the line. One
 * that leaves may join it again with its next batch, and so come here from
 * within: then the question has been asked.
 */
static void
resolver_step(struct resolver *r)
{
	struct buf out = BUF_INIT;
	struct message *m;

	while ((m = r->first) != NULL) {
		if (r->placed == NULL) {
			r->placed = xcalloc(m->batch_count + 1,
			    sizeof(*r->placed));
			m->resolving = m->placed_count = 0;
		}
		if (m->resolving < m->batch_count)
			break;
		resolver_next(r, m->placed_count);
	}
	if (m == NULL || r->is_asked)
		return;
	attr_put_str(&out, "request",
	    (m->trace_flags & AGENT_MTA_PROBE) != 0 ? "verify" : "resolve");
	attr_put_str(&out, "sender", m->sender);
	attr_put_str(&out, "address",
	    assign_address(&m->batch[m->resolving]));
	attr_put_end(&out);
	r->is_asked = true;
	ask_send(r->ask, out.ptr, out.len, params.qmgr_ipc_timeout);
	buf_done(&out);
}

void
resolver_add(struct resolver *r, struct message *m)
{
	bool was_idle = r->first == NULL;

	*r->last = m;
	r->last = &m->next_resolving;
	if (r->ask == NULL) {
		if (!event_pending(r->retry, EV_TIMEOUT, NULL))
			resolver_connect(r);
	} else if (was_idle && ask_was_greeted(r->ask)) {
		resolver_step(r);
	}
}

void
resolver_start(struct qmgr *qm)
{
	if (qm->resolver != NULL)
		return;
	qm->resolver = xcalloc(1, sizeof(*qm->resolver));
	qm->resolver->qm = qm;
	qm->resolver->last = &qm->resolver->first;
	qm->resolver->retry = event_new(qm->base, -1, 0, resolver_retry,
	    qm->resolver);
}
