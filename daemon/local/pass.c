/*
 * pass.c - hand a recipient to another transport
 *
 * For mailbox_transport, fallback_transport and their tables: the same
 * delivery request goes on to that agent, which disposes of the recipient by
 * itself, log line included.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/local/local.h"

#include <string.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/pass.h"
#include "lib/base/log.h"

bool
local_pass(const struct local_state *st, const char *transport)
{
	struct agent_request rq = *st->lr->rq;
	struct queue_rcpt rcpt = st->rcpt;
	bool has_left = true;

	rq.nexthop = st->domain;
	rq.sender = st->sender;
	/* Only what stands in the queue file can be marked; an alias's result does not. */
	if (st->level > 0)
		rcpt.offset = 0;
	else
		st->lr->was_passed = true;
	rq.rcpts = &rcpt;
	rq.rcpt_count = 1;
	log_info("%s: passing <%s> to transport=%.*s", rq.queue_id,
	    rcpt.address, (int)strcspn(transport, ":"), transport);
	if (!pass_request(&rq, transport, &has_left))
		return local_fail(st, "4.3.0", "mail transport unavailable");
	if (has_left)
		st->lr->rq->has_left = true;
	return !has_left;
}
