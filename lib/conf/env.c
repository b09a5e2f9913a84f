/*
 * env.c - which environment variables survive
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

/* The next word of the list; "{ NAME = value with blanks }" counts as one. */
static char *
next_word(char **rest)
{
	char *word = text_split_braced(rest, TEXT_LIST_SEP), *inner;

	if (word != NULL && *word == '{' &&
	    text_brace_strip(word, &inner) == NULL)
		return inner;
	return word;
}

static void
set_entry(char *word)
{
	char *eq = strchr(word, '='), *end;

	if (eq == NULL)
		return;
	for (end = eq; end > word && (end[-1] == ' ' || end[-1] == '\t'); )
		end--;
	*end = '\0';
	setenv(word, text_skip_blank(eq + 1), 1);
}

void
env_import_set(const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;

	while ((word = next_word(&rest)) != NULL)
		set_entry(word);
	free(copy);
}

void
env_import_full(const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	char **names = NULL, **values = NULL;
	size_t n = 0, i;

	while ((word = next_word(&rest)) != NULL) {
		const char *value = getenv(word);

		if (strchr(word, '=') != NULL || value == NULL)
			continue;
		names = xreallocarray(names, n + 1, sizeof(*names));
		values = xreallocarray(values, n + 1, sizeof(*values));
		names[n] = word;
		values[n++] = xstrdup(value);
	}
	clearenv();
	for (i = 0; i < n; i++) {
		setenv(names[i], values[i], 1);
		free(values[i]);
	}
	free(names);
	free(values);
	free(copy);
	env_import_set(list);
}
