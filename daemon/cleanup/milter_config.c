/*
 * milter_config.c - what main.cf says about each filter, and how it is reached
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/milter_internal.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/dial.h"
#include "lib/net/stream.h"

static void
replace(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

/* take_option - "name=value"; false: it means nothing */
static bool
take_option(struct milter *m, char *option)
{
	char *value = strchr(option, '=');
	const struct {
		const char	*name;
		int		*seconds;
		char		**text;
	} rows[] = {
		{ "connect_timeout", &m->connect_s, NULL },
		{ "command_timeout", &m->command_s, NULL },
		{ "content_timeout", &m->content_s, NULL },
		{ "default_action", NULL, &m->default_action },
		{ "protocol", NULL, &m->protocol },
	};
	int64_t seconds;
	size_t i;

	if (value == NULL)
		return false;
	*value++ = '\0';
	value = (char *)(size_t)text_skip_blank(value);
	option[strcspn(option, " \t")] = '\0';
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, option) != 0)
			continue;
		if (rows[i].text != NULL)
			replace(rows[i].text, value);
		else if (num_parse_time(value, 's', &seconds, NULL) == -1 ||
		    seconds < 1 || seconds > INT32_MAX)
			return false;
		else
			*rows[i].seconds = (int)seconds;
		return true;
	}
	return false;
}

/* take_options - what stands behind the name in { }; NULL, or the bad one */
static const char *
take_options(struct milter *m, char *rest)
{
	char *word, *option;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		option = word;
		if (*word == '{' && text_brace_strip(word, &option) != NULL)
			return word;
		if (!take_option(m, option))
			return word;
	}
	return NULL;
}

static struct milter *
milter_new(const char *name)
{
	struct milter *m = xcalloc(1, sizeof(*m));

	m->name = xstrdup(name);
	m->protocol = xstrdup(params.milter_protocol);
	m->default_action = xstrdup(params.milter_default_action);
	m->connect_s = (int)params.milter_connect_timeout;
	m->command_s = (int)params.milter_command_timeout;
	m->content_s = (int)params.milter_content_timeout;
	milter_wire_init(&m->wire);
	buf_init(&m->text);
	buf_init(&m->in);
	buf_init(&m->out);
	return m;
}

void
milter_free(struct milter *m)
{
	stream_free(m->stream);
	milter_wire_done(&m->wire);
	buf_done(&m->text);
	buf_done(&m->in);
	buf_done(&m->out);
	free(m->name);
	free(m->protocol);
	free(m->default_action);
	free(m);
}

/* config_one - a word of the list; what is wrong must not let mail through */
static struct milter *
config_one(char *word)
{
	char *rest = word, *name;
	const char *why = NULL, *bad;
	struct milter *m;

	if (*word == '{' && (why = text_brace_strip(word, &rest)) == NULL) {
		name = text_split_braced(&rest, TEXT_LIST_SEP);
	} else {
		name = word;
		rest = word + strlen(word);
	}
	m = milter_new(name != NULL ? name : "");
	if (why == NULL && (bad = take_options(m, rest)) != NULL) {
		log_warning("milter %s: bad setting: %s", m->name, bad);
		why = "";
	} else if (why != NULL) {
		log_warning("milter service syntax error: %s", why);
	}
	if (why != NULL) {
		replace(&m->default_action, "tempfail");
		milter_fail(m);
	}
	return m;
}

void
milter_config(struct milters *ms, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	struct milter **last = &ms->first;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		*last = config_one(word);
		last = &(*last)->next;
	}
	free(copy);
}

struct stream *
milter_dial(const char *name, int timeout_s, struct err *err)
{
	struct buf other = BUF_INIT;
	const char *at = strrchr(name, '@');
	int fd;

	if (strncmp(name, "local:", 6) == 0)
		buf_setf(&other, "unix:%s", name + 6);
	else if (strncmp(name, "inet:", 5) == 0 && at != NULL)
		buf_setf(&other, "inet:%s:%.*s", at + 1, (int)(at - name - 5),
		    name + 5);
	else
		buf_sets(&other, name);
	fd = dial(other.ptr, timeout_s, err);
	buf_done(&other);
	return fd != -1 ? stream_new(fd, timeout_s) : NULL;
}
