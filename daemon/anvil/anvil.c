/*
 * anvil.c - how many connections has this client, how much does it send?
 *
 * smtpd processes keep a connection each and ask in the plain attribute form:
 * lines of name=value up to an empty line. Closing the connection counts as
 * the disconnect of whatever client it stood for.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/anvil/counters.h"
#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

#define REQUEST_MAX	4096	/* one request; more is no request */

struct client {
	int		 fd;
	struct event	*event;
	struct buf	 in;
	char		*ident;		/* of the SMTP client it serves now */
};

static struct counters *counters;
static struct event *tidy_event;
static time_t reported;

static const struct {
	const char	*name;
	enum counter_kind kind;
	bool		 counts;	/* newtls_status only asks */
} requests[] = {
	{ "connect", COUNTER_CONNECT, true },
	{ "message", COUNTER_MAIL, true },
	{ "recipient", COUNTER_RCPT, true },
	{ "newtls", COUNTER_NEWTLS, true },
	{ "newtls_status", COUNTER_NEWTLS, false },
	{ "auth", COUNTER_AUTH, true },
};

static void
end_client(struct client *c)
{
	if (c->ident != NULL)
		counters_disconnect(counters, c->ident, clock_now());
	event_free(c->event);
	close(c->fd);
	buf_done(&c->in);
	free(c->ident);
	free(c);
	serve_client_closed();
}

static void
let_go(struct client *c)
{
	if (c->ident != NULL)
		counters_disconnect(counters, c->ident, clock_now());
	free(c->ident);
	c->ident = NULL;
}

static void
answer(struct client *c, const char *request, const char *ident,
    struct buf *out)
{
	struct counter_values v;
	time_t now = clock_now();
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(request, requests[i].name) == 0)
			break;
	if (i < sizeof(requests) / sizeof(requests[0])) {
		enum counter_kind kind = requests[i].kind;

		if (kind == COUNTER_CONNECT) {
			let_go(c);
			c->ident = xstrdup(ident);
		}
		if (requests[i].counts)
			counters_event(counters, ident, kind, now, &v);
		else
			counters_lookup(counters, ident, now, &v);
		buf_adds(out, "status=0\n");
		if (kind == COUNTER_CONNECT)
			buf_addf(out, "count=%d\n", v.count);
		buf_addf(out, "rate=%d\n\n", v.rate[kind]);
	} else if (strcmp(request, "disconnect") == 0) {
		if (c->ident != NULL && strcmp(c->ident, ident) == 0)
			let_go(c);
		else
			counters_disconnect(counters, ident, now);
		buf_adds(out, "status=0\n\n");
	} else if (strcmp(request, "lookup") == 0) {
		counters_lookup(counters, ident, now, &v);
		buf_addf(out, "status=0\ncount=%d\nrate=%d\nmail=%d\nrcpt=%d\n"
		    "newtls=%d\nauth=%d\n\n", v.count, v.rate[COUNTER_CONNECT],
		    v.rate[COUNTER_MAIL], v.rate[COUNTER_RCPT],
		    v.rate[COUNTER_NEWTLS], v.rate[COUNTER_AUTH]);
	} else {
		log_warning("unrecognized request: \"%.100s\", ignored",
		    request);
		buf_adds(out, "status=4294967295\n\n");
	}
}

/*
 * Take one whole request off the front of the input.
 *
 * Returns 1, 0 when more must come, -1 when it is none.
 */
static int
take_request(struct client *c, struct buf *out)
{
	char *end, *line, *rest, *eq;
	const char *request = NULL, *ident = NULL;
	size_t used;

	if ((end = strstr(c->in.ptr, "\n\n")) == NULL)
		return c->in.len < REQUEST_MAX ? 0 : -1;
	used = (size_t)(end - c->in.ptr) + 2;
	*end = '\0';
	rest = c->in.ptr;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if ((eq = strchr(line, '=')) == NULL)
			return -1;
		*eq = '\0';
		if (strcmp(line, "request") == 0)
			request = eq + 1;
		else if (strcmp(line, "ident") == 0)
			ident = eq + 1;
	}
	if (request == NULL || ident == NULL)
		return -1;
	answer(c, request, ident, out);
	buf_delete(&c->in, 0, used);
	return 1;
}

static void
readable(int fd, short what, void *ctx)
{
	struct client *c = ctx;
	struct buf out = BUF_INIT;
	ssize_t n;
	int got;

	(void)what;
	buf_reserve(&c->in, 1024);
	n = recv(fd, c->in.ptr + c->in.len, 1024, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_client(c);
		return;
	}
	c->in.len += (size_t)n;
	c->in.ptr[c->in.len] = '\0';
	serve_busy();
	while ((got = take_request(c, &out)) == 1)
		;
	/* An answer is some bytes: a client that does not take them is gone. */
	if (out.len > 0 && send(fd, out.ptr, out.len,
	    MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)out.len)
		got = -1;
	serve_free();
	buf_done(&out);
	if (got == -1)
		end_client(c);
}

static void
accepted(struct event_base *base, int fd, const char *service)
{
	static const char greeting[] = "protocol=anvil_protocol\n\n";
	struct client *c = xcalloc(1, sizeof(*c));

	(void)service;
	c->fd = fd;
	buf_init(&c->in);
	c->event = event_new(base, fd, EV_READ | EV_PERSIST, readable, c);
	if (c->event == NULL || event_add(c->event, NULL) == -1)
		log_fatal("cannot watch a client");
	if (send(fd, greeting, sizeof(greeting) - 1,
	    MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		end_client(c);
}

static void
tidy_up(int fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx;
	counters_expire(counters, clock_now());
	if (clock_now() - reported < params.anvil_status_update_time)
		return;
	reported = clock_now();
	counters_report(counters);
}

static void
report_at_end(void)
{
	counters_report(counters);
}

static void
post_jail(const char *service, char **argv)
{
	struct timeval period = { .tv_sec = params.anvil_rate_time_unit };

	(void)service, (void)argv;
	counters = counters_new(params.anvil_rate_time_unit);
	reported = clock_now();
	tidy_event = event_new(serve_base(), -1, EV_PERSIST, tidy_up, NULL);
	if (tidy_event == NULL || event_add(tidy_event, &period) == -1)
		log_fatal("cannot set a timer");
	serve_on_stop(report_at_end);
	/* Its memory is its purpose: stay for as long as a window. */
	if (params.max_idle < params.anvil_rate_time_unit)
		serve_set_max_idle(params.anvil_rate_time_unit);
}

const struct role anvil_role = {
	.name = "anvil",
	.summary = "count connections and mail of each client",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT,
	.post_jail = post_jail,
	.accepted = accepted,
};
