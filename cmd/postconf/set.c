/*
 * set.c - postconf --set and --undo: edits that say what they changed
 *
 * main.cf is locked first and read then, so that two edits at once are two
 * edits one after the other. Everything is checked before anything is
 * written; the file before the edit stays as main.cf.prev.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"
#include "cmd/postconf/lint.h"
#include "cmd/postconf/restrict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/line_diff.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/cf_lines.h"
#include "lib/conf/list_edit.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"

#define FILE_MAX	(16 * 1024 * 1024)
#define EXIT_CHANGED	10		/* spec/beyond.md 1 */

struct request {
	char		*name, *value;
	int		 how;		/* '=', '+' or '-' */
};

struct result {
	char		*name;
	struct buf	 old, new;
	bool		 is_changed;
};

struct set {
	struct postconf	*pc;
	unsigned	 flags;
	struct request	*requests;
	size_t		 count;
	struct result	*results;	/* one a name */
	size_t		 result_count;
};

/* ---- requests ------------------------------------------------------------- */

/* "NAME=VALUE", "NAME+=ITEM" or "NAME-=ITEM". */
static void
add_request(struct set *s, const char *text)
{
	char *line = xstrdup(text), *name, *value;
	const char *bad;
	size_t n;
	int how = '=';

	pc_edit_check(text, "--set accepts");
	if ((n = strcspn(line, "=")) > 1 && line[n] == '=' &&
	    (line[n - 1] == '+' || line[n - 1] == '-')) {
		how = line[n - 1];
		line[n - 1] = ' ';
	}
	if ((bad = main_cf_split(line, &name, &value)) != NULL)
		log_fatal("%s: \"%s\"", bad, text);
	if (how != '=' && value[strspn(value, TEXT_LIST_SEP)] == '\0')
		log_fatal("no item to add or remove: \"%s\"", text);
	s->requests = xreallocarray(s->requests, s->count + 1,
	    sizeof(*s->requests));
	s->requests[s->count++] = (struct request){ xstrdup(name),
	    xstrdup(value), how };
	free(line);
}

/* A file of requests, in the syntax of main.cf; "-" is standard input. */
static void
add_file(struct set *s, const char *path)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	struct cf_lines lines;
	struct err err = ERR_INIT;

	if (params_doc_find(path) != NULL && access(path, F_OK) == -1)
		log_fatal("%s is a parameter: write %s=value", path, path);
	if ((strcmp(path, "-") == 0 ? file_read_fd(STDIN_FILENO, &text,
	    FILE_MAX, &err) : file_read(path, &text, FILE_MAX, &err)) == -1)
		log_fatal("%s", err.text);
	cf_lines_init(&lines, path, text.ptr, text.len);
	while (cf_lines_next(&lines, &line))
		add_request(s, line.ptr);
	buf_done(&text);
	buf_done(&line);
}

/* ---- what would change ------------------------------------------------------ */

static struct result *
result_of(struct set *s, const char *name)
{
	const struct main_cf_entry *e;
	struct result *r;
	const char *raw;
	size_t i;

	for (i = 0; i < s->result_count; i++)
		if (strcmp(s->results[i].name, name) == 0)
			return &s->results[i];
	s->results = xreallocarray(s->results, s->result_count + 1,
	    sizeof(*s->results));
	r = &s->results[s->result_count++];
	*r = (struct result){ xstrdup(name), BUF_INIT, BUF_INIT, false };
	e = main_cf_find(&s->pc->scope.cf, name);
	raw = e != NULL ? e->value : scope_lookup(name, &s->pc->scope);
	buf_sets(&r->old, raw != NULL ? raw : "");
	buf_sets(&r->new, r->old.ptr);
	return r;
}

static bool
is_restriction_list(struct set *s, const char *name)
{
	struct buf classes = BUF_INIT;
	bool is_list;

	pc_expand(&s->pc->scope, &classes,
	    scope_lookup("smtpd_restriction_classes", &s->pc->scope));
	is_list = restrict_is_list(name, classes.ptr);
	buf_done(&classes);
	return is_list;
}

static void
apply_request(struct set *s, const struct request *q)
{
	struct result *r = result_of(s, q->name);
	struct buf value = BUF_INIT;

	if (q->how == '+')
		list_add(&value, r->new.ptr, q->value);
	else if (q->how == '-')
		list_remove(&value, r->new.ptr, q->value,
		    is_restriction_list(s, q->name) ? restrict_takes : NULL);
	else
		buf_sets(&value, q->value);
	buf_swap(&r->new, &value);
	buf_done(&value);
	/* The new values see each other. */
	main_cf_set(&s->pc->scope.cf, r->name, r->new.ptr, 0);
	r->is_changed = strcmp(r->old.ptr, r->new.ptr) != 0;
}

