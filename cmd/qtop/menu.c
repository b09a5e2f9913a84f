/*
 * menu.c - choices: order, actions, columns, setup, formats, changes
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/do.h"
#include "cmd/qtop/instances.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

enum setup { SETUP_THEME, SETUP_REFRESH, SETUP_CONFIRM, SETUP_MOUSE,
	SETUP_PREVIEW, SETUP_FOLLOW, SETUP_COLUMNS, SETUP_COUNT };

static struct menu_item *__attribute__((format(printf, 3, 4)))
add(struct menu *menu, int value, const char *fmt, ...)
{
	struct menu_item *item;
	va_list ap;

	if (menu->count == MENU_ITEMS)
		return &menu->items[MENU_ITEMS - 1];
	item = &menu->items[menu->count++];
	memset(item, 0, sizeof(*item));
	va_start(ap, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, ap);
	va_end(ap);
	item->value = value;
	return item;
}

/* ---- what they offer ---- */

static void
fill_sort(struct model *m, struct menu *menu)
{
	static const char *const group_names[GROUP_SORT_COUNT] = { "name",
	    "messages", "recipients", "bytes", "oldest", "due" };
	int c;

	snprintf(menu->title, sizeof(menu->title), "Sort by");
	if (model_is_grouped(m)) {
		for (c = 0; c < GROUP_SORT_COUNT; c++) {
			if (c == (int)m->group_sort)
				menu->at = menu->count;
			add(menu, c, "%s", group_names[c]);
		}
		return;
	}
	for (c = 0; c < COLUMN_COUNT; c++) {
		if (!column_sorts((enum column)c))
			continue;
		if (c == (int)m->settings.sort)
			menu->at = menu->count;
		add(menu, c, "%-10s  %s", columns[c].title, columns[c].name);
	}
}

static void
fill_actions(struct model *m, struct menu *menu)
{
	static const struct {
		int		 action;
		const char	*key, *text;
	} acts[] = {
		{ QUEUE_ACT_DELETE, "d", "delete" },
		{ QUEUE_ACT_HOLD, "H", "put on hold" },
		{ QUEUE_ACT_RELEASE, "U", "release from hold" },
		{ QUEUE_ACT_FLUSH, "F", "try to deliver now" },
		{ QUEUE_ACT_REQUEUE, "R", "requeue" },
		{ QUEUE_ACT_EXPIRE, "E", "expire at the next attempt" },
		{ QUEUE_ACT_EXPIRE_RELEASE, " ", "expire, and release" },
		{ QUEUE_ACT_BOUNCE, " ", "return to sender now" },
		{ QUEUE_ACT_DROP, " ", "drop recipients, tell nobody" },
	};
	const char *what;
	size_t i, n = act_scope_count(m, &what);

	snprintf(menu->title, sizeof(menu->title), "%zu %s", n, what);
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		add(menu, acts[i].action, "%s  %-30s %s", acts[i].key,
		    acts[i].text, acts[i].action == QUEUE_ACT_DELETE ?
		    "trash; can be undone" : queue_actions[acts[i].action
		    ].is_reversible ? "can be undone" : acts[i].action ==
		    QUEUE_ACT_FLUSH ? "" : "CANNOT be undone");
	add(menu, -1, "M  %-30s %s", "edit", "can be undone");
}

static void
fill_columns(struct model *m, struct menu *menu)
{
	int c;

	snprintf(menu->title, sizeof(menu->title), "Columns");
	for (c = 0; c < COLUMN_COUNT; c++) {
		struct menu_item *item = add(menu, c, "%-10s  %s",
		    columns[c].title, columns[c].name);

		item->is_box = true;
		item->is_checked = (m->settings.columns & COLUMN_BIT(c)) != 0;
	}
}

