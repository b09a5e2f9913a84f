/*
 * uses.c - postconf --who-uses: what refers to a parameter, a file or a table
 *
 * A parameter is used by values that hold $name, by restriction lists that
 * name it, by services that set it with -o, by defaults, and by the programs
 * that read it. A file or a table is used where it stands in a value once
 * everything is expanded.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/uses.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"

struct search {
	struct postconf		*pc;
	const char		*what;
	bool			 is_found;	/* in the value under scan */
	pc_user_fn		 fn;
	void			*ctx;
};

static const char *
note_reference(const char *name, void *ctx)
{
	struct search *s = ctx;

	if (strcmp(name, s->what) == 0)
		s->is_found = true;
	return "";
}

static bool
refers(struct search *s, const char *value)
{
	struct buf out = BUF_INIT;

	s->is_found = false;
	if (strchr(value, '$') != NULL)
		macro_expand(&out, value, MACRO_SCAN, NULL, note_reference, s,
		    NULL);
	buf_done(&out);
	return s->is_found;
}

/* Does word stand in text, with nothing before or behind that could belong to it? */
static bool
has_word(const char *text, const char *word, const char *more)
{
	size_t n = strlen(word);
	const char *p;

	for (p = text; (p = strstr(p, word)) != NULL; p++) {
		if (p > text && (isalnum((unsigned char)p[-1]) ||
		    strchr(more, p[-1]) != NULL))
			continue;
		if (p[n] == '\0' || (!isalnum((unsigned char)p[n]) &&
		    strchr(more, p[n]) == NULL))
			return true;
	}
	return false;
}

static void
tell(struct search *s, const char *kind, const char *name, const char *file,
    int line, const char *text)
{
	struct pc_user user = { kind, name, file, line, text };

	s->fn(&user, s->ctx);
}

/* ---- of a parameter -------------------------------------------------------- */

static bool
is_list(const char *name)
{
	return strncmp(name, "smtpd_", 6) == 0 &&
	    strstr(name, "_restrictions") != NULL;
}

static void
in_values(struct search *s, const struct main_cf *cf, const char *file,
    const struct pc_service *service)
{
	struct postconf *pc = s->pc;
	bool is_user = pc_class(pc, s->what, NULL) == PC_USER;
	struct buf name = BUF_INIT;
	size_t i;

	for (i = 0; i < cf->count; i++) {
		const struct main_cf_entry *e = &cf->entries[i];
		const struct params_row *row = params_row_find(e->name);
		int line = service != NULL ? service->line : e->line;

		if (service != NULL)
			buf_setf(&name, "%s/%s", service->key, e->name);
		else
			buf_sets(&name, e->name);
		if (service != NULL && strcmp(e->name, s->what) == 0)
			tell(s, "service", name.ptr, file, line, e->value);
		else if ((row == NULL || row->type != PARAMS_RAW) &&
		    refers(s, e->value))
			tell(s, "value", name.ptr, file, line, e->value);
		else if (is_user && (is_list(e->name) ||
		    strcmp(e->name, "smtpd_restriction_classes") == 0 ||
		    pc_class(pc, e->name, NULL) == PC_USER) &&
		    strcmp(e->name, s->what) != 0 &&
		    has_word(e->value, s->what, "_-."))
			tell(s, "restriction", name.ptr, file, line,
			    e->value);
	}
	buf_done(&name);
}

static void
in_defaults(struct search *s)
{
	unsigned i;

	for (i = 0; i < params_row_count; i++) {
		const struct params_row *row = &params_rows[i];
		const char *name = params_row_name(row);

		if (row->class != PARAMS_LEGACY && row->type != PARAMS_RAW &&
		    row->class != PARAMS_SERVICE &&
		    main_cf_find(&s->pc->scope.cf, name) == NULL &&
		    refers(s, params_row_default(row)))
			tell(s, "default", name, NULL, 0,
			    params_row_default(row));
	}
}

static void
by_programs(struct search *s)
{
	const struct params_doc *doc = params_doc_find(s->what);
	const struct params_row *row = params_service_row(s->what);
	char *list, *rest, *word;

	if (doc == NULL && row != NULL)
		doc = params_doc_find(params_row_name(row));
	if (doc == NULL)
		return;
	list = rest = xstrdup(params_doc_field(doc->programs));
	while ((word = text_split(&rest, ",")) != NULL)
		tell(s, "program", strcmp(word, "all") == 0 ?
		    "every program" : word, NULL, 0, NULL);
	free(list);
}

void
pc_users_of_name(struct postconf *pc, const char *name, pc_user_fn fn,
    void *ctx)
{
	struct search s = { pc, name, false, fn, ctx };
	size_t i;

	in_values(&s, &pc->scope.cf, pc->main_file, NULL);
	for (i = 0; i < pc->service_count; i++)
		in_values(&s, &pc->services[i].overrides, pc->master_file,
		    &pc->services[i]);
	in_defaults(&s);
	by_programs(&s);
}

