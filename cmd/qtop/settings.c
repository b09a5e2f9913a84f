/*
 * settings.c - what the user likes, kept in ~/.config/posthorn/qtop
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/qtop/do.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

#define FILE_MAX	65536
#define REFRESH_MAX	3600

/* HOME/.config/posthorn; NULL without a home. */
static const char *
settings_dir(void)
{
	static char path[4096];
	const char *home = getenv("HOME");

	if (home == NULL || home[0] != '/' || snprintf(path, sizeof(path),
	    "%s/.config/posthorn", home) >= (int)sizeof(path))
		return NULL;
	return path;
}

bool
settings_theme(struct model *m, const char *name)
{
	struct err err = ERR_INIT;
	struct theme theme;
	const char *no_colour = getenv("NO_COLOR");

	if (theme_load(&theme, name, settings_dir(), &err) == -1) {
		model_say(m, TONE_BAD, "%s", err.text);
		return false;
	}
	if (name != m->settings.theme)
		snprintf(m->settings.theme, sizeof(m->settings.theme), "%s",
		    name);
	if (no_colour != NULL && no_colour[0] != '\0')
		theme_load(&theme, "mono", NULL, NULL);
	m->theme = theme;
	m->wants_theme = true;
	return true;
}

static bool
read_bool(const char *value, bool *out)
{
	*out = strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;
	return *out || strcmp(value, "off") == 0 || strcmp(value, "no") == 0;
}

static bool
read_number(const char *value, int64_t least, int64_t most, int *out)
{
	int64_t n;

	if (num_parse_int(value, least, most, &n, NULL) == -1)
		return false;
	*out = (int)n;
	return true;
}

static bool
read_columns(const char *value, unsigned *out)
{
	char list[512], *rest = list, *word;
	enum column c;
	unsigned all = 0;

	snprintf(list, sizeof(list), "%s", value);
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if ((c = column_find(word)) == COLUMN_COUNT)
			return false;
		all |= COLUMN_BIT(c);
	}
	if (all == 0)
		return false;
	*out = all;
	return true;
}

static bool
read_sort(struct settings *s, const char *value)
{
	enum column c = column_find(value + (value[0] == '-'));

	if (c == COLUMN_COUNT || !column_sorts(c))
		return false;
	s->sort = c;
	s->is_down = value[0] == '-';
	return true;
}

bool
settings_set(struct model *m, const char *name, const char *value)
{
	struct settings *s = &m->settings;

	if (strcmp(name, "theme") == 0)
		return settings_theme(m, value);
	if (strcmp(name, "refresh") == 0)
		return read_number(value, 1, REFRESH_MAX, &s->refresh_s);
	if (strcmp(name, "confirm") == 0)
		return read_number(value, 1, 1000000, &s->confirm_above);
	if (strcmp(name, "mouse") == 0)
		return read_bool(value, &s->has_mouse);
	if (strcmp(name, "preview") == 0)
		return read_bool(value, &s->has_preview);
	if (strcmp(name, "follow") == 0)
		return read_bool(value, &s->follows);
	if (strcmp(name, "columns") == 0)
		return read_columns(value, &s->columns);
	if (strcmp(name, "sort") == 0)
		return read_sort(s, value);
	return false;
}

int
settings_load(struct model *m, struct err *err)
{
	const char *dir = settings_dir();
	struct buf path = BUF_INIT, text = BUF_INIT;
	char *rest, *line, *equals;
	int rc = 0, number = 0;

	if (dir == NULL)
		return 0;
	buf_addf(&path, "%s/qtop", dir);
	if (access(path.ptr, F_OK) == 0)
		rc = file_read(path.ptr, &text, FILE_MAX, err);
	rest = text.len > 0 ? text.ptr : NULL;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		line = text_trim(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if ((equals = strchr(line, '=')) == NULL) {
			rc = err_set(err, ERR_SYNTAX, "%s:%d: missing '='",
			    path.ptr, number);
			break;
		}
		*equals = '\0';
		if (!settings_set(m, text_trim(line), text_trim(equals + 1)))
			rc = err_set(err, ERR_SYNTAX, "%s:%d: cannot set "
			    "'%.40s' to '%.40s'", path.ptr, number,
			    text_trim(line), text_trim(equals + 1));
	}
	buf_done(&path);
	buf_done(&text);
	return rc;
}

int
settings_save(const struct model *m, struct err *err)
{
	const struct settings *s = &m->settings;
	const char *dir = settings_dir();
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool is_first = true;
	int rc, c;

	if (dir == NULL || m->is_confined)
		return 0;
	if (file_mkdirs(dir, 0700, err) == -1)
		return -1;
	buf_addf(&text, "theme = %s\nrefresh = %d\nconfirm = %d\nmouse = %s\n"
	    "preview = %s\nfollow = %s\nsort = %s%s\ncolumns =", s->theme,
	    s->refresh_s, s->confirm_above, s->has_mouse ? "on" : "off",
	    s->has_preview ? "on" : "off", s->follows ? "on" : "off",
	    s->is_down ? "-" : "", columns[s->sort].name);
	for (c = 0; c < COLUMN_COUNT; c++)
		if ((s->columns & COLUMN_BIT(c)) != 0) {
			buf_addf(&text, "%s %s", is_first ? "" : ",",
			    columns[c].name);
			is_first = false;
		}
	buf_addc(&text, '\n');
	buf_addf(&path, "%s/qtop", dir);
	rc = file_replace(path.ptr, text.ptr, text.len, 0600, (uid_t)-1,
	    (gid_t)-1, err);
	buf_done(&path);
	buf_done(&text);
	return rc;
}
