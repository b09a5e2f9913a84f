/*
 * pass.c - hand recipients to another transport: best_mx_transport
 *
 * When the mail exchanger of a domain turns out to be this host, another agent
 * may know what to do with its mail. It gets the same request with whoever is
 * left, and disposes of them by itself, log lines included.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/deliver.h"
#include "daemon/smtp/smtp.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"

/* The agent's answer: 0 with *has_left, or -1 when there was none. */
static int
converse(struct stream *s, const struct agent_request *rq, bool *has_left,
    struct err *err)
{
	struct buf out = BUF_INIT;
	struct attrs reply;
	struct dsn hop;
	int rc;

	stream_set_timeout(s, 0);	/* its own limits apply */
	deliver_put_request(&out, rq);
	attrs_init(&reply);
	if (stream_write(s, out.ptr, out.len) == -1 || stream_flush(s) == -1)
		rc = err_set(err, ERR_EOF, "lost connection");
	else if (attrs_read(s, &reply, DELIVER_HEAD_MAX, err) != 1)
		rc = -1;
	else
		rc = deliver_get_reply(&hop, has_left, &reply, err);
	attrs_done(&reply);
	buf_done(&out);
	return rc;
}

int
smtp_pass(struct agent_request *rq, struct smtp_message *msg,
    const char *transport)
{
	struct agent_request copy = *rq;
	struct err err = ERR_INIT;
	struct stream *s;
	char *name = xstrdup(transport), *nexthop = strchr(name, ':');
	bool has_left = true;
	size_t i;
	int rc = -1;

	if (nexthop != NULL)
		*nexthop++ = '\0';
	if (nexthop != NULL && *nexthop != '\0')
		copy.nexthop = nexthop;
	copy.rcpts = xcalloc(rq->rcpt_count, sizeof(*copy.rcpts));
	copy.rcpt_count = 0;
	for (i = 0; i < rq->rcpt_count; i++)
		if (msg->rcpts[i].fate == SMTP_LEFT)
			copy.rcpts[copy.rcpt_count++] = rq->rcpts[i];
	s = endpoint_connect_greeted("private", name, DELIVER_PROTOCOL, &err);
	if (s != NULL) {
		rc = converse(s, &copy, &has_left, &err);
		stream_free(s);
	}
	if (rc == -1)
		log_warning("private/%s: %s", name, err.text);
	else if (has_left)
		rq->has_left = true;
	for (i = 0; rc == 0 && i < rq->rcpt_count; i++)
		if (msg->rcpts[i].fate == SMTP_LEFT) {
			msg->rcpts[i].fate = SMTP_PASSED;
			msg->rcpts[i].is_disposed = true;
		}
	free(copy.rcpts);
	free(name);
	return rc;
}
