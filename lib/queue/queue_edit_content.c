/*
 * queue_edit_content.c - what an edit means for the content of one message
 *
 * Header fields, attachments, the whole text; and which signatures (RFC 6376)
 * that breaks, since a message that was sound when it came may be refused
 * after the change.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_message.h"

#define SIGNATURE	"DKIM-Signature"

/* ---- header fields ---- */

/* The next field of the headers' text: its lines without the last LF. */
static bool
next_field(const struct queue_message *m, const char **at, struct span *field,
    size_t *name)
{
	const char *end = m->headers + m->headers_len, *p = *at, *nl;

	if (p >= end)
		return false;
	do {
		nl = memchr(p, '\n', (size_t)(end - p));
		p = nl == NULL ? end : nl + 1;
	} while (p < end && (*p == ' ' || *p == '\t'));
	field->ptr = *at;
	field->len = (size_t)(p - *at) - (p > *at && p[-1] == '\n');
	*name = header_name_len(field->ptr, field->len);
	*at = p;
	return true;
}

static bool
is_named(const struct span *field, size_t name, const char *wanted)
{
	return strlen(wanted) == name &&
	    strncasecmp(field->ptr, wanted, name) == 0;
}

static void
put_field(struct edit_decision *d, const char *sign, struct span field)
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_add(&text, field.ptr, field.len);
	for (i = 0; i < text.len; i++)
		if (text.ptr[i] == '\n')
			text.ptr[i] = ' ';
	buf_addf(&d->lines, "header %s ", sign);
	text_visible(&d->lines, text.ptr, 0);
	buf_addc(&d->lines, '\n');
	buf_done(&text);
}

/* Returns true when the edit changes this field in this message. */
static bool
decide_header(const struct edit_header *h, const struct queue_message *m,
    struct edit_decision *d)
{
	const char *at = m->headers;
	struct span field;
	size_t name, count = 0, same = 0, start = d->lines.len;

	while (next_field(m, &at, &field, &name)) {
		if (!is_named(&field, name, h->name))
			continue;
		count++;
		same += field.len == h->lines.len &&
		    memcmp(field.ptr, h->lines.ptr, field.len) == 0;
		put_field(d, "-", field);
	}
	if (h->lines.len > 0)
		put_field(d, "+", span_buf(&h->lines));
	if (h->lines.len > 0 ? count != 1 || same != 1 : count > 0) {
		d->needs_file = true;
		return true;
	}
	buf_truncate(&d->lines, start);		/* it is so already */
	return false;
}

/* ---- attachments ---- */

static bool
matches(const struct edit_text *globs, const struct queue_content_part *p)
{
	size_t i;

	for (i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], p->type, FNM_CASEFOLD) == 0 ||
		    (p->file_name[0] != '\0' && fnmatch(globs->items[i],
		    p->file_name, FNM_CASEFOLD) == 0))
			return true;
	return false;
}

static void
strip(struct edit_decision *d, const struct queue_content *c, size_t i,
    const struct queue_content_part *p)
{
	struct edit_strip *s;

	d->strips = xreallocarray(d->strips, d->strip_count + 1,
	    sizeof(*d->strips));
	s = &d->strips[d->strip_count++];
	queue_content_lines(c, i, &s->from, &s->to);
	buf_init(&s->note);
	buf_adds(&s->note, "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n[removed: ");
	text_visible(&s->note, p->file_name[0] != '\0' ? p->file_name :
	    "an attachment", 0);
	buf_adds(&s->note, ", ");
	text_visible(&s->note, p->type, 0);
	buf_addf(&s->note, ", %lld bytes]", (long long)p->decoded_bytes);
	buf_adds(&d->lines, "attachment - ");
	text_visible(&d->lines, p->file_name[0] != '\0' ? p->file_name :
	    p->type, 0);
	buf_addf(&d->lines, " (%lld bytes)\n", (long long)p->decoded_bytes);
	d->needs_file = true;
}

/* Parts of a multipart only: a message that is nothing but the attachment stays. */
static int
decide_strips(const struct queue_edit *e, struct queue_message *m,
    struct edit_decision *d, struct err *err)
{
	const struct queue_content_part *p;
	struct queue_content *c = queue_content_open(m->path, err);
	off_t from, to, done = 0;
	size_t i;

