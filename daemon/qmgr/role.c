/*
 * role.c - the queue manager as a role: start, triggers
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <stddef.h>

#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_internal.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "lib/table/table.h"

static struct qmgr qm;

/*
 * The skeleton counts triggers as signs of life; our loop also turns without
 * any, and has a limit of its own.
 */
static void
show_life(evutil_socket_t fd, short what, void *arg)
{
	static bool has_begun;

	(void)fd;
	(void)what;
	(void)arg;
	if (!has_begun)
		serve_watchdog(params.qmgr_daemon_timeout);
	has_begun = true;
	serve_alive();
}

static void
watchdog_start(struct event_base *base)
{
	struct timeval tv = { params.qmgr_daemon_timeout / 6 + 1, 0 };

	event_add(event_new(base, -1, EV_PERSIST, show_life, NULL), &tv);
}

/*
 * A routing table was changed. A restart would put back every message that
 * is being delivered; so the rewrite service, which is fresh soon, answers
 * from now on, and the restart comes when nothing is active.
 */
static void
notice_changed_tables(void)
{
	const char *name;

	if (qm.is_stale || (name = table_any_changed()) == NULL)
		return;
	log_info("table %s has changed -- restarting when idle", name);
	qm.is_stale = true;	/* scan.c ends us */
	resolver_start(&qm);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	agent_init(NULL, NULL);
	rewrite_init();
}

static void
post_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	qm.base = serve_base();
	active_start();
	assign_init(&qm);
	dispatch_init(&qm);
	scan_init(&qm);
	watchdog_start(qm.base);
}

/* All bytes first, then the scans: their order does not matter (spec/services.md 2.4). */
static void
trigger(const char *bytes, size_t len, const char *service)
{
	bool incoming = false, deferred = false, all = false, flush = false;
	size_t i;

	(void)service;
	notice_changed_tables();
	for (i = 0; i < len; i++) {
		switch (bytes[i]) {
		case 'W':
		case 'I':
			incoming = true;
			break;
		case 'D':
			deferred = true;
			break;
		case 'A':
			all = true;
			break;
		case 'F':
			flush = true;
			break;
		default:
			break;
		}
	}
	if (flush)
		sched_revive(&qm.sched);
	if (incoming)
		scan_request(&qm, &qm.incoming, all, flush);
	if (deferred)
		scan_request(&qm, &qm.deferred, all, flush);
	/* A and F alone count for the next scans. */
	qm.incoming.next_ignores_time |= all;
	qm.incoming.next_is_flush |= flush;
	qm.deferred.next_ignores_time |= all;
	qm.deferred.next_is_flush |= flush;
}

const struct role qmgr_role = {
	.name = "qmgr",
	.summary = "schedule deliveries",
	.skeleton = ROLE_TRIGGER,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT | ROLE_NO_IDLE_LIMIT |
	    ROLE_KEEPS_TABLES |
	    ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.pre_jail = pre_jail,
	.post_jail = post_jail,
	.trigger = trigger
};
