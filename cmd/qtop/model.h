/*
 * model.h - what qtop knows and where its user is: no terminal in here
 *
 *	source --> snapshot --> views --+
 *	                                v
 *	key --> do.c --------------> model --> screen.c --> grid --> paint.c
 *	                                ^
 *	act.c, reader.c: workers -------+
 *
 * One thread owns the model: the one that handles keys. Others hand over what
 * they have made (views, jobs) and wake it.
 */
#ifndef CMD_QTOP_MODEL_H
#define CMD_QTOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cmd/qtop/column.h"
#include "cmd/qtop/grid.h"
#include "cmd/qtop/keys.h"
#include "cmd/qtop/line.h"
#include "cmd/qtop/source.h"
#include "cmd/qtop/theme.h"
#include "cmd/qtop/view.h"
#include "lib/base/buf.h"
#include "lib/queue/queue_plan.h"

struct act;
struct jobs;
struct journal_list;
struct logtail;
struct subjects;

enum screen {
	SCREEN_OVERVIEW, SCREEN_MESSAGES, SCREEN_DOMAINS, SCREEN_SENDERS,
	SCREEN_REASONS, SCREEN_RELAYS, SCREEN_FLOW, SCREEN_JOURNAL,
	SCREEN_COUNT
};

/* A place in a list: what is under the cursor, wherever that goes. */
struct place {
	size_t		 at, top;
	struct view_entry id;		/* messages */
	char		*key;		/* groups */
	bool		 is_chosen;	/* the user has moved there */
};

enum prompt_kind {
	PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_TAG, PROMPT_COMMAND,
	PROMPT_EXPORT, PROMPT_SHELL, PROMPT_PIPE, PROMPT_NOTE, PROMPT_EDIT,
	PROMPT_SAVE, PROMPT_COUNT
};

struct prompt {
	enum prompt_kind kind;
	struct line	 line;
	char		*before;	/* the filter, to go back to */
	struct place	 was;		/* where a search began */
	int		 value;		/* what the kind needs */
	char		 scope[64];	/* "37 tagged IDs" */
};

enum menu_kind { MENU_NONE, MENU_SORT, MENU_ACTION, MENU_COLUMNS, MENU_SETUP,
	MENU_SCOPE, MENU_EXPORT, MENU_EDIT, MENU_INSTANCES };

#define MENU_ITEMS	40
struct menu_item {
	char		 text[96];
	int		 value;
	bool		 is_checked, is_box;	/* is_box: can be checked */
};

struct menu {
	enum menu_kind	 kind;
	char		 title[80];
	struct menu_item items[MENU_ITEMS];
	size_t		 count, at;
	int		 value;			/* what the kind needs */
};

/* A question that stands before something is done. */
struct confirm {
	bool		 is_open;
	char		 note[256];	/* why; for the journal */
	struct buf	 text;		/* lines */
	char		 title[80];
	size_t		 number;	/* to be typed; 0: the key y */
	struct line	 line;
	size_t		 top;
};

/* Text to page through: help, failures. */
struct pager {
	bool		 is_open;
	char		 title[80];
	struct buf	 text;
	size_t		 top;
};

enum tab { TAB_SUMMARY, TAB_RCPTS, TAB_HEADERS, TAB_TEXT, TAB_MIME,
	TAB_TIMELINE, TAB_RECORDS, TAB_LOG, TAB_COUNT };
extern const char *const tab_names[TAB_COUNT];

/* One message, opened. */
struct reader {
	bool		 is_open, is_loading;
	struct view_entry id;
	char		 queue_id[256];
	struct buf	 tabs[TAB_COUNT];
	enum tab	 tab;
	size_t		 top[TAB_COUNT];
};

/* Where one came from. */
struct crumb {
	enum screen	 screen;
	char		*filter;
	struct place	 place;
};
#define CRUMBS		32

struct settings {
	char		 theme[32];
	unsigned	 columns;		/* COLUMN_BITs */
	int		 refresh_s;
	int		 confirm_above;		/* more than so many: type the number */
	bool		 has_mouse, has_preview, follows;
	enum column	 sort;
	bool		 is_down;
};

enum tone { TONE_INFO, TONE_GOOD, TONE_BAD };

struct model {
	/* What there is. */
	struct queue_snapshot *snapshot;
	struct source	*source;
	struct source_status status;
	struct views	*views;
	struct jobs	*look, *act_jobs;	/* workers */
	const char	*host, *source_name;
	time_t		 now;
	bool		 is_read_only;
	char		 why_read_only[96];
	bool		 is_confined;	/* read-only by option: no commands, no files */
	int		 home_dir;		/* where the user was when it began */
	struct buf	 warnings;		/* what libraries complained of */

