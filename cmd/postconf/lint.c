/*
 * lint.c - postconf --lint: find what is wrong before the mail does
 *
 * The configuration is read leniently: what stops other modes is a finding
 * here, and reading goes on. Then the rules run, each on its own, and the
 * findings are printed in the order of the files.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/cf_lines.h"
#include "lib/conf/params.h"

#define CONF_MAX	(16 * 1024 * 1024)

static const char *const level_names[] = { "info", "warning", "error" };

/* ---- findings ----------------------------------------------------------- */

/* A "# lint: allow RULE" right above the line permits it. */
static bool
is_allowed(const struct buf *text, int line, const char *rule)
{
	const char *p = text->ptr, *next, *word;
	int n;

	for (n = 1; n < line - 1 && p != NULL; n++)
		if ((p = strchr(p, '\n')) != NULL)
			p++;
	if (line < 2 || p == NULL)
		return false;
	next = p + strcspn(p, "\n");
	p += strspn(p, " \t");
	if (*p++ != '#')
		return false;
	p += strspn(p, " \t");
	if (strncmp(p, "lint:", 5) != 0)
		return false;
	p += 5;
	p += strspn(p, " \t");
	if (strncmp(p, "allow", 5) != 0)
		return false;
	for (p += 5; p < next; p = word + strcspn(word, ", \t\n")) {
		word = p + strspn(p, ", \t");
		if (word >= next)
			break;
		if (strncmp(word, rule, strlen(rule)) == 0 &&
		    strchr(", \t\n", word[strlen(rule)]) != NULL)
			return true;
		if (strcspn(word, ", \t\n") == 0)
			break;
	}
	return false;
}

void
lint_add(struct lint *l, const char *file, int line, enum lint_level level,
    const char *rule, const char *fix, const char *fmt, ...)
{
	struct lint_finding *f;
	char *message;
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) == -1)
		log_fatal("out of memory");
	va_end(ap);
	for (i = 0; i < l->count; i++) {
		f = &l->findings[i];
		if (f->line == line && strcmp(f->file, file) == 0 &&
		    strcmp(f->rule, rule) == 0 &&
		    strcmp(f->message, message) == 0)
			break;
	}
	if (i < l->count ||
	    (strcmp(file, l->pc->main_file) == 0 &&
	    is_allowed(&l->main_text, line, rule)) ||
	    (strcmp(file, l->pc->master_file) == 0 &&
	    is_allowed(&l->master_text, line, rule))) {
		free(message);
		return;
	}
	l->findings = xreallocarray(l->findings, l->count + 1,
	    sizeof(*l->findings));
	l->findings[l->count++] = (struct lint_finding){ xstrdup(file),
	    message, fix != NULL ? xstrdup(fix) : NULL, line,
	    level, rule };
}

/* ---- reading ------------------------------------------------------------ */

/* A line ends at a NUL byte, for programs; an editor shows more of it. */
static void
check_nul(struct lint *l, const char *file, const struct buf *text)
{
	const char *p = text->ptr, *end = text->ptr + text->len, *next;
	int line;

	for (line = 1; p < end; p = next, line++) {
		next = memchr(p, '\n', (size_t)(end - p));
		next = next != NULL ? next + 1 : end;
		if (memchr(p, '\0', (size_t)(next - p)) != NULL)
			lint_add(l, file, line, LINT_WARNING, "type-bad", NULL,
			    "what follows the NUL byte is ignored");
	}
}

static bool
read_text(struct lint *l, const char *file, struct buf *text)
{
	struct err err = ERR_INIT;

	if (file_read(file, text, CONF_MAX, &err) == 0) {
		check_nul(l, file, text);
		return true;
	}
	lint_add(l, file, 1, LINT_ERROR, "perm", NULL, "cannot be read: %s",
	    err.text);
	return false;
}

