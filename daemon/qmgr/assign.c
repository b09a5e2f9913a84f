/*
 * assign.c - where each recipient goes: transport, destination, request
 *
 * A batch of recipients is resolved, sorted by destination, and cut into
 * entries. Recipients that have nowhere to go now travel through the retry
 * or the error transport, whose "nexthop" is the status and reason: agents
 * write the logs, so the scheduler never waits for a disk.
 *
 * Resolving happens in this process, or in resolver.c when that might mean to
 * wait.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/qmgr/assign.h"
#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/agent.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_log.h"
#include "lib/route/rewrite.h"

#define DISCARD_SERVICE	"discard"
#define DOUBLE_BOUNCE_END "undeliverable postmaster notification discarded"

/* ---- what happens in this process ---- */

static struct queue_rcpt
view(const struct recipient *r)
{
	return (struct queue_rcpt){ r->address, r->orig, r->dsn_orcpt,
	    r->dsn_notify, r->offset };
}

static struct agent_times
times_of(const struct message *m)
{
	return (struct agent_times){ .arrival = m->arrival,
	    .active = m->active };
}

static void
mark_done(const struct message *m, const struct recipient *r)
{
	struct err err = ERR_INIT;
	int fd;

	if (r->offset <= 0)
		return;
	if ((fd = active_open(m, &err)) == -1 ||
	    queue_file_mark_done(fd, r->offset, &err) == -1)
		log_warning("%s: %s", m->id, err.text);
	if (fd != -1)
		close(fd);
}

/* Mail to the double-bounce address is a report about a report: the end of it. */
static void
drop_double_bounce(const struct message *m, const struct recipient *r)
{
	struct dsn dsn = { "2.0.0", "delivered", DOUBLE_BOUNCE_END, "", "", "",
	    "" };
	struct agent_times times = times_of(m);
	struct queue_rcpt rcpt = view(r);

	agent_log(m->id, m->sender, &rcpt, "none", &times, "sent", &dsn, 0);
	mark_done(m, r);
}

/* The last resort: without retry transport the defer log is written here. */
static void
defer_here(struct message *m, const struct recipient *r,
    const struct dsn *dsn)
{
	struct agent_times times = times_of(m);
	struct queue_rcpt rcpt = view(r);
	struct err err = ERR_INIT;
	struct dsn delayed = *dsn;

	delayed.action = "delayed";
	if (queue_log_append("defer", m->id, &rcpt, &delayed, &err) == -1)
		log_warning("%s: %s", m->id, err.text);
	agent_log(m->id, m->sender, &rcpt, "none", &times, "deferred", dsn, 0);
	m->has_failed = true;
}

void
assign_divert(struct qmgr *qm, struct message *m, struct recipient *rcpts,
    size_t count, const struct dsn *dsn)
{
	struct transport *retry = transport_get(qm, RETRY_SERVICE);
	int64_t now = clock_mono_ms();
	struct buf hop = BUF_INIT;
	struct dest *dest;
	size_t i;

	buf_addf(&hop, "%s %s", dsn->status, dsn->reason);
	dest = sched_dest(retry, hop.ptr, hop.ptr);
	if (!retry->is_dead && !dest->is_dead) {
		sched_add(sched_job(retry, m, now), dest, rcpts, count);
		buf_done(&hop);
		return;
	}
	sched_release(dest);
	for (i = 0; i < count; i++) {
		defer_here(m, &rcpts[i], dsn);
		recipient_done(&rcpts[i]);
	}
	free(rcpts);
	buf_done(&hop);
}

/* ---- where one recipient goes ---- */

static void
place_set(struct qmgr *qm, struct placed *p, const char *transport,
    const char *nexthop)
{
	p->transport = transport_get(qm, transport);
	free(p->nexthop);
	p->nexthop = xstrdup(nexthop);
}

static void
place_retry(struct qmgr *qm, struct placed *p, const char *status,
    const char *reason)
{
	struct buf hop = BUF_INIT;

	buf_addf(&hop, "%s %s", status, reason);
	place_set(qm, p, RETRY_SERVICE, hop.ptr);
	buf_done(&hop);
}

