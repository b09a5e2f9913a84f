/*
 * grid.c - a screen of characters in memory: what the terminal is to show
 *
 * A cell holds one character with its combining marks; of a wide one the cell
 * to the right is empty. Text is first made visible (lib/base/text.h), then
 * cut into characters with their widths, and only then placed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/grid.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unictype.h>
#include <uniwidth.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define SIDE_MAX	1000	/* columns, lines: more is no terminal */
#define LONGEST		4096	/* bytes of a text that are looked at */
#define MARKS_MAX	2	/* combining marks a character */

void
grid_init(struct grid *g)
{
	memset(g, 0, sizeof(*g));
	g->cursor_x = g->cursor_y = -1;
}

void
grid_done(struct grid *g)
{
	free(g->cells);
	grid_init(g);
}

struct cell *
grid_at(const struct grid *g, int x, int y)
{
	return &g->cells[(size_t)y * (size_t)g->width + (size_t)x];
}

static void
blank(struct cell *c, enum role role)
{
	c->text[0] = ' ';
	c->text[1] = '\0';
	c->role = (unsigned char)role;
}

void
grid_clear(struct grid *g, int width, int height)
{
	size_t i, n;

	width = width < 1 ? 1 : width > SIDE_MAX ? SIDE_MAX : width;
	height = height < 1 ? 1 : height > SIDE_MAX ? SIDE_MAX : height;
	n = (size_t)width * (size_t)height;
	if (width != g->width || height != g->height)
		g->cells = xreallocarray(g->cells, n, sizeof(*g->cells));
	g->width = width;
	g->height = height;
	g->cursor_x = g->cursor_y = -1;
	for (i = 0; i < n; i++)
		blank(&g->cells[i], ROLE_NORMAL);
}

/* ---- characters ---- */

struct glyph {
	const char	*text;
	size_t		 len;
	int		 width;
};

/* The next character with its marks; what has no width and is no mark goes. */
static bool
next_glyph(const char **rest, struct glyph *out)
{
	const char *p = *rest;
	unsigned code = 0;
	size_t n;
	int marks = 0, width;

	out->len = 0;
	while (*p != '\0') {
		if ((n = text_char(p, &code)) == 0)
			n = 1, code = '?';
		width = uc_width(code, "UTF-8");
		if (width > 0) {
			if (out->len > 0)
				break;
			out->text = p;
			out->len = n;
			out->width = width;
		} else if (out->len > 0 && marks++ < MARKS_MAX &&
		    out->text + out->len == p && out->len + n <= CELL_BYTES &&
		    uc_is_general_category(code, UC_CATEGORY_M)) {
			out->len += n;
		}
		p += n;
	}
	*rest = p;
	return out->len > 0;
}

/* Text as it may be shown: no longer than anybody could want to see. */
static void
make_visible(struct buf *out, const char *text)
{
	struct buf cut = BUF_INIT;

	if (strnlen(text, LONGEST) == LONGEST) {
		buf_add(&cut, text, LONGEST);
		text = cut.ptr;
	}
	text_visible(out, text, 0);
	buf_done(&cut);
}

static int
columns(const char *visible)
{
	struct glyph gl;
	int n = 0;

	while (next_glyph(&visible, &gl))
		n += gl.width;
	return n;
}

int
text_columns(const char *text)
{
	struct buf visible = BUF_INIT;
	int n;

	make_visible(&visible, text);
	n = columns(visible.ptr);
	buf_done(&visible);
	return n;
}

static void
place(struct grid *g, int x, int y, enum role role, const struct glyph *gl)
{
	struct cell *c;

	if (y < 0 || y >= g->height || x < 0 || x + gl->width > g->width)
		return;
	c = grid_at(g, x, y);
	/* Half of a wide character is none. */
	if (c->text[0] == '\0' && x > 0)
		blank(grid_at(g, x - 1, y), c[-1].role);
	if (x + gl->width < g->width && c[gl->width].text[0] == '\0')
		blank(&c[gl->width], c[gl->width].role);
	if (g->is_ascii && (unsigned char)gl->text[0] >= 0x80) {
		c->text[0] = '?';
		c->text[1] = '\0';
	} else {
		memcpy(c->text, gl->text, gl->len);
		c->text[gl->len] = '\0';
	}
	c->role = (unsigned char)role;
	if (gl->width == 2) {
		c[1].role = (unsigned char)role;
		if (g->is_ascii)
			blank(&c[1], role);
		else
			c[1].text[0] = '\0';
	}
}

