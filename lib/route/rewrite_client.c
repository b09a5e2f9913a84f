/*
 * rewrite_client.c - ask the trivial-rewrite service, over one kept connection
 *
 * The service closes connections when it restarts, so a question that got no
 * answer is asked once more over a new one.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/rewrite_client.h"

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"

#define PROTOCOL	"trivial_rewrite_protocol"
#define REPLY_MAX	100000	/* bytes of one answer */
#define TRIES		2

static struct stream *service;

static int
ask_once(const struct buf *request, struct attrs *reply, struct err *err)
{
	int got;

	if (service == NULL && (service = endpoint_connect_greeted("private",
	    params.rewrite_service_name, PROTOCOL,
	    params.ipc_timeout, err)) == NULL)
		return -1;
	if (stream_write(service, request->ptr, request->len) == -1 ||
	    stream_flush(service) == -1)
		got = err_set(err, ERR_EOF, "connection lost");
	else if ((got = attrs_read(service, reply, REPLY_MAX, err)) == 0)
		err_set(err, ERR_EOF, "connection closed");
	if (got == 1)
		return 0;
	stream_free(service);
	service = NULL;
	return -1;
}

static bool
ask(const struct buf *request, struct attrs *reply)
{
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < TRIES; i++)
		if (ask_once(request, reply, &err) == 0)
			return true;
	log_warning("private/%s: %s", params.rewrite_service_name, err.text);
	return false;
}

bool
rewrite_client_address(enum rewrite_rule rule, const char *address,
    struct buf *out)
{
	struct buf request = BUF_INIT;
	struct attrs reply;
	const char *value = NULL;

	attr_put_str(&request, "request", "rewrite");
	attr_put_str(&request, "rule",
	    rule == REWRITE_LOCAL ? "local" : "remote");
	attr_put_str(&request, "address", address);
	attr_put_end(&request);
	attrs_init(&reply);
	if (ask(&request, &reply) &&
	    (value = attrs_get(&reply, "address", 0)) != NULL)
		buf_sets(out, value);
	attrs_done(&reply);
	buf_done(&request);
	return value != NULL;
}

bool
rewrite_client_resolve(const char *sender, const char *address, bool is_probe,
    struct resolve_reply *out)
{
	const char *transport, *nexthop, *recipient;
	struct buf request = BUF_INIT;
	struct attrs reply;
	int32_t flags;
	bool ok = false;

	attr_put_str(&request, "request", is_probe ? "verify" : "resolve");
	attr_put_str(&request, "sender", sender);
	attr_put_str(&request, "address", address);
	attr_put_end(&request);
	attrs_init(&reply);
	/* The first "flags" says whether the service is alive, the second what it found. */
	if (ask(&request, &reply) &&
	    (transport = attrs_get(&reply, "transport", 0)) != NULL &&
	    (nexthop = attrs_get(&reply, "nexthop", 0)) != NULL &&
	    (recipient = attrs_get(&reply, "recipient", 0)) != NULL &&
	    attrs_int(&reply, "flags", 1, &flags)) {
		buf_sets(out->transport, transport);
		buf_sets(out->nexthop, nexthop);
		buf_sets(out->recipient, recipient);
		out->flags = (unsigned)flags;
		ok = true;
	}
	attrs_done(&reply);
	buf_done(&request);
	return ok;
}
