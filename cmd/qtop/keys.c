/*
 * keys.c - which key does what: one table
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/keys.h"

#include <string.h>

#define ANYWHERE	(~0u)

/* Where two rows fit, the more special one stands first. */
static const struct key_binding bindings[] = {
{ IN_READER, { KEYS_TAB }, DO_NEXT_SCREEN, "Tab", "next tab (Shift-Tab: the one before)" },
{ IN_READER, { KEYS_BACK_TAB }, DO_PREV_SCREEN, NULL, NULL },
{ IN_READER, { ']' }, DO_NEXT_MESSAGE, "]", "next message" },
{ IN_READER, { '[' }, DO_PREV_MESSAGE, "[", "previous message" },
{ IN_READER, { '|' }, DO_PIPE, "|", "pipe this tab into a command or pager" },
{ IN_READER | IN_HELP, { 'q', KEYS_ESC }, DO_OUT, "q", "close" },
{ IN_READER | IN_HELP, { ' ' }, DO_PAGE_DOWN, "Space", "a page down" },
{ IN_HELP, { '?', KEYS_F(1) }, DO_OUT, NULL, NULL },

{ ANYWHERE, { KEYS_UP, 'k' }, DO_UP, "Up k", "up" },
{ ANYWHERE, { KEYS_DOWN, 'j' }, DO_DOWN, "Down j", "down" },
{ ANYWHERE, { KEYS_PAGE_UP, KEYS_CTRL('b') }, DO_PAGE_UP, "PgUp ^B", "a page up" },
{ ANYWHERE, { KEYS_PAGE_DOWN, KEYS_CTRL('f') }, DO_PAGE_DOWN, "PgDn ^F", "a page down" },
{ IN_SENDERS, { 'g' }, DO_CYCLE_GROUP, "g", "group by sender, its domain, login, client" },
{ ANYWHERE, { KEYS_HOME, 'g' }, DO_HOME, "Home g", "to the first" },
{ ANYWHERE, { KEYS_END, 'G' }, DO_END, "End G", "to the last" },
{ ANYWHERE, { KEYS_ENTER, '\n' }, DO_IN, "Enter", "into: open the message, or list the messages of the row" },
{ ANYWHERE, { KEYS_RIGHT, 'l' }, DO_RIGHT, "Right l", "the same; in Reasons: unfold" },
{ ANYWHERE, { KEYS_BACKSPACE, 8 }, DO_OUT, "Backspace", "out: back to where you came from" },
{ ANYWHERE, { KEYS_LEFT, 'h' }, DO_LEFT, "Left h", "the same; in Reasons: fold" },
{ IN_DOMAINS, { KEYS_TAB }, DO_PARENTS, "Tab", "sum up under parent domains, or not" },
{ IN_SCREENS, { KEYS_TAB }, DO_NEXT_SCREEN, "Tab", "next screen (Shift-Tab: the one before)" },
{ IN_SCREENS, { KEYS_BACK_TAB }, DO_PREV_SCREEN, NULL, NULL },
{ IN_SCREENS, { '1' }, DO_SCREEN_1, "1 ... 8", "screens" },
{ IN_SCREENS, { '2' }, DO_SCREEN_2, NULL, NULL },
{ IN_SCREENS, { '3' }, DO_SCREEN_3, NULL, NULL },
{ IN_SCREENS, { '4' }, DO_SCREEN_4, NULL, NULL },
{ IN_SCREENS, { '5' }, DO_SCREEN_5, NULL, NULL },
{ IN_SCREENS, { '6' }, DO_SCREEN_6, NULL, NULL },
{ IN_SCREENS, { '7' }, DO_SCREEN_7, NULL, NULL },
{ IN_SCREENS, { '8' }, DO_SCREEN_8, NULL, NULL },
{ IN_ROWS | IN_FLOW | IN_READER | IN_HELP, { '/', KEYS_F(3) }, DO_SEARCH, "/ F3", "search as you type; Enter keeps, Esc goes back" },
{ IN_ROWS | IN_READER | IN_HELP, { 'n' }, DO_SEARCH_NEXT, "n", "next match" },
{ IN_ROWS | IN_READER | IN_HELP, { 'N' }, DO_SEARCH_PREV, "N", "previous match" },
{ IN_SCREENS, { '\\', KEYS_F(4) }, DO_FILTER, "\\ F4", "filter by an expression; Tab completes fields" },
{ IN_SCREENS, { KEYS_ESC }, DO_CANCEL, "Esc", "clear what is marked, then the filter" },
{ IN_ROWS, { 's', KEYS_F(6) }, DO_SORT, "s F6", "sort by ..." },
{ IN_ROWS, { '<' }, DO_SORT_LEFT, "< >", "sort by the column to the left, right" },
{ IN_ROWS, { '>' }, DO_SORT_RIGHT, NULL, NULL },
{ IN_ROWS, { 'I' }, DO_INVERT, "I", "the other way round" },
{ IN_ROWS, { ' ' }, DO_TAG, "Space", "tag (of a group: all its messages) and move down" },
{ IN_MESSAGES, { 'v' }, DO_TAG_RANGE, "v", "tag a range: v, move, v" },
{ IN_ROWS, { 'a' }, DO_TAG_ALL, "a", "tag all shown" },
{ IN_SCREENS, { 'A' }, DO_UNTAG_ALL, "A", "untag all" },
{ IN_MESSAGES, { '*' }, DO_TAG_INVERT, "*", "tag those that are not, of all shown" },
{ IN_ROWS, { 't', KEYS_F(7) }, DO_TAG_EXPR, "t F7", "tag by an expression" },
{ IN_MESSAGES, { 'T' }, DO_TAGGED_ONLY, "T", "show only tagged ones" },
{ IN_ROWS | IN_READER, { 'd', KEYS_DELETE }, DO_DELETE, "d Del", "delete (into the trash)" },
{ IN_ROWS | IN_READER, { 'H' }, DO_HOLD, "H", "put on hold" },
{ IN_ROWS | IN_READER, { 'U' }, DO_RELEASE, "U", "release from hold" },
{ IN_ROWS | IN_READER, { 'F' }, DO_FLUSH, "F", "try to deliver now" },
{ IN_ROWS | IN_READER, { 'R' }, DO_REQUEUE, "R", "requeue" },
{ IN_ROWS | IN_READER, { 'E' }, DO_EXPIRE, "E", "expire: return to the sender at the next attempt" },
{ IN_ROWS | IN_READER, { 'M' }, DO_EDIT, "M", "edit: sender, recipients, headers" },
{ IN_ROWS, { 'X' }, DO_EXPORT, "X", "export what is shown or tagged" },
{ IN_ROWS, { '!' }, DO_SHELL, "!", "run a command with the IDs on its input" },
{ IN_ROWS | IN_READER, { 'x', KEYS_F(9) }, DO_MENU, "x F9", "all actions" },
{ IN_SCREENS, { 'u', KEYS_F(8) }, DO_UNDO, "u F8", "undo the last action (in Journal: the chosen one)" },
{ IN_MESSAGES, { 'i', KEYS_F(5) }, DO_PREVIEW, "i F5", "preview" },
{ IN_SCREENS, { 'p' }, DO_PAUSE, "p", "pause updates" },
{ IN_MESSAGES, { 'f' }, DO_FOLLOW, "f", "follow the row, or stay in place" },
{ IN_SCREENS, { 'r' }, DO_REFRESH, "r", "look again now" },
{ IN_MESSAGES, { 'c' }, DO_COLUMNS, "c", "columns" },
{ IN_SCREENS, { 'S', KEYS_F(2) }, DO_SETUP, "S F2", "setup" },
{ IN_SCREENS, { 'o' }, DO_INSTANCES, "o", "the queue of another instance" },
{ IN_SCREENS, { 'L' }, DO_FAILURES, "L", "what failed, and warnings" },
{ IN_SCREENS | IN_READER, { ':' }, DO_COMMAND, ":", "command line; Tab completes" },
{ ANYWHERE, { '?', KEYS_F(1) }, DO_HELP, "? F1", "help" },
{ IN_SCREENS, { 'm' }, DO_MOUSE, "m", "mouse off or on, to let the terminal copy text" },
{ IN_MESSAGES | IN_READER, { 'y' }, DO_COPY, "y", "copy the queue ID" },
{ ANYWHERE, { KEYS_CTRL('l') }, DO_REDRAW, "^L", "draw anew" },
{ ANYWHERE, { KEYS_CTRL('z') }, DO_SUSPEND, "^Z", "suspend" },
{ ANYWHERE, { 'q', KEYS_F(10), KEYS_CTRL('c') }, DO_QUIT, "q F10", "quit" },
};

