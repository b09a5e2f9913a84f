/*
 * discard.c - two agents that send nothing: discard, and error or retry
 *
 * discard says "sent" and forgets the mail; error says that it cannot be
 * delivered. What they say comes from the nexthop, the text behind the
 * transport's name: "discard:spam trap", "error:5.1.1 no such user". Run
 * under the service name "retry" a failure is temporary: the queue manager
 * sends there what has to wait.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <string.h>

#include "daemon/serve/agent.h"
#include "lib/mail/dsn.h"

#define NO_REASON_ERROR	"Address is undeliverable"
#define NO_REASON_SENT	"no reason given"

typedef void (*dispose_fn)(struct agent_request *rq,
    const struct queue_rcpt *rcpt, const char *relay, const struct dsn *dsn);

/* Everybody meets the same end, and nobody was asked: relay is none. */
static void
dispose_all(struct agent_request *rq, dispose_fn dispose, const char *status,
    const char *reason)
{
	struct dsn dsn = { status, "", reason, "", "", "", "" };
	size_t i;

	for (i = 0; i < rq->rcpt_count; i++)
		dispose(rq, &rq->rcpts[i], "none", &dsn);
}

static void
discard_deliver(struct agent_request *rq, const char *service, void *ctx)
{
	char status[DSN_STATUS_SIZE];
	const char *reason = dsn_split(rq->nexthop, "2.0.0", status);

	(void)service;
	(void)ctx;
	if (status[0] != '2')
		memcpy(status, "2.0.0", sizeof("2.0.0"));
	dispose_all(rq, agent_sent, status,
	    reason[0] != '\0' ? reason : NO_REASON_SENT);
}

static void
error_deliver(struct agent_request *rq, const char *service, void *ctx)
{
	bool is_retry = strcmp(service, "retry") == 0;
	char status[DSN_STATUS_SIZE];
	const char *reason = dsn_split(rq->nexthop,
	    is_retry ? "4.0.0" : "5.0.0", status);

	(void)ctx;
	/* The service's name decides, and agent_* put a status of another class right. */
	dispose_all(rq, is_retry ? agent_deferred : agent_bounced, status,
	    reason[0] != '\0' ? reason : NO_REASON_ERROR);
}

static void
serve_discard(struct stream *client, const char *service, char **argv)
{
	(void)argv;
	agent_serve(client, service, discard_deliver, NULL);
}

static void
serve_error(struct stream *client, const char *service, char **argv)
{
	(void)argv;
	agent_serve(client, service, error_deliver, NULL);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	agent_init(NULL, NULL);
}

const struct role discard_role = {
	.name = "discard",
	.summary = "deliver mail to nowhere, with success",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail,
	.serve = serve_discard
};

const struct role error_role = {
	.name = "error",
	.summary = "bounce or defer mail with the reason in the transport",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail,
	.serve = serve_error
};
