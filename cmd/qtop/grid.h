/*
 * grid.h - a screen of characters in memory: what the terminal is to show
 *
 * Screens draw into a grid, a painter brings it to the terminal, tests and
 * --batch print it as text. All text passes here, so here it is made
 * harmless: control bytes and marks that turn the direction of writing are
 * spelt out, widths are counted in columns, and nothing leaves its field.
 */
#ifndef CMD_QTOP_GRID_H
#define CMD_QTOP_GRID_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* What a cell is for; themes say how that looks. */
enum role {
	ROLE_NORMAL, ROLE_HEADER, ROLE_TAB, ROLE_TAB_ON, ROLE_COLUMNS,
	ROLE_COLUMN_ON, ROLE_CURSOR, ROLE_TAGGED, ROLE_CURSOR_TAGGED,
	ROLE_DIM, ROLE_GOOD, ROLE_WARN, ROLE_BAD, ROLE_HELD, ROLE_ACTIVE,
	ROLE_MATCH, ROLE_KEY, ROLE_KEY_TEXT, ROLE_DIALOG, ROLE_DIALOG_TITLE,
	ROLE_DIALOG_ON, ROLE_PROMPT, ROLE_TITLE, ROLE_BAR, ROLE_COUNT
};

#define CELL_BYTES	15	/* a character and its combining marks */

struct cell {
	char		 text[CELL_BYTES + 1];	/* "" is the right half of a wide one */
	unsigned char	 role;
};

struct grid {
	int		 width, height;
	bool		 is_ascii;	/* the terminal knows no more */
	struct cell	*cells;
	int		 cursor_x, cursor_y;	/* of a line being edited; -1: none */
};

void	grid_init(struct grid *g);
void	grid_done(struct grid *g);
/* grid_clear - make it that large, and blank */
void	grid_clear(struct grid *g, int width, int height);
struct cell	*grid_at(const struct grid *g, int x, int y);

/* How to cut what is too long. */
enum cut { CUT_END, CUT_MIDDLE, CUT_START };

/*
 * grid_put - write text into a field of width columns, the rest of it blank
 *
 * Negative x and whatever leaves the grid is cut off. Returns the columns
 * that the text took.
 */
int	grid_put(struct grid *g, int x, int y, int width, enum role role,
	    enum cut cut, const char *text);
/* grid_put_right - the same, at the field's right end */
void	grid_put_right(struct grid *g, int x, int y, int width, enum role role,
	    const char *text);
/* grid_add - as grid_put, without blanks behind the text; returns the next x */
int	grid_add(struct grid *g, int x, int y, enum role role,
	    const char *text);
int	grid_addf(struct grid *g, int x, int y, enum role role,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* grid_fill - blanks */
void	grid_fill(struct grid *g, int x, int y, int width, enum role role);
/* grid_box - a frame with a title, blank inside */
void	grid_box(struct grid *g, int x, int y, int width, int height,
	    const char *title);
/* grid_line - a horizontal line */
void	grid_line(struct grid *g, int x, int y, int width, enum role role);
/*
 * grid_mark - give ROLE_MATCH to what equals text in row y, letter case of
 * ASCII aside
 */
void	grid_mark(struct grid *g, int x, int y, int width, const char *text);
/* grid_bar - part of whole as a bar of width columns, in eighths of one */
void	grid_bar(struct grid *g, int x, int y, int width, enum role role,
	    double part);
/* grid_spark - values as a line of small bars, the last at the right end */
void	grid_spark(struct grid *g, int x, int y, int width, enum role role,
	    const unsigned *values, size_t count);

/* grid_text - append all as lines of text, blanks at their ends cut */
void	grid_text(const struct grid *g, struct buf *out);

/* text_columns - how many columns text takes when shown */
int	text_columns(const char *text);

#endif
