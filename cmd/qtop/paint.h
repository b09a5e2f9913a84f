/*
 * paint.h - the terminal: paints grids, reads keys
 *
 * The only file that knows curses. Whatever happens, the terminal is left as
 * it was found: at the end, while suspended, and when the program crashes.
 */
#ifndef CMD_QTOP_PAINT_H
#define CMD_QTOP_PAINT_H

#include <stdbool.h>

#include "cmd/qtop/grid.h"
#include "cmd/qtop/theme.h"

struct err;

/* paint_start - take over the terminal; 0, or -1 with err when it cannot show this */
int	paint_start(bool has_mouse, struct err *err);
/* paint_stop - give it back */
void	paint_stop(void);
/* paint_is_utf8 - may it get more than ASCII? */
bool	paint_is_utf8(void);
void	paint_theme(const struct theme *t);
void	paint_mouse(bool has_mouse);
void	paint_size(int *width, int *height);
/* paint_grid - show it; is_whole: draw everything anew */
void	paint_grid(const struct grid *g, bool is_whole);

/* What was typed or clicked. */
struct paint_event {
	int		 key;		/* KEYS_NONE: nothing waits */
	int		 x, y;		/* KEYS_MOUSE */
	bool		 is_double, is_wheel_up, is_wheel_down;
};
/* paint_read - the next event, without waiting */
struct paint_event	paint_read(void);
/* paint_discard - forget what was typed and not read */
void	paint_discard(void);
/* paint_suspend - stop like any job; returns when continued */
void	paint_suspend(void);
/* paint_pause, paint_resume - lend the terminal to a command */
void	paint_pause(void);
void	paint_resume(void);
/* paint_copy - into the clipboard, by OSC 52 */
void	paint_copy(const char *text);

#endif
