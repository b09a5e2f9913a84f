/*
 * theme.c - how each role looks
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/theme.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define FILE_MAX	65536

enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, GRAY = 8,
	BRIGHT_WHITE = 15, OWN = -1 };

#define B	THEME_BOLD
#define R	THEME_REVERSE
#define U	THEME_UNDERLINE
#define D	THEME_DIM

static const char *const role_names[ROLE_COUNT] = {
	"normal", "header", "tab", "tab-on", "columns", "column-on", "cursor",
	"tagged", "cursor-tagged", "dim", "good", "warn", "bad", "held",
	"active", "match", "key", "key-text", "dialog", "dialog-title",
	"dialog-on", "prompt", "title", "bar"
};

static const struct theme themes[] = {
{ "default", {
	[ROLE_NORMAL] = { OWN, OWN, 0 }, [ROLE_HEADER] = { OWN, OWN, B },
	[ROLE_TAB] = { OWN, OWN, 0 }, [ROLE_TAB_ON] = { OWN, OWN, R },
	[ROLE_COLUMNS] = { BLACK, GREEN, 0 },
	[ROLE_COLUMN_ON] = { BLACK, CYAN, 0 },
	[ROLE_CURSOR] = { BLACK, CYAN, 0 }, [ROLE_TAGGED] = { YELLOW, OWN, B },
	[ROLE_CURSOR_TAGGED] = { BLACK, YELLOW, 0 },
	[ROLE_DIM] = { GRAY, OWN, 0 }, [ROLE_GOOD] = { GREEN, OWN, 0 },
	[ROLE_WARN] = { YELLOW, OWN, 0 }, [ROLE_BAD] = { RED, OWN, B },
	[ROLE_HELD] = { MAGENTA, OWN, 0 }, [ROLE_ACTIVE] = { GREEN, OWN, 0 },
	[ROLE_MATCH] = { BLACK, YELLOW, 0 }, [ROLE_KEY] = { OWN, OWN, 0 },
	[ROLE_KEY_TEXT] = { BLACK, CYAN, 0 },
	[ROLE_DIALOG] = { OWN, OWN, 0 }, [ROLE_DIALOG_TITLE] = { OWN, OWN, B },
	[ROLE_DIALOG_ON] = { BLACK, CYAN, 0 },
	[ROLE_PROMPT] = { OWN, OWN, B }, [ROLE_TITLE] = { CYAN, OWN, B },
	[ROLE_BAR] = { CYAN, OWN, 0 } } },
{ "light", {
	[ROLE_NORMAL] = { BLACK, BRIGHT_WHITE, 0 },
	[ROLE_HEADER] = { BLACK, BRIGHT_WHITE, B },
	[ROLE_TAB] = { BLACK, BRIGHT_WHITE, 0 },
	[ROLE_TAB_ON] = { BRIGHT_WHITE, BLUE, B },
	[ROLE_COLUMNS] = { BRIGHT_WHITE, BLUE, 0 },
	[ROLE_COLUMN_ON] = { BRIGHT_WHITE, MAGENTA, B },
	[ROLE_CURSOR] = { BRIGHT_WHITE, BLUE, 0 },
	[ROLE_TAGGED] = { RED, BRIGHT_WHITE, B },
	[ROLE_CURSOR_TAGGED] = { BRIGHT_WHITE, RED, B },
	[ROLE_DIM] = { GRAY, BRIGHT_WHITE, 0 },
	[ROLE_GOOD] = { GREEN, BRIGHT_WHITE, 0 },
	[ROLE_WARN] = { MAGENTA, BRIGHT_WHITE, 0 },
	[ROLE_BAD] = { RED, BRIGHT_WHITE, B },
	[ROLE_HELD] = { MAGENTA, BRIGHT_WHITE, 0 },
	[ROLE_ACTIVE] = { GREEN, BRIGHT_WHITE, 0 },
	[ROLE_MATCH] = { BLACK, YELLOW, 0 },
	[ROLE_KEY] = { BLACK, BRIGHT_WHITE, B },
	[ROLE_KEY_TEXT] = { BRIGHT_WHITE, BLUE, 0 },
	[ROLE_DIALOG] = { BLACK, BRIGHT_WHITE, 0 },
	[ROLE_DIALOG_TITLE] = { BLUE, BRIGHT_WHITE, B },
	[ROLE_DIALOG_ON] = { BRIGHT_WHITE, BLUE, 0 },
	[ROLE_PROMPT] = { BLACK, BRIGHT_WHITE, B },
	[ROLE_TITLE] = { BLUE, BRIGHT_WHITE, B },
	[ROLE_BAR] = { BLUE, BRIGHT_WHITE, 0 } } },
{ "mono", {
	[ROLE_NORMAL] = { OWN, OWN, 0 }, [ROLE_HEADER] = { OWN, OWN, B },
	[ROLE_TAB] = { OWN, OWN, 0 }, [ROLE_TAB_ON] = { OWN, OWN, R },
	[ROLE_COLUMNS] = { OWN, OWN, R },
	[ROLE_COLUMN_ON] = { OWN, OWN, R | B | U },
	[ROLE_CURSOR] = { OWN, OWN, R }, [ROLE_TAGGED] = { OWN, OWN, B },
	[ROLE_CURSOR_TAGGED] = { OWN, OWN, R | B },
	[ROLE_DIM] = { OWN, OWN, D }, [ROLE_GOOD] = { OWN, OWN, 0 },
	[ROLE_WARN] = { OWN, OWN, B }, [ROLE_BAD] = { OWN, OWN, B | U },
	[ROLE_HELD] = { OWN, OWN, 0 }, [ROLE_ACTIVE] = { OWN, OWN, 0 },
	[ROLE_MATCH] = { OWN, OWN, R | U }, [ROLE_KEY] = { OWN, OWN, 0 },
	[ROLE_KEY_TEXT] = { OWN, OWN, R }, [ROLE_DIALOG] = { OWN, OWN, 0 },
	[ROLE_DIALOG_TITLE] = { OWN, OWN, B },
	[ROLE_DIALOG_ON] = { OWN, OWN, R },
	[ROLE_PROMPT] = { OWN, OWN, B }, [ROLE_TITLE] = { OWN, OWN, B },
	[ROLE_BAR] = { OWN, OWN, 0 } } },
{ "high-contrast", {
	[ROLE_NORMAL] = { BRIGHT_WHITE, BLACK, 0 },
	[ROLE_HEADER] = { BRIGHT_WHITE, BLACK, B },
	[ROLE_TAB] = { BRIGHT_WHITE, BLACK, 0 },
	[ROLE_TAB_ON] = { BLACK, BRIGHT_WHITE, B },
	[ROLE_COLUMNS] = { BLACK, BRIGHT_WHITE, B },
	[ROLE_COLUMN_ON] = { BLACK, YELLOW, B },
	[ROLE_CURSOR] = { BLACK, YELLOW, B },
	[ROLE_TAGGED] = { YELLOW, BLACK, B | U },
	[ROLE_CURSOR_TAGGED] = { BLACK, BRIGHT_WHITE, B | U },
	[ROLE_DIM] = { BRIGHT_WHITE, BLACK, 0 },
	[ROLE_GOOD] = { BRIGHT_WHITE, BLACK, 0 },
	[ROLE_WARN] = { YELLOW, BLACK, B },
	[ROLE_BAD] = { BRIGHT_WHITE, RED, B },
	[ROLE_HELD] = { BRIGHT_WHITE, BLACK, U },
	[ROLE_ACTIVE] = { BRIGHT_WHITE, BLACK, B },
	[ROLE_MATCH] = { BLACK, YELLOW, B },
	[ROLE_KEY] = { YELLOW, BLACK, B },
	[ROLE_KEY_TEXT] = { BLACK, BRIGHT_WHITE, B },
	[ROLE_DIALOG] = { BRIGHT_WHITE, BLACK, B },
	[ROLE_DIALOG_TITLE] = { YELLOW, BLACK, B },
	[ROLE_DIALOG_ON] = { BLACK, YELLOW, B },
	[ROLE_PROMPT] = { YELLOW, BLACK, B },
	[ROLE_TITLE] = { YELLOW, BLACK, B },
	[ROLE_BAR] = { YELLOW, BLACK, 0 } } },
};

#define COUNT	(sizeof(themes) / sizeof(themes[0]))

const char *
theme_name(unsigned i)
{
	return i < COUNT ? themes[i].name : NULL;
}

static bool
read_colour(const char *word, signed char *out)
{
	static const char *const names[] = { "black", "red", "green",
	    "yellow", "blue", "magenta", "cyan", "white", "gray",
	    "bright-red", "bright-green", "bright-yellow", "bright-blue",
	    "bright-magenta", "bright-cyan", "bright-white" };
	signed char i;

	if (word[0] == '\0' || strcmp(word, "default") == 0) {
		*out = OWN;
		return true;
	}
	for (i = 0; i < 16; i++)
		if (strcmp(word, names[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool
read_attrs(char *list, unsigned char *out)
{
	static const struct {
		const char	*name;
		unsigned char	 bit;
	} attrs[] = { { "bold", B }, { "reverse", R }, { "underline", U },
	    { "dim", D }, { "normal", 0 } };
	char *word;
	size_t i;

	*out = 0;
	while ((word = text_split(&list, "+ \t")) != NULL) {
		for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
			if (strcmp(word, attrs[i].name) == 0)
				break;
		if (i == sizeof(attrs) / sizeof(attrs[0]))
			return false;
		*out |= attrs[i].bit;
	}
	return true;
}

/* "role = fg,bg,attr" */
static int
read_line(struct theme *t, char *line, struct err *err)
{
	char *equals = strchr(line, '='), *rest, *word;
	struct theme_look look = { OWN, OWN, 0 };
	int i;

	if (equals == NULL)
		return err_set(err, ERR_SYNTAX, "missing '='");
	*equals = '\0';
	line = text_trim(line);
	for (i = 0; i < ROLE_COUNT && strcmp(role_names[i], line) != 0; i++)
		continue;
	if (i == ROLE_COUNT)
		return err_set(err, ERR_SYNTAX, "unknown role '%.40s'", line);
	rest = equals + 1;
	word = strsep(&rest, ",");
	if (!read_colour(text_trim(word), &look.fg))
		return err_set(err, ERR_SYNTAX, "unknown colour '%.40s'",
		    text_trim(word));
	if ((word = strsep(&rest, ",")) != NULL &&
	    !read_colour(text_trim(word), &look.bg))
		return err_set(err, ERR_SYNTAX, "unknown colour '%.40s'",
		    text_trim(word));
	if (rest != NULL && !read_attrs(rest, &look.attr))
		return err_set(err, ERR_SYNTAX, "unknown attribute");
	t->look[i] = look;
	return 0;
}