/* content_filter: everybody goes the same way (7.2). */
static void
place_filter(struct qmgr *qm, const struct message *m, struct placed *p)
{
	const char *colon = strchr(m->filter, ':'), *nexthop;
	const char *domain = address_domain(p->rcpt.address);
	char *name = xstrndup(m->filter, colon != NULL ?
	    (size_t)(colon - m->filter) : strlen(m->filter));

	nexthop = colon != NULL ? colon + 1 : "";
	if (nexthop[0] == '\0')
		nexthop = params.default_filter_nexthop;
	if (nexthop[0] == '\0')
		nexthop = domain != NULL ? domain : params.myhostname;
	place_set(qm, p, name, nexthop);
	free(name);
}

/* local_transport is "name" or "name:nexthop" */
static bool
is_local_transport(const char *name)
{
	size_t len = strcspn(params.local_transport, ":");

	return strlen(name) == len &&
	    strncmp(params.local_transport, name, len) == 0;
}

/*
 * Domains do not care about letter case; other nexthops, such as paths, do. A
 * destination of one recipient: its extension does not make it another.
 */
static void
make_key(struct placed *p)
{
	const char *address = p->rcpt.address;
	const char *domain = address_domain(address);
	struct buf key = BUF_INIT;
	size_t nexthop_len, len;

	buf_adds(&key, p->nexthop);
	if (domain != NULL && strcasecmp(p->nexthop, domain) == 0)
		text_lower(key.ptr);
	nexthop_len = key.len;
	if (p->transport->limits.recipients == 1) {
		len = domain != NULL ? (size_t)(domain - 1 - address) :
		    strlen(address);
		if (is_local_transport(p->transport->name))
			len = address_split_extension(address, len,
			    params.recipient_delimiter);
		buf_addc(&key, '\n');
		buf_add(&key, address, len);
		buf_addf(&key, "@%s", domain != NULL ? domain : "");
		text_lower(key.ptr + nexthop_len);
	}
	free(p->key);
	p->key = buf_take(&key);
}

static bool
is_deferred_transport(const struct qmgr *qm, const char *name)
{
	struct buf word = BUF_INIT;
	bool found;

	buf_addf(&word, " %s ", name);
	found = strstr(qm->defer_transports, word.ptr) != NULL;
	buf_done(&word);
	return found;
}

static bool
is_probe(const struct message *m)
{
	return (m->trace_flags & (AGENT_MTA_PROBE | AGENT_USER_PROBE)) != 0;
}

static bool
is_double_bounce(const struct recipient *r, unsigned flags)
{
	const char *at = strrchr(r->address, '@');
	size_t len = at != NULL ? (size_t)(at - r->address) :
	    strlen(r->address);

	return (flags & RESOLVE_LOCAL) != 0 &&
	    len == strlen(params.double_bounce_sender) &&
	    strncasecmp(r->address, params.double_bounce_sender, len) == 0;
}

/* After the way is known: is it open? */
static void
place_check(struct qmgr *qm, const struct message *m, struct placed *p)
{
	struct transport *t = p->transport;
	struct buf reason = BUF_INIT;
	struct dest *d;

	if (strcmp(t->name, RETRY_SERVICE) == 0 ||
	    strcmp(t->name, params.error_service_name) == 0) {
		make_key(p);
		return;
	}
	if (m->wants_unthrottle)
		sched_revive_transport(t);
	make_key(p);
	HASH_FIND_STR(t->dests, p->key, d);
	if (m->wants_unthrottle && d != NULL) {
		sched_revive_dest(d);
		HASH_FIND_STR(t->dests, p->key, d);
	}
	if (!m->is_flush && is_deferred_transport(qm, t->name)) {
		place_retry(qm, p, "4.3.2", "deferred transport");
	} else if (t->is_dead) {
		place_retry(qm, p, t->dead.dsn.status, t->dead.dsn.reason);
	} else if (d != NULL && d->is_dead) {
		buf_addf(&reason, "delivery temporarily suspended: %s",
		    d->dead.dsn.reason);
		place_retry(qm, p, d->dead.dsn.status, reason.ptr);
	} else {
		buf_done(&reason);
		return;
	}
	make_key(p);
	buf_done(&reason);
}