#define COUNT	(sizeof(bindings) / sizeof(bindings[0]))

const struct key_binding *
keys_at(size_t i)
{
	return i < COUNT ? &bindings[i] : NULL;
}

enum action
keys_find(unsigned place, int key)
{
	size_t i, k;

	for (i = 0; i < COUNT; i++) {
		if ((bindings[i].places & place) == 0)
			continue;
		for (k = 0; k < 4 && bindings[i].keys[k] != 0; k++)
			if (bindings[i].keys[k] == key)
				return bindings[i].action;
	}
	return DO_NOTHING;
}

const char *
keys_bar(unsigned place, int f)
{
	static const struct {
		enum action	 action;
		const char	*word;
	} words[] = {
		{ DO_HELP, "Help" }, { DO_SETUP, "Setup" },
		{ DO_SEARCH, "Search" }, { DO_FILTER, "Filter" },
		{ DO_PREVIEW, "View" }, { DO_SORT, "Sort" },
		{ DO_TAG_EXPR, "Tag" }, { DO_UNDO, "Undo" },
		{ DO_MENU, "Action" }, { DO_QUIT, "Quit" },
		{ DO_OUT, "Close" },
	};
	enum action action = keys_find(place, KEYS_F(f));
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].action == action)
			return words[i].word;
	return "";
}
