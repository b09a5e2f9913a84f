/*
 * lint_names.c - postconf --lint: names and values of main.cf
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"
#include "lib/table/ip_pattern.h"

#define MAX_REPORTED	60	/* characters of a value that a message shows */

/* ---- unknown, unused, undefined ------------------------------------------ */

static void
undefined(const char *name, const struct pc_service *s, void *ctx)
{
	struct lint *l = ctx;
	const struct main_cf *cf = s != NULL ? &s->overrides :
	    &l->pc->scope.cf;
	const char *near = params_doc_nearest(name), *file = l->pc->main_file;
	struct buf fix = BUF_INIT;
	size_t n = strlen(name), i;
	int line = 1;

	/* Which value it was is found again: the one that has the word. */
	for (i = 0; i < cf->count; i++) {
		const char *hit = cf->entries[i].value;

		while ((hit = strstr(hit, name)) != NULL) {
			if (!isalnum((unsigned char)hit[n]) && hit[n] != '_' &&
			    (hit == cf->entries[i].value ||
			    (!isalnum((unsigned char)hit[-1]) &&
			    hit[-1] != '_')))
				break;
			hit++;
		}
		if (hit != NULL) {
			lint_where(l, s, cf->entries[i].name, &file, &line);
			break;
		}
	}
	if (near != NULL)
		buf_setf(&fix, "did you mean \"%s\"?", near);
	lint_add(l, file, line, LINT_WARNING, "name-unused",
	    near != NULL ? fix.ptr : NULL, "\"%s\" is referred to, but set "
	    "nowhere", name);
	buf_done(&fix);
}

/* A name that nobody knows: misspelt, withdrawn, or the user's own and unused. */
static void
unknown(struct lint *l, const char *file, int line, const char *name)
{
	const struct params_doc *doc = params_doc_find(name);
	const char *near = params_doc_nearest(name), *instead;
	struct buf fix = BUF_INIT;
	char level[16];

	if (doc != NULL && params_doc_ended(doc, "removed", level,
	    sizeof(level))) {
		instead = params_doc_instead(name);
		lint_add(l, file, line, LINT_ERROR, "name-unknown", instead,
		    "\"%s\" was removed in %s", name, level);
	} else if (near != NULL) {
		buf_setf(&fix, "did you mean \"%s\"?", near);
		lint_add(l, file, line, LINT_ERROR, "name-unknown", fix.ptr,
		    "\"%s\" is no parameter", name);
	} else
		lint_add(l, file, line, LINT_WARNING, "name-unused",
		    "remove it", "nothing refers to \"%s\"", name);
	buf_done(&fix);
}

static void
check_known(struct lint *l)
{
	struct postconf *pc = l->pc;
	size_t i, j;

	pc->undefined = undefined;
	pc->undefined_ctx = l;
	lint_quiet(true);
	pc_names_collect(pc);
	lint_quiet(false);
	for (i = 0; i < l->entry_count; i++)
		if (l->entries[i].is_last &&
		    pc_class(pc, l->entries[i].name, NULL) == 0)
			unknown(l, pc->main_file, l->entries[i].line,
			    l->entries[i].name);
	for (i = 0; i < pc->service_count; i++) {
		const struct pc_service *s = &pc->services[i];

		for (j = 0; j < s->overrides.count; j++) {
			const char *name = s->overrides.entries[j].name;

			if (pc_class(pc, name, NULL) == 0 &&
			    pc_names_find(&s->names, name) == NULL)
				unknown(l, pc->master_file,
				    lint_option_line(l, s, name), name);
		}
	}
}

/* ---- assignments ---------------------------------------------------------- */

static void
check_twice(struct lint *l, size_t i)
{
	const struct lint_entry *e = &l->entries[i];
	size_t j;

	if (e->is_last)
		return;
	for (j = i + 1; j < l->entry_count; j++)
		if (l->entries[j].is_last &&
		    strcmp(l->entries[j].name, e->name) == 0)
			lint_add(l, l->pc->main_file, e->line, LINT_WARNING,
			    "set-twice", "remove this one",
			    "\"%s\" is set again in line %d, which wins",
			    e->name, l->entries[j].line);
}

