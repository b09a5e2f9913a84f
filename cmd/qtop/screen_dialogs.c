/*
 * screen_dialogs.c - the opened message, and what lies over the screens
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/qtop/screen.h"
#include "lib/base/buf.h"

/* ---- lines of text ---- */

/* Bytes of the line at p that fit into so many columns, at a blank if one is near. */
static size_t
fitting(const char *p, size_t len, int width)
{
	struct buf part = BUF_INIT;
	size_t n, blank;
	int columns_used;

	if (len <= (size_t)width) {	/* most lines; wide or escaped ones may not fit */
		buf_set(&part, p, len);
		columns_used = text_columns(part.ptr);
		buf_done(&part);
		if (columns_used <= width)
			return len;
	}
	n = len < (size_t)width * 4 ? len : (size_t)width * 4;
	for (;;) {
		while (n > 1 && n < len &&
		    ((unsigned char)p[n] & 0xc0) == 0x80)
			n--;
		buf_set(&part, p, n);
		columns_used = text_columns(part.ptr);
		if (columns_used <= width || n <= 1)
			break;
		n -= (size_t)(columns_used - width + 3) / 4 < n ?
		    (size_t)(columns_used - width + 3) / 4 : n - 1;
	}
	buf_done(&part);
	if (n >= len)
		return len;
	for (blank = n; blank > n / 2; blank--)
		if (p[blank] == ' ')
			return blank + 1;
	return n > 0 ? n : 1;
}

size_t
screen_text(struct model *m, struct grid *g, int x, int y, int width,
    int height, const char *text, size_t top, enum role role)
{
	struct buf part = BUF_INIT;
	const char *p = text, *end;
	size_t line = 0, n, len;
	int used = 0;

	for (; *p != '\0'; p = end + (*end == '\n'), line++) {
		end = p + strcspn(p, "\n");
		if (height == 0 || line < top)
			continue;
		len = (size_t)(end - p);
		do {
			if (used >= height)
				break;
			n = fitting(p, len, width);
			buf_set(&part, p, n);
			/* The blank at which it was broken needs no column. */
			if (n < len && p[n - 1] == ' ')
				buf_truncate(&part, n - 1);
			grid_put(g, x, y + used, width, role, CUT_END,
			    part.ptr);
			grid_mark(g, x, y + used, width, m->search);
			used++;
			p += n;
			len -= n;
		} while (len > 0);
		if (used >= height && height > 0)
			break;
	}
	buf_done(&part);
	return height == 0 ? line : (size_t)used;
}

/* ---- the opened message ---- */

void
screen_reader(struct model *m, struct grid *g)
{
	const struct reader *r = &m->reader;
	int i, x = 1;

	for (i = 0; i < TAB_COUNT; i++) {
		x = grid_addf(g, x, 1, i == (int)r->tab ? ROLE_TAB_ON :
		    ROLE_TAB, m->width < 70 && i != (int)r->tab ? "%.2s" : i ==
		    (int)r->tab ? "[%s]" : "%s", tab_names[i]) + 1 +
		    (m->width >= 70);
	}
	grid_put(g, 0, 2, g->width, ROLE_COLUMNS, CUT_END, "");
	grid_put(g, 1, 2, g->width - 2, ROLE_COLUMNS, CUT_END, r->queue_id);
	if (r->is_loading)
		grid_put(g, 2, LIST_TOP, g->width - 4, ROLE_DIM, CUT_END,
		    "reading ...");
	else
		screen_text(m, g, 1, LIST_TOP, g->width - 2, g->height - 5,
		    r->tabs[r->tab].ptr, r->top[r->tab], ROLE_NORMAL);
}

/* ---- dialogs ---- */

/* Where a menu lies, and the first item that is shown. */
struct box {
	int		 x, y, width, height;
	size_t		 top;
};

