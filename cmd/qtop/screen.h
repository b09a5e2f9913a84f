/*
 * screen.h - draw the model into a grid; changes nothing of it
 *
 *	totals                          line 0
 *	screens, filter, tags           line 1
 *	titles                          line 2
 *	rows ...
 *	result or prompt, counts        the last but one
 *	keys                            the last
 */
#ifndef CMD_QTOP_SCREEN_H
#define CMD_QTOP_SCREEN_H

#include "cmd/qtop/grid.h"
#include "cmd/qtop/model.h"

/* screen_draw - all of it, as large as the model says */
void	screen_draw(struct model *m, struct grid *g);

/* What is at a place of the screen, for the mouse. */
enum spot_kind { SPOT_NOTHING, SPOT_ROW, SPOT_SCREEN, SPOT_KEY, SPOT_COLUMN };
struct spot {
	enum spot_kind	 kind;
	size_t		 value;		/* row; screen; number of the F-key; column */
};
struct spot	screen_spot(const struct model *m, int x, int y);
/* screen_menu_item - which item of the open menu is there; false: none */
bool	screen_menu_item(const struct model *m, int x, int y, size_t *item);

/* ---- parts, each in its own file ---- */

#define LIST_TOP	3	/* first line of rows */

/* Each draws one screen below the tabs; screen_dialogs draws what stands over it. */
void	screen_messages(struct model *m, struct grid *g);
void	screen_groups(struct model *m, struct grid *g);
void	screen_overview(struct model *m, struct grid *g);
void	screen_flow(struct model *m, struct grid *g);
void	screen_journal(struct model *m, struct grid *g);
void	screen_reader(struct model *m, struct grid *g);
void	screen_dialogs(struct model *m, struct grid *g);

/*
 * screen_text - lines of text, wrapped, from logical line top on
 *
 * Marks what is searched. Returns how many logical lines there are, when
 * asked by height 0: nothing is drawn then.
 */
size_t	screen_text(struct model *m, struct grid *g, int x, int y, int width,
	    int height, const char *text, size_t top, enum role role);
/* screen_group_columns - where column i of a group screen begins and its width; 0: not shown */
int	screen_group_column(const struct model *m, enum group_sort column,
	    int *width);

#endif
