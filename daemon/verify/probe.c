/*
 * probe.c - put the message on its way that finds out whether an address exists
 *
 * It has the trace flag of a probe and no content but a header. Cleanup makes
 * a queue file of it like of any message, while this process goes on.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/verify/probe.h"

#include <stdlib.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/ask.h"
#include "daemon/serve/verify_sender.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/queue/queue_rec.h"

/* Each holds a cleanup process; who is turned away asks again. */
#define PROBES_MAX	50

struct probe {
	struct ask	*ask;
	char		*address;
	void		(*failed)(const char *address);
};

static int under_way;

static void
end(struct probe *p, const char *why)
{
	if (why != NULL) {
		log_warning("cannot send a probe to <%s>: %s", p->address,
		    why);
		p->failed(p->address);
	}
	ask_close(p->ask);
	free(p->address);
	free(p);
	under_way--;
}

static void
put(struct buf *out, int type, const struct buf *text)
{
	queue_rec_put(out, type, text->ptr, text->len);
}

/* What follows the queue ID in the conversation with cleanup. */
static void
put_message(struct buf *out, const char *address, const char *id)
{
	struct timeval now = clock_timeval();
	char date[CLOCK_RFC5322_SIZE];
	struct buf text = BUF_INIT;

	clock_rfc5322(now.tv_sec, date);
	attr_put_int(out, "flags", CLEANUP_INTERNAL);
	attr_put_end(out);
	buf_setf(&text, "%lld %ld", (long long)now.tv_sec, (long)now.tv_usec);
	put(out, QUEUE_REC_TIME, &text);
	buf_sets(&text, "log_message_origin=local");
	put(out, QUEUE_REC_ATTR, &text);
	buf_setf(&text, "trace_flags=%d", AGENT_MTA_PROBE);
	put(out, QUEUE_REC_ATTR, &text);
	verify_sender_make(params.address_verify_sender,
	    params.address_verify_sender_ttl, now.tv_sec, &text);
	put(out, QUEUE_REC_FROM, &text);
	buf_sets(&text, address);
	put(out, QUEUE_REC_ORCPT, &text);
	put(out, QUEUE_REC_RCPT, &text);
	queue_rec_put(out, QUEUE_REC_MESG, "", 0);
	buf_setf(&text, "Received: by %s (%s)", params.myhostname,
	    params.mail_name);
	put(out, QUEUE_REC_TEXT, &text);
	buf_setf(&text, "\tid %s; %s", id, date);
	put(out, QUEUE_REC_TEXT, &text);
	queue_rec_put(out, QUEUE_REC_XTRA, "", 0);
	queue_rec_put(out, QUEUE_REC_END, "", 0);
	buf_done(&text);
}

static void
greeted(struct probe *p, const struct attrs *greeting)
{
	const char *id = attrs_get(greeting, "queue_id", 0);
	struct buf out = BUF_INIT;

	if (id == NULL) {
		end(p, "unexpected greeting from the cleanup service");
		return;
	}
	put_message(&out, p->address, id);
	ask_send(p->ask, out.ptr, out.len, params.ipc_timeout);
	buf_done(&out);
}

static void
replied(struct probe *p, const struct attrs *reply)
{
	const char *reason = attrs_get(reply, "reason", 0);
	int32_t status;

	if (!attrs_int(reply, "status", 0, &status))
		end(p, "no status from the cleanup service");
	else if (status == 0)
		end(p, NULL);
	else
		end(p, reason != NULL && reason[0] != '\0' ? reason :
		    cleanup_status_text((unsigned)status, NULL, NULL));
}

static void
on_event(struct ask *ask, enum ask_event event, const struct attrs *attrs,
    const struct err *err, void *ctx)
{
	(void)ask;
	switch (event) {
	case ASK_GREETED:
		greeted(ctx, attrs);
		break;
	case ASK_REPLY:
		replied(ctx, attrs);
		break;
	case ASK_FAILED:
		end(ctx, err->text);
		break;
	}
}

bool
probe_send(struct event_base *base, const char *address,
    void (*failed)(const char *address))
{
	struct err err = ERR_INIT;
	struct probe *p;

	if (under_way >= PROBES_MAX)
		return false;
	p = xcalloc(1, sizeof(*p));
	p->address = xstrdup(address);
	p->failed = failed;
	under_way++;
	p->ask = ask_open(base, "public", params.cleanup_service_name,
	    params.ipc_timeout, on_event, p, &err);
	if (p->ask == NULL)
		end(p, err.text);
	return true;
}
