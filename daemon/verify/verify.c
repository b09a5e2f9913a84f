/*
 * verify.c - which addresses exist: asks their servers, and remembers
 *
 *	smtpd --"query"--> verify --probe--> cleanup, qmgr, agent
 *	                     ^                               |
 *	                     +----------"update"-------------+
 *
 * A query is answered from the cache at once. When that has nothing, or old
 * news, a probe goes out, and its result is there for the next query.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_clients.h"
#include "daemon/serve/verify_client.h"
#include "daemon/verify/cache.h"
#include "daemon/verify/probe.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"

#define REQUEST_MAX	100000	/* an address and what a server said of it */

enum { REPLY_OK = 0, REPLY_BAD = -2 };

static struct entry_limits limits;

/* Bad news may be none that the cache is to keep. */
static bool
is_kept(const struct entry *e)
{
	return e->status == VERIFY_DELIVERABLE ||
	    params.address_verify_negative_cache;
}

static const struct entry nothing = { VERIFY_UNKNOWN, 0, 0,
	VERIFY_IN_PROGRESS };

/* It could not be asked for: so it is not waited for. */
static void
probe_failed(const char *address)
{
	struct buf value = BUF_INIT;
	struct entry e;

	if (cache_find(address, &e, &value) && e.probed != 0) {
		e.probed = 0;
		cache_store(address, &e);
	}
	buf_done(&value);
}

static void
start_probe(const char *address, struct entry *e)
{
	e->probed = clock_now();
	if (is_kept(e))
		cache_store(address, e);
	if (!probe_send(serve_base(), address, probe_failed))
		probe_failed(address);
}

static void
query(const char *address, struct buf *out)
{
	struct buf value = BUF_INIT;
	struct entry e = nothing;

	if (!cache_find(address, &e, &value))
		e = nothing;
	attr_put_int(out, "status", REPLY_OK);
	attr_put_int(out, "recipient_status", (int32_t)e.status);
	attr_put_str(out, "reason", e.reason);
	if (entry_wants_probe(&e, &limits, clock_now()))
		start_probe(address, &e);
	buf_done(&value);
}

static int
update(const char *address, int32_t status, const char *reason)
{
	struct buf value = BUF_INIT;
	struct entry old, e = { (enum verify_status)status, 0, clock_now(),
	    reason };
	bool was_good;

	if (status < VERIFY_DELIVERABLE || status >= VERIFY_UNKNOWN) {
		log_warning("bad recipient status %d for recipient %s",
		    (int)status, address);
		return REPLY_BAD;
	}
	was_good = cache_find(address, &old, &value) &&
	    old.status == VERIFY_DELIVERABLE;
	/* One failure does not undo what was known; time does. */
	if (is_kept(&e) && (status == VERIFY_DELIVERABLE || !was_good))
		cache_store(address, &e);
	buf_done(&value);
	return REPLY_OK;
}

static bool
answer(const struct attrs *a, void **state, struct buf *out)
{
	const char *request = attrs_get(a, "request", 0);
	const char *address = attrs_get(a, "address", 0);
	const char *reason = attrs_get(a, "reason", 0);
	int32_t status;

	(void)state;
	if (request == NULL)
		return false;
	if (strcmp(request, "query") == 0) {
		if (address == NULL)
			return false;
		query(address, out);
	} else if (strcmp(request, "update") == 0) {
		if (address == NULL || reason == NULL ||
		    !attrs_int(a, "recipient_status", 0, &status))
			return false;
		attr_put_int(out, "status", update(address, status, reason));
	} else {
		log_warning("unrecognized request: \"%.100s\", ignored",
		    request);
		attr_put_int(out, "status", REPLY_BAD);
	}
	attr_put_end(out);
	return true;
}

static struct serve_protocol protocol = {
	.parse = attrs_parse,
	.request_max = REQUEST_MAX,
	.answer = answer,
};

static void
pre_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	limits = (struct entry_limits){
	    .good_expire = params.address_verify_positive_expire_time,
	    .good_refresh = params.address_verify_positive_refresh_time,
	    .bad_expire = params.address_verify_negative_expire_time,
	    .bad_refresh = params.address_verify_negative_refresh_time };
	agent_as_owner();
	cache_open(&limits);
	agent_as_root();
	if (!cache_is_lasting())
		serve_set_max_idle(0);
}

static void
post_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	/* At the end the supervisor signals its group: what is being written is finished first. */
	setsid();
	protocol.timeout_s = params.ipc_timeout;
	cache_start_cleanup(serve_base());
	serve_on_stop(cache_close);
}

const struct role verify_role = {
	.name = "verify",
	.summary = "find out which addresses exist, and remember",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT |
	    ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.greeting = VERIFY_PROTOCOL,
	.pre_jail = pre_jail,
	.post_jail = post_jail,
	.protocol = &protocol,
};
