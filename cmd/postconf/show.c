/*
 * show.c - parameters as text: one line each, in the form that was asked for
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

#define FOLD_WIDTH	80	/* a line may fill it; in master.cf it may not */

void
pc_expand(struct scope *scope, struct buf *out, const char *value)
{
	struct err err = ERR_INIT;

	if (scope_expand(scope, out, value, &err) == -1) {
		log_warning("%s", err.text);
		log_fatal("macro processing error");
	}
	if (scope->err.kind != ERR_NONE)
		log_fatal("%s", scope->err.text);
}

void
pc_collapse(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (!isspace((unsigned char)*text))
			buf_addc(out, *text);
		else if (out->len > 0 && text[1] != '\0' &&
		    !isspace((unsigned char)text[1]))
			buf_addc(out, ' ');
}

/*
 * Words with one blank between them, folded at FOLD_WIDTH when asked to.
 * column is where the line stands, 0 when it is empty.
 */
static void
print_words(const char *text, size_t column, bool fold)
{
	const char *start;

	for (;;) {
		size_t n;

		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0')
			return;
		for (start = text; *text != '\0' &&
		    !isspace((unsigned char)*text); text++)
			;
		n = (size_t)(text - start);
		if (column > 0 && fold && column + 1 + n > FOLD_WIDTH) {
			fputs("\n    ", stdout);
			column = 4;
		} else if (column > 0) {
			putchar(' ');
			column++;
		}
		fwrite(start, 1, n, stdout);
		column += n;
	}
}

static void
print_json_text(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

void
pc_print(const struct postconf *pc, const char *name, const char *value)
{
	size_t column = 0;

	if (pc->json) {
		struct buf words = BUF_INIT;

		pc_collapse(&words, value);
		putchar('{');
		print_json_text(name);
		fputs(": ", stdout);
		print_json_text(words.ptr);
		puts("}");
		buf_done(&words);
		return;
	}
	if (pc->no_values) {
		puts(name);
		return;
	}
	if (!pc->no_names) {
		printf("%s =", name);
		column = strlen(name) + 2;
	}
	print_words(value, column, pc->fold);
	putchar('\n');
}

static bool
is_set_by_a_service(const struct postconf *pc, const char *name)
{
	size_t i;

	for (i = 0; i < pc->service_count; i++)
		if (main_cf_find(&pc->services[i].overrides, name) != NULL)
			return true;
	return false;
}

/* Is there something to show, given -d and -n? */
static void
show_one(struct postconf *pc, const char *name, bool is_listing)
{
	const struct params_row *row = params_row_find(name);
	enum pc_class class = pc_class(pc, name, NULL);
	bool is_set = main_cf_find(&pc->scope.cf, name) != NULL &&
	    (row == NULL || row->class != PARAMS_READONLY);
	struct buf value = BUF_INIT;
	const char *raw;

	/* Old names have no class of their own: they go with the user's. */
	if (class == PC_LEGACY)
		class = PC_USER;
	if (is_listing && (pc->classes & class) == 0)
		return;
	if (pc->only_set && !is_set)
		return;
	/* An old name has no default: it is empty where anybody asks for it. */
	if ((raw = scope_lookup(name, &pc->scope)) == NULL &&
	    (!is_listing || is_set_by_a_service(pc, name)))
		raw = "";
	if (raw == NULL)
		return;
	if (pc->scope.err.kind != ERR_NONE)
		log_fatal("%s", pc->scope.err.text);
	/* The runtime default of myhostname may hold a reference of ours. */
	if ((pc->expand && (row == NULL || row->type != PARAMS_RAW)) ||
	    (!is_set && strcmp(name, "myhostname") == 0))
		pc_expand(&pc->scope, &value, raw);
	else
		buf_sets(&value, raw);
	pc_print(pc, name, value.ptr);
	buf_done(&value);
}

static void
show_all(struct postconf *pc)
{
	size_t i = 0, j = 0;

	while (i < params_row_count || j < pc->names.count) {
		const char *a = i < params_row_count ?
		    params_row_name(&params_rows[i]) : NULL;
		const char *b = j < pc->names.count ?
		    pc->names.list[j].name : NULL;
		int cmp = a == NULL ? 1 : b == NULL ? -1 : strcmp(a, b);

		if (cmp <= 0)
			i++;
		if (cmp >= 0)
			j++;
		if (pc_class(pc, cmp <= 0 ? a : b, NULL) != 0)
			show_one(pc, cmp <= 0 ? a : b, true);
	}
}

void
pc_show(struct postconf *pc, char **names)
{
	if (names[0] == NULL)
		show_all(pc);
	for (; *names != NULL; names++) {
		if (pc_class(pc, *names, NULL) == 0)
			log_warning("%s: unknown parameter", *names);
		else
			show_one(pc, *names, false);
	}
}
