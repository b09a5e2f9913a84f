/*
 * explain.c - postconf --explain and --grep: what a parameter is and does here
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"

#define RELATED_MAX	8
#define DEPTH_MAX	20
#define STEPS_MAX	40		/* lines; a loop would have no end */

static void
line(const char *what, const char *text)
{
	struct buf out = BUF_INIT;

	text_visible(&out, text, 0);
	printf("  %-10s%s\n", what, out.ptr);
	buf_done(&out);
}

#define TEXT_WIDTH	79

/* Words in lines below the column of values. */
static void
wrapped(const char *text)
{
	size_t column = 0, n;

	for (text += strspn(text, " "); (n = strcspn(text, " ")) > 0;
	    text += n, text += strspn(text, " ")) {
		if (column == 0 || column + 1 + n > TEXT_WIDTH) {
			printf("%s%*s", column == 0 ? "" : "\n", 12, "");
			column = 12;
		} else {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)n, text);
		column += n;
	}
	if (column > 0)
		putchar('\n');
}

/* The sentences of share/parameters-notes.txt; its examples come last. */
static void
show_notes(const struct params_doc *doc)
{
	char *copy = xstrdup(params_doc_field(doc->notes)), *rest = copy, *one;
	struct buf text = BUF_INIT;

	while ((one = text_split(&rest, "\n")) != NULL)
		if (strncmp(one, "> ", 2) != 0)
			buf_addf(&text, "%s ", one);
	wrapped(text.ptr);
	if (doc->is_unread)
		line("but", "no program of this version reads it: it changes "
		    "nothing");
	buf_done(&text);
	free(copy);
}

static const char *
unit_word(char unit)
{
	return unit == 'm' ? "minutes" : unit == 'h' ? "hours" :
	    unit == 'd' ? "days" : unit == 'w' ? "weeks" : "seconds";
}

static void
show_type(struct postconf *pc, const struct params_row *row)
{
	struct buf out = BUF_INIT, def = BUF_INIT;

	buf_adds(&out, pc_type_name(row));
	if (row->type == PARAMS_TIME) {
		pc_expand(&pc->scope, &def, params_row_default(row));
		buf_addf(&out, ", in %s without a unit",
		    unit_word(params_time_unit(def.ptr)));
	}
	if (row->type == PARAMS_RAW)
		buf_adds(&out, ", $names are expanded when it is used");
	if (row->type == PARAMS_STRING || row->type == PARAMS_RAW) {
		if (row->min > 0)
			buf_adds(&out, ", may not be empty");
	} else {
		if (row->min != 0)
			buf_addf(&out, ", at least %ld", row->min);
		if (row->max != 0)
			buf_addf(&out, ", at most %ld", row->max);
	}
	line("type", out.ptr);
	buf_done(&out);
	buf_done(&def);
}

/* ---- expansion, step by step -------------------------------------------------- */

struct steps {
	struct postconf	*pc;
	int		 depth, left;
	struct buf	 value;		/* of the last reference, for comparisons */
};

static void	show_steps(struct steps *s, const char *raw);

static const char *
show_step(const char *name, void *ctx)
{
	struct steps *s = ctx;
	const struct main_cf_entry *e = main_cf_find(&s->pc->scope.cf, name);
	const char *raw = scope_lookup(name, &s->pc->scope);
	struct buf shown = BUF_INIT;

	if (s->left-- <= 0)
		return NULL;
	text_visible(&shown, raw != NULL ? raw : "(not set)", 0);
	printf("  %*s$%s -> %s", 10 + 2 * s->depth, "", name, shown.ptr);
	if (e != NULL && e->line > 0)
		printf("  (%s:%d)\n", s->pc->main_file, e->line);
	else
		puts(raw != NULL ? "  (default)" : "");
	if (raw != NULL && s->depth < DEPTH_MAX)
		show_steps(s, raw);
	buf_reset(&s->value);
	if (raw != NULL)
		scope_expand(&s->pc->scope, &s->value, raw, NULL);
	buf_done(&shown);
	return raw != NULL ? s->value.ptr : NULL;
}

static void
show_steps(struct steps *s, const char *raw)
{
	struct buf out = BUF_INIT;

	if (strchr(raw, '$') == NULL)
		return;
	s->depth++;
	macro_expand(&out, raw, 0, NULL, show_step, s, NULL);
	s->depth--;
	buf_done(&out);
}