static int
read_file(struct theme *t, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	char *rest, *line;
	int number = 0, rc;

	if ((rc = file_read(path, &text, FILE_MAX, err)) == -1) {
		buf_done(&text);
		return -1;
	}
	rest = text.ptr;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		line = text_trim(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (read_line(t, line, err) == -1)
			rc = err_prefix(err, "%s:%d: ", path, number);
	}
	buf_done(&text);
	return rc;
}

int
theme_load(struct theme *t, const char *name, const char *dir,
    struct err *err)
{
	struct buf path = BUF_INIT;
	struct theme new = themes[0];
	size_t i;
	int rc;

	for (i = 0; i < COUNT; i++)
		if (strcmp(themes[i].name, name) == 0) {
			*t = themes[i];
			return 0;
		}
	if (dir == NULL || name[0] == '\0' || strchr(name, '/') != NULL ||
	    name[0] == '.')
		return err_set(err, ERR_NOT_FOUND, "no theme '%.40s'", name);
	buf_addf(&path, "%s/%s.theme", dir, name);
	if (access(path.ptr, F_OK) == -1)
		rc = err_set(err, ERR_NOT_FOUND, "no theme '%.40s'", name);
	else if ((rc = read_file(&new, path.ptr, err)) == 0) {
		snprintf(new.name, sizeof(new.name), "%s", name);
		*t = new;
	}
	buf_done(&path);
	return rc;
}
