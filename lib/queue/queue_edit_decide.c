/*
 * queue_edit_decide.c - what an edit means for one message
 *
 * An edit is read once and decided for each message anew: which recipients
 * become what. The decision is made of the message as it stands on hold, so
 * that it never speaks of a recipient who has got it meanwhile.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_select.h"
#include "lib/table/table.h"

static void
say(struct edit_decision *d, const char *what, const char *from,
    const char *to)
{
	buf_addf(&d->lines, "%s: ", what);
	if (from != NULL) {
		buf_addc(&d->lines, '<');
		text_visible(&d->lines, from, 0);
		buf_addc(&d->lines, '>');
	}
	if (from != NULL && to != NULL)
		buf_adds(&d->lines, " -> ");
	if (to != NULL) {
		buf_addc(&d->lines, '<');
		text_visible(&d->lines, to, 0);
		buf_addc(&d->lines, '>');
	}
	buf_addc(&d->lines, '\n');
}

static bool
holds(const struct edit_text *t, const char *address)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (strcasecmp(t->items[i], address) == 0)
			return true;
	return false;
}

/* Does one of the selections mean this recipient? 1, 0, or -1 when that cannot be known. */
static int
is_meant(struct queue_select *const *list, size_t count,
    struct queue_field_context *c, size_t rcpt, struct err *err)
{
	size_t i;

	for (i = 0; i < count; i++)
		switch (queue_select_eval_rcpt(list[i], c, rcpt)) {
		case SELECT_YES:
			return 1;
		case SELECT_UNKNOWN:
			return err_set(err, ERR_DENIED, "%s: it cannot be "
			    "known whether recipient <%.100s> is meant",
			    c->m->id, c->m->rcpts[rcpt].address);
		case SELECT_NO:
			break;
		}
	return 0;
}

static int
substitute(const struct edit_map *m, const char *address, struct buf *out,
    struct err *err)
{
	PCRE2_SIZE len = 2 * EDIT_ADDRESS_MAX;
	PCRE2_UCHAR text[2 * EDIT_ADDRESS_MAX];
	PCRE2_UCHAR why[EDIT_ERROR_ROOM];
	int rc;

	rc = pcre2_substitute(m->regex, (PCRE2_SPTR)address,
	    PCRE2_ZERO_TERMINATED, 0, m->is_global ?
	    PCRE2_SUBSTITUTE_GLOBAL : 0, NULL, NULL,
	    (PCRE2_SPTR)m->replacement, PCRE2_ZERO_TERMINATED, text, &len);
	if (rc < 0) {
		pcre2_get_error_message(rc, why, sizeof(why));
		return err_set(err, ERR_SYNTAX, "map-rcpt: %s", (char *)why);
	}
	if (rc > 0)
		buf_set(out, text, len);
	return 0;
}

/* One map after the other; out is empty when none changes anything. */
static int
map_address(const struct queue_edit *e, const char *address, char **out,
    struct err *err)
{
	struct buf now = BUF_INIT, next = BUF_INIT;
	size_t i;
	int rc = 0;

	*out = NULL;
	buf_adds(&now, address);
	for (i = 0; i < e->map_count && rc == 0; i++) {
		buf_reset(&next);
		if (e->maps[i].table == NULL) {
			rc = substitute(&e->maps[i], now.ptr, &next, err);
		} else {
			switch (table_lookup(e->maps[i].table, now.ptr, &next,
			    err)) {
			case TABLE_FOUND:
				break;
			case TABLE_NOT_FOUND:
				buf_reset(&next);
				break;
			case TABLE_RETRY:
			case TABLE_BROKEN:
				rc = err_prefix(err, "map-rcpt: ");
				break;
			}
		}
		if (next.len > 0)
			buf_swap(&now, &next);
	}
	if (rc == 0 && strcmp(now.ptr, address) != 0 &&
	    (*out = edit_address(now.ptr, false, err)) == NULL)
		rc = err_prefix(err, "map-rcpt: <%.100s> becomes ", address);
	buf_done(&now);
	buf_done(&next);
	return rc;
}

/* Is that address among the recipients already, before index i? */
static bool
is_double(const struct queue_message *m, const struct edit_decision *d,
    size_t i, const char *address)
{
	const char *other;
	size_t k;

	for (k = 0; k < m->rcpt_count; k++) {
		if (k == i || (k > i && d->rcpts[k].mapped != NULL) ||
		    (k < i && d->rcpts[k].type != QUEUE_REC_RCPT))
			continue;
		other = k < i && d->rcpts[k].mapped != NULL ?
		    d->rcpts[k].mapped : m->rcpts[k].address;
		if (strcasecmp(other, address) == 0)
			return true;
	}
	return false;
}

static int
decide_rcpt(const struct queue_edit *e, struct queue_field_context *c,
    struct edit_decision *d, size_t i, struct err *err)
{
	const char *address = c->m->rcpts[i].address;
	struct edit_rcpt *r = &d->rcpts[i];
	int drop, done, requeue;