static void
show_value(struct postconf *pc, const char *name,
    const struct params_row *row)
{
	const struct main_cf_entry *e = main_cf_find(&pc->scope.cf, name);
	const char *raw = scope_lookup(name, &pc->scope);
	struct steps steps = { pc, 0, STEPS_MAX, BUF_INIT };
	struct buf value = BUF_INIT, from = BUF_INIT;
	struct err err = ERR_INIT;

	if (raw == NULL)
		raw = "";
	if (row != NULL && row->type == PARAMS_RAW)
		buf_sets(&value, raw);
	else if (scope_expand(&pc->scope, &value, raw, &err) == -1)
		buf_setf(&value, "(cannot be expanded: %s)", err.text);
	line("value", value.len > 0 ? value.ptr : "(empty)");
	if (e == NULL)
		buf_sets(&from, "its default");
	else if (e->line > 0)
		buf_setf(&from, "%s:%d", pc->main_file, e->line);
	else
		buf_sets(&from, "the command line");
	line("set in", from.ptr);
	if (strcmp(raw, value.ptr) != 0) {
		line("written", raw);
		show_steps(&steps, raw);
	}
	buf_done(&steps.value);
	buf_done(&value);
	buf_done(&from);
}

/* ---- who, when, what else -------------------------------------------------------- */

struct readers {
	struct buf	programs, users;
};

static void
note_user(const struct pc_user *u, void *ctx)
{
	struct readers *r = ctx;

	if (u->text == NULL)
		buf_addf(&r->programs, "%s%s", r->programs.len > 0 ? ", " : "",
		    u->name);
	else if (u->file != NULL)
		buf_addf(&r->users, "%s:%d: %s\n", u->file, u->line, u->name);
	else
		buf_addf(&r->users, "default of %s\n", u->name);
}

static void
show_users(struct postconf *pc, const char *name)
{
	struct readers r = { BUF_INIT, BUF_INIT };
	char *rest, *one;
	bool first = true;

	pc_users_of_name(pc, name, note_user, &r);
	if (r.programs.len > 0)
		line("read by", r.programs.ptr);
	rest = r.users.ptr;
	while (rest != NULL && (one = text_split(&rest, "\n")) != NULL) {
		line(first ? "used in" : "", one);
		first = false;
	}
	buf_done(&r.programs);
	buf_done(&r.users);
}

static void
show_applies(const char *name)
{
	switch (pc_applies(name)) {
	case PC_AT_START:
		line("applies", "after postfix stop and postfix start");
		break;
	case PC_AT_RELOAD:
		line("applies", "after postfix reload");
		break;
	case PC_AT_USE:
		line("applies", "at the next use of the command");
		break;
	}
}

/* Other names of the topic that begin with n bytes of name and end with end. */
static size_t
add_related(struct buf *out, const char *name, size_t n, const char *end,
    const struct params_doc *doc)
{
	size_t count = 0;
	unsigned i;

	buf_reset(out);
	for (i = 0; i < params_docs_count; i++) {
		const struct params_doc *d = &params_docs[i];
		const char *other = params_doc_field(d->name);

		if (d == doc || d->category != doc->category ||
		    strncmp(other, name, n) != 0 ||
		    strcmp(params_doc_field(d->class), "builtin") != 0 ||
		    strlen(other) < strlen(end) ||
		    strcmp(other + strlen(other) - strlen(end), end) != 0)
			continue;
		if (count++ < RELATED_MAX)
			buf_addf(out, "%s%s", out->len > 0 ? ", " : "",
			    other);
	}
	return count;
}

/* The longest beginning that others share; the program's name alone says too little. */
static void
show_related(const char *name, const struct params_doc *doc)
{
	struct buf out = BUF_INIT;
	const char *first = strchr(name, '_'), *cut;
	size_t n;

	for (n = strlen(name); n > 0; n--) {
		cut = name + n - 1;
		if (*cut == '_' && cut != first &&
		    add_related(&out, name, n, "", doc) > 0)
			break;
	}
	if (out.len == 0 && first != NULL)
		add_related(&out, name, (size_t)(first - name) + 1,
		    strrchr(name, '_'), doc);
	if (out.len > 0)
		line("related", out.ptr);
	buf_done(&out);
}

/* "name = value" of the notes as the command that sets it. */
static bool
show_noted_examples(const struct params_doc *doc)
{
	char *copy = xstrdup(doc != NULL ? params_doc_field(doc->notes) : ""),
	    *rest = copy, *one, *name, *value;
	struct buf out = BUF_INIT;
	bool found = false;

	while ((one = text_split(&rest, "\n")) != NULL) {
		if (strncmp(one, "> ", 2) != 0 ||
		    main_cf_split(one + 2, &name, &value) != NULL)
			continue;
		buf_setf(&out, "postconf --set '%s=%s'", name, value);
		line(found ? "" : "example", out.ptr);
		found = true;
	}
	buf_done(&out);
	free(copy);
	return found;
}

