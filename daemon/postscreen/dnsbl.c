/*
 * dnsbl.c - what DNS lists say about a client, without waiting
 *
 * A lookup is one address and all lists; an ask is one client that waits for
 * it. When the last client has gone, questions that are still open go on for
 * a while, so that a list that is always too slow gets into the log; but only
 * so many, or visitors of a moment would add up.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/dnsbl.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "daemon/postscreen/dnsbl_sites.h"
#include "daemon/serve/ask.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"

#define ORPHANS_MAX	100	/* lookups that nobody waits for */

struct lookup;

struct question {
	struct lookup	*lookup;
	struct ask	*ask;		/* NULL: over */
	int		 score;
};

struct lookup {
	UT_hash_handle	 hh;
	char		*address;
	const struct dnsbl_sites *sites;
	struct question	*questions;	/* one a list */
	int		 pending;
	int		 ttl_s;		/* the least of those told, -1: none was */
	struct dnsbl_ask *asks;		/* the clients */
	struct event	*announce;
};

struct dnsbl_ask {
	struct lookup	*lookup;
	struct dnsbl_ask *next;
	bool		 was_told;
	void		(*done)(void *ctx);
	void		*ctx;
};

static struct lookup *lookups;
static int orphans;

static void
lookup_free(struct lookup *l)
{
	size_t i;

	for (i = 0; i < dnsbl_sites_count(l->sites); i++)
		ask_close(l->questions[i].ask);
	HASH_DEL(lookups, l);
	event_free(l->announce);
	free(l->questions);
	free(l->address);
	free(l);
}

/* Tell the clients, one at a time: what they do may be to stop asking. */
static void
announce(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *l = arg;
	struct dnsbl_ask *a;

	(void)fd, (void)what;
	for (a = l->asks; a != NULL; a = a->next)
		if (!a->was_told)
			break;
	if (a == NULL)
		return;
	a->was_told = true;
	/* Before the call, after which there may be no lookup. */
	event_active(l->announce, EV_TIMEOUT, 0);
	a->done(a->ctx);
}

static void
question_done(struct question *q)
{
	struct lookup *l = q->lookup;

	ask_close(q->ask);
	q->ask = NULL;
	if (--l->pending > 0)
		return;
	if (l->asks == NULL) {
		orphans--;
		lookup_free(l);
	} else {
		event_active(l->announce, EV_TIMEOUT, 0);
	}
}

static void
take_answer(struct question *q, const struct attrs *attrs)
{
	struct lookup *l = q->lookup;
	const char *found = attrs_get(attrs, "rbl_addr", 0);
	int32_t ttl_s;

	if (found == NULL || !attrs_int(attrs, "ttl", 0, &ttl_s)) {
		log_warning("%s: malformed reply", params.dnsblog_service_name);
		return;
	}
	q->score = dnsbl_sites_score(l->sites, (size_t)(q - l->questions),
	    found);
	if (ttl_s >= 0 && (l->ttl_s == -1 || ttl_s < l->ttl_s))
		l->ttl_s = ttl_s;
}

static void
on_ask(struct ask *ask, enum ask_event event, const struct attrs *attrs,
    const struct err *err, void *ctx)
{
	struct question *q = ctx;
	struct lookup *l = q->lookup;
	const char *domain = dnsbl_sites_domain(l->sites,
	    (size_t)(q - l->questions));

	(void)ask;
	if (event == ASK_REPLY)
		take_answer(q, attrs);
	else if (err->kind == ERR_TIMEOUT)
		log_warning("dnsblog reply timeout %ds for %s",
		    params.postscreen_dnsbl_timeout, domain);
	else
		log_warning("private/%s: %s (asked about %s)",
		    params.dnsblog_service_name, err->text, domain);
	question_done(q);
}

static void
start_question(struct event_base *base, struct question *q, size_t n)
{
	struct buf request = BUF_INIT;
	struct err err = ERR_INIT;

	attr_put_str(&request, "rbl_domain",
	    dnsbl_sites_domain(q->lookup->sites, n));
	attr_put_str(&request, "client_address", q->lookup->address);
	attr_put_int(&request, "label", (int32_t)n);
	attr_put_end(&request);
	q->ask = ask_request(base, "private", params.dnsblog_service_name,
	    request.ptr, request.len, params.postscreen_dnsbl_timeout, on_ask,
	    q, &err);
	if (q->ask != NULL)
		q->lookup->pending++;
	else
		log_warning("%s", err.text);
	buf_done(&request);
}

static struct lookup *
lookup_new(struct event_base *base, const struct dnsbl_sites *sites,
    const char *address)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	size_t i, n = dnsbl_sites_count(sites);

	l->address = xstrdup(address);
	l->sites = sites;
	l->ttl_s = -1;
	l->questions = xcalloc(n, sizeof(*l->questions));
	if ((l->announce = event_new(base, -1, 0, announce, l)) == NULL)
		log_fatal("out of memory for events");
	HASH_ADD_KEYPTR(hh, lookups, l->address, strlen(l->address), l);
	for (i = 0; i < n; i++) {
		l->questions[i].lookup = l;
		start_question(base, l->questions + i, i);
	}
	return l;
}

struct dnsbl_ask *
dnsbl_start(struct event_base *base, const struct dnsbl_sites *sites,
    const char *address, void (*done)(void *ctx), void *ctx)
{
	struct dnsbl_ask *a = xcalloc(1, sizeof(*a));
	struct lookup *l;

	HASH_FIND_STR(lookups, address, l);
	if (l == NULL)
		l = lookup_new(base, sites, address);
	else if (l->asks == NULL)
		orphans--;
	a->lookup = l;
	a->done = done;
	a->ctx = ctx;
	a->next = l->asks;
	l->asks = a;
	if (l->pending == 0)
		event_active(l->announce, EV_TIMEOUT, 0);
	return a;
}

void
dnsbl_answer(const struct dnsbl_ask *ask, struct dnsbl_answer *out)
{
	const struct lookup *l = ask->lookup;
	int best = 0;
	size_t i;

	*out = (struct dnsbl_answer){ .is_complete = l->pending == 0,
	    .ttl_s = l->ttl_s };
	for (i = 0; i < dnsbl_sites_count(l->sites); i++) {
		out->score += l->questions[i].score;
		if (l->questions[i].score > best) {
			best = l->questions[i].score;
			out->domain = dnsbl_sites_domain(l->sites, i);
		}
	}
	if (!out->is_complete || out->ttl_s < params.postscreen_dnsbl_min_ttl)
		out->ttl_s = params.postscreen_dnsbl_min_ttl;
	if (out->ttl_s > params.postscreen_dnsbl_max_ttl)
		out->ttl_s = params.postscreen_dnsbl_max_ttl;
}

void
dnsbl_stop(struct dnsbl_ask *ask)
{
	struct dnsbl_ask **at;
	struct lookup *l;

	if (ask == NULL)
		return;
	l = ask->lookup;
	for (at = &l->asks; *at != ask; at = &(*at)->next)
		;
	*at = ask->next;
	free(ask);
	if (l->asks != NULL)
		return;
	if (l->pending > 0 && orphans < ORPHANS_MAX)
		orphans++;
	else
		lookup_free(l);
}
