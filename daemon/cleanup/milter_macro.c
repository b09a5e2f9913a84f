/*
 * milter_macro.c - values that filters get along with each event
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/milter_internal.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

/* default_macro - a value that milter_macro_defaults gives */
static const char *
default_macro(struct milters *ms, const char *name)
{
	char *copy = xstrdup(params.milter_macro_defaults), *rest = copy;
	const char *found = NULL;
	char *word, *value, *inner;
	size_t len;

	while (found == NULL &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		inner = word;
		/* "{name = value}" is a pair; "{name}=value" begins with one, too. */
		if (*word == '{' && word[strlen(word) - 1] == '}' &&
		    text_brace_strip(word, &inner) != NULL)
			inner = word;
		if ((value = strchr(inner, '=')) == NULL)
			continue;
		*value++ = '\0';
		value = (char *)(size_t)text_skip_blank(value);
		if (*inner == '{')
			inner++;
		len = strcspn(inner, "} \t");
		if (strlen(name) == len && strncmp(inner, name, len) == 0) {
			buf_sets(&ms->value, value);
			found = ms->value.ptr;
		}
	}
	free(copy);
	return found;
}

const char *
milter_macro(const char *name, void *ctx)
{
	struct milters *ms = ctx;
	const char *value;

	if (strcmp(name, "i") == 0 && ms->id != NULL)
		return ms->id;
	if (strcmp(name, "j") == 0)
		return params.myhostname;
	if (strcmp(name, "v") == 0)
		return params.milter_macro_v;
	if (strcmp(name, "daemon_name") == 0)
		return params.milter_macro_daemon_name;
	if ((value = ms->lookup(name, ms->ctx)) != NULL)
		return value;
	return *params.milter_macro_defaults != '\0' ?
	    default_macro(ms, name) : NULL;
}

const char *
milter_macro_names(const struct milter *m, enum milter_stage stage)
{
	const char *const configured[MILTER_STAGE_COUNT] = {
		[MILTER_AT_CONNECT] = params.milter_connect_macros,
		[MILTER_AT_HELO] = params.milter_helo_macros,
		[MILTER_AT_MAIL] = params.milter_mail_macros,
		[MILTER_AT_RCPT] = params.milter_rcpt_macros,
		[MILTER_AT_DATA] = params.milter_data_macros,
		[MILTER_AT_EOM] = params.milter_end_of_data_macros,
		[MILTER_AT_EOH] = params.milter_end_of_header_macros,
		[MILTER_AT_UNKNOWN] = params.milter_unknown_command_macros,
	};

	return m->wire.macros[stage] != NULL ? m->wire.macros[stage] :
	    configured[stage];
}