/* Show from the given column of the text on, up to so many columns. */
static int
place_part(struct grid *g, int x, int y, enum role role, const char *visible,
    int from, int count)
{
	struct glyph gl;
	int at = 0, used = 0;

	while (next_glyph(&visible, &gl)) {
		if (at >= from) {
			if (used + gl.width > count)
				break;
			place(g, x + used, y, role, &gl);
			used += gl.width;
		}
		at += gl.width;
	}
	return used;
}

static const char *
ellipsis(const struct grid *g)
{
	return g->is_ascii ? "~" : "\xe2\x80\xa6";
}

/* Cut visible text that has too many columns. */
static int
place_cut(struct grid *g, int x, int y, int width, enum role role,
    enum cut cut, const char *visible, int have)
{
	struct glyph dots = { ellipsis(g), strlen(ellipsis(g)), 1 };
	int head = cut == CUT_END ? width - 1 : cut == CUT_START ? 0 :
	    (width - 1) / 2;
	int tail = width - 1 - head, used;

	/* The ellipsis must pass where text may not be more than ASCII. */
	used = place_part(g, x, y, role, visible, 0, head);
	place(g, x + used, y, role, &dots);
	if (g->is_ascii && x + used >= 0 && x + used < g->width && y >= 0 &&
	    y < g->height)
		grid_at(g, x + used, y)->text[0] = '~';
	used++;
	if (tail > 0)
		used += place_part(g, x + used, y, role, visible, have - tail,
		    tail);
	return used;
}

static int
put(struct grid *g, int x, int y, int width, enum role role, enum cut cut,
    const char *text)
{
	struct buf visible = BUF_INIT;
	int have, used = 0;

	if (width <= 0 || y < 0 || y >= g->height)
		return 0;
	make_visible(&visible, text);
	have = columns(visible.ptr);
	if (have <= width)
		used = place_part(g, x, y, role, visible.ptr, 0, have);
	else
		used = place_cut(g, x, y, width, role, cut, visible.ptr,
		    have);
	buf_done(&visible);
	return used;
}

int
grid_put(struct grid *g, int x, int y, int width, enum role role,
    enum cut cut, const char *text)
{
	grid_fill(g, x, y, width, role);
	return put(g, x, y, width, role, cut, text);
}

void
grid_put_right(struct grid *g, int x, int y, int width, enum role role,
    const char *text)
{
	int have = text_columns(text);

	grid_fill(g, x, y, width, role);
	if (have > width)
		have = width;
	put(g, x + width - have, y, have, role, CUT_END, text);
}

int
grid_add(struct grid *g, int x, int y, enum role role, const char *text)
{
	return x >= g->width ? x : x + put(g, x, y, g->width - x, role,
	    CUT_END, text);
}

int
grid_addf(struct grid *g, int x, int y, enum role role, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	x = grid_add(g, x, y, role, text.ptr);
	buf_done(&text);
	return x;
}

void
grid_fill(struct grid *g, int x, int y, int width, enum role role)
{
	static const struct glyph space = { " ", 1, 1 };
	int i;

	for (i = 0; i < width; i++)
		place(g, x + i, y, role, &space);
}

static void
place_mark(struct grid *g, int x, int y, enum role role, const char *utf8,
    char ascii)
{
	char plain[2] = { ascii, '\0' };
	struct glyph gl = { g->is_ascii ? plain : utf8,
	    g->is_ascii ? 1 : strlen(utf8), 1 };

	place(g, x, y, role, &gl);
}

void
grid_line(struct grid *g, int x, int y, int width, enum role role)
{
	int i;

	for (i = 0; i < width; i++)
		place_mark(g, x + i, y, role, "\xe2\x94\x80", '-');
}

