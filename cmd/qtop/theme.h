/*
 * theme.h - how each role looks
 *
 * Meaning never comes by colour alone: what matters also has a letter or a
 * mark. "mono" has no colours at all, and so has NO_COLOR.
 */
#ifndef CMD_QTOP_THEME_H
#define CMD_QTOP_THEME_H

#include <stdbool.h>

#include "cmd/qtop/grid.h"

struct err;

enum theme_attr { THEME_BOLD = 1, THEME_REVERSE = 2, THEME_UNDERLINE = 4,
	THEME_DIM = 8 };

struct theme_look {
	signed char	 fg, bg;	/* 0 to 15; -1: the terminal's own */
	unsigned char	 attr;		/* THEME_* */
};

struct theme {
	char		 name[32];
	struct theme_look look[ROLE_COUNT];
};

/*
 * theme_load - a built-in theme by name, or the user's
 *
 * dir		of NAME.theme files; NULL: none. A file holds lines
 *		"role = fg,bg,attr" and changes the default theme
 *
 * 0, or -1 with err naming file, line and cause.
 */
int	theme_load(struct theme *t, const char *name, const char *dir,
	    struct err *err);
/* theme_name - the built-in ones by number, NULL at the end */
const char	*theme_name(unsigned i);

#endif
