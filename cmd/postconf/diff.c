/*
 * diff.c - postconf --diff: what two configurations do not have in common
 *
 * A side is a dictionary: parameters, and "service:NAME/TYPE" for each entry
 * of master.cf, with white space collapsed. Order, spacing and comments are
 * therefore not seen.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/snapshot.h"

struct side {
	struct main_cf	 cf;
	bool		 has_services;	/* a saved list of parameters has none */
};

static void
add(struct side *side, const char *name, const char *value)
{
	struct buf out = BUF_INIT;

	pc_collapse(&out, value);
	main_cf_set(&side->cf, name, out.ptr, 0);
	buf_done(&out);
}

static void
add_all(struct side *side, const struct main_cf *cf)
{
	size_t i;

	for (i = 0; i < cf->count; i++)
		if (strcmp(cf->entries[i].name, "config_directory") != 0)
			add(side, cf->entries[i].name, cf->entries[i].value);
}

static void
add_services(struct side *side, const struct postconf *pc)
{
	struct buf name = BUF_INIT, entry = BUF_INIT;
	size_t i;

	for (i = 0; i < pc->service_count; i++) {
		buf_setf(&name, SNAPSHOT_SERVICE "%s", pc->services[i].key);
		buf_reset(&entry);
		pc_service_format(&entry, &pc->services[i], false);
		add(side, name.ptr, entry.ptr);
	}
	side->has_services = true;
	buf_done(&name);
	buf_done(&entry);
}

static void
read_directory(struct side *side, const char *dir)
{
	struct postconf pc = { .dir = xstrdup(dir) };
	struct buf path = BUF_INIT;
	size_t i;

	buf_setf(&path, "%s/main.cf", dir);
	pc.main_file = buf_take(&path);
	buf_setf(&path, "%s/master.cf", dir);
	pc.master_file = buf_take(&path);
	pc_load_main(&pc);
	pc_load_master(&pc, false);
	add_all(side, &pc.scope.cf);
	add_services(side, &pc);
	for (i = 0; i < pc.service_count; i++)
		pc_service_done(&pc.services[i]);
	free(pc.services);
	scope_done(&pc.scope);
	free(pc.main_file);
	free(pc.master_file);
	free(pc.dir);
}

static void
read_file(struct side *side, const char *path)
{
	struct main_cf cf = MAIN_CF_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (main_cf_read(&cf, path, &err) == -1)
		log_fatal("%s", err.text);
	add_all(side, &cf);
	for (i = 0; i < cf.count; i++)
		if (strncmp(cf.entries[i].name, SNAPSHOT_SERVICE,
		    strlen(SNAPSHOT_SERVICE)) == 0)
			side->has_services = true;
	main_cf_done(&cf);
}

/* What the supervisor wrote down when it started or was reloaded; false: nothing. */
static bool
read_running(struct postconf *pc, struct side *side, struct buf *path)
{
	struct stat st;

	pc_expand(&pc->scope, path, "$data_directory/" SNAPSHOT_FILE);
	if (stat(path->ptr, &st) == -1)
		return false;
	read_file(side, path->ptr);
	return true;
}

static void
read_side(struct postconf *pc, const char *what, struct side *side)
{
	struct buf path = BUF_INIT;
	struct stat st;

	if (what == NULL) {
		add_all(side, &pc->scope.cf);
		add_services(side, pc);
	} else if (strcmp(what, "defaults") == 0) {
		;	/* sets nothing */
	} else if (strcmp(what, "running") == 0) {
		if (!read_running(pc, side, &path))
			log_fatal("nothing is known of a running system: "
			    "%s: %s", path.ptr, strerror(errno));
	} else if (stat(what, &st) == -1)
		log_fatal("%s: %s", what, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		read_directory(side, what);
	else
		read_file(side, what);
	buf_done(&path);
}

/* A name that a side does not set is worth its default there. */
static const char *
value_in(const struct side *side, const char *name)
{
	const struct main_cf_entry *e = main_cf_find(&side->cf, name);
	const struct params_row *row;

	if (e != NULL)
		return e->value;
	row = params_row_find(name);
	return row != NULL && row->class != PARAMS_LEGACY ?
	    params_row_default(row) : NULL;
}

/* What is done with each difference; a or b NULL: not there. */
typedef void (*differs_fn)(const char *name, const char *a, const char *b,
    void *ctx);

static void
print_difference(const char *name, const char *a, const char *b, void *ctx)
{
	const bool *is_json = ctx;
	struct buf out = BUF_INIT;

	if (*is_json) {
		buf_adds(&out, "{\"v\": 1, ");
		json_member(&out, "name", name);
		if (a != NULL) {
			buf_adds(&out, ", ");
			json_member(&out, "a", a);
		}
		if (b != NULL) {
			buf_adds(&out, ", ");
			json_member(&out, "b", b);
		}
		buf_addc(&out, '}');
	} else {
		if (a != NULL) {
			buf_addf(&out, "-%s = ", name);
			text_visible(&out, a, 0);
		}
		if (a != NULL && b != NULL)
			buf_addc(&out, '\n');
		if (b != NULL) {
			buf_addf(&out, "+%s = ", name);
			text_visible(&out, b, 0);
		}
	}
	puts(out.ptr);
	buf_done(&out);
}

static void
compare(const struct side *a, const struct side *b, differs_fn fn, void *ctx)
{
	bool with_services = a->has_services && b->has_services;
	size_t i = 0, j = 0;

	while (i < a->cf.count || j < b->cf.count) {
		const char *x = i < a->cf.count ? a->cf.entries[i].name : NULL;
		const char *y = j < b->cf.count ? b->cf.entries[j].name : NULL;
		int cmp = x == NULL ? 1 : y == NULL ? -1 : strcmp(x, y);
		const char *name = cmp <= 0 ? x : y, *va, *vb;

		i += cmp <= 0;
		j += cmp >= 0;
		if (!with_services && strncmp(name, SNAPSHOT_SERVICE,
		    strlen(SNAPSHOT_SERVICE)) == 0)
			continue;
		va = value_in(a, name);
		vb = value_in(b, name);
		if (va == NULL || vb == NULL || strcmp(va, vb) != 0)
			fn(name, va, vb, ctx);
	}
}

int
pc_diff(struct postconf *pc, char **sides, bool is_json)
{
	struct side a = { MAIN_CF_INIT, false };
	struct side b = { MAIN_CF_INIT, false };

	if (sides[0] != NULL && sides[1] != NULL && sides[2] != NULL)
		log_fatal("--diff compares two sides at most");
	pc_load_main(pc);
	pc_load_master(pc, false);
	read_side(pc, sides[0] != NULL ? sides[0] : "defaults", &a);
	read_side(pc, sides[0] != NULL ? sides[1] : NULL, &b);
	compare(&a, &b, print_difference, &is_json);
	main_cf_done(&a.cf);
	main_cf_done(&b.cf);
	return 0;
}

static void
note_difference(const char *name, const char *a, const char *b, void *ctx)
{
	(void)a;
	(void)b;
	pc_names_add(ctx, name, NULL, 0);
}

void
pc_diff_running(struct postconf *pc, struct pc_names *names)
{
	struct side running = { MAIN_CF_INIT, false };
	struct side files = { MAIN_CF_INIT, false };
	struct buf path = BUF_INIT;

	if (read_running(pc, &running, &path)) {
		read_side(pc, NULL, &files);
		compare(&running, &files, note_difference, names);
	}
	main_cf_done(&running.cf);
	main_cf_done(&files.cf);
	buf_done(&path);
}