/* ---- of a file or a table ---------------------------------------------------- */

static void
in_expanded(struct search *s, struct scope *scope, const char *name,
    const char *raw, const char *shown, const char *file, int line,
    const char *kind)
{
	const struct params_row *row = params_row_find(name);
	struct buf text = BUF_INIT;

	if (row != NULL && row->type == PARAMS_RAW)
		buf_sets(&text, raw);
	else if (scope_expand(scope, &text, raw, NULL) == -1)
		buf_sets(&text, raw);
	if (has_word(text.ptr, s->what, "_-./"))
		tell(s, kind, shown, file, line, text.ptr);
	buf_done(&text);
}

static void
in_service(struct search *s, struct pc_service *service)
{
	struct buf shown = BUF_INIT;
	struct scope scope;
	size_t i;

	pc_scope_of(s->pc, service, &scope);
	for (i = 0; i < service->overrides.count; i++) {
		const struct main_cf_entry *e = &service->overrides.entries[i];

		buf_setf(&shown, "%s/%s", service->key, e->name);
		in_expanded(s, &scope, e->name, e->value, shown.ptr,
		    s->pc->master_file, service->line, "value");
	}
	for (i = service->options_end; i < service->argc; i++)
		if (has_word(service->argv[i], s->what, "_-./"))
			tell(s, "service", service->key, s->pc->master_file,
			    service->line, service->argv[i]);
	pc_scope_done(s->pc, &scope);
	buf_done(&shown);
}

/* The values and commands with this path or "type:path". */
static void
pc_users_of_file(struct postconf *pc, const char *what, pc_user_fn fn,
    void *ctx)
{
	struct search s = { pc, what, false, fn, ctx };
	struct scope scope;
	unsigned i;
	size_t j;

	pc_scope_of(pc, NULL, &scope);
	for (j = 0; j < pc->scope.cf.count; j++) {
		const struct main_cf_entry *e = &pc->scope.cf.entries[j];

		in_expanded(&s, &scope, e->name, e->value, e->name,
		    pc->main_file, e->line, "value");
	}
	for (i = 0; i < params_row_count; i++) {
		const char *name = params_row_name(&params_rows[i]);

		if (params_rows[i].class != PARAMS_LEGACY &&
		    params_rows[i].class != PARAMS_SERVICE &&
		    main_cf_find(&pc->scope.cf, name) == NULL)
			in_expanded(&s, &scope, name,
			    params_row_default(&params_rows[i]), name, NULL,
			    0, "default");
	}
	pc_scope_done(pc, &scope);
	for (j = 0; j < pc->service_count; j++)
		in_service(&s, &pc->services[j]);
}

/* ---- printing ------------------------------------------------------------------ */

struct print {
	bool	is_json;
	size_t	count;
	struct buf programs;
};

static void
print_user(const struct pc_user *u, void *ctx)
{
	struct print *p = ctx;
	struct buf out = BUF_INIT, text = BUF_INIT;

	p->count++;
	if (p->is_json) {
		buf_adds(&out, "{\"v\": 1, ");
		pc_user_json(&out, u);
		buf_addc(&out, '}');
	} else if (u->text == NULL) {
		buf_addf(&p->programs, "%s%s", p->programs.len > 0 ? ", " :
		    "", u->name);
	} else {
		if (u->file != NULL)
			buf_addf(&out, "%s:%d: ", u->file, u->line);
		else
			buf_addf(&out, "%s: ", u->kind);
		buf_addf(&out, "%s = ", u->name);
		pc_collapse(&text, u->text);
		text_visible(&out, text.ptr, 0);
	}
	if (out.len > 0)
		puts(out.ptr);
	buf_done(&out);
	buf_done(&text);
}

void
pc_user_json(struct buf *out, const struct pc_user *u)
{
	json_member(out, "kind", u->kind);
	buf_adds(out, ", ");
	json_member(out, "name", u->name);
	if (u->file != NULL) {
		buf_adds(out, ", ");
		json_member(out, "file", u->file);
		buf_addf(out, ", \"line\": %d", u->line);
	}
	if (u->text != NULL) {
		buf_adds(out, ", ");
		json_member(out, "value", u->text);
	}
}

int
pc_who_uses(struct postconf *pc, const char *what, bool is_json)
{
	struct print p = { is_json, 0, BUF_INIT };

	pc_load_all(pc);
	if (strpbrk(what, ":/") != NULL)
		pc_users_of_file(pc, what, print_user, &p);
	else
		pc_users_of_name(pc, what, print_user, &p);
	if (p.programs.len > 0)
		printf("read by: %s\n", p.programs.ptr);
	buf_done(&p.programs);
	/* 3: spec/beyond.md 1, nothing matched. */
	return p.count > 0 ? 0 : 3;
}