static void
add_entry(struct lint *l, const char *name, const char *value, int line)
{
	size_t i;

	for (i = 0; i < l->entry_count; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			l->entries[i].is_last = false;
	l->entries = xreallocarray(l->entries, l->entry_count + 1,
	    sizeof(*l->entries));
	l->entries[l->entry_count++] = (struct lint_entry){ xstrdup(name),
	    xstrdup(value), line, true };
}

static void
read_main(struct lint *l)
{
	struct postconf *pc = l->pc;
	struct cf_lines lines;
	struct buf line = BUF_INIT;
	char *name, *value;
	const char *bad;

	pc->scope.process_name = "postconf";
	pc->scope.service_name = "";
	pc->scope.config_directory = pc->dir;
	if (!read_text(l, pc->main_file, &l->main_text))
		return;
	cf_lines_init(&lines, pc->main_file, l->main_text.ptr,
	    l->main_text.len);
	while (cf_lines_next(&lines, &line)) {
		char *whole = xstrdup(line.ptr);

		if ((bad = main_cf_split(line.ptr, &name, &value)) != NULL)
			lint_add(l, pc->main_file, lines.line, LINT_ERROR,
			    "type-bad", NULL, "%s: \"%.60s\"", bad, whole);
		else {
			add_entry(l, name, value, lines.line);
			main_cf_set(&pc->scope.cf, name, value, lines.line);
		}
		free(whole);
	}
	buf_done(&line);
}

static void
read_master(struct lint *l)
{
	struct postconf *pc = l->pc;
	struct cf_lines lines;
	struct buf line = BUF_INIT;
	struct pc_service *s;
	const char *bad;

	if (!read_text(l, pc->master_file, &l->master_text))
		return;
	cf_lines_init(&lines, pc->master_file, l->master_text.ptr,
	    l->master_text.len);
	while (cf_lines_next(&lines, &line)) {
		pc->services = xreallocarray(pc->services,
		    pc->service_count + 1, sizeof(*pc->services));
		s = &pc->services[pc->service_count];
		if ((bad = pc_service_parse(s, line.ptr)) == NULL) {
			s->line = lines.line;
			pc->service_count++;
			continue;
		}
		lint_add(l, pc->master_file, lines.line, LINT_ERROR,
		    "master-entry", NULL, "%s", bad);
		pc_service_done(s);
	}
	buf_done(&line);
}

/* Values that cannot be expanded are reported, then left out of everything. */
static void
drop_broken(struct lint *l, struct scope *scope, struct main_cf *cf,
    const struct pc_service *s)
{
	struct err err;
	struct buf out = BUF_INIT;
	const char *file;
	size_t i;
	int line;

	for (i = 0; i < cf->count; i++) {
		struct main_cf_entry *e = &cf->entries[i];
		const struct params_row *row = params_row_find(e->name);

		if (row != NULL && row->type == PARAMS_RAW)
			continue;
		err_reset(&err);
		buf_reset(&out);
		if (scope_expand(scope, &out, e->value, &err) == 0)
			continue;
		lint_where(l, s, e->name, &file, &line);
		lint_add(l, file, line, LINT_ERROR, "type-bad", NULL,
		    "%s: %s", e->name, err.text);
		e->value[0] = '\0';
	}
	buf_done(&out);
}

static void
drop_all_broken(struct lint *l)
{
	struct scope scope;
	size_t i;

	drop_broken(l, &l->pc->scope, &l->pc->scope.cf, NULL);
	for (i = 0; i < l->pc->service_count; i++) {
		struct pc_service *s = &l->pc->services[i];

		pc_scope_of(l->pc, s, &scope);
		drop_broken(l, &scope, &s->overrides, s);
		pc_scope_done(l->pc, &scope);
	}
}

void
lint_quiet(bool on)
{
	log_to(on ? 0 : LOG_TO_STDERR);
}

static bool
has_error(const struct lint *l)
{
	size_t i;

	for (i = 0; i < l->count && l->findings[i].level != LINT_ERROR; i++)
		;
	return i < l->count;
}

/* Tables want the parameters of a running program. */
static void
load_params(struct lint *l)
{
	struct params_context ctx = { .process_name = "postconf" };

	lint_quiet(true);
	l->params_are_loaded = params_load(l->pc->dir, &ctx,
	    &l->why_not_loaded) == 0;
	lint_quiet(false);
}

/* No program would start: that has a reason, even if no rule knows it. */
static void
check_loaded(struct lint *l)
{
	if (!l->params_are_loaded && !has_error(l))
		lint_add(l, l->pc->main_file, 1, LINT_ERROR, "type-bad", NULL,
		    "%s", l->why_not_loaded.text);
}

bool
lint_ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* ---- what rules ask ------------------------------------------------------ */

int
lint_option_line(const struct lint *l, const struct pc_service *s,
    const char *name)
{
	const char *p = l->master_text.ptr, *end, *hit;
	size_t n = strlen(name);
	int line;

	for (line = 1; line < s->line; line++)
		p = strchr(p, '\n') + 1;
	for (; *p != '\0'; p = end + 1, line++) {
		end = p + strcspn(p, "\n");
		if (line > s->line && end > p && strchr(" \t#", *p) == NULL)
			break;
		for (hit = p; (hit = memmem(hit, (size_t)(end - hit), name,
		    n)) != NULL; hit += n)
			if (hit > p && strchr(" \to{", hit[-1]) != NULL &&
			    strchr(" \t=", hit[n]) != NULL &&
			    p[strspn(p, " \t")] != '#')
				return line;
		if (*end == '\0')
			break;
	}
	return s->line;
}

void
lint_where(const struct lint *l, const struct pc_service *s,
    const char *name, const char **file, int *line)
{
	size_t i;

	if (s != NULL && main_cf_find(&s->overrides, name) != NULL) {
		*file = l->pc->master_file;
		*line = lint_option_line(l, s, name);
		return;
	}
	*file = l->pc->main_file;
	*line = 1;
	for (i = 0; i < l->entry_count; i++)
		if (l->entries[i].is_last &&
		    strcmp(l->entries[i].name, name) == 0)
			*line = l->entries[i].line;
}

static char *
expand(struct scope *scope, const char *name, const char *raw)
{
	const struct params_row *row = params_row_find(name);
	struct buf out = BUF_INIT;

	if (row != NULL && row->type == PARAMS_RAW)
		buf_sets(&out, raw);
	else if (scope_expand(scope, &out, raw, NULL) == -1)
		buf_reset(&out);
	return buf_take(&out);
}

char *
lint_value_of(struct lint *l, const struct pc_service *s, const char *name)
{
	struct scope scope;
	const char *raw;
	char *text;

	pc_scope_of(l->pc, s, &scope);
	raw = scope_lookup(name, &scope);
	text = raw != NULL ? expand(&scope, name, raw) : xstrdup("");
	pc_scope_done(l->pc, &scope);
	return text;
}

static void
each_of(struct lint *l, const struct pc_service *s, const struct main_cf *cf,
    void (*fn)(struct lint *l, const struct lint_value *v))
{
	struct lint_value v = { .service = s };
	size_t i;

	for (i = 0; i < cf->count; i++) {
		v.name = cf->entries[i].name;
		v.raw = cf->entries[i].value;
		lint_where(l, s, v.name, &v.file, &v.line);
		v.text = lint_value_of(l, s, v.name);
		fn(l, &v);
		free(v.text);
	}
}

void
lint_each_value(struct lint *l, void (*fn)(struct lint *l,
    const struct lint_value *v))
{
	size_t i;

	each_of(l, NULL, &l->pc->scope.cf, fn);
	for (i = 0; i < l->pc->service_count; i++)
		each_of(l, &l->pc->services[i],
		    &l->pc->services[i].overrides, fn);
}

/* ---- output -------------------------------------------------------------- */

/* main.cf before master.cf before all others, then by line. */
static int
in_order(const void *a, const void *b)
{
	const struct lint_finding *x = a, *y = b;
	int cmp = strcmp(x->file, y->file);

	if (cmp != 0)
		return cmp;
	return x->line != y->line ? x->line - y->line :
	    strcmp(x->rule, y->rule);
}

static void
print_finding(const struct lint_finding *f, bool is_json)
{
	struct buf out = BUF_INIT;

	if (is_json) {
		buf_adds(&out, "{\"v\": 1, ");
		json_member(&out, "file", f->file);
		buf_addf(&out, ", \"line\": %d, ", f->line);
		json_member(&out, "level", level_names[f->level]);
		buf_adds(&out, ", ");
		json_member(&out, "rule", f->rule);
		buf_adds(&out, ", ");
		json_member(&out, "message", f->message);
		if (f->fix != NULL) {
			buf_adds(&out, ", ");
			json_member(&out, "fix", f->fix);
		}
		buf_addc(&out, '}');
	} else {
		buf_addf(&out, "%s:%d: %s: %s: ", f->file, f->line,
		    level_names[f->level], f->rule);
		text_visible(&out, f->message, 0);
		if (f->fix != NULL) {
			buf_adds(&out, " (");
			text_visible(&out, f->fix, 0);
			buf_addc(&out, ')');
		}
	}
	puts(out.ptr);
	buf_done(&out);
}

void
lint_value(struct lint *l, const struct lint_value *v)
{
	load_params(l);
	lint_name_value(l, v);
	lint_access_value(l, v);
	lint_table_value(l, v);
	lint_file_value(l, v);
}

void
lint_done(struct lint *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		free(l->findings[i].file);
		free(l->findings[i].message);
		free(l->findings[i].fix);
	}
	free(l->findings);
}

int
pc_lint(struct postconf *pc, bool is_strict, bool is_json)
{
	struct lint l = { .pc = pc };
	bool failed = false;
	size_t i;

	lint_quiet(true);
	read_main(&l);
	read_master(&l);
	drop_all_broken(&l);
	lint_quiet(false);
	load_params(&l);
	lint_names(&l);
	lint_master(&l);
	lint_access(&l);
	lint_relay(&l);
	lint_tables(&l);
	lint_files(&l);
	check_loaded(&l);
	if (l.count > 0)
		qsort(l.findings, l.count, sizeof(*l.findings), in_order);
	for (i = 0; i < l.count; i++) {
		const struct lint_finding *f = &l.findings[i];

		if (f->level == LINT_INFO && !is_strict)
			continue;
		print_finding(f, is_json);
		failed = failed || f->level == LINT_ERROR ||
		    (is_strict && f->level == LINT_WARNING);
	}
	return failed ? 1 : 0;
}