/*
 * Clients cause probes, so that there must be an end to them; a message that
 * once was within the limit stays so.
 */
static bool
is_probe_too_many(struct qmgr *qm, struct message *m)
{
	if ((m->trace_flags & AGENT_MTA_PROBE) == 0 || m->is_counted_probe)
		return false;
	if (qm->probe_count >= params.address_verify_pending_request_limit)
		return true;
	m->is_counted_probe = true;
	qm->probe_count++;
	return false;
}

/* False when the recipient needs no place: it is dealt with. */
static bool
place(struct qmgr *qm, struct message *m, struct placed *p,
    const struct resolve_reply *reply)
{
	if (reply == NULL) {
		place_filter(qm, m, p);
	} else if ((reply->flags & RESOLVE_FAIL) != 0) {
		place_retry(qm, p, "4.3.0", "address resolver failure");
	} else if ((reply->flags & RESOLVE_ERROR) != 0) {
		place_set(qm, p, params.error_service_name,
		    "5.1.3 bad address syntax");
	} else {
		recipient_set(&p->rcpt.address, reply->recipient->ptr);
		if (!is_double_bounce(&p->rcpt, reply->flags)) {
			place_set(qm, p, reply->transport->ptr,
			    reply->nexthop->ptr);
		} else if (is_probe(m)) {
			/* An agent tells what we would do with mail. */
			place_set(qm, p, DISCARD_SERVICE, DOUBLE_BOUNCE_END);
		} else {
			drop_double_bounce(m, &p->rcpt);
			return false;
		}
	}
	if (is_probe_too_many(qm, m))
		place_retry(qm, p, "4.3.2",
		    "Too many address verification requests");
	if (m->is_forced)
		place_retry(qm, p, "4.7.0",
		    "message is administratively expired");
	place_check(qm, m, p);
	return true;
}

static void
placed_done(struct placed *p)
{
	recipient_done(&p->rcpt);
	free(p->key);
	free(p->nexthop);
	p->key = p->nexthop = NULL;
}

/* ---- from places to entries ---- */

