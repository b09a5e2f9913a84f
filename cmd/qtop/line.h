/*
 * line.h - a line of text being edited
 */
#ifndef CMD_QTOP_LINE_H
#define CMD_QTOP_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/qtop/grid.h"
#include "lib/base/buf.h"

#define LINE_HISTORY	32

struct line {
	struct buf	 text;
	size_t		 at;		/* the cursor, in bytes */
};

struct line_history {
	char		*lines[LINE_HISTORY];	/* the newest first */
	size_t		 count;
	int		 chosen;	/* while going through it; -1: none */
	struct buf	 draft;
};

void	line_init(struct line *l);
void	line_done(struct line *l);
void	line_set(struct line *l, const char *text);
/* line_key - true when the key was one for editing */
bool	line_key(struct line *l, int key);
/* line_draw - the text and the cursor, what is near it if it is too long */
void	line_draw(const struct line *l, struct grid *g, int x, int y,
	    int width);
/* line_insert - as if it had been typed */
void	line_insert(struct line *l, const char *text, size_t len);

/* line_history_key - up and down; true when it was one */
bool	line_history_key(struct line_history *h, struct line *l, int key);
void	line_history_add(struct line_history *h, const char *text);
void	line_history_done(struct line_history *h);

#endif