static struct box
menu_box(const struct model *m)
{
	const struct menu *menu = &m->menu;
	struct box b = { .width = text_columns(menu->title) + 6 };
	size_t i;

	for (i = 0; i < menu->count; i++)
		if (text_columns(menu->items[i].text) + 8 > b.width)
			b.width = text_columns(menu->items[i].text) + 8;
	if (b.width > m->width)
		b.width = m->width;
	b.height = (int)menu->count + 2;
	if (b.height > m->height - 2)
		b.height = m->height - 2;
	if (menu->at >= (size_t)b.height - 2)
		b.top = menu->at - ((size_t)b.height - 2) + 1;
	b.x = (m->width - b.width) / 2;
	b.y = (m->height - b.height) / 2;
	return b;
}

bool
screen_menu_item(const struct model *m, int x, int y, size_t *item)
{
	struct box b = menu_box(m);
	size_t at = b.top + (size_t)(y - b.y - 1);

	if (x <= b.x || x >= b.x + b.width - 1 || y <= b.y ||
	    y >= b.y + b.height - 1 || at >= m->menu.count)
		return false;
	*item = at;
	return true;
}

static void
draw_menu(struct model *m, struct grid *g)
{
	const struct menu *menu = &m->menu;
	struct box b = menu_box(m);
	int x = b.x, y = b.y, width = b.width, room = b.height - 2;
	size_t i;

	grid_box(g, x, y, width, b.height, menu->title);
	for (i = b.top; i < menu->count && (int)(i - b.top) < room; i++) {
		enum role role = i == menu->at ? ROLE_DIALOG_ON : ROLE_DIALOG;

		grid_fill(g, x + 1, y + 1 + (int)(i - b.top), width - 2, role);
		if (menu->items[i].is_box)
			grid_add(g, x + 2, y + 1 + (int)(i - b.top), role,
			    menu->items[i].is_checked ? "[x]" : "[ ]");
		grid_put(g, x + (menu->items[i].is_box ? 6 : 2),
		    y + 1 + (int)(i - b.top), width - (menu->items[i].is_box ?
		    7 : 3), role, CUT_END, menu->items[i].text);
	}
}

/* How many lines the text takes when wrapped. */
static int
wrapped(const char *text, int width)
{
	const char *end;
	size_t n;
	int lines = 0;

	for (; *text != '\0'; text = end + (*end == '\n')) {
		end = text + strcspn(text, "\n");
		do {
			n = fitting(text, (size_t)(end - text), width);
			text += n;
			lines++;
		} while (text < end);
	}
	return lines;
}

static void
draw_confirm(struct model *m, struct grid *g)
{
	const struct confirm *q = &m->confirm;
	int width = g->width < 84 ? g->width : 84;
	int lines = wrapped(q->text.ptr, width - 4), height = lines + 4;
	int x, y, at;

	if (height > g->height - 1)
		height = g->height - 1;
	x = (g->width - width) / 2;
	y = (g->height - height) / 2;
	grid_box(g, x, y, width, height, q->title);
	if (height > 4)
		screen_text(m, g, x + 2, y + 1, width - 4, height - 4,
		    q->text.ptr, q->top, ROLE_DIALOG);
	if (height - 4 < lines)
		grid_put(g, x + 3, y + height - 1, width - 6,
		    ROLE_DIALOG_TITLE, CUT_END, "Up, Down: more");
	y += height - 2;
	if (q->number > 0) {
		/* What is typed must be seen. */
		at = grid_addf(g, x + 2, y, ROLE_WARN, width < 62 ?
		    "Type %zu, then Enter: " : "Type the number of messages "
		    "(%zu), then Enter: ", q->number);
		line_draw(&q->line, g, at, y, x + width - 2 - at);
	} else {
		grid_put(g, x + 2, y, width - 4, ROLE_WARN, CUT_END,
		    "y: yes    n, Esc: no    Tab: with a note");
	}
}

static void
draw_pager(struct model *m, struct grid *g)
{
	int height = g->height - 2;

	grid_box(g, 0, 0, g->width, height, m->pager.title);
	screen_text(m, g, 2, 1, g->width - 4, height - 2, m->pager.text.ptr,
	    m->pager.top, ROLE_DIALOG);
}

void
screen_dialogs(struct model *m, struct grid *g)
{
	if (m->pager.is_open)
		draw_pager(m, g);
	if (m->menu.kind != MENU_NONE)
		draw_menu(m, g);
	if (m->confirm.is_open)
		draw_confirm(m, g);
}
