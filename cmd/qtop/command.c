/*
 * command.c - the command line behind ":"
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/do.h"
#include "cmd/qtop/selection.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_select.h"

static bool
bad(struct model *m, const char *what, const char *text)
{
	model_say(m, TONE_BAD, "%s: %.100s", what, text);
	return false;
}

static bool
do_select(struct model *m, char *arg)
{
	struct queue_select *s;
	struct err err = ERR_INIT;

	if (arg[0] != '\0') {
		if ((s = selection_parse(arg, m->now, &err)) == NULL) {
			model_say(m, TONE_BAD, "%s", err.text);
			return false;
		}
		queue_select_free(s);
	}
	model_filter(m, arg);
	return true;
}

static bool
do_sort(struct model *m, char *arg)
{
	bool is_down = arg[0] == '-';
	enum column c = column_find(arg + is_down);

	if (c == COLUMN_COUNT)
		return bad(m, "no such column", arg);
	if (!column_sorts(c))
		return bad(m, "cannot be sorted by", arg);
	m->settings.sort = c;
	m->settings.is_down = is_down;
	model_ask(m);
	return true;
}

static const struct {
	const char	*name;
	enum screen	 screen;
	enum group_by	 by;
} groups[] = {
	{ "rcpt.domain", SCREEN_DOMAINS, BY_DOMAIN },
	{ "domain", SCREEN_DOMAINS, BY_DOMAIN },
	{ "sender", SCREEN_SENDERS, BY_SENDER },
	{ "sender.domain", SCREEN_SENDERS, BY_SENDER_DOMAIN },
	{ "sasl", SCREEN_SENDERS, BY_SASL },
	{ "client.addr", SCREEN_SENDERS, BY_CLIENT },
	{ "reason", SCREEN_REASONS, BY_REASON },
	{ "class", SCREEN_REASONS, BY_REASON },
	{ "signature", SCREEN_REASONS, BY_REASON },
	{ "relay", SCREEN_RELAYS, BY_RELAY },
};
#define GROUP_COUNT	(sizeof(groups) / sizeof(groups[0]))

static bool
do_group(struct model *m, char *arg)
{
	size_t i;

	for (i = 0; i < GROUP_COUNT; i++)
		if (strcasecmp(arg, groups[i].name) == 0) {
			if (groups[i].screen == SCREEN_SENDERS)
				m->sender_by = groups[i].by;
			model_go(m, groups[i].screen);
			return true;
		}
	return bad(m, "cannot group by", arg);
}

static bool
do_save(struct model *m, char *arg)
{
	struct err err = ERR_INIT;

	if (m->is_confined)
		return bad(m, "read-only", m->why_read_only);
	if (selection_save(arg[0] == '@' ? arg + 1 : arg, m->filter, &err) ==
	    -1) {
		model_say(m, TONE_BAD, "%s", err.text);
		return false;
	}
	model_say(m, TONE_GOOD, "saved: @%s", arg[0] == '@' ? arg + 1 : arg);
	return true;
}

static bool
do_export(struct model *m, char *arg)
{
	char *format = text_split(&arg, " \t");
	int i;

	for (i = 0; format != NULL && i < EXPORT_COUNT; i++)
		if (strcmp(format, export_formats[i]) == 0 && arg != NULL &&
		    arg[strspn(arg, " \t")] != '\0') {
			export_begin(m, (enum export_format)i,
			    text_skip_blank(arg));
			return true;
		}
	return bad(m, "export FORMAT FILE, FORMAT one of",
	    "jsonl csv ids mbox");
}

static bool
do_set(struct model *m, char *arg)
{
	struct err err = ERR_INIT;
	char *name = text_split(&arg, " \t=");
	const char *value = arg != NULL ? arg + strspn(arg, " \t=") : "";

	if (name == NULL || !settings_set(m, name, value))
		return bad(m, "cannot set", name != NULL ? name : "nothing");
	if (strcmp(name, "refresh") == 0)
		source_interval(m->source, (int64_t)m->settings.refresh_s *
		    1000);
	m->wants_mouse = true;
	if (settings_save(m, &err) == -1)
		model_say(m, TONE_BAD, "not saved: %s", err.text);
	return true;
}

static bool
do_theme(struct model *m, char *arg)
{
	struct err err = ERR_INIT;

	if (!settings_theme(m, arg))
		return false;
	if (settings_save(m, &err) == -1)
		model_say(m, TONE_BAD, "not saved: %s", err.text);
	return true;
}

static bool
do_tag(struct model *m, char *arg)
{
	tags_by_expression(m, arg, true);
	return true;
}

static bool
do_untag(struct model *m, char *arg)
{
	tags_by_expression(m, arg, false);
	return true;
}

static bool
do_undo(struct model *m, char *arg)
{
	act_undo(m, arg[0] != '\0' ? arg : NULL);
	return true;
}

static bool
do_help(struct model *m, char *arg)
{
	(void)arg;
	do_action(m, DO_HELP);
	return true;
}

static bool
do_quit(struct model *m, char *arg)
{
	(void)arg;
	do_action(m, DO_QUIT);
	return true;
}

static const struct {
	const char	*name;
	bool		(*run)(struct model *m, char *arg);
} commands[] = {
	{ "select", do_select }, { "filter", do_select }, { "sort", do_sort },
	{ "group", do_group }, { "save", do_save }, { "export", do_export },
	{ "set", do_set }, { "theme", do_theme }, { "tag", do_tag },
	{ "untag", do_untag }, { "undo", do_undo }, { "help", do_help },
	{ "quit", do_quit },
};
#define COUNT	(sizeof(commands) / sizeof(commands[0]))

bool
command_run(struct model *m, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *name;
	char *end;
	bool is_done = false;
	size_t i, len, found = COUNT;

	/* A completed word ends with a blank. */
	for (len = strlen(copy); len > 0 && copy[len - 1] == ' '; )
		copy[--len] = '\0';
	end = copy + len;
	name = text_split(&rest, " \t");
	if (name == NULL) {
		free(copy);
		return true;
	}
	/* A beginning that only one has is enough. */
	len = strlen(name);
	for (i = 0; i < COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			found = i;
			break;
		}
		if (strncmp(commands[i].name, name, len) == 0)
			found = found == COUNT ? i : COUNT + 1;
	}
	if (found < COUNT)
		is_done = commands[found].run(m, rest != NULL ?
		    rest + strspn(rest, " \t") : end);
	else
		model_say(m, TONE_BAD, "%s command: %.60s (Tab behind : shows "
		    "them)", found == COUNT ? "no such" : "more than one such",
		    name);
	free(copy);
	return is_done;
}

