/*
 * anvil.c - how many connections has this client, how much does it send?
 *
 * smtpd processes keep a connection each and ask in the plain attribute form:
 * lines of name=value up to an empty line. Closing the connection counts as
 * the disconnect of whatever client it stood for.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "daemon/anvil/counters.h"
#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_clients.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"

#define REQUEST_MAX	4096	/* one request; more is no request */

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

/* state is the name of the SMTP client that the connection stands for now. */
static void
let_go(void *state)
{
	if (state != NULL)
		counters_disconnect(counters, state, clock_now());
	free(state);
}

static bool
answer(const struct attrs *a, void **state, struct buf *out)
{
	const char *request = attrs_get(a, "request", 0);
	const char *ident = attrs_get(a, "ident", 0);
	struct counter_values v;
	time_t now = clock_now();
	size_t i;

	if (request == NULL || ident == NULL)
		return false;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(request, requests[i].name) == 0)
			break;
	if (i < sizeof(requests) / sizeof(requests[0])) {
		enum counter_kind kind = requests[i].kind;

		if (kind == COUNTER_CONNECT) {
			let_go(*state);
			*state = xstrdup(ident);
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
		if (*state != NULL && strcmp(*state, ident) == 0) {
			let_go(*state);
			*state = NULL;
		} else {
			counters_disconnect(counters, ident, now);
		}
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
	return true;
}

static const struct serve_protocol protocol = {
	.is_plain = true,
	.parse = attrs_parse_plain,
	.request_max = REQUEST_MAX,
	.answer = answer,
	.gone = let_go,
};

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
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT | ROLE_CHANGES_NOTHING,
	.greeting = "anvil_protocol",
	.post_jail = post_jail,
	.protocol = &protocol,
};