static void
fill_setup(struct model *m, struct menu *menu)
{
	const struct settings *s = &m->settings;

	snprintf(menu->title, sizeof(menu->title),
	    "Setup (Enter or Space changes)");
	add(menu, SETUP_THEME, "theme            %s", s->theme);
	add(menu, SETUP_REFRESH, "look again after %d s", s->refresh_s);
	add(menu, SETUP_CONFIRM, "type the number  above %d messages",
	    s->confirm_above);
	add(menu, SETUP_MOUSE, "mouse            %s", s->has_mouse ? "on" :
	    "off");
	add(menu, SETUP_PREVIEW, "preview          %s", s->has_preview ?
	    "on" : "off");
	add(menu, SETUP_FOLLOW, "follow the row   %s", s->follows ? "on" :
	    "off");
	add(menu, SETUP_COLUMNS, "columns ...");
}

static void
fill_edit(struct model *m, struct menu *menu)
{
	const char *what;
	size_t n = act_scope_count(m, &what);
	int op;

	snprintf(menu->title, sizeof(menu->title), "Change %zu %s", n, what);
	for (op = 0; op < EDIT_OP_COUNT; op++)
		add(menu, op, "%-17s %s", queue_edit_ops[op].name,
		    queue_edit_ops[op].meaning);
	if (!model_is_grouped(m))
		add(menu, EDIT_OP_COUNT, "%-17s %s", "editor",
		    "the message under the cursor as text, in $VISUAL");
}

static void
fill_instances(struct model *m, struct menu *menu)
{
	struct instances all;
	size_t i;

	if (m->status.kind == SOURCE_FILE || m->status.kind == SOURCE_COPY) {
		model_say(m, TONE_INFO, "this is %s", m->why_read_only);
		menu->kind = MENU_NONE;
		return;
	}
	instances_find(&all);
	snprintf(menu->title, sizeof(menu->title), "Whose queue");
	for (i = 0; i < all.count; i++)
		add(menu, (int)i, "%s%s", all.dirs[i], i == 0 ?
		    "  (this one)" : "");
	if (all.count <= 1) {
		model_say(m, TONE_INFO, "there is no other instance: main.cf "
		    "names none in multi_instance_directories");
		menu->kind = MENU_NONE;
	}
	instances_done(&all);
}

void
menu_open(struct model *m, enum menu_kind kind)
{
	struct menu *menu = &m->menu;
	int i;

	memset(menu, 0, sizeof(*menu));
	menu->kind = kind;
	switch (kind) {
	case MENU_SORT: fill_sort(m, menu); break;
	case MENU_ACTION: fill_actions(m, menu); break;
	case MENU_COLUMNS: fill_columns(m, menu); break;
	case MENU_SETUP: fill_setup(m, menu); break;
	case MENU_EDIT: fill_edit(m, menu); break;
	case MENU_INSTANCES: fill_instances(m, menu); break;
	case MENU_EXPORT:
		snprintf(menu->title, sizeof(menu->title), "Export as");
		for (i = 0; i < EXPORT_COUNT; i++)
			add(menu, i, "%s", export_formats[i]);
		break;
	default: break;
	}
}

/* ---- what becomes of a choice ---- */

static void
next_theme(struct model *m)
{
	unsigned i = 0;

	while (theme_name(i) != NULL &&
	    strcmp(theme_name(i), m->settings.theme) != 0)
		i++;
	if (theme_name(i) == NULL || theme_name(i + 1) == NULL)
		i = (unsigned)-1;
	settings_theme(m, theme_name(i + 1));
}

/* The value after this one in a list that ends with 0. */
static int
next_of(const int *list, int now)
{
	int i = 0;

	while (list[i] != 0 && list[i] <= now)
		i++;
	return list[i] != 0 ? list[i] : list[0];
}

static void
change_setup(struct model *m, enum setup what)
{
	static const int refresh[] = { 1, 2, 5, 10, 30, 60, 0 };
	static const int confirm[] = { 1, 5, 25, 100, 1000, 0 };
	struct settings *s = &m->settings;
	size_t at = m->menu.at;

	switch (what) {
	case SETUP_THEME: next_theme(m); break;
	case SETUP_REFRESH:
		s->refresh_s = next_of(refresh, s->refresh_s);
		source_interval(m->source, (int64_t)s->refresh_s * 1000);
		break;
	case SETUP_CONFIRM:
		s->confirm_above = next_of(confirm, s->confirm_above);
		break;
	case SETUP_MOUSE:
		s->has_mouse = !s->has_mouse;
		m->wants_mouse = true;
		break;
	case SETUP_PREVIEW: s->has_preview = !s->has_preview; break;
	case SETUP_FOLLOW: s->follows = !s->follows; break;
	case SETUP_COLUMNS:
		menu_open(m, MENU_COLUMNS);
		return;
	default: break;
	}
	menu_open(m, MENU_SETUP);
	m->menu.at = at;
}

