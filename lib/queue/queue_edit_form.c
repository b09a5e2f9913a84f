/*
 * queue_edit_form.c - a message as text for an editor, and back
 *
 *	sender: <ann@example.org>
 *	recipient: <bob@example.net>
 *
 *	Received: ...			from here on the message as it is
 *
 * Only differences between what was given out and what came back are changes:
 * an editor that touches nothing changes nothing.
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
#include "lib/mail/address.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_message.h"

/* ---- out ---- */

static void
put_address(struct buf *out, const char *name, const char *internal)
{
	buf_addf(out, "%s: <", name);
	address_quote(out, internal);
	buf_adds(out, ">\n");
}

struct sink {
	struct buf	*out;
	size_t		 max;
	struct err	*err;
	bool		 is_bad;
};

static bool
add(void *ctx, const char *data, size_t len)
{
	struct sink *s = ctx;

	if (memchr(data, '\0', len) != NULL)
		err_set(s->err, ERR_SYNTAX, "the message holds NUL bytes, "
		    "which editors do not keep");
	else if (s->out->len + len > s->max)
		err_set(s->err, ERR_LIMIT, "the message is larger than %zu "
		    "bytes", s->max);
	else {
		buf_add(s->out, data, len);
		return true;
	}
	s->is_bad = true;
	return false;
}

int
queue_edit_form(struct queue_field_context *c, size_t max, struct buf *out,
    struct err *err)
{
	struct sink sink = { out, max, err, false };
	struct queue_message *m = c->m;
	struct queue_file *qf;
	size_t i;
	int rc;

	if (queue_message_want(m, QUEUE_MESSAGE_ENVELOPE, err) != 1)
		return -1;
	buf_addf(out, "# Message %s. The lines above the first empty one are its "
	    "envelope:\n# change, add and remove \"recipient:\" lines. Below "
	    "it is the message as it is.\n", m->id);
	put_address(out, "sender", m->sender);
	for (i = 0; i < m->rcpt_count; i++)
		put_address(out, "recipient", m->rcpts[i].address);
	if (m->redirect[0] != '\0')
		put_address(out, "redirect", m->redirect);
	if (m->filter[0] != '\0')
		buf_addf(out, "filter: %s\n", m->filter);
	buf_addc(out, '\n');
	if ((qf = queue_file_open_path(m->path, QUEUE_FILE_NORMAL,
	    err)) == NULL)
		return -1;
	rc = queue_content_message(qf, m->id, add, &sink, err);
	queue_file_close(qf);
	return sink.is_bad ? -1 : rc;
}

/* ---- in ---- */

struct form {
	char		*sender, *redirect, *filter;
	struct edit_text rcpts;
	struct span	 content;
};

static void
form_done(struct form *f)
{
	size_t i;

	free(f->sender);
	free(f->redirect);
	free(f->filter);
	for (i = 0; i < f->rcpts.count; i++)
		free(f->rcpts.items[i]);
	free(f->rcpts.items);
}

/* One line of the envelope. */
static int
read_line(struct form *f, char *line, struct err *err)
{
	char *colon = strchr(line, ':'), *value, **member = NULL, *text;
	size_t len;

	if (line[0] == '#')
		return 0;
	if (colon == NULL)
		return err_set(err, ERR_SYNTAX, "no ':' in \"%.100s\"", line);
	*colon = '\0';
	value = (char *)text_skip_blank(colon + 1);
	for (len = strlen(value); len > 0 && strchr(" \t\r", value[len - 1]) !=
	    NULL; )
		value[--len] = '\0';
	if (strcasecmp(line, "filter") == 0) {
		free(f->filter);
		f->filter = xstrdup(value);
		return 0;
	}
	if (strcasecmp(line, "sender") == 0)
		member = &f->sender;
	else if (strcasecmp(line, "redirect") == 0)
		member = &f->redirect;
	else if (strcasecmp(line, "recipient") != 0)
		return err_set(err, ERR_SYNTAX, "\"%.100s\" is none of "
		    "sender, recipient, redirect, filter", line);
	text = edit_address(value, member == &f->sender, err);
	if (text == NULL)
		return -1;
	if (member == NULL) {
		edit_text_add(&f->rcpts, text);
		free(text);
		return 0;
	}
	if (*member != NULL) {
		free(text);
		return err_set(err, ERR_SYNTAX, "a second %s", line);
	}
	*member = text;
	return 0;
}