	/* What is shown. */
	int		 width, height;
	bool		 is_ascii;
	enum screen	 screen;
	struct view	*shown[SCREEN_COUNT];
	unsigned	 asked[SCREEN_COUNT];	/* number of the request */
	struct place	 places[SCREEN_COUNT];
	char		*filter;		/* the breadcrumb: an expression */
	struct crumb	 crumbs[CRUMBS];
	size_t		 crumb_count;
	bool		 tagged_only, wants_parents;
	enum group_by	 sender_by;		/* what screen 4 groups by */
	enum group_sort	 group_sort;
	bool		 is_group_down;
	struct buf	 unfolded;		/* nodes of Reasons, each ended by '\n' */
	char		*search;
	struct {			/* a search that is not over */
		bool	 is_on, is_here;
		int	 step;
		size_t	 at, tried;
	} chase;
	struct {			/* tagging that is not over */
		struct view_entry *entries;	/* NULL: it is */
		size_t	 count, at, changed;
		bool	 is_inverted;
	} tagging;
	struct line_history history[PROMPT_COUNT];
	bool		 is_ranging;		/* v was pressed here: */
	size_t		 range_from;
	struct settings	 settings;
	struct theme	 theme;
	bool		 is_paused;
	enum action	 pending;		/* waits for the view it was meant for */

	/* What lies over it; the first that is open has the keys. */
	struct confirm	 confirm;
	struct prompt	 prompt;
	struct menu	 menu;
	struct pager	 pager;
	struct reader	 reader;

	struct act	*act;
	struct journal_list *journal;
	struct subjects	*subjects;
	struct logtail	*logtail;		/* NULL: nobody follows the log */

	char		 note[256];		/* last result */
	enum tone	 tone;
	char		 filter_error[256];	/* while a filter is typed */

	/* What the loop is to do. */
	bool		 is_over, wants_redraw, wants_suspend, wants_theme;
	bool		 wants_mouse;		/* the setting has changed */
	bool		 wants_discard;		/* a dialog opened: forget typed keys */
	char		*to_copy;		/* to the terminal's clipboard */
	char		*to_run;		/* command, with input on its stdin */
	char		*to_edit;		/* file for an editor */
	char		*to_instance;		/* start anew with its configuration */
	struct buf	 run_input;
};

void	model_init(struct model *m);
void	model_done(struct model *m);

/* model_place - the bit for keys_find of where keys go now */
unsigned	model_place(const struct model *m);
/* model_rows - how many rows the list of this screen has, and how many fit */
size_t	model_rows(const struct model *m);
int	model_page(const struct model *m);
/* model_ask - ask for the view that this screen shows, as the model now is */
void	model_ask(struct model *m);
/* model_update - take over what workers have made; true when something is new */
bool	model_update(struct model *m);
/* model_is_current - does what is shown answer the last request? */
bool	model_is_current(const struct model *m);
/* model_move - the cursor to row at, as far as there is one */
void	model_move(struct model *m, size_t at);
/* model_fit - the cursor stays, as far as its row is there; the list is scrolled to show it */
void	model_fit(struct model *m);
/* model_entry - the message under the cursor; false when there is none */
bool	model_entry(const struct model *m, struct view_entry *out);
/* model_group - the group under the cursor, NULL when there is none */
const struct group	*model_group(const struct model *m);
/* model_expression - append the selection that a group stands for */
void	model_expression(const struct model *m, const struct group *g,
	    struct buf *out);
/* model_join - append "a and b", or what of it there is */
void	model_join(struct buf *out, const char *a, const char *b);

/* model_filter - filter by this from now on */
void	model_filter(struct model *m, const char *filter);
/* model_go - to another screen; a crumb leads back if asked for */
void	model_go(struct model *m, enum screen screen);
void	model_drill(struct model *m, enum screen screen, const char *filter);
/* model_back - false when there is no way back */
bool	model_back(struct model *m);
/* model_forget_way - there is no way back from here */
void	model_forget_way(struct model *m);

/* model_say - the last result, at the bottom */
void	model_say(struct model *m, enum tone tone, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * model_search - from the cursor on; step 1 or -1; is_here: the row itself may
 * match
 *
 * Looks for a short while; model_chase goes on, and is false when that is over.
 */
void	model_search(struct model *m, int step, bool is_here);
bool	model_chase(struct model *m);

/* Screens that groups are shown on, and what they are grouped by. */
static inline bool
model_is_grouped(const struct model *m)
{
	return m->screen >= SCREEN_DOMAINS && m->screen <= SCREEN_RELAYS;
}

#endif