void
grid_box(struct grid *g, int x, int y, int width, int height,
    const char *title)
{
	int i;

	for (i = 0; i < height; i++) {
		grid_fill(g, x, y + i, width, ROLE_DIALOG);
		place_mark(g, x, y + i, ROLE_DIALOG, "\xe2\x94\x82", '|');
		place_mark(g, x + width - 1, y + i, ROLE_DIALOG,
		    "\xe2\x94\x82", '|');
	}
	grid_line(g, x, y, width, ROLE_DIALOG);
	grid_line(g, x, y + height - 1, width, ROLE_DIALOG);
	place_mark(g, x, y, ROLE_DIALOG, "\xe2\x94\x8c", '+');
	place_mark(g, x + width - 1, y, ROLE_DIALOG, "\xe2\x94\x90", '+');
	place_mark(g, x, y + height - 1, ROLE_DIALOG, "\xe2\x94\x94", '+');
	place_mark(g, x + width - 1, y + height - 1, ROLE_DIALOG,
	    "\xe2\x94\x98", '+');
	if (title[0] != '\0' && width > 6) {
		i = put(g, x + 3, y, width - 6, ROLE_DIALOG_TITLE, CUT_END,
		    title);
		grid_fill(g, x + 2, y, 1, ROLE_DIALOG);
		grid_fill(g, x + 3 + i, y, 1, ROLE_DIALOG);
	}
}

void
grid_mark(struct grid *g, int x, int y, int width, const char *text)
{
	struct buf line = BUF_INIT;
	size_t len = strlen(text), at[SIDE_MAX + 1], n = 0, i, j;
	const struct cell *c;

	if (len == 0 || y < 0 || y >= g->height)
		return;
	for (i = 0; i < (size_t)width && x + (int)i < g->width; i++) {
		c = grid_at(g, x + (int)i, y);
		at[n++] = line.len;
		buf_adds(&line, c->text);
	}
	at[n] = line.len;
	for (i = 0; i < n; i++) {
		if (at[i] == at[i + 1] || at[i] + len > line.len ||
		    strncasecmp(line.ptr + at[i], text, len) != 0)
			continue;
		for (j = i; j < n && at[j] < at[i] + len; j++)
			grid_at(g, x + (int)j, y)->role = ROLE_MATCH;
	}
	buf_done(&line);
}

void
grid_bar(struct grid *g, int x, int y, int width, enum role role, double part)
{
	static const char *const eighths[] = { " ", "\xe2\x96\x8f",
	    "\xe2\x96\x8e", "\xe2\x96\x8d", "\xe2\x96\x8c", "\xe2\x96\x8b",
	    "\xe2\x96\x8a", "\xe2\x96\x89", "\xe2\x96\x88" };
	int full = (int)(part * width * 8 + 0.5), i, n;

	if (full == 0 && part > 0)
		full = 1;
	for (i = 0; i < width; i++) {
		n = full - 8 * i;
		n = n < 0 ? 0 : n > 8 ? 8 : n;
		place_mark(g, x + i, y, role, eighths[n], n >= 4 ? '#' :
		    n > 0 ? '-' : ' ');
	}
}

void
grid_spark(struct grid *g, int x, int y, int width, enum role role,
    const unsigned *values, size_t count)
{
	static const char *const steps[] = { "\xe2\x96\x81", "\xe2\x96\x82",
	    "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86",
	    "\xe2\x96\x87", "\xe2\x96\x88" };
	static const char plain[] = ".:-=+*%#";
	unsigned most = 1, n;
	size_t i, first;

	if (width <= 0)
		return;
	first = count > (size_t)width ? count - (size_t)width : 0;
	for (i = first; i < count; i++)
		if (values[i] > most)
			most = values[i];
	for (i = first; i < count; i++) {
		/* Nothing is a dot, one of many is more than nothing. */
		n = values[i] == 0 ? 0 : 1 + (unsigned)((uint64_t)values[i] *
		    6 / most);
		place_mark(g, x + width - (int)(count - i), y, role,
		    values[i] == 0 ? "\xc2\xb7" : steps[n],
		    values[i] == 0 ? '.' : plain[n]);
	}
}

void
grid_text(const struct grid *g, struct buf *out)
{
	size_t start;
	int x, y;

	for (y = 0; y < g->height; y++) {
		start = out->len;
		for (x = 0; x < g->width; x++)
			buf_adds(out, grid_at(g, x, y)->text);
		while (out->len > start && out->ptr[out->len - 1] == ' ')
			buf_truncate(out, out->len - 1);
		buf_addc(out, '\n');
	}
}