static int
read_form(struct form *f, const struct buf *text, struct err *err)
{
	const char *p = text->ptr, *end = p + text->len, *nl;
	struct buf line = BUF_INIT;
	int n, rc = 0;

	memset(f, 0, sizeof(*f));
	for (n = 1; p < end && rc == 0; n++, p = nl < end ? nl + 1 : end) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		if (nl == p) {
			f->content.ptr = nl < end ? nl + 1 : end;
			f->content.len = (size_t)(end - f->content.ptr);
			break;
		}
		buf_set(&line, p, (size_t)(nl - p));
		if (read_line(f, line.ptr, err) == -1)
			rc = err_prefix(err, "line %d: ", n);
	}
	buf_done(&line);
	if (rc == 0 && f->content.ptr == NULL)
		rc = err_set(err, ERR_SYNTAX, "there is no empty line "
		    "between the envelope and the message");
	if (rc == 0 && f->sender == NULL)
		rc = err_set(err, ERR_SYNTAX, "there is no sender line");
	return rc;
}

static bool
has(const struct edit_text *t, const char *item)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (strcmp(t->items[i], item) == 0)
			return true;
	return false;
}

static void
set(char **member, const char *before, const char *after)
{
	before = before != NULL ? before : "";
	after = after != NULL ? after : "";
	if (strcmp(before, after) == 0)
		return;
	free(*member);
	*member = xstrdup(after);
}

/* A filter that is another one, of the right form. */
static int
take_filter(struct queue_edit *e, const char *before, const char *after,
    struct err *err)
{
	const char *colon = strchr(after, ':');

	if (colon == NULL || colon == after ||
	    after[strcspn(after, " \t")] != '\0')
		return err_set(err, ERR_SYNTAX, "filter: '%.100s': should be "
		    "transport:nexthop", after);
	set(&e->filter, before, after);
	return 0;
}

static int
take_content(struct queue_edit *e, const struct form *old,
    const struct form *new, struct err *err)
{
	struct span c = new->content;

	if (old->content.len == c.len && (c.len == 0 ||
	    memcmp(old->content.ptr, c.ptr, c.len) == 0))
		return 0;
	if (c.len == 0)
		return err_set(err, ERR_SYNTAX, "nothing is left of the "
		    "message");
	/* Lines are kept without the end of the last one. */
	if (c.ptr[c.len - 1] == '\n')
		c.len--;
	buf_set(&e->content, c.ptr, c.len);
	e->has_content = true;
	return 0;
}

int
queue_edit_read_form(struct queue_edit *e, const struct buf *before,
    const struct buf *after, struct err *err)
{
	struct form old, new = { .sender = NULL };
	size_t i;
	int rc;

	rc = read_form(&old, before, err);
	if (rc == 0 && (rc = read_form(&new, after, err)) == 0 &&
	    new.filter != NULL && new.filter[0] != '\0' && take_filter(e,
	    old.filter, new.filter, err) == -1)
		rc = -1;
	if (rc == 0)
		rc = take_content(e, &old, &new, err);
	if (rc == 0) {
		set(&e->sender, old.sender, new.sender);
		set(&e->redirect, old.redirect, new.redirect);
		if (new.filter == NULL || new.filter[0] == '\0')
			set(&e->filter, old.filter, NULL);
		for (i = 0; i < old.rcpts.count; i++)
			if (!has(&new.rcpts, old.rcpts.items[i]))
				edit_text_add(&e->dropped, old.rcpts.items[i]);
		for (i = 0; i < new.rcpts.count; i++)
			if (!has(&old.rcpts, new.rcpts.items[i]))
				edit_text_add(&e->added, new.rcpts.items[i]);
		if (e->sender != NULL || e->redirect != NULL ||
		    e->filter != NULL || e->dropped.count > 0 ||
		    e->added.count > 0 || e->has_content)
			buf_adds(&e->words, e->words.len > 0 ? "; editor" :
			    "editor");
	}
	form_done(&old);
	form_done(&new);
	return rc;
}
