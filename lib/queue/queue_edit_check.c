/*
 * queue_edit_check.c - is the new file of an edited message what it should be?
 *
 * The check does not trust the writing: it reads both files again and
 * compares, one by one, what was not to change, and the recipients and sizes
 * with what the decision says.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/sha256.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

/* What one file holds, apart from what the edit changes. */
struct summary {
	struct sha256	 envelope, headers, body;
	struct sha256	 content;	/* as text, lines ended by '\n' */
	struct buf	 rcpts;		/* "R address\n" */
	struct queue_rec_size size;
	off_t		 data_offset, content_end, x_offset;
	long		 rcpt_count;
	size_t		 senders, redirects, filters;
	bool		 has_end;
	struct buf	 sender, redirect, filter;
	struct buf	 set;		/* the fields the edit names, as they stand */
};

static void
add_record(struct sha256 *digest, int type, const char *value, size_t len)
{
	struct buf rec = BUF_INIT;

	queue_rec_put(&rec, type, value, len);
	sha256_add(digest, rec.ptr, rec.len);
	buf_done(&rec);
}

static void
sum_rcpt(struct summary *s, const struct edit_decision *d, bool is_before,
    int type, const char *value, off_t offset)
{
	const struct edit_rcpt *r = NULL;

	if (is_before && type == QUEUE_REC_RCPT &&
	    (r = edit_decision_find(d, offset)) != NULL) {
		type = r->type;
		if (r->mapped != NULL)
			value = r->mapped;
	}
	s->rcpt_count++;
	buf_addf(&s->rcpts, "%c %s\n", type, value);
}

/* Attributes and O of recipients that are added have no like in the old file. */
static bool
is_addition(const struct edit_decision *d, int type, const char *value)
{
	const char *address = value;
	size_t i;

	if (type == QUEUE_REC_ATTR &&
	    strncmp(value, "dsn_orig_rcpt=", 14) == 0 &&
	    (address = strchr(value, ';')) != NULL)
		address++;
	else if (type != QUEUE_REC_ORCPT)
		return false;
	for (i = 0; i < d->added_count; i++)
		if (strcmp(d->added[i], address) == 0)
			return true;
	return false;
}

static void
sum_envelope(struct summary *s, const struct queue_edit *e,
    const struct edit_decision *d, bool is_before, int type,
    const char *value, size_t len, off_t offset)
{
	switch (type) {
	case QUEUE_REC_SIZE:
		if (s->size.fields == 0)
			queue_rec_size_parse(value, &s->size, NULL);
		return;
	case QUEUE_REC_FROM:
		if (s->senders++ == 0)
			buf_sets(&s->sender, value);
		else
			add_record(&s->envelope, type, value, len);
		return;
	case QUEUE_REC_REDIRECT:
		s->redirects++;
		buf_sets(&s->redirect, value);
		if (e->redirect == NULL)
			add_record(&s->envelope, type, value, len);
		return;
	case QUEUE_REC_FILTER:
		s->filters++;
		buf_sets(&s->filter, value);
		if (e->filter == NULL)
			add_record(&s->envelope, type, value, len);
		return;
	case QUEUE_REC_RCPT:
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		sum_rcpt(s, d, is_before, type, value, offset);
		return;
	}
	if (!is_addition(d, type, value))
		add_record(&s->envelope, type, value, len);
}

static void
sum_content(struct summary *s, const struct edit_walk *w, int type,
    const char *value, size_t len)
{
	sha256_add(&s->content, value, len);
	if (type == QUEUE_REC_TEXT)
		sha256_add(&s->content, "\n", 1);
	if (w->place == EDIT_BODY) {
		add_record(&s->body, type, value, len);
	} else if (w->field == NULL) {
		add_record(&s->headers, type, value, len);
	} else {
		buf_add(&s->set, value, len);
		if (type == QUEUE_REC_TEXT)
			buf_addc(&s->set, '\n');
	}
}

static int
sum_file(struct summary *s, const struct queue_edit *e,
    const struct edit_decision *d, bool is_before, struct queue_file *qf,
    struct err *err)
{
	struct edit_walk w = { .qf = qf, .e = e };
	const char *value;
	size_t len;
	int type, got;

	if (queue_file_seek(qf, 0, err) == -1)
		return -1;
	while ((got = edit_walk_next(&w, &type, &value, &len, err)) == 1) {
		if (type == QUEUE_REC_END) {
			s->has_end = true;
			break;
		}
		if (type == QUEUE_REC_XTRA)
			s->x_offset = queue_file_offset(qf);
		else if (type == QUEUE_REC_MESG)
			s->data_offset = queue_file_tell(qf);
		else if (w.place == EDIT_ENVELOPE ||
		    w.place == EDIT_EXTRACTED)
			sum_envelope(s, e, d, is_before, type, value, len,
			    queue_file_offset(qf));
		else
			sum_content(s, &w, type, value, len);
	}
	return got == -1 ? -1 : 0;
}

static void
summary_init(struct summary *s)
{
	memset(s, 0, sizeof(*s));
	sha256_init(&s->envelope);
	sha256_init(&s->headers);
	sha256_init(&s->body);
	sha256_init(&s->content);
	buf_init(&s->rcpts);
	buf_init(&s->sender);
	buf_init(&s->redirect);
	buf_init(&s->filter);
	buf_init(&s->set);
}