static void
check_default(struct lint *l, const struct lint_entry *e)
{
	const struct params_row *row = params_row_find(e->name);

	if (row != NULL && row->class == PARAMS_BUILTIN && e->is_last &&
	    strcmp(params_row_default(row), e->value) == 0 &&
	    strcmp(e->name, "compatibility_level") != 0)
		lint_add(l, l->pc->main_file, e->line, LINT_INFO,
		    "set-default", "remove it",
		    "\"%s\" is set to its default", e->name);
}

/* ---- values --------------------------------------------------------------- */

static void
check_type(struct lint *l, const struct lint_value *v)
{
	const struct params_row *row = params_row_find(v->name);
	struct buf unit = BUF_INIT;
	struct err err = ERR_INIT;
	char *text;
	char letter;

	if (row == NULL)
		row = params_service_row(v->name);
	if (row == NULL || (row->class == PARAMS_LEGACY && *v->text == '\0'))
		return;
	if (scope_expand(&l->pc->scope, &unit, params_row_default(row),
	    NULL) == -1)
		buf_reset(&unit);
	letter = params_time_unit(unit.ptr);
	if (params_check_value(row, v->name, v->text, letter, &err) == -1 ||
	    params_check_meaning(v->name, v->text, &err) == -1)
		lint_add(l, v->file, v->line, LINT_ERROR, "type-bad", NULL,
		    "%s", err.text);
	else if (row->type == PARAMS_TIME && letter != 's' &&
	    *v->text != '0' && v->text[strspn(v->text, "0123456789")] == '\0') {
		text = NULL;
		if (asprintf(&text, "write %s%c", v->text, letter) == -1)
			text = NULL;
		lint_add(l, v->file, v->line, LINT_WARNING, "type-bad", text,
		    "%s = %s has no unit and counts %s", v->name, v->text,
		    letter == 'm' ? "minutes" : letter == 'h' ? "hours" :
		    letter == 'd' ? "days" : "weeks");
		free(text);
	}
	buf_done(&unit);
}

static void
check_addresses(struct lint *l, const struct lint_value *v)
{
	static const char *const lists[] = { "inet_interfaces",
	    "lmtp_bind_address", "mynetworks", "permit_mx_backup_networks",
	    "postscreen_access_list", "proxy_interfaces", "smtp_bind_address",
	    "smtpd_authorized_xclient_hosts", "smtpd_authorized_xforward_hosts",
	    "smtpd_authorized_verp_clients", NULL };
	char *copy, *rest, *word;
	struct ip_pattern pattern;
	struct err err;
	size_t i;

	for (i = 0; lists[i] != NULL && strcmp(lists[i], v->name) != 0; i++)
		;
	if (lists[i] == NULL)
		return;
	copy = rest = xstrdup(v->text);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		word += strspn(word, "!");
		/* Only what must be an address: a name may be anything. */
		if (*word != '[' && word[strspn(word, "0123456789./")] != '\0')
			continue;
		err_reset(&err);
		if (ip_pattern_parse(&pattern, word, &err) == -1)
			lint_add(l, v->file, v->line, LINT_ERROR, "type-bad",
			    NULL, "%s: \"%s\": %s", v->name, word, err.text);
	}
	free(copy);
}

/* Whether it is one shows only when something is compared with it. */
static void
check_level(struct lint *l, const struct lint_value *v)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (strcmp(v->name, "compatibility_level") == 0 &&
	    scope_expand(&l->pc->scope, &out, "${{$compatibility_level} "
	    "<level {0} ? {0} : {1}}", &err) == -1)
		lint_add(l, v->file, v->line, LINT_ERROR, "type-bad", NULL,
		    "%s: %s", v->name, err.text);
	buf_done(&out);
}

static void
check_octal(struct lint *l, const struct lint_value *v)
{
	if (strcmp(v->name, "maillog_file_permissions") == 0 &&
	    (*v->text == '\0' ||
	    v->text[strspn(v->text, "01234567")] != '\0'))
		lint_add(l, v->file, v->line, LINT_ERROR, "type-bad",
		    "write 0600, 0640 or 0644", "%s = %s is no octal number",
		    v->name, v->text);
}