/* ---- completion ---- */

/* The words that may follow a command, by number; NULL at the end. */
static const char *
column_word(unsigned i)
{
	return i < COLUMN_COUNT ? columns[i].name : NULL;
}

static const char *
group_word(unsigned i)
{
	return i < GROUP_COUNT ? groups[i].name : NULL;
}

static const char *
format_word(unsigned i)
{
	return i < EXPORT_COUNT ? export_formats[i] : NULL;
}

static const char *
setting_word(unsigned i)
{
	static const char *const names[] = { "theme", "refresh", "confirm",
	    "mouse", "preview", "follow", "columns", "sort" };

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

static const char *
command_word(unsigned i)
{
	return i < COUNT ? commands[i].name : NULL;
}

/* Complete the last word, that begins at "from". */
static void
complete_word(struct line *line, size_t from, const char *(*word)(unsigned),
    struct buf *candidates)
{
	const char *text = line->text.ptr + from, *last = NULL;
	size_t n = 0;
	unsigned i;

	for (i = 0; word(i) != NULL; i++)
		if (strncmp(word(i), text, strlen(text)) == 0) {
			buf_addf(candidates, "%s%s", n++ > 0 ? " " : "",
			    word(i));
			last = word(i);
		}
	if (n != 1)
		return;
	line_insert(line, last + strlen(text), strlen(last) - strlen(text));
	line_insert(line, " ", 1);
	buf_reset(candidates);
}

void
command_complete(struct line *line, struct buf *candidates)
{
	static const struct {
		const char	*name;
		const char	*(*word)(unsigned);	/* NULL: an expression */
	} arguments[] = {
		{ "select ", NULL }, { "filter ", NULL }, { "tag ", NULL },
		{ "untag ", NULL }, { "sort ", column_word },
		{ "group ", group_word }, { "export ", format_word },
		{ "set ", setting_word }, { "theme ", theme_name },
	};
	const char *text = line->text.ptr;
	size_t i, len;

	for (i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		len = strlen(arguments[i].name);
		if (strncmp(text, arguments[i].name, len) != 0)
			continue;
		if (arguments[i].word == NULL)
			selection_complete(line, candidates);
		else if (strchr(text + len, ' ') == NULL &&
		    line->at == line->text.len)
			complete_word(line, len, arguments[i].word,
			    candidates);
		return;
	}
	if (strchr(text, ' ') == NULL && line->at == line->text.len)
		complete_word(line, 0, command_word, candidates);
}
