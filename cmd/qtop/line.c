/*
 * line.c - a line of text being edited
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/line.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/keys.h"
#include "lib/base/mem.h"

#define LINE_MAX_LEN	4096

void
line_init(struct line *l)
{
	buf_init(&l->text);
	l->at = 0;
}

void
line_done(struct line *l)
{
	buf_done(&l->text);
	l->at = 0;
}

void
line_set(struct line *l, const char *text)
{
	buf_sets(&l->text, text);
	l->at = l->text.len;
}

void
line_insert(struct line *l, const char *text, size_t len)
{
	if (l->text.len + len > LINE_MAX_LEN)
		return;
	buf_insert(&l->text, l->at, text, len);
	l->at += len;
}

static size_t
before(const struct line *l, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && ((unsigned char)l->text.ptr[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t
after(const struct line *l, size_t at)
{
	if (at < l->text.len)
		at++;
	while (at < l->text.len &&
	    ((unsigned char)l->text.ptr[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void
cut(struct line *l, size_t from, size_t to)
{
	buf_delete(&l->text, from, to - from);
	l->at = from;
}

static size_t
word_before(const struct line *l)
{
	size_t at = l->at;

	while (at > 0 && l->text.ptr[at - 1] == ' ')
		at--;
	while (at > 0 && l->text.ptr[at - 1] != ' ')
		at--;
	return at;
}

static void
insert_code(struct line *l, unsigned c)
{
	char utf8[4];
	size_t n;

	if (c < 0x80) {
		utf8[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		utf8[0] = (char)(0xc0 | c >> 6);
		n = 2;
	} else if (c < 0x10000) {
		utf8[0] = (char)(0xe0 | c >> 12);
		n = 3;
	} else {
		utf8[0] = (char)(0xf0 | c >> 18);
		n = 4;
	}
	for (size_t i = 1; i < n; i++)
		utf8[i] = (char)(0x80 | ((c >> (6 * (n - 1 - i))) & 0x3f));
	line_insert(l, utf8, n);
}

bool
line_key(struct line *l, int key)
{
	switch (key) {
	case KEYS_LEFT: case KEYS_CTRL('b'):
		l->at = before(l, l->at);
		return true;
	case KEYS_RIGHT: case KEYS_CTRL('f'):
		l->at = after(l, l->at);
		return true;
	case KEYS_HOME: case KEYS_CTRL('a'):
		l->at = 0;
		return true;
	case KEYS_END: case KEYS_CTRL('e'):
		l->at = l->text.len;
		return true;
	case KEYS_BACKSPACE: case 8:
		cut(l, before(l, l->at), l->at);
		return true;
	case KEYS_DELETE: case KEYS_CTRL('d'):
		cut(l, l->at, after(l, l->at));
		return true;
	case KEYS_CTRL('u'):
		cut(l, 0, l->at);
		return true;
	case KEYS_CTRL('k'):
		cut(l, l->at, l->text.len);
		return true;
	case KEYS_CTRL('w'):
		cut(l, word_before(l), l->at);
		return true;
	}
	if (key < ' ' || key == 127 || key >= KEYS_SPECIAL)
		return false;
	insert_code(l, (unsigned)key);
	return true;
}

void
line_draw(const struct line *l, struct grid *g, int x, int y, int width)
{
	struct buf head = BUF_INIT;
	const char *from = l->text.ptr;
	int used;

	if (width < 2)
		return;
	/* Begin where the cursor still fits. */
	for (;;) {
		buf_set(&head, from, (size_t)(l->text.ptr + l->at - from));
		used = text_columns(head.ptr);
		if (used < width || from >= l->text.ptr + l->at)
			break;
		from = l->text.ptr + after(l, (size_t)(from - l->text.ptr));
	}
	grid_put(g, x, y, width, ROLE_PROMPT, CUT_END, from);
	g->cursor_x = x + used;
	g->cursor_y = y;
	buf_done(&head);
}

/* ---- history ---- */

void
line_history_add(struct line_history *h, const char *text)
{
	size_t i;

	h->chosen = -1;
	if (text[0] == '\0' || (h->count > 0 &&
	    strcmp(h->lines[0], text) == 0))
		return;
	if (h->count == LINE_HISTORY)
		free(h->lines[--h->count]);
	for (i = h->count++; i > 0; i--)
		h->lines[i] = h->lines[i - 1];
	h->lines[0] = xstrdup(text);
}

bool
line_history_key(struct line_history *h, struct line *l, int key)
{
	if (key == KEYS_UP) {
		if (h->chosen + 1 >= (int)h->count)
			return true;
		if (h->chosen == -1)
			buf_set(&h->draft, l->text.ptr, l->text.len);
		line_set(l, h->lines[++h->chosen]);
		return true;
	}
	if (key != KEYS_DOWN)
		return false;
	if (h->chosen >= 0)
		line_set(l, --h->chosen >= 0 ? h->lines[h->chosen] :
		    h->draft.ptr);
	return true;
}

void
line_history_done(struct line_history *h)
{
	while (h->count > 0)
		free(h->lines[--h->count]);
	buf_done(&h->draft);
}
