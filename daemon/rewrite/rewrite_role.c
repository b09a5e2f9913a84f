/*
 * rewrite_role.c - the trivial-rewrite service: the module for other programs
 *
 * Many clients, each asking many questions over one connection; whatever is
 * buffered is answered at once. A malformed request ends that connection and
 * nothing else. Protocol: spec/services.md 3.5.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <sys/time.h>

#include <event2/event.h>

#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_clients.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/route/rewrite.h"
#include "lib/table/table.h"

#define REQUEST_MAX	100000	/* bytes of one request */
#define TABLE_CHECK_S	10

static struct event *table_timer;

static void
reply_rewrite(const struct attrs *a, enum rewrite_rule rule, struct buf *out)
{
	struct buf address = BUF_INIT;

	rewrite_address(rule, attrs_get(a, "address", 0), &address);
	attr_put_int(out, "flags", 0);
	attr_put_str(out, "address", address.ptr);
	attr_put_end(out);
	buf_done(&address);
}

static void
reply_resolve(const struct attrs *a, bool is_probe, struct buf *out)
{
	struct resolve_reply r;
	const char *sender = attrs_get(a, "sender", 0);

	resolve_reply_init(&r);
	rewrite_resolve(sender != NULL ? sender : "",
	    attrs_get(a, "address", 0), is_probe, &r);
	attr_put_int(out, "flags", 0);
	attr_put_str(out, "transport", r.transport->ptr);
	attr_put_str(out, "nexthop", r.nexthop->ptr);
	attr_put_str(out, "recipient", r.recipient->ptr);
	attr_put_int(out, "flags", (int32_t)r.flags);
	attr_put_end(out);
	resolve_reply_done(&r);
}

static bool
answer(const struct attrs *a, void **state, struct buf *out)
{
	const char *request = attrs_get(a, "request", 0);
	const char *rule = attrs_get(a, "rule", 0);

	(void)state;
	if (request == NULL || attrs_get(a, "address", 0) == NULL) {
		log_warning("malformed request: no %s",
		    request == NULL ? "request" : "address");
		return false;
	}
	if (strcmp(request, "resolve") == 0) {
		reply_resolve(a, false, out);
	} else if (strcmp(request, "verify") == 0) {
		reply_resolve(a, true, out);
	} else if (strcmp(request, "rewrite") != 0) {
		log_warning("unrecognized request: \"%s\", ignored", request);
		return false;
	} else if (rule != NULL && strcmp(rule, "local") == 0) {
		reply_rewrite(a, REWRITE_LOCAL, out);
	} else if (rule != NULL && strcmp(rule, "remote") == 0) {
		reply_rewrite(a, REWRITE_REMOTE, out);
	} else {
		log_warning("unknown rewrite rule \"%s\"",
		    rule != NULL ? rule : "");
		return false;
	}
	return true;
}

static struct serve_protocol protocol = {
	.parse = attrs_parse,
	.request_max = REQUEST_MAX,
	.answer = answer,
};

/*
 * check_tables - clients stay for long, so that "between clients" is too late
 *
 * Those that wait for nothing lose their connection: they ask again, and a
 * fresh process answers.
 */
static void
check_tables(evutil_socket_t fd, short what, void *arg)
{
	const char *name = table_any_changed();
	struct buf why = BUF_INIT;

	(void)fd;
	(void)what;
	(void)arg;
	if (name == NULL)
		return;
	buf_addf(&why, "table %s has changed -- restarting", name);
	serve_stop(why.ptr);
	buf_done(&why);
	serve_clients_let_go();
}

static void
rewrite_pre_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	rewrite_init_service();
}

static void
rewrite_post_jail(const char *service, char **argv)
{
	struct timeval every = { .tv_sec = TABLE_CHECK_S };

	(void)service;
	(void)argv;
	protocol.timeout_s = params.ipc_timeout;
	table_timer = event_new(serve_base(), -1, EV_PERSIST, check_tables,
	    NULL);
	if (table_timer == NULL || event_add(table_timer, &every) == -1)
		log_fatal("cannot create a timer");
}

const struct role trivial_rewrite_role = {
	.name = "trivial-rewrite",
	.summary = "rewrite addresses and find where mail goes",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_CHANGES_NOTHING | ROLE_OPENS_TABLES,
	.greeting = "trivial_rewrite_protocol",
	.pre_jail = rewrite_pre_jail,
	.post_jail = rewrite_post_jail,
	.protocol = &protocol,
};