/* A name that is new to everybody: misspelt, or about to be referred to. */
static void
check_name(struct set *s, const struct result *r)
{
	const char *near;
	struct buf text = BUF_INIT;

	if (pc_class(s->pc, r->name, NULL) != 0 ||
	    params_service_row(r->name) != NULL)
		return;
	near = params_doc_nearest(r->name);
	buf_setf(&text, "%s: unknown parameter", r->name);
	if (near != NULL)
		buf_addf(&text, "; did you mean \"%s\"?", near);
	if ((s->flags & PC_LONG_REFUSE) != 0)
		log_fatal("%s", text.ptr);
	log_warning("%s", text.ptr);
	buf_done(&text);
}

/* What --lint would say of the value, before it is there. */
static void
check_value(struct set *s, const struct result *r)
{
	const struct params_row *row = params_row_find(r->name);
	struct lint l = { .pc = s->pc };
	struct lint_value v = { .file = s->pc->main_file, .name = r->name,
	    .raw = r->new.ptr };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (row == NULL)
		row = params_service_row(r->name);
	if (row != NULL && row->class == PARAMS_READONLY)
		log_fatal("%s is set by programs, not by main.cf", r->name);
	if (row != NULL && row->type == PARAMS_RAW)
		buf_sets(&text, r->new.ptr);
	else if (scope_expand(&s->pc->scope, &text, r->new.ptr, &err) == -1)
		log_fatal("%s: %s", r->name, err.text);
	v.text = text.ptr;
	lint_value(&l, &v);
	for (i = 0; i < l.count; i++) {
		const struct lint_finding *f = &l.findings[i];

		/* What else is wrong may be put right afterwards. */
		(f->level == LINT_ERROR && strcmp(f->rule, "type-bad") == 0 ?
		    log_fatal : log_warning)("%s%s%s%s", f->message,
		    f->fix != NULL ? " (" : "", f->fix != NULL ? f->fix : "",
		    f->fix != NULL ? ")" : "");
	}
	lint_done(&l);
	buf_done(&text);
}

static void
plan(struct set *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		apply_request(s, &s->requests[i]);
	pc_names_scan(s->pc);
	for (i = 0; i < s->result_count; i++)
		if (s->results[i].is_changed)
			check_value(s, &s->results[i]);
	for (i = 0; i < s->result_count; i++)
		if (s->results[i].is_changed)
			check_name(s, &s->results[i]);
}

static void
print_result(const struct set *s, const struct result *r)
{
	const char *word = r->is_changed ? "changed" : "unchanged";
	struct buf out = BUF_INIT;

	if ((s->flags & PC_LONG_JSON) != 0) {
		buf_adds(&out, "{\"v\": 1, ");
		json_member(&out, "name", r->name);
		buf_adds(&out, ", ");
		json_member(&out, "result", word);
		buf_adds(&out, ", ");
		json_member(&out, "old", r->old.ptr);
		buf_adds(&out, ", ");
		json_member(&out, "new", r->new.ptr);
		buf_addc(&out, '}');
		puts(out.ptr);
	} else
		printf("%s %s\n", word, r->name);
	buf_done(&out);
}

/* ---- writing ------------------------------------------------------------------ */

static void
previous_name(const struct postconf *pc, struct buf *path)
{
	buf_setf(path, "%s.prev", pc->main_file);
}

/* The text of an open file as FILE.prev, with the rights of that file. */
static void
keep_previous(const struct postconf *pc, const struct pc_edit_file *f)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	previous_name(pc, &path);
	if (fstat(fileno(f->in), &st) == -1 ||
	    file_read(pc->main_file, &text, FILE_MAX, &err) == -1 ||
	    file_replace(path.ptr, text.ptr, text.len, st.st_mode & 0777,
	    st.st_uid, st.st_gid, &err) == -1)
		log_fatal("cannot keep %s: %s", path.ptr, err.text);
	buf_done(&path);
	buf_done(&text);
}

static void
write_results(struct set *s, struct pc_edit_file *f)
{
	char **args = xcalloc(s->result_count + 1, sizeof(*args));
	struct buf one = BUF_INIT;
	size_t i, n = 0;

	for (i = 0; i < s->result_count; i++)
		if (s->results[i].is_changed) {
			buf_setf(&one, "%s=%s", s->results[i].name,
			    s->results[i].new.ptr);
			args[n++] = buf_take(&one);
		}
	keep_previous(s->pc, f);
	pc_edit_main_locked(s->pc, f, args);
	pc_edit_commit(f);
	for (i = 0; i < n; i++)
		free(args[i]);
	free(args);
}

/* ---- --apply -------------------------------------------------------------------- */

/* A configuration that no program would start with is taken back. */
static void
put_back(struct postconf *pc, const char *why)
{
	struct buf path = BUF_INIT;

	previous_name(pc, &path);
	if (rename(path.ptr, pc->main_file) == -1)
		log_fatal("%s; and cannot put %s back: %s", why, path.ptr,
		    strerror(errno));
	log_fatal("%s; main.cf is as it was", why);
}