static int
compare(const void *pa, const void *pb)
{
	const struct placed *a = pa, *b = pb;
	int c;

	if (a->transport != b->transport)
		return a->transport < b->transport ? -1 : 1;
	if ((c = strcmp(a->key, b->key)) != 0)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* How many recipients of a run of n fit one delivery request. */
static size_t
request_size(const struct message *m, const struct transport *t, size_t n)
{
	size_t limit = (size_t)t->limits.recipients;

	if (m->verp_delimiters[0] != '\0')
		return 1;
	return limit > 0 ? limit : n;
}

static void
warn_clog(const struct qmgr *qm, struct dest *d, int64_t now)
{
	const struct transport_limits *l = &d->transport->limits;
	int used = d->todo + d->busy;

	if (params.qmgr_clog_warn_time <= 0 || d->todo == 0 ||
	    qm->message_count * 2 < (size_t)params.qmgr_message_active_limit ||
	    (size_t)used * 5 < qm->message_count * 4 ||
	    (d->warned_ms != 0 && now - d->warned_ms <
	    (int64_t)params.qmgr_clog_warn_time * 1000))
		return;
	d->warned_ms = now;
	log_warning("mail for %s is using up %d of %zu active queue entries",
	    d->nexthop, used, qm->message_count);
	log_warning("this may slow down other mail deliveries");
	if (l->concurrency > 0 && d->busy >= l->concurrency)
		log_warning("you may need to increase the main.cf "
		    "%s_destination_concurrency_limit from %d",
		    d->transport->name, l->concurrency);
	else
		log_warning("you may need to increase the main.cf "
		    "qmgr_message_active_limit from %d",
		    params.qmgr_message_active_limit);
	log_warning("you may need a separate master.cf transport for %s",
	    d->nexthop);
	log_warning("to turn off these warnings specify: "
	    "qmgr_clog_warn_time = 0");
}

/* n recipients of one destination: first into the request that has room and still waits, then into new ones. */
static void
add_run(struct qmgr *qm, struct message *m, struct placed *p, size_t n)
{
	int64_t now = clock_mono_ms();
	struct transport *t = p->transport;
	struct job *job = sched_job(t, m, now);
	struct dest *d = sched_dest(t, p->key, p->nexthop);
	size_t i, limit = request_size(m, t, n), count;
	struct recipient *rcpts = xcalloc(n, sizeof(*rcpts)), *part;

	job->unread = (int)(m->unread > 0 ? m->unread : 0);
	for (i = 0; i < n; i++) {
		rcpts[i] = p[i].rcpt;
		memset(&p[i].rcpt, 0, sizeof(p[i].rcpt));
	}
	for (i = sched_fill(job, d, rcpts, n, limit); i < n; i += count) {
		count = n - i < limit ? n - i : limit;
		part = xcalloc(count, sizeof(*part));
		memcpy(part, rcpts + i, count * sizeof(*part));
		sched_add(job, d, part, count);
		warn_clog(qm, d, now);
	}
	free(rcpts);
}

/* Places that died meanwhile are found when the entries are picked: no check here. */
static void
schedule(struct qmgr *qm, struct message *m, struct placed *p, size_t count)
{
	size_t i, run, n;

	qsort(p, count, sizeof(*p), compare);
	for (i = 0; i < count; i += run) {
		for (run = 1; i + run < count &&
		    p[i].transport == p[i + run].transport &&
		    strcmp(p[i].key, p[i + run].key) == 0; run++)
			;
		add_run(qm, m, &p[i], run);
		for (n = 0; n < run; n++)
			placed_done(&p[i + n]);
	}
}

static bool
wants_filter(const struct message *m)
{
	return m->filter[0] != '\0' && !is_probe(m);
}

void
assign_place(struct qmgr *qm, struct message *m, size_t i,
    const struct resolve_reply *reply, struct placed *placed, size_t *count)
{
	struct placed *p = &placed[*count];

	memset(p, 0, sizeof(*p));
	p->rcpt = m->batch[i];
	memset(&m->batch[i], 0, sizeof(m->batch[i]));
	p->order = i;
	if (place(qm, m, p, reply))
		(*count)++;
	else
		placed_done(p);
}

void
assign_end(struct qmgr *qm, struct message *m, struct placed *placed,
    size_t count)
{
	m->batch_count = m->resolving = 0;
	free(m->batch);		/* most messages read only one */
	m->batch = NULL;
	m->batch_room = 0;
	schedule(qm, m, placed, count);
	free(placed);
	m->wants_unthrottle = false;
	dispatch_after(qm, m);
}

const char *
assign_address(const struct recipient *rcpt)
{
	return rcpt->address[0] != '\0' ? rcpt->address :
	    params.empty_address_recipient;
}

void
assign_here(struct qmgr *qm, struct message *m)
{
	struct placed *placed = xcalloc(m->batch_count + 1, sizeof(*placed));
	struct resolve_reply reply;
	size_t i, count = 0;

	resolve_reply_init(&reply);
	for (i = 0; i < m->batch_count; i++) {
		if (wants_filter(m)) {
			assign_place(qm, m, i, NULL, placed, &count);
			continue;
		}
		rewrite_resolve(m->sender, assign_address(&m->batch[i]),
		    (m->trace_flags & AGENT_MTA_PROBE) != 0, &reply);
		assign_place(qm, m, i, &reply, placed, &count);
	}
	resolve_reply_done(&reply);
	assign_end(qm, m, placed, count);
}

/* ---- the door ---- */

void
assign_batch(struct qmgr *qm, struct message *m)
{
	if (qm->resolver != NULL && !wants_filter(m) && m->batch_count > 0)
		resolver_add(qm->resolver, m);
	else
		assign_here(qm, m);
}

void
assign_init(struct qmgr *qm)
{
	struct buf list = BUF_INIT;
	char *copy, *rest, *word;

	copy = rest = xstrdup(params.defer_transports);
	buf_addc(&list, ' ');
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		buf_addf(&list, "%s ", word);
	free(copy);
	qm->defer_transports = buf_take(&list);
	if (rewrite_needs_server())
		resolver_start(qm);
}
