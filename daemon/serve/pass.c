/*
 * pass.c - hand recipients on to another delivery agent
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/pass.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/deliver.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"

static int
converse(struct stream *s, const struct agent_request *rq, bool *has_left,
    struct err *err)
{
	struct buf out = BUF_INIT;
	struct attrs reply;
	struct dsn hop;
	int rc;

	/* However long the other delivery takes; its own limits apply. */
	stream_set_timeout(s, 0);
	deliver_put_request(&out, rq);
	attrs_init(&reply);
	if (stream_write(s, out.ptr, out.len) == -1 || stream_flush(s) == -1 ||
	    (rc = attrs_read(s, &reply, DELIVER_HEAD_MAX, err)) == 0)
		rc = err_set(err, ERR_EOF, "lost connection");
	else if (rc == 1)
		rc = deliver_get_reply(&hop, has_left, &reply, err);
	attrs_done(&reply);
	buf_done(&out);
	return rc;
}

bool
pass_request(const struct agent_request *rq, const char *destination,
    bool *has_left)
{
	struct agent_request copy = *rq;
	struct err err = ERR_INIT;
	struct stream *s;
	char *name = xstrdup(destination), *nexthop = strchr(name, ':');
	size_t i;
	int rc = -1;

	if (nexthop != NULL)
		*nexthop++ = '\0';
	if (nexthop != NULL && *nexthop != '\0')
		copy.nexthop = nexthop;
	for (i = 0; i < rq->rcpt_count; i++)
		log_info("%s: passing <%s> to transport=%s", rq->queue_id,
		    rq->rcpts[i].address, name);
	s = endpoint_connect_greeted("private", name, DELIVER_PROTOCOL,
	    params.ipc_timeout, &err);
	if (s != NULL) {
		rc = converse(s, &copy, has_left, &err);
		stream_free(s);
	}
	if (rc == -1)
		log_warning("private/%s: %s", name, err.text);
	free(name);
	return rc == 0;
}
