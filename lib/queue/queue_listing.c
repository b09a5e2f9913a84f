/*
 * queue_listing.c - the messages of the queue, as showq lists them
 *
 * The stream of showq differs between releases: before 3.6 it has no
 * greeting, before 3.5 no forced_expire, since 3.11 two more attributes a
 * recipient. One walk over the pairs of a list reads them all.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan.h"

/* One message with a hundred thousand recipients and long reasons. */
#define MESSAGE_MAX	(256 * 1024 * 1024)

static const char *const queues[] = { "maildrop", "active", "incoming",
    "deferred", "hold", NULL };

static struct queue_listing_rcpt *
rcpts_add(struct queue_listing_room *r)
{
	if (r->count == r->size) {
		r->size = r->size * 2 + 16;
		r->list = xreallocarray(r->list, r->size, sizeof(*r->list));
	}
	memset(&r->list[r->count], 0, sizeof(*r->list));
	return &r->list[r->count++];
}

/* ---- from showq ---- */

/* Text that is shown: what cannot be is replaced where it stands. */
static void
make_printable(const char *text)
{
	text_make_printable((char *)(uintptr_t)text, strlen(text),
	    params.smtputf8_enable);
}

static bool
read_number(const char *text, int64_t *out)
{
	uint64_t value;

	if (num_parse_uint(text, UINT64_MAX, &value, NULL) == -1)
		return false;
	*out = (int64_t)value;
	return true;
}

/* The recipients of a list, from its pair at on. */
static bool
read_rcpts(const struct attrs *a, size_t at, struct queue_listing_room *r)
{
	struct queue_listing_rcpt *rcpt = NULL;
	const char *name, *value;

	for (r->count = 0; at < a->count; at++) {
		name = a->pairs[at].name;
		value = a->pairs[at].value;
		make_printable(value);
		if (text_is(name, "original_recipient")) {
			rcpt = rcpts_add(r);
			rcpt->orig = value;
		} else if (text_is(name, "recipient")) {
			if (rcpt == NULL || rcpt->address != NULL)
				rcpt = rcpts_add(r);
			rcpt->address = value;
		} else if (rcpt == NULL) {
			return false;
		} else if (text_is(name, "log_class")) {
			rcpt->log_class = value;
		} else if (text_is(name, "reason")) {
			rcpt->reason = value;
		}
	}
	for (at = 0; at < r->count; at++)
		if (r->list[at].address == NULL || r->list[at].reason == NULL)
			return false;
	return true;
}

static bool
read_message(const struct attrs *a, struct queue_listing_message *m,
    struct queue_listing_room *r)
{
	const char *name, *value;
	int64_t number;
	size_t i;

	memset(m, 0, sizeof(*m));
	m->arrival = m->size = -1;
	for (i = 0; i < a->count && m->sender == NULL; i++) {
		name = a->pairs[i].name;
		value = a->pairs[i].value;
		if (text_is(name, "queue_name")) {
			make_printable(value);
			m->queue = value;
		} else if (text_is(name, "queue_id")) {
			make_printable(value);
			m->id = value;
		} else if (text_is(name, "time")) {
			if (!read_number(value, &m->arrival))
				return false;
		} else if (text_is(name, "size")) {
			if (!read_number(value, &m->size))
				return false;
		} else if (text_is(name, "forced_expire")) {
			if (!read_number(value, &number))
				return false;
			m->is_expired = number != 0;
		} else if (text_is(name, "sender")) {
			make_printable(value);
			m->sender = value;
		}
	}
	if (m->queue == NULL || m->id == NULL || m->sender == NULL ||
	    m->arrival == -1 || m->size == -1 || !read_rcpts(a, i, r))
		return false;
	m->rcpts = r->list;
	m->rcpt_count = r->count;
	return true;
}

static enum queue_listing_result
read_stream(struct stream *s, queue_listing_fn fn, void *ctx, struct err *err)
{
	struct queue_listing_message m;
	struct queue_listing_room r = { NULL, 0, 0 };
	struct attrs a;
	bool is_first = true, is_good = false;

	attrs_init(&a);
	while (attrs_read(s, &a, MESSAGE_MAX, err) == 1) {
		if (is_first && a.count > 0 &&
		    strcmp(a.pairs[0].name, "protocol") == 0) {
			if (strcmp(a.pairs[0].value,
			    "mail_queue_list_protocol") != 0)
				break;
			is_first = false;
			continue;
		}
		is_first = false;
		if (a.count == 0) {
			is_good = true;
			break;
		}
		if (!read_message(&a, &m, &r))
			break;
		fn(&m, ctx);
	}
	attrs_done(&a);
	free(r.list);
	if (is_good)
		return LISTING_DONE;
	err_set(err, ERR_SYNTAX, "malformed showq server response");
	return LISTING_GARBLED;
}