static void
toggle_column(struct model *m, int c)
{
	m->settings.columns ^= COLUMN_BIT(c);
	if (m->settings.columns == 0)
		m->settings.columns = COLUMN_BIT(COLUMN_ID);
	m->menu.items[m->menu.at].is_checked =
	    (m->settings.columns & COLUMN_BIT(c)) != 0;
}

static void
scope_refused(struct model *m)
{
	act_dropped(m);
	model_say(m, TONE_INFO, "nothing was done");
}

static void
choose_instance(struct model *m, size_t i)
{
	struct instances all;

	instances_find(&all);
	do_action(m, DO_QUIT);		/* unless something is going on */
	if (m->is_over && i > 0 && i < all.count)
		m->to_instance = xstrdup(all.dirs[i]);
	instances_done(&all);
}

static void
choose(struct model *m, int value)
{
	enum menu_kind kind = m->menu.kind;

	if (kind == MENU_SETUP) {
		change_setup(m, (enum setup)value);
		return;
	}
	if (kind == MENU_COLUMNS) {
		toggle_column(m, value);
		return;
	}
	m->menu.kind = MENU_NONE;
	switch (kind) {
	case MENU_SORT:
		if (model_is_grouped(m)) {
			m->group_sort = (enum group_sort)value;
			m->is_group_down = value != GROUP_KEY;
		} else {
			m->settings.sort = (enum column)value;
			m->settings.is_down = columns[value].is_down;
		}
		model_ask(m);
		break;
	case MENU_ACTION:
		if (value == -1)
			do_action(m, DO_EDIT);
		else
			act_begin(m, (enum queue_action)value, ACT_ASK);
		break;
	case MENU_SCOPE:
		if (value == -1)
			scope_refused(m);
		else
			act_scoped(m, (enum act_scope)value);
		break;
	case MENU_INSTANCES:
		if (value > 0)
			choose_instance(m, (size_t)value);
		break;
	case MENU_EXPORT: prompt_open(m, PROMPT_EXPORT, "", value); break;
	case MENU_EDIT:
		if (value == EDIT_OP_COUNT)
			act_in_editor(m);
		else
			prompt_open(m, PROMPT_EDIT, "", value);
		break;
	default: break;
	}
}

static void
close_menu(struct model *m)
{
	struct err err = ERR_INIT;

	if ((m->menu.kind == MENU_SETUP || m->menu.kind == MENU_COLUMNS) &&
	    settings_save(m, &err) == -1)
		model_say(m, TONE_BAD, "not saved: %s", err.text);
	m->menu.kind = MENU_NONE;
}

void
menu_key(struct model *m, int key)
{
	struct menu *menu = &m->menu;

	switch (key) {
	case KEYS_UP: case 'k':
		menu->at = menu->at > 0 ? menu->at - 1 : menu->count - 1;
		break;
	case KEYS_DOWN: case 'j':
		menu->at = menu->at + 1 < menu->count ? menu->at + 1 : 0;
		break;
	case KEYS_HOME: menu->at = 0; break;
	case KEYS_END: menu->at = menu->count - 1; break;
	case KEYS_ESC: case 'q': case KEYS_CTRL('c'): case KEYS_LEFT:
	case 'h':
		close_menu(m);
		break;
	case ' ':
		if (menu->kind != MENU_SETUP && menu->kind != MENU_COLUMNS)
			break;
		choose(m, menu->items[menu->at].value);
		break;
	case KEYS_ENTER: case '\n': case KEYS_RIGHT: case 'l':
		choose(m, menu->items[menu->at].value);
		break;
	}
}
