/*
 * queue_snapshot_reason.c - the reasons of a snapshot, each once
 *
 * A queue of a million recipients waits for a few thousand reasons. What one
 * says is worked out when it is new; it goes with the last recipient that
 * holds it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_snapshot_internal.h"

static uint32_t
reason_bucket(const struct queue_snapshot *s, intern_ref text, intern_ref dsn,
    intern_ref mta)
{
	uint64_t key = ((uint64_t)text << 32 | dsn) + mta * 2654435761u;

	return (uint32_t)((key * 11400714819323198485u) >> 32) &
	    (s->reason_bucket_count - 1);
}

static void
grow_reasons(struct queue_snapshot *s)
{
	struct queue_row_reason *r;
	uint32_t i, *bucket;

	s->reason_room *= 2;
	s->reasons = xreallocarray(s->reasons, s->reason_room,
	    sizeof(*s->reasons));
	if (s->reason_room < s->reason_bucket_count)
		return;
	s->reason_bucket_count *= 2;
	free(s->reason_buckets);
	s->reason_buckets = xcalloc(s->reason_bucket_count,
	    sizeof(*s->reason_buckets));
	for (i = 1; i < s->reason_count; i++) {
		r = &s->reasons[i];
		if (r->held == 0)
			continue;
		bucket = &s->reason_buckets[reason_bucket(s, r->text, r->dsn,
		    r->mta)];
		r->next = *bucket;
		*bucket = i;
	}
}

/* Work out what a reason that is new says. */
static void
understand(struct queue_snapshot *s, struct queue_row_reason *r)
{
	const char *text = intern_text(s->texts, r->text);
	const char *dsn = intern_text(s->texts, r->dsn);
	const char *inner = queue_reason_peel(text, &r->is_suspended);

	r->class = (uint8_t)queue_reason_classify(text, dsn, NULL);
	r->code = (uint16_t)queue_reason_code(inner);
	buf_reset(&s->scratch);
	queue_reason_signature(text, &s->scratch);
	r->signature = intern_add(s->texts, s->scratch.ptr);
	buf_reset(&s->scratch);
	buf_reset(&s->other);
	if (!queue_reason_relay(text, &s->scratch, &s->other))
		buf_sets(&s->scratch, intern_text(s->texts, r->mta));
	r->relay = intern_add(s->texts, s->scratch.ptr);
	r->relay_addr = intern_add(s->texts, s->other.ptr);
}

uint32_t
queue_snapshot_take_reason(struct queue_snapshot *s, const char *text, const char *dsn,
    const char *mta)
{
	struct queue_row_reason *r;
	intern_ref t, d, h;
	uint32_t i, *bucket;

	if (text[0] == '\0' && dsn[0] == '\0')
		return 0;
	t = intern_add(s->texts, text);
	d = intern_add(s->texts, dsn);
	h = intern_add(s->texts, mta);
	for (i = s->reason_buckets[reason_bucket(s, t, d, h)]; i != 0;
	    i = s->reasons[i].next) {
		r = &s->reasons[i];
		if (r->text != t || r->dsn != d || r->mta != h)
			continue;
		r->held++;
		intern_drop(s->texts, t);
		intern_drop(s->texts, d);
		intern_drop(s->texts, h);
		return i;
	}
	if ((i = s->reason_free) != 0) {
		s->reason_free = s->reasons[i].next;
	} else {
		if (s->reason_count == s->reason_room)
			grow_reasons(s);
		i = s->reason_count++;
	}
	r = &s->reasons[i];
	memset(r, 0, sizeof(*r));
	r->text = t;
	r->dsn = d;
	r->mta = h;
	r->held = 1;
	bucket = &s->reason_buckets[reason_bucket(s, t, d, h)];
	r->next = *bucket;
	*bucket = i;
	understand(s, r);
	return i;
}

void
queue_snapshot_drop_reason(struct queue_snapshot *s, uint32_t i)
{
	struct queue_row_reason *r = &s->reasons[i];
	uint32_t *link;

	if (i == 0 || --r->held > 0)
		return;
	for (link = &s->reason_buckets[reason_bucket(s, r->text, r->dsn,
	    r->mta)]; *link != i; link = &s->reasons[*link].next)
		continue;
	*link = r->next;
	intern_drop(s->texts, r->text);
	intern_drop(s->texts, r->dsn);
	intern_drop(s->texts, r->mta);
	intern_drop(s->texts, r->signature);
	intern_drop(s->texts, r->relay);
	intern_drop(s->texts, r->relay_addr);
	r->next = s->reason_free;
	s->reason_free = i;
}

const struct queue_row_reason *
queue_snapshot_reason(const struct queue_snapshot *s,
    const struct queue_row_rcpt *r)
{
	return &s->reasons[r->reason];
}
