/*
 * pass.c - hand a recipient to another transport
 *
 * For mailbox_transport, fallback_transport and their tables: the same
 * delivery request goes on to that agent, which disposes of the recipient by
 * itself, log line included.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/deliver.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"

/* The agent's answer: 0 disposed of, 1 something left, -1 no answer. */
static int
converse(struct stream *s, const struct agent_request *rq, struct err *err)
{
	struct buf out = BUF_INIT;
	struct attrs reply;
	struct dsn hop;
	bool has_left = true;
	int rc;

	/* However long the other delivery takes; its own limits apply. */
	stream_set_timeout(s, 0);
	deliver_put_request(&out, rq);
	attrs_init(&reply);
	rc = stream_write(s, out.ptr, out.len) == -1 ||
	    stream_flush(s) == -1 ? err_set(err, ERR_EOF, "lost connection") :
	    attrs_read(s, &reply, DELIVER_HEAD_MAX, err) != 1 ? -1 :
	    deliver_get_reply(&hop, &has_left, &reply, err);
	attrs_done(&reply);
	buf_done(&out);
	return rc == -1 ? -1 : has_left ? 1 : 0;
}

bool
local_pass(const struct local_state *st, const char *transport)
{
	struct agent_request rq = *st->lr->rq;
	struct queue_rcpt rcpt = st->rcpt;
	struct err err = ERR_INIT;
	struct stream *s;
	char *name = xstrdup(transport), *nexthop = strchr(name, ':');
	int rc = -1;

	if (nexthop != NULL)
		*nexthop++ = '\0';
	rq.nexthop = nexthop != NULL && *nexthop != '\0' ? nexthop :
	    st->domain;
	rq.sender = st->sender;
	/* Only what stands in the queue file can be marked; an alias's result does not. */
	if (st->level > 0)
		rcpt.offset = 0;
	rq.rcpts = &rcpt;
	rq.rcpt_count = 1;
	log_info("%s: passing <%s> to transport=%s", rq.queue_id,
	    rcpt.address, name);
	s = endpoint_connect_greeted("private", name, DELIVER_PROTOCOL, &err);
	if (s != NULL) {
		rc = converse(s, &rq, &err);
		stream_free(s);
	}
	if (rc == -1)
		log_warning("private/%s: %s", name, err.text);
	free(name);
	if (rc == -1)
		return local_fail(st, "4.3.0", "mail transport unavailable");
	if (rc == 1)
		st->lr->rq->has_left = true;
	return rc == 0;
}
