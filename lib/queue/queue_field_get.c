/*
 * queue_field_get.c - a value, as far as somebody knows it: the file, a service, a snapshot
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_field.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/queue/queue_message.h"
#include "lib/queue/queue_total.h"

/* What a snapshot holds of headers and content; the rest is unknown. */
static void
get_told(const struct queue_message *m, const struct queue_field *f,
    size_t nth, struct queue_value *out)
{
	const struct queue_message_told *t;
	size_t i;

	for (i = 0; i < m->told_count; i++) {
		t = &m->told[i];
		if (t->field != f)
			continue;
		out->kind = VALUE_ABSENT;
		if (t->nth != nth || t->is_absent)
			continue;
		out->kind = t->text != NULL ? VALUE_TEXT : VALUE_NUMBER;
		out->text = t->text;
		out->number = t->number;
		return;
	}
}

static void
get_total(const struct queue_totals *totals, const struct queue_field *f,
    size_t nth, struct queue_value *out)
{
	if (nth > 0) {
		out->kind = VALUE_ABSENT;
	} else if (totals->is_known[f->total]) {
		out->kind = VALUE_NUMBER;
		out->number = totals->value[f->total];
	}
}

/* Is there somebody to ask, now that as much is read as can be? */
static bool
is_answered(struct queue_message *m, const struct queue_field *f)
{
	static const unsigned wants[] = { QUEUE_MESSAGE_ENTRY,
	    QUEUE_MESSAGE_ENVELOPE, QUEUE_MESSAGE_REASONS,
	    QUEUE_MESSAGE_HEADERS, QUEUE_MESSAGE_PARTS };
	bool is_of_damaged = (f->flags & QUEUE_FIELD_OF_DAMAGED) != 0;

	if (m->is_told)
		return ((f->flags & QUEUE_FIELD_TOLD) != 0 ||
		    m->is_snapshot) && (!m->is_damaged || is_of_damaged ||
		    f->tier == TIER_ENTRY);
	if ((f->flags & QUEUE_FIELD_NAMED) != 0)
		return true;
	queue_message_want(m, wants[f->tier], NULL);
	if (f->tier != TIER_ENTRY && queue_message_is_arriving(m))
		return false;
	return !m->is_gone && (!m->is_damaged || is_of_damaged);
}

void
queue_field_get(const struct queue_field *f, struct queue_field_context *c,
    size_t rcpt, size_t nth, struct queue_value *out)
{
	out->kind = VALUE_UNKNOWN;
	if (f->is_total)
		get_total(c->totals, f, nth, out);
	else if (c->m->is_told && f->tier >= TIER_HEADERS)
		get_told(c->m, f, nth, out);
	else if (!is_answered(c->m, f))
		return;
	else if ((f->inner != NULL && rcpt >= c->m->rcpt_count) ||
	    (nth > 0 && (f->flags & QUEUE_FIELD_REPEATS) == 0))
		out->kind = VALUE_ABSENT;
	else if (f->tier != TIER_CONTENT || c->m->has_content)
		f->get(c, rcpt, nth, out);
}

void
queue_field_context_done(struct queue_field_context *c)
{
	buf_done(&c->scratch);
	pcre2_match_data_free(c->match);
	c->match = NULL;
}