enum queue_listing_result
queue_listing_from_showq(queue_listing_fn fn, void *ctx, struct err *err)
{
	struct stream *s;
	enum queue_listing_result result;
	int why;

	s = endpoint_connect("public", params.showq_service_name, err);
	if (s == NULL) {
		why = err->errnum;
		err_set(err, why == EACCES || why == EPERM ? ERR_DENIED :
		    ERR_SYSTEM, "Connect to the %s %s service: %s",
		    params.mail_name, params.showq_service_name,
		    strerror(why));
		return why == EACCES || why == EPERM ? LISTING_DENIED :
		    LISTING_DOWN;
	}
	result = read_stream(s, fn, ctx, err);
	stream_free(s);
	return result;
}

/* ---- from the queue itself ---- */

void
queue_listing_room_done(struct queue_listing_room *room)
{
	free(room->list);
	*room = (struct queue_listing_room){ NULL, 0, 0 };
}

void
queue_listing_of(const struct queue_message *from,
    struct queue_listing_room *r, struct queue_listing_message *m)
{
	struct queue_listing_rcpt *rcpt;
	size_t i;

	r->count = 0;
	for (i = 0; i < from->entry_count; i++) {
		rcpt = rcpts_add(r);
		rcpt->address = from->entries[i].shown;
		rcpt->reason = from->entries[i].reason;
	}
	for (i = 0; i < from->rcpt_count; i++) {
		if (queue_message_was_logged(from, from->rcpts[i].shown))
			continue;
		rcpt = rcpts_add(r);
		rcpt->address = from->rcpts[i].shown;
		rcpt->reason = from->rcpts[i].reason;
	}
	*m = (struct queue_listing_message){ .queue = from->queue,
	    .id = from->id, .arrival = from->arrival.tv_sec,
	    .size = from->size, .is_expired = from->is_expired,
	    .sender = from->sender_shown, .rcpts = r->list,
	    .rcpt_count = r->count };
}

struct lister {
	const struct queue_listing_job *job;
	struct queue_listing_room room;
	void		*own;
};

static bool
list_one(struct queue_message *m, struct buf *out, void *own)
{
	struct lister *l = own;
	struct queue_listing_message listed;
	struct err err = ERR_INIT;
	int rc = queue_message_want(m, QUEUE_MESSAGE_REASONS, &err);

	if (rc == -1)
		log_warning("%s", err.text);
	if (m->note != NULL)
		log_warning("%s", m->note);
	if (rc != 0 && m->has_sender) {
		queue_listing_of(m, &l->room, &listed);
		l->job->put(&listed, out, l->own);
	}
	return false;
}

void
queue_listing_from_queue(const struct queue_listing_job *job)
{
	unsigned i, n = job->threads > 0 ? job->threads :
	    queue_scan_threads();
	struct lister *listers = xcalloc(n, sizeof(*listers));
	struct queue_scan *qs = queue_scan_open(queues, QUEUE_SCAN_AS_STORED);
	struct queue_scan_job scan = { .threads = n, .look = list_one,
	    .text = job->text, .ctx = job->ctx, .own = listers,
	    .own_size = sizeof(*listers) };

	for (i = 0; i < n; i++) {
		listers[i].job = job;
		if (job->own != NULL)
			listers[i].own = (char *)job->own + i * job->own_size;
	}
	queue_scan_run(qs, &scan);
	queue_scan_close(qs);
	for (i = 0; i < n; i++)
		queue_listing_room_done(&listers[i].room);
	free(listers);
}

void
queue_listing_tell(const struct queue_listing_message *from,
    struct queue_message *m)
{
	size_t i;

	queue_message_begin(m, from->queue, from->id, "", NULL);
	m->is_told = true;
	m->is_gone = false;
	m->has = QUEUE_MESSAGE_ENVELOPE | QUEUE_MESSAGE_REASONS;
	queue_message_tell_shown(m, from->sender, NULL, NULL);
	m->arrival.tv_sec = m->created = (time_t)from->arrival;
	m->size = (long)from->size;
	m->is_expired = from->is_expired;
	for (i = 0; i < from->rcpt_count; i++)
		queue_message_tell_shown(m, NULL, from->rcpts[i].address,
		    from->rcpts[i].reason);
}
