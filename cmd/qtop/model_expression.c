/*
 * model_expression.c - rows of groups as expressions, which can be joined and typed
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/qtop/model.h"

void
model_join(struct buf *out, const char *a, const char *b)
{
	if (a[0] == '\0' || b[0] == '\0') {
		buf_addf(out, "%s%s", a, b);
		return;
	}
	/* "or" binds less than "and": what may hold one is put in brackets. */
	buf_addf(out, strcasestr(a, "or") != NULL || strchr(a, '|') != NULL ?
	    "(%s)" : "%s", a);
	buf_addf(out, strcasestr(b, " or ") != NULL ? " and (%s)" : " and %s",
	    b);
}

static void
quote(struct buf *out, const char *text, size_t len)
{
	size_t i;

	buf_addc(out, '"');
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addc(out, c);
	}
	buf_addc(out, '"');
}

static void
put_test(struct buf *out, const char *field, const char *op, const char *text,
    size_t len)
{
	buf_addf(out, "%s %s ", field, op);
	/* What is a plain word needs no quotes. */
	if (len > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") >= len)
		buf_add(out, text, len);
	else
		quote(out, text, len);
}

static void
reason_expression(const struct group *g, struct buf *out)
{
	const char *text = strrchr(g->key, '\x1f');

	if (g->depth == 0)
		put_test(out, "class", "=", g->key, strlen(g->key));
	else
		put_test(out, g->depth == 1 ? "signature" : "reason", "=",
		    text + 1, strlen(text + 1));
}

void
model_expression(const struct model *m, const struct group *g,
    struct buf *out)
{
	enum group_by by = m->screen == SCREEN_DOMAINS ? BY_DOMAIN :
	    m->screen == SCREEN_SENDERS ? m->sender_by :
	    m->screen == SCREEN_REASONS ? BY_REASON : BY_RELAY;

	if (by == BY_REASON)
		reason_expression(g, out);
	else if (by == BY_SENDER && g->key[0] == '\0')
		buf_adds(out, "is bounce");
	else if (by == BY_CLIENT && g->key[0] == '\0')
		buf_adds(out, "is local");
	else
		put_test(out, group_bys[by].field, by == BY_DOMAIN &&
		    m->wants_parents ? "under" : "=", g->key, strlen(g->key));
}