static void
show_example(const char *name, const struct params_row *row,
    const struct params_doc *doc)
{
	const char *def = params_row_default(row);
	struct buf out = BUF_INIT;

	if (show_noted_examples(doc))
		return;
	buf_setf(&out, "postconf --set '%s=%s'", name,
	    row->type == PARAMS_BOOL ? strcmp(def, "yes") == 0 ? "no" :
	    "yes" : *def != '\0' ? def : "...");
	line("example", out.ptr);
	buf_done(&out);
}

static void
show_history(const char *name, const struct params_doc *doc)
{
	struct buf out = BUF_INIT;
	const char *instead = params_doc_instead(name);
	char level[16];

	buf_adds(&out, params_doc_field(doc->since));
	if (params_doc_ended(doc, "deprecated", level, sizeof(level)))
		buf_addf(&out, ", deprecated since %s", level);
	if (params_doc_ended(doc, "ignored", level, sizeof(level)))
		buf_addf(&out, ", without effect since %s", level);
	if (params_doc_ended(doc, "removed", level, sizeof(level)))
		buf_addf(&out, ", removed in %s", level);
	line("since", out.ptr);
	if (instead != NULL)
		line("instead", instead);
	buf_done(&out);
}

static void
explain_text(struct postconf *pc, const char *name)
{
	const struct params_row *row = params_row_find(name);
	const struct params_doc *doc = params_doc_find(name);
	const char *def;

	pc_class(pc, name, &def);
	if (row == NULL && (row = params_service_row(name)) != NULL)
		doc = params_doc_find(params_row_name(row));
	printf("%s\n", name);
	line("", doc != NULL ? params_doc_field(doc->meaning) :
	    "a name of this configuration's own");
	if (doc != NULL)
		show_notes(doc);
	if (row != NULL)
		show_type(pc, row);
	if (def != NULL)
		line("default", *def != '\0' ? def : "(empty)");
	if (row != NULL || main_cf_find(&pc->scope.cf, name) != NULL)
		show_value(pc, name, row);
	show_users(pc, name);
	if (row != NULL)
		show_applies(name);
	if (doc != NULL) {
		show_history(name, doc);
		show_related(name, doc);
	}
	if (row != NULL && row->class != PARAMS_READONLY)
		show_example(name, row, doc);
}

/* What a parameter means can be told on a host that has no main.cf. */
static void
load_what_is_there(struct postconf *pc)
{
	if (access(pc->main_file, F_OK) == -1) {
		log_warning("open %s: %s", pc->main_file, strerror(errno));
		pc->show_defaults = true;
	}
	pc_load_all(pc);
}

int
pc_explain(struct postconf *pc, const char *name, bool is_json)
{
	const char *near;
	struct buf out = BUF_INIT;

	load_what_is_there(pc);
	if (pc_class(pc, name, NULL) == 0 && params_doc_find(name) == NULL) {
		near = params_doc_nearest(name);
		log_warning("%s: unknown parameter%s%s%s", name,
		    near != NULL ? "; did you mean \"" : "",
		    near != NULL ? near : "", near != NULL ? "\"?" : "");
		return 3;
	}
	if (is_json) {
		const struct params_doc *doc = params_doc_find(name);

		pc_json_parameter(pc, &out, name);
		if (doc != NULL) {
			buf_truncate(&out, out.len - 1);
			buf_adds(&out, ", ");
			json_member(&out, "meaning",
			    params_doc_field(doc->meaning));
			buf_adds(&out, ", ");
			json_member(&out, "notes",
			    params_doc_field(doc->notes));
			buf_adds(&out, ", ");
			json_member(&out, "since",
			    params_doc_field(doc->since));
			if (doc->is_unread)
				buf_adds(&out, ", \"unread\": true");
			buf_addc(&out, '}');
		}
		puts(out.ptr);
	} else
		explain_text(pc, name);
	buf_done(&out);
	return 0;
}

int
pc_grep(struct postconf *pc, const char *text, bool is_json)
{
	struct buf out = BUF_INIT;
	size_t found = 0;
	unsigned i;

	load_what_is_there(pc);
	for (i = 0; i < params_docs_count; i++) {
		const struct params_doc *doc = &params_docs[i];
		const char *name = params_doc_field(doc->name);
		const char *meaning = params_doc_field(doc->meaning);
		const char *raw = scope_lookup(name, &pc->scope);

		if (pc_class(pc, name, NULL) == 0 || raw == NULL ||
		    (strcasestr(name, text) == NULL &&
		    strcasestr(meaning, text) == NULL &&
		    strcasestr(raw, text) == NULL))
			continue;
		found++;
		buf_reset(&out);
		if (is_json)
			pc_json_parameter(pc, &out, name);
		else {
			buf_addf(&out, "%s = ", name);
			text_visible(&out, raw, 0);
			buf_addf(&out, "\n    %s", meaning);
		}
		puts(out.ptr);
	}
	buf_done(&out);
	return found > 0 ? 0 : 3;
}