	r->offset = c->m->rcpts[i].offset;
	r->type = QUEUE_REC_RCPT;
	r->mapped = NULL;
	drop = holds(&e->dropped, address) ? 1 :
	    is_meant(e->drop, e->drop_count, c, i, err);
	done = holds(&e->marked, address) ? 1 :
	    is_meant(e->done, e->done_count, c, i, err);
	requeue = is_meant(e->requeue, e->requeue_count, c, i, err);
	if (drop == -1 || done == -1 || requeue == -1)
		return -1;
	if (requeue) {
		r->type = QUEUE_REC_CANCELED;
		d->splits = true;
		say(d, "requeued", address, NULL);
	} else if (done) {
		r->type = QUEUE_REC_DONE;
		say(d, "marked done", address, NULL);
	} else if (drop) {
		r->type = QUEUE_REC_CANCELED;
		say(d, "dropped", address, NULL);
	} else if (map_address(e, address, &r->mapped, err) == -1) {
		return -1;
	} else if (r->mapped != NULL && is_double(c->m, d, i, r->mapped)) {
		r->type = QUEUE_REC_CANCELED;
		say(d, "dropped, a recipient already", address, r->mapped);
		free(r->mapped);
		r->mapped = NULL;
	} else if (r->mapped != NULL) {
		say(d, "recipient", address, r->mapped);
		d->needs_file = true;
	}
	if (r->type != QUEUE_REC_RCPT)
		d->changed++;
	else
		d->left++;
	return 0;
}

static void
decide_additions(const struct queue_edit *e, const struct queue_message *m,
    struct edit_decision *d)
{
	size_t i, k;

	d->added = xcalloc(e->added.count + 1, sizeof(*d->added));
	for (i = 0; i < e->added.count; i++) {
		if (is_double(m, d, m->rcpt_count, e->added.items[i]))
			continue;
		for (k = 0; k < d->added_count; k++)
			if (strcasecmp(d->added[k], e->added.items[i]) == 0)
				break;
		if (k < d->added_count)
			continue;
		d->added[d->added_count++] = e->added.items[i];
		d->left++;
		d->needs_file = true;
		say(d, "added", e->added.items[i], NULL);
	}
}

static int
by_offset(const void *a, const void *b)
{
	const struct edit_rcpt *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

int
edit_decide(const struct queue_edit *e, struct queue_field_context *c,
    struct edit_decision *d, struct err *err)
{
	struct queue_message *m = c->m;
	size_t i;

	memset(d, 0, sizeof(*d));
	buf_init(&d->lines);
	if (queue_message_want(m, QUEUE_MESSAGE_REASONS, err) != 1)
		return m->is_gone ? err_set(err, ERR_NOT_FOUND, "%s: gone",
		    m->id) : -1;
	if (m->is_damaged)
		return err_set(err, ERR_SYNTAX, "%s: the queue file is "
		    "damaged", m->id);
	if (e->sender != NULL && strcmp(e->sender, m->sender) != 0) {
		d->needs_file = true;
		say(d, "sender", m->sender, e->sender);
	}
	d->rcpts = xcalloc(m->rcpt_count + 1, sizeof(*d->rcpts));
	for (i = 0; i < m->rcpt_count; i++, d->count++)
		if (decide_rcpt(e, c, d, i, err) == -1)
			return -1;
	decide_additions(e, m, d);
	qsort(d->rcpts, d->count, sizeof(*d->rcpts), by_offset);
	if (e->redirect != NULL && strcmp(e->redirect, m->redirect) != 0) {
		d->needs_file = true;
		say(d, "redirected to", NULL, e->redirect);
	}
	if (e->filter != NULL && strcmp(e->filter, m->filter) != 0) {
		d->needs_file = true;
		buf_addf(&d->lines, "filter: %s\n", e->filter[0] != '\0' ?
		    e->filter : "none");
	}
	if (d->splits && d->left == 0)
		return err_set(err, ERR_DENIED, "all its recipients are "
		    "meant: requeue the message");
	if (d->left == 0 && d->changed > 0)
		buf_adds(&d->lines, "warning: no recipient is left: the queue "
		    "manager will remove it\n");
	return edit_decide_content(e, m, d, err);
}

void
edit_decision_done(struct edit_decision *d)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		free(d->rcpts[i].mapped);
	for (i = 0; i < d->strip_count; i++)
		buf_done(&d->strips[i].note);
	free(d->rcpts);
	free(d->added);
	free(d->strips);
	buf_done(&d->lines);
}

void
edit_decision_invert(const struct edit_decision *d, struct edit_decision *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	buf_init(&out->lines);
	out->rcpts = xcalloc(d->count + 1, sizeof(*out->rcpts));
	for (i = 0; i < d->count; i++) {
		out->rcpts[i].offset = d->rcpts[i].offset;
		out->rcpts[i].type = d->rcpts[i].type == QUEUE_REC_RCPT ?
		    QUEUE_REC_CANCELED : QUEUE_REC_RCPT;
	}
	out->count = d->count;
	out->left = d->changed;
	out->changed = d->left;
}

const struct edit_rcpt *
edit_decision_find(const struct edit_decision *d, off_t offset)
{
	struct edit_rcpt key = { .offset = offset };

	return d->count == 0 ? NULL : bsearch(&key, d->rcpts, d->count,
	    sizeof(*d->rcpts), by_offset);
}

enum queue_result
queue_edit_preview(const struct queue_edit *e, struct queue_field_context *c,
    struct buf *out, struct err *err)
{
	struct edit_decision d;
	enum queue_result result = QUEUE_RESULT_FAILED;

	if (edit_decide(e, c, &d, err) == 0) {
		result = d.needs_file || d.changed > 0 ? QUEUE_RESULT_DONE :
		    QUEUE_RESULT_NOTHING;
		buf_add(out, d.lines.ptr, d.lines.len);
	}
	edit_decision_done(&d);
	return result;
}