	if (c == NULL)
		return -1;
	if (queue_content_damage(c) != NULL) {
		err_set(err, ERR_SYNTAX, "%s: %s", m->id,
		    queue_content_damage(c));
		queue_content_free(c);
		return -1;
	}
	for (i = 1; (p = queue_content_part(c, i)) != NULL; i++) {
		queue_content_lines(c, i, &from, &to);
		if (p->is_multipart || p->is_message || from < done ||
		    !matches(&e->strip, p))
			continue;
		strip(d, c, i, p);
		done = to;
	}
	queue_content_free(c);
	return 0;
}

/* ---- signatures ---- */

/* The value of a tag of a signature, without blanks. */
static bool
tag_value(const struct span *field, const char *tag, struct buf *out)
{
	const char *p = memchr(field->ptr, ':', field->len);
	const char *end = field->ptr + field->len;
	size_t len = strlen(tag);
	bool is_ours;

	buf_reset(out);
	while (p != NULL && ++p < end) {
		while (p < end && strchr(" \t\n", *p) != NULL)
			p++;
		is_ours = (size_t)(end - p) > len &&
		    strncmp(p, tag, len) == 0 &&
		    (p[len] == '=' || p[len] == ' ');
		if (is_ours) {
			if ((p = memchr(p, '=', (size_t)(end - p))) == NULL)
				return false;
			for (p++; p < end && *p != ';'; p++)
				if (strchr(" \t\n", *p) == NULL)
					buf_addc(out, *p);
			return true;
		}
		p = memchr(p, ';', (size_t)(end - p));
	}
	return false;
}

static bool
lists(const char *names, const char *name)
{
	size_t len = strlen(name), n;

	for (; *names != '\0'; names += n + (names[n] == ':')) {
		n = strcspn(names, ":");
		if (n == len && strncasecmp(names, name, len) == 0)
			return true;
	}
	return false;
}

static void
judge_signature(const struct span *field, const struct edit_text *changed,
    bool is_body_changed, struct edit_decision *d)
{
	struct buf domain = BUF_INIT, names = BUF_INIT;
	struct buf broken = BUF_INIT;
	size_t i;

	tag_value(field, "d", &domain);
	tag_value(field, "h", &names);
	for (i = 0; i < changed->count; i++)
		if (lists(names.ptr, changed->items[i]))
			buf_addf(&broken, "%s%s", broken.len > 0 ? ", " : "",
			    changed->items[i]);
	if (is_body_changed)
		buf_addf(&broken, "%sbody", broken.len > 0 ? ", " : "");
	if (broken.len > 0) {
		buf_adds(&d->lines, "warning: breaks the DKIM signature of ");
		text_visible(&d->lines, domain.len > 0 ? domain.ptr :
		    "nobody", 0);
		buf_adds(&d->lines, ", which signs: ");
		text_visible(&d->lines, broken.ptr, 0);
		buf_addc(&d->lines, '\n');
	}
	buf_done(&domain);
	buf_done(&names);
	buf_done(&broken);
}

int
edit_decide_content(const struct queue_edit *e, struct queue_message *m,
    struct edit_decision *d, struct err *err)
{
	struct edit_text changed = { NULL, 0 };
	const char *at;
	struct span field;
	size_t i, name;

	if (queue_message_want(m, QUEUE_MESSAGE_HEADERS, err) != 1)
		return -1;
	for (i = 0; i < e->header_count; i++)
		if (decide_header(&e->headers[i], m, d))
			edit_text_add(&changed, e->headers[i].name);
	if (e->has_content) {
		d->needs_file = true;
		buf_adds(&d->lines, "content: as edited\n");
	}
	if (e->strip.count > 0 && decide_strips(e, m, d, err) == -1)
		return -1;
	for (at = m->headers; next_field(m, &at, &field, &name); )
		if (is_named(&field, name, SIGNATURE))
			judge_signature(&field, &changed, e->has_content ||
			    d->strip_count > 0, d);
	for (i = 0; i < changed.count; i++)
		free(changed.items[i]);
	free(changed.items);
	return 0;
}
