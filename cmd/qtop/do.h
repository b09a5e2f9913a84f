/*
 * do.h - a key, a click: what becomes of the model
 */
#ifndef CMD_QTOP_DO_H
#define CMD_QTOP_DO_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/qtop/keys.h"
#include "cmd/qtop/model.h"

/* do_key - whoever has the keys now gets it */
void	do_key(struct model *m, int key);
void	do_action(struct model *m, enum action action);
/* do_pending - what waited for its view, if that has come */
void	do_pending(struct model *m);

enum click { CLICK_ONCE, CLICK_TWICE, CLICK_WHEEL_UP, CLICK_WHEEL_DOWN };
/* do_click - what a mouse did at a cell of the screen */
void	do_click(struct model *m, enum click click, int x, int y);

/* ---- lists (do_list.c) ---- */

/* do_move - DO_UP to DO_LEFT */
void	do_move(struct model *m, enum action action);
/* do_in, do_out - into the row under the cursor, and back */
void	do_in(struct model *m);
void	do_out(struct model *m);
/* do_sort_step - by the next column (1) or the one before; do_invert - the other way round */
void	do_sort_step(struct model *m, int step);
void	do_invert(struct model *m);
/* do_tags - DO_TAG to DO_TAG_INVERT */
void	do_tags(struct model *m, enum action action);

/* ---- prompts (prompt.c) ---- */

/* prompt_open - ask for a line; text is there to begin with, value is for whoever gets the answer */
void	prompt_open(struct model *m, enum prompt_kind kind, const char *text,
	    int value);
/* prompt_key - a key while it is open */
void	prompt_key(struct model *m, int key);

/* ---- menus (menu.c) ---- */

/* menu_open - show one of the menus; menu_key - a key while it is open */
void	menu_open(struct model *m, enum menu_kind kind);
void	menu_key(struct model *m, int key);

/* ---- ":" (command.c) ---- */

/* command_run - what was typed there; true, or false with the reason said */
bool	command_run(struct model *m, const char *text);
void	command_complete(struct line *line, struct buf *candidates);

/* ---- the help page (help.c) ---- */

void	help_open(struct model *m);

/* ---- tags (tags.c) ---- */

/* tags_by_expression - tag, or untag, what an expression selects, by a worker */
void	tags_by_expression(struct model *m, const char *expression,
	    bool is_tagged);
/* tags_shown - tag all shown, or with is_inverted those that were not, and the other way round */
void	tags_shown(struct model *m, bool is_inverted);
/* tags_go_on - a million take longer than a key may wait: the next of them; false when that is over */
bool	tags_go_on(struct model *m);

/* ---- export (export.c) ---- */

enum export_format { EXPORT_JSONL, EXPORT_CSV, EXPORT_IDS, EXPORT_MBOX,
	EXPORT_COUNT };
extern const char *const export_formats[EXPORT_COUNT];

/* export_begin - tagged messages, or all shown, into a new file, by a worker */
void	export_begin(struct model *m, enum export_format format,
	    const char *path);

/* ---- settings (settings.c) ---- */

/* settings_load - the user's file, if there is one; 0, or -1 with what is wrong in it */
struct err;
int	settings_load(struct model *m, struct err *err);
/* settings_save - 0, or -1; without a home nothing is saved */
int	settings_save(const struct model *m, struct err *err);
/* settings_set - one by name; false when the name is unknown or the value wrong */
bool	settings_set(struct model *m, const char *name, const char *value);
/* settings_theme - use this theme from now on; false with the reason said */
bool	settings_theme(struct model *m, const char *name);

#endif
