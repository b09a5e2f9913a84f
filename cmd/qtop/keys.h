/*
 * keys.h - which key does what: one table
 *
 * It drives input, writes the help page and the key bar. A key may mean
 * different things in different places, never two in one. No action sits on
 * hjkl, and every F-key has a letter, since terminals steal some.
 */
#ifndef CMD_QTOP_KEYS_H
#define CMD_QTOP_KEYS_H

#include <stddef.h>

/* Keys that are no character; characters are their code point. */
enum key {
	KEYS_NONE = -1,
	KEYS_ENTER = '\r', KEYS_TAB = '\t', KEYS_ESC = 27,
	KEYS_SPECIAL = 0x110000,
	KEYS_UP, KEYS_DOWN, KEYS_LEFT, KEYS_RIGHT, KEYS_PAGE_UP,
	KEYS_PAGE_DOWN, KEYS_HOME, KEYS_END, KEYS_BACKSPACE, KEYS_DELETE,
	KEYS_BACK_TAB, KEYS_RESIZE, KEYS_MOUSE, KEYS_F0
};
#define KEYS_F(n)	(KEYS_F0 + (n))
#define KEYS_CTRL(c)	((c) & 0x1f)

enum action {
	DO_NOTHING,
	DO_UP, DO_DOWN, DO_PAGE_UP, DO_PAGE_DOWN, DO_HOME, DO_END,
	DO_IN, DO_RIGHT, DO_OUT, DO_LEFT,
	DO_NEXT_SCREEN, DO_PREV_SCREEN,
	DO_SCREEN_1, DO_SCREEN_2, DO_SCREEN_3, DO_SCREEN_4, DO_SCREEN_5,
	DO_SCREEN_6, DO_SCREEN_7, DO_SCREEN_8,
	DO_SEARCH, DO_SEARCH_NEXT, DO_SEARCH_PREV, DO_FILTER, DO_CANCEL,
	DO_SORT, DO_SORT_LEFT, DO_SORT_RIGHT, DO_INVERT,
	DO_TAG, DO_TAG_RANGE, DO_TAG_ALL, DO_UNTAG_ALL, DO_TAG_INVERT,
	DO_TAG_EXPR, DO_TAGGED_ONLY,
	DO_DELETE, DO_HOLD, DO_RELEASE, DO_FLUSH, DO_REQUEUE, DO_EXPIRE,
	DO_EDIT, DO_EXPORT, DO_SHELL, DO_MENU, DO_UNDO,
	DO_PREVIEW, DO_PAUSE, DO_FOLLOW, DO_COLUMNS, DO_SETUP, DO_COMMAND,
	DO_HELP, DO_MOUSE, DO_COPY, DO_REDRAW, DO_QUIT, DO_SUSPEND,
	DO_REFRESH, DO_PIPE, DO_NEXT_MESSAGE, DO_PREV_MESSAGE,
	DO_CYCLE_GROUP, DO_PARENTS, DO_FAILURES, DO_INSTANCES
};

/* Places where keys are pressed. */
enum place_bit {
	IN_OVERVIEW = 1, IN_MESSAGES = 2, IN_DOMAINS = 4, IN_SENDERS = 8,
	IN_REASONS = 16, IN_RELAYS = 32, IN_FLOW = 64, IN_JOURNAL = 128,
	IN_READER = 256, IN_HELP = 512,
	IN_GROUPS = IN_DOMAINS | IN_SENDERS | IN_REASONS | IN_RELAYS,
	IN_SCREENS = 255,
	IN_ROWS = IN_MESSAGES | IN_GROUPS
};

struct key_binding {
	unsigned	 places;
	int		 keys[4];	/* 0 ends them */
	enum action	 action;
	const char	*keys_text;	/* for people; NULL: not in the help */
	const char	*help;
};

/* keys_find - what a key does there; the first row that fits counts */
enum action	keys_find(unsigned place, int key);
/* keys_at - the table row by row, NULL at the end */
const struct key_binding	*keys_at(size_t i);
/* keys_bar - the word for F1 (1) to F10 (10) there, "" for none */
const char	*keys_bar(unsigned place, int f);

#endif
