/*
 * milter_content.c - show each filter the message, and have it changed
 *
 * A filter sees what those before it have made of the message: one after the
 * other gets headers, body and end, and what it answers to the end is done
 * before the next one looks.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/milter_internal.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

/* One filter and one message. */
struct showing {
	struct milters	*ms;
	struct milter	*m;
	const struct milter_content *content;
};

/* is_on - has this filter anything more to see? */
static bool
is_on(const struct showing *s, enum milter_verdict v)
{
	return v == MILTER_GO_ON && s->m->state == READY;
}

static enum milter_verdict
ask(struct showing *s, enum milter_event event, struct milter_answer *a)
{
	return milter_ask(s->ms, s->m, event, a);
}

static enum milter_verdict
show_headers(struct showing *s)
{
	enum milter_verdict v = MILTER_GO_ON;
	struct milter_answer a = { .kind = MILTER_CONTINUE };
	struct buf name = BUF_INIT, value = BUF_INIT;
	struct span n, val;
	size_t i;

	for (i = 0; is_on(s, v) && a.kind != MILTER_SKIP &&
	    milter_wire_wants(&s->m->wire, MILTER_HEADER) &&
	    s->content->header(s->content->ctx, i, &n, &val); i++) {
		const char *strings[2];

		/* The blank that nearly everybody writes is not part of it. */
		if ((s->m->wire.steps & MILTER_LEADING_BLANK) == 0 &&
		    val.len > 0 && (*val.ptr == ' ' || *val.ptr == '\t'))
			val.ptr++, val.len--;
		buf_set(&name, n.ptr, n.len);
		buf_set(&value, val.ptr, val.len);
		strings[0] = name.ptr;
		strings[1] = value.ptr;
		buf_reset(&s->ms->packet);
		milter_wire_put(&s->ms->packet, MILTER_HEADER, strings, 2);
		v = ask(s, MILTER_HEADER, &a);
	}
	buf_done(&name);
	buf_done(&value);
	return v;
}

static enum milter_verdict
show_body(struct showing *s)
{
	enum milter_verdict v = MILTER_GO_ON;
	struct milter_answer a = { .kind = MILTER_CONTINUE };
	bool is_first = true;
	char *chunk;
	long len;

	if (!milter_wire_wants(&s->m->wire, MILTER_BODY))
		return v;
	chunk = xmalloc(MILTER_CHUNK_MAX);
	while (is_on(s, v) && a.kind != MILTER_SKIP && (len =
	    s->content->body(s->content->ctx, is_first, chunk,
	    MILTER_CHUNK_MAX)) > 0) {
		is_first = false;
		buf_reset(&s->ms->packet);
		milter_wire_put_data(&s->ms->packet, MILTER_BODY, chunk,
		    (size_t)len);
		v = ask(s, MILTER_BODY, &a);
	}
	free(chunk);
	return v;
}

/* is_allowed - did it say at the start that it would do this? */
static bool
is_allowed(const struct milter *m, enum milter_kind kind)
{
	static const unsigned bits[] = {
		[MILTER_ADD_HEADER] = MILTER_MAY_ADD_HEADER,
		[MILTER_INSERT_HEADER] = MILTER_MAY_ADD_HEADER |
		    MILTER_MAY_HEADER,
		[MILTER_CHANGE_HEADER] = MILTER_MAY_HEADER,
		[MILTER_CHANGE_FROM] = MILTER_MAY_FROM,
		[MILTER_ADD_RCPT] = MILTER_MAY_ADD_RCPT | MILTER_MAY_RCPT_ARGS,
		[MILTER_DELETE_RCPT] = MILTER_MAY_DELETE_RCPT,
		[MILTER_REPLACE_BODY] = MILTER_MAY_BODY,
		[MILTER_QUARANTINE] = MILTER_MAY_QUARANTINE,
	};

	if ((m->wire.actions & bits[kind]) != 0)
		return true;
	log_warning("milter %s: ignoring a change that it did not ask leave "
	    "for", m->name);
	return false;
}

/* make_edits - everything in front of the final answer */
static enum milter_verdict
make_edits(struct showing *s, struct milter_answer *a, bool *is_held)
{
	bool is_first_body = true, ok = true, is_failed = false;

	for (; a->kind >= MILTER_ADD_HEADER; ok = ok &&
	    milter_read_answer(s->m, a)) {
		if (!ok) {
			milter_fail(s->m);
			return s->m->verdict;
		}
		if (is_failed || !is_allowed(s->m, a->kind))
			continue;
		if (a->kind == MILTER_QUARANTINE) {
			*is_held = true;
			continue;
		}
		/* When the message has failed, the rest is only read. */
		is_failed = !s->content->edit(s->content->ctx, a,
		    is_first_body,
		    (s->m->wire.steps & MILTER_LEADING_BLANK) != 0);
		if (a->kind == MILTER_REPLACE_BODY)
			is_first_body = false;
	}
	return milter_judge(s->m, a);
}

static enum milter_verdict
show_end(struct showing *s, bool *is_held)
{
	struct milter_answer a;

	buf_reset(&s->ms->packet);
	milter_wire_put(&s->ms->packet, MILTER_EOM, NULL, 0);
	if (!milter_send(s->ms, s->m, MILTER_EOM) ||
	    !milter_read_answer(s->m, &a)) {
		milter_fail(s->m);
		return s->m->verdict;
	}
	return make_edits(s, &a, is_held);
}

static enum milter_verdict
show(struct showing *s, bool *is_held)
{
	struct milter_answer a;
	enum milter_verdict v;

	v = show_headers(s);
	if (is_on(s, v)) {
		buf_reset(&s->ms->packet);
		milter_wire_put(&s->ms->packet, MILTER_EOH, NULL, 0);
		v = ask(s, MILTER_EOH, &a);
	}
	if (is_on(s, v))
		v = show_body(s);
	if (is_on(s, v))
		v = show_end(s, is_held);
	return v;
}

enum milter_verdict
milters_content(struct milters *ms, const char *id,
    const struct milter_content *content)
{
	struct showing s = { .ms = ms, .content = content };
	enum milter_verdict v = MILTER_GO_ON;
	bool is_held = false;

	if (ms == NULL)
		return v;
	ms->id = id;
	for (s.m = ms->first; s.m != NULL; s.m = s.m->next) {
		/* Who is over has had its say with each event before. */
		if (s.m->state != READY)
			continue;
		s.m->in_message = true;
		v = show(&s, &is_held);
		if (v == MILTER_HOLD)
			is_held = true;
		else if (v != MILTER_GO_ON)
			break;
	}
	ms->id = NULL;
	if (s.m != NULL)
		buf_sets(&ms->text, s.m->text.ptr);
	else
		v = is_held ? MILTER_HOLD : MILTER_GO_ON;
	return v;
}
