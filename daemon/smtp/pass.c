/*
 * pass.c - hand recipients to another transport: best_mx_transport
 *
 * When the mail exchanger of a domain turns out to be this host, another agent
 * may know what to do with its mail. It gets the same request with whoever is
 * left, and disposes of them by itself, log lines included.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/pass.h"

#include <stdlib.h>

#include "daemon/serve/agent.h"
#include "daemon/smtp/smtp.h"
#include "lib/base/mem.h"

int
smtp_pass(struct agent_request *rq, struct smtp_message *msg,
    const char *transport)
{
	struct agent_request rest = *rq;
	bool has_left = true;
	size_t i;

	rest.rcpts = xcalloc(rq->rcpt_count, sizeof(*rest.rcpts));
	rest.rcpt_count = 0;
	for (i = 0; i < rq->rcpt_count; i++)
		if (msg->rcpts[i].fate == SMTP_LEFT)
			rest.rcpts[rest.rcpt_count++] = rq->rcpts[i];
	if (!pass_request(&rest, transport, &has_left)) {
		free(rest.rcpts);
		return -1;
	}
	if (has_left)
		rq->has_left = true;
	for (i = 0; i < rq->rcpt_count; i++)
		if (msg->rcpts[i].fate == SMTP_LEFT) {
			msg->rcpts[i].fate = SMTP_PASSED;
			msg->rcpts[i].is_disposed = true;
		}
	free(rest.rcpts);
	return 0;
}