/* A word that begins with '#' after other text was meant as a comment. */
static void
check_comment(struct lint *l, const struct lint_value *v)
{
	const char *p;
	int depth = 0;

	if (v->service != NULL)
		return;
	for (p = v->raw; *p != '\0'; p++) {
		depth += *p == '{' ? 1 : *p == '}' ? -1 : 0;
		if (*p == '#' && depth <= 0 &&
		    (p == v->raw || isspace((unsigned char)p[-1]))) {
			lint_add(l, v->file, v->line, LINT_WARNING,
			    "comment-value", "give the comment a line of its "
			    "own", "\"%.*s\" is part of the value of %s",
			    MAX_REPORTED, p, v->name);
			return;
		}
	}
}

static void
check_deprecated(struct lint *l, const struct lint_value *v)
{
	const struct params_doc *doc = params_doc_find(v->name);
	char level[16], to[16];

	if (doc == NULL)
		return;
	if (params_doc_ended(doc, "deprecated", level, sizeof(level)) ||
	    params_doc_ended(doc, "renamed", level, sizeof(level)) ||
	    params_doc_ended(doc, "obsolete", level, sizeof(level)))
		lint_add(l, v->file, v->line, LINT_WARNING, "deprecated",
		    params_doc_instead(v->name), "\"%s\" is deprecated since "
		    "%s", v->name, level);
	else if (params_doc_ended(doc, "ignored", to, sizeof(to)))
		lint_add(l, v->file, v->line, LINT_WARNING, "deprecated",
		    "remove it", "\"%s\" has no effect since %s", v->name,
		    to);
	if (strcmp(params_doc_field(doc->class), "readonly") == 0)
		lint_add(l, v->file, v->line, LINT_WARNING, "name-unused",
		    "remove it", "\"%s\" is set by programs; this has no "
		    "effect", v->name);
}

/* Set in good faith, and nothing comes of it. */
static void
check_effect(struct lint *l, const struct lint_value *v)
{
	const struct params_doc *doc = params_doc_find(v->name);
	const struct params_row *row = params_row_find(v->name);

	if (doc != NULL && doc->is_unread && row != NULL &&
	    row->class == PARAMS_BUILTIN &&
	    strcmp(v->raw, params_row_default(row)) != 0)
		lint_add(l, v->file, v->line, LINT_WARNING, "no-effect", NULL,
		    "no program of this version reads \"%s\"", v->name);
}

void
lint_name_value(struct lint *l, const struct lint_value *v)
{
	check_type(l, v);
	lint_words(l, v);
	check_effect(l, v);
	check_addresses(l, v);
	check_level(l, v);
	check_octal(l, v);
	check_comment(l, v);
	check_deprecated(l, v);
}

/*
 * "  name = value": an indented line goes on with the entry before, also
 * across comments, however much it looks like an entry of its own.
 */
static void
check_indented(struct lint *l)
{
	const char *p = l->main_text.ptr, *next;
	bool in_entry = false;
	int line;

	for (line = 1; p != NULL && *p != '\0'; p = next, line++) {
		const char *word = p + strspn(p, " \t");
		size_t n = strcspn(word, "= \t\n");
		const char *eq = word + n + strspn(word + n, " \t");
		char *name;

		next = strchr(p, '\n');
		next = next != NULL ? next + 1 : NULL;
		if (*word == '#' || *word == '\n' || *word == '\0')
			continue;
		if (word > p && !in_entry)
			lint_add(l, l->pc->main_file, line, LINT_WARNING,
			    "comment-value", "remove the blanks before it",
			    "the indented line continues nothing and is "
			    "ignored");
		if (word == p || !in_entry) {
			in_entry = in_entry || word == p;
			continue;
		}
		name = xstrndup(word, n);
		if (*eq == '=' && eq[1] != '=' && params_row_find(name) != NULL)
			lint_add(l, l->pc->main_file, line, LINT_WARNING,
			    "comment-value", "remove the blanks before it",
			    "the indented line \"%s =\" continues the value "
			    "above", name);
		free(name);
	}
}

void
lint_names(struct lint *l)
{
	size_t i;

	check_known(l);
	for (i = 0; i < l->entry_count; i++) {
		check_twice(l, i);
		check_default(l, &l->entries[i]);
	}
	lint_each_value(l, lint_name_value);
	check_indented(l);
}