static void
summary_done(struct summary *s)
{
	buf_done(&s->rcpts);
	buf_done(&s->sender);
	buf_done(&s->redirect);
	buf_done(&s->filter);
	buf_done(&s->set);
}

static bool
is_same(struct sha256 *a, struct sha256 *b)
{
	unsigned char x[SHA256_BYTES], y[SHA256_BYTES];

	sha256_end(a, x);
	sha256_end(b, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

/* Is the content what somebody has typed? */
static bool
has_typed(const struct queue_edit *e, struct summary *after)
{
	struct sha256 typed;

	sha256_init(&typed);
	sha256_add(&typed, e->content.ptr, e->content.len);
	sha256_add(&typed, "\n", 1);
	return is_same(&typed, &after->content);
}

/* Do the fields that were to be set stand there as they should, and no other of their name? */
static bool
has_set_headers(const struct queue_edit *e, const struct summary *after)
{
	const struct buf *lines;
	size_t i, len = 0;

	for (i = 0; i < e->header_count; i++) {
		lines = &e->headers[i].lines;
		if (lines->len == 0)
			continue;
		if (memmem(after->set.ptr, after->set.len, lines->ptr,
		    lines->len) == NULL)
			return false;
		len += lines->len + 1;
	}
	return len == after->set.len;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same lines, in whatever order? Additions stand between the others. */
static bool
has_same_lines(const struct buf *a, const struct buf *b)
{
	struct buf text[2] = { BUF_INIT, BUF_INIT };
	char **lines[2], *p, *rest;
	size_t n[2] = { 0, 0 }, i;
	bool same;

	buf_add(&text[0], a->ptr, a->len);
	buf_add(&text[1], b->ptr, b->len);
	for (i = 0; i < 2; i++) {
		lines[i] = xcalloc(text[i].len / 2 + 1, sizeof(char *));
		for (rest = text[i].ptr; (p = strsep(&rest, "\n")) != NULL; )
			lines[i][n[i]++] = p;
		qsort(lines[i], n[i], sizeof(char *), by_text);
	}
	same = n[0] == n[1];
	for (i = 0; same && i < n[0]; i++)
		same = strcmp(lines[0][i], lines[1][i]) == 0;
	for (i = 0; i < 2; i++) {
		free(lines[i]);
		buf_done(&text[i]);
	}
	return same;
}

static const char *
difference(const struct queue_edit *e, const struct edit_decision *d,
    struct summary *before, struct summary *after, off_t file_size)
{
	const struct queue_rec_size *c = &after->size;
	size_t i;

	for (i = 0; i < d->added_count; i++)
		buf_addf(&before->rcpts, "%c %s\n", QUEUE_REC_RCPT,
		    d->added[i]);
	if (!after->has_end)
		return "it has no end record";
	if (c->fields != 6 || c->data_offset != after->data_offset ||
	    c->content_size != after->x_offset - after->data_offset ||
	    c->content_length != c->content_size ||
	    c->rcpt_count != after->rcpt_count || after->x_offset > file_size)
		return "its size record is wrong";
	if (after->senders != before->senders || strcmp(after->sender.ptr,
	    e->sender != NULL ? e->sender : before->sender.ptr) != 0)
		return "its sender is wrong";
	if (e->redirect != NULL && (after->redirects != (e->redirect[0] != '\0') ||
	    strcmp(after->redirect.ptr, e->redirect) != 0))
		return "its redirection is wrong";
	if (e->filter != NULL && (after->filters != (e->filter[0] != '\0') ||
	    strcmp(after->filter.ptr, e->filter) != 0))
		return "its filter is wrong";
	if (d->added_count == 0 ? strcmp(before->rcpts.ptr,
	    after->rcpts.ptr) != 0 :
	    !has_same_lines(&before->rcpts, &after->rcpts))
		return "its recipients are wrong";
	if (!is_same(&before->envelope, &after->envelope))
		return "envelope records changed that were not to";
	if (e->has_content)
		return has_typed(e, after) ? NULL : "its content is wrong";
	if (!is_same(&before->headers, &after->headers))
		return "header fields changed that were not to";
	if (!has_set_headers(e, after))
		return "its header fields are not as they should be";
	if (d->strip_count == 0 && !is_same(&before->body, &after->body))
		return "the body changed";
	return NULL;
}

int
edit_check(const struct queue_edit *e, const struct edit_decision *d,
    struct queue_file *before, struct queue_file *after, struct err *err)
{
	struct summary old, new;
	const char *why;
	int rc = -1;

	summary_init(&old);
	summary_init(&new);
	if (sum_file(&old, e, d, true, before, err) == 0 &&
	    sum_file(&new, e, d, false, after, err) == 0) {
		why = difference(e, d, &old, &new, queue_file_size(after));
		rc = why == NULL ? 0 : err_set(err, ERR_SYNTAX,
		    "the new file was read again: %s", why);
	}
	summary_done(&old);
	summary_done(&new);
	return rc;
}