/* Would a program start with it? */
static void
check_result(struct postconf *pc)
{
	struct params_context ctx = { .process_name = "postconf" };
	struct err err = ERR_INIT;

	if (params_load(pc->dir, &ctx, &err) == -1 ||
	    params_check(&err) == -1)
		put_back(pc, err.text);
}

static int
finish(struct postconf *pc, unsigned flags, bool is_changed,
    struct pc_names *changed)
{
	if ((flags & PC_LONG_APPLY) != 0) {
		if (is_changed && (flags & PC_LONG_DRY_RUN) == 0)
			check_result(pc);
		pc_apply(pc, changed, flags);
	}
	return is_changed && (flags & PC_LONG_EXIT_CODE) != 0 ?
	    EXIT_CHANGED : 0;
}

int
pc_set(struct postconf *pc, char **requests, unsigned flags)
{
	struct set s = { .pc = pc, .flags = flags };
	struct pc_edit_file f = { 0 };
	struct pc_names changed = { 0 };
	bool is_dry = (flags & PC_LONG_DRY_RUN) != 0;
	size_t i;

	if (*requests == NULL)
		log_fatal("--set requires name=value, name+=item, name-=item "
		    "or a file of these");
	for (; *requests != NULL; requests++)
		if (strchr(*requests, '=') == NULL)
			add_file(&s, *requests);
		else
			add_request(&s, *requests);
	/* A dry run needs no right to write. */
	if (!is_dry)
		pc_edit_open(&f, pc->main_file);
	pc_load_all(pc);
	plan(&s);
	for (i = 0; i < s.result_count; i++)
		if (s.results[i].is_changed)
			pc_names_add(&changed, s.results[i].name, NULL, 0);
	if (!is_dry && changed.count > 0)
		write_results(&s, &f);
	else if (!is_dry)
		pc_edit_abort(&f);
	for (i = 0; i < s.result_count; i++)
		print_result(&s, &s.results[i]);
	return finish(pc, flags, changed.count > 0, &changed);
}

/* ---- --undo ---------------------------------------------------------------------- */

/* The names of now that before does not have so. */
static void
add_changed(struct pc_names *names, const struct main_cf *before,
    const struct main_cf *now)
{
	const struct main_cf_entry *e, *other;
	size_t i;

	for (i = 0; i < now->count; i++) {
		e = &now->entries[i];
		other = main_cf_find(before, e->name);
		if (other == NULL || strcmp(other->value, e->value) != 0)
			pc_names_add(names, e->name, NULL, 0);
	}
}

static void
find_changed(struct postconf *pc, const struct buf *before,
    const struct buf *now, struct pc_names *names)
{
	struct main_cf a = MAIN_CF_INIT, b = MAIN_CF_INIT;
	struct err err = ERR_INIT;

	if (main_cf_parse(&a, pc->main_file, before->ptr, before->len,
	    &err) == -1 || main_cf_parse(&b, pc->main_file, now->ptr,
	    now->len, &err) == -1)
		log_warning("%s", err.text);
	add_changed(names, &a, &b);
	add_changed(names, &b, &a);
	main_cf_done(&a);
	main_cf_done(&b);
}

int
pc_undo(struct postconf *pc, unsigned flags)
{
	struct buf path = BUF_INIT, now = BUF_INIT, before = BUF_INIT,
	    diff = BUF_INIT;
	struct pc_names changed = { 0 };
	struct pc_edit_file f;
	struct err err = ERR_INIT;
	bool is_changed;

	previous_name(pc, &path);
	if (file_read(path.ptr, &before, FILE_MAX, &err) == -1)
		log_fatal("nothing to undo: %s", err.text);
	if (file_read(pc->main_file, &now, FILE_MAX, &err) == -1)
		log_fatal("%s", err.text);
	is_changed = line_diff((struct span){ now.ptr, now.len },
	    (struct span){ before.ptr, before.len }, 2, &diff);
	fputs(diff.ptr, stdout);
	if (is_changed && (flags & PC_LONG_DRY_RUN) == 0) {
		pc_edit_open(&f, pc->main_file);
		keep_previous(pc, &f);
		if (fwrite(before.ptr, 1, before.len, f.out) != before.len)
			log_fatal("write %s: %s", pc->main_file,
			    strerror(errno));
		pc_edit_commit(&f);
	}
	if ((flags & PC_LONG_APPLY) != 0) {
		pc_load_all(pc);
		find_changed(pc, &before, &now, &changed);
	}
	buf_done(&path);
	buf_done(&now);
	buf_done(&before);
	buf_done(&diff);
	return finish(pc, flags, is_changed, &changed);
}
