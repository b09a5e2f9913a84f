/*
 * params.c - every main.cf parameter as a typed, documented struct member
 *
 * Every worker start pays for loading, so most of it has happened before:
 * defaults without a $ are constants made at build time. A load copies those,
 * converts what main.cf and -o set, and works out the remaining defaults.
 *
 * One load is one generation: its dictionary and the texts that expansion
 * made. The previous generation is kept, so that pointers taken from params
 * survive a reload until the next one.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/main_cf.h"
#include "lib/conf/params_internal.h"
#include "lib/conf/scope.h"

#define ARENA_BLOCK	8192

struct params params;

struct block {
	struct block	*next;
	size_t		 used, size;
	char		 bytes[];
};

struct generation {
	struct scope	 scope;		/* main.cf, then -o */
	struct block	*arena;		/* texts that params points to */
	struct main_cf	 cache;		/* name -> expanded text, for params_lookup */
	char		*dir;
	char		*file;		/* for messages: DIR/main.cf */
};

static struct generation *current, *previous;

/* ---- texts of one generation ------------------------------------------ */

static const char *
keep(struct generation *g, const char *text, size_t len)
{
	struct block *b = g->arena;
	char *copy;

	if (len == 0)
		return "";
	if (b == NULL || b->size - b->used < len + 1) {
		size_t size = len + 1 > ARENA_BLOCK ? len + 1 : ARENA_BLOCK;

		b = xmalloc(sizeof(*b) + size);
		b->used = 0;
		b->size = size;
		b->next = g->arena;
		g->arena = b;
	}
	copy = b->bytes + b->used;
	memcpy(copy, text, len);
	copy[len] = '\0';
	b->used += len + 1;
	return copy;
}

static void
generation_free(struct generation *g)
{
	struct block *b, *next;

	if (g == NULL)
		return;
	for (b = g->arena; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	scope_done(&g->scope);
	main_cf_done(&g->cache);
	free(g->dir);
	free(g->file);
	free(g);
}

/* ---- the registry ------------------------------------------------------ */

const struct params_row *
params_row_find(const char *name)
{
	unsigned h = 0;
	const char *p;

	for (p = name; *p != '\0'; p++)
		h = h * 31 + (unsigned char)*p;
	h %= PARAMS_HASH_SIZE;
	for (; params_hash[h] != 0; h = (h + 1) % PARAMS_HASH_SIZE) {
		const struct params_row *row = &params_rows[params_hash[h] - 1];

		if (strcmp(params_row_name(row), name) == 0)
			return row;
	}
	return NULL;
}

void
params_set_defaults(struct params *p)
{
	unsigned i;

	*p = params_constants;
	for (i = 0; i < params_row_count; i++) {
		const struct params_row *row = &params_rows[i];
		const char *text = params_row_default(row);

		if (row->type == PARAMS_STRING || row->type == PARAMS_RAW)
			memcpy((char *)p + row->offset, &text, sizeof(text));
	}
}

/* ---- values of this generation ------------------------------------------ */

/* Only a time has a unit, that of its default. */
static char
time_unit(struct generation *g, const struct params_row *row)
{
	struct buf text = BUF_INIT;
	const char *def = params_row_default(row);
	size_t n = strlen(def);
	char unit;

	if (row->type != PARAMS_TIME)
		return 0;
	if (n > 0 && strchr(def, '$') != NULL &&
	    strchr("smhdw", def[n - 1]) == NULL &&
	    scope_expand(&g->scope, &text, def, NULL) == 0)
		def = text.ptr;
	unit = params_time_unit(def);
	buf_done(&text);
	return unit;
}

static int
store(struct generation *g, struct params *p, const struct params_row *row,
    const char *name, const char *text, struct err *err)
{
	return params_store(p, row, name, text, time_unit(g, row), err);
}

/*
 * Expand text into the generation. A mistake is logged with its place, and
 * the process ends with the words that other software may look for.
 */
static const char *
expand_kept(struct generation *g, const char *name, const char *text,
    struct err *err)
{
	const struct main_cf_entry *e;
	struct err why = ERR_INIT;
	struct buf out = BUF_INIT;
	const char *kept = NULL;

	if (strchr(text, '$') == NULL)
		return text;
	if (scope_expand(&g->scope, &out, text, &why) == 0)
		kept = keep(g, out.ptr, out.len);
	else {
		log_warning("%s", why.text);
		e = main_cf_find(&g->scope.cf, name);
		if (e != NULL && e->line > 0)
			log_warning("%s, line %d: cannot expand the value of "
			    "%s", g->file, e->line, name);
		err_set(err, ERR_CONFIG,
		    "dictionary mail_dict: macro processing error");
	}
	buf_done(&out);
	return kept;
}

static int
set_row(struct generation *g, struct params *p, const struct params_row *row,
    struct err *err)
{
	const char *text = scope_lookup(params_row_name(row), &g->scope);

	if (text == NULL)
		text = "";
	if (row->type != PARAMS_RAW &&
	    (text = expand_kept(g, params_row_name(row), text, err)) == NULL)
		return -1;
	if (g->scope.err.kind != ERR_NONE) {
		*err = g->scope.err;
		return -1;
	}
	return store(g, p, row, params_row_name(row), text, err);
}

/* Check a value for a service of the user's own, once, while loading. */
static int
check_service_entry(struct generation *g, const struct main_cf_entry *e,
    struct err *err)
{
	const struct params_row *row = params_service_row(e->name);
	struct params scratch;
	const char *text;

	if (row == NULL || row->type == PARAMS_STRING)
		return 0;
	if ((text = expand_kept(g, e->name, e->value, err)) == NULL)
		return -1;
	return store(g, &scratch, row, e->name, text, err);
}

/* ---- loading ----------------------------------------------------------- */

/* "name=value", also in braces, from -o. */
static int
apply_override(struct generation *g, const char *text, struct err *err)
{
	char *copy = xstrdup(text), *line = copy, *name, *value;
	const char *bad;
	int rc = 0;

	if (*text_skip_blank(line) == '{')
		bad = text_brace_strip(line, &line);
	else
		bad = NULL;
	if (bad == NULL)
		bad = main_cf_split(line, &name, &value);
	if (bad != NULL)
		rc = err_set(err, ERR_CONFIG,
		    "invalid \"-o %s\" option value: %s", text, bad);
	else
		main_cf_set(&g->scope.cf, name, value, 0);
	free(copy);
	return rc;
}

/* Is dir named in a list parameter of this (the default) configuration? */
static bool
lists_directory(struct generation *g, const char *parameter, const char *dir)
{
	const char *raw = scope_lookup(parameter, &g->scope);
	struct buf text = BUF_INIT;
	bool found;

	found = raw != NULL &&
	    scope_expand(&g->scope, &text, raw, NULL) == 0 &&
	    text_list_has(text.ptr, dir);
	buf_done(&text);
	return found;
}

static struct generation *
generation_new(const char *dir, const struct params_context *ctx)
{
	struct generation *g = xcalloc(1, sizeof(*g));
	struct buf file = BUF_INIT;

	g->dir = xstrdup(dir);
	g->scope.config_directory = g->dir;
	buf_setf(&file, "%s/main.cf", dir);
	g->file = buf_take(&file);
	g->scope.process_name = keep(g, ctx->process_name,
	    strlen(ctx->process_name));
	g->scope.service_name = ctx->service_name == NULL ? g->scope.process_name :
	    keep(g, ctx->service_name, strlen(ctx->service_name));
	return g;
}

/* spec/commands.md 1.4: whom a set-gid program lets choose its configuration. */
static int
authorize_directory(const char *dir, const struct params_context *ctx,
    struct err *err)
{
	const char *standard = params_config_directory();
	struct generation *g;
	int rc;

	if (strcmp(dir, standard) == 0)
		return 0;
	g = generation_new(standard, ctx);
	rc = main_cf_read(&g->scope.cf, g->file, err);
	if (rc == 0 &&
	    !lists_directory(g, "alternate_config_directories", dir) &&
	    !lists_directory(g, "multi_instance_directories", dir)) {
		log_error("unauthorized configuration directory name: %s", dir);
		rc = err_set(err, ERR_DENIED, "specify "
		    "\"alternate_config_directories = %s\" or "
		    "\"multi_instance_directories = %s\" in %s", dir, dir,
		    g->file);
	}
	generation_free(g);
	return rc;
}

const char *
params_config_directory(void)
{
	return params_row_default(params_row_find("config_directory"));
}

/* Debian's form: a myorigin that starts with '/' names a file with the value. */
static int
read_myorigin(struct generation *g, struct params *p, struct err *err)
{
	char line[1024], *text = line;
	struct buf trimmed = BUF_INIT;
	FILE *fp;
	int rc = 0;

	if (p->myorigin[0] != '/')
		return 0;
	if ((fp = fopen(p->myorigin, "re")) == NULL)
		return err_set(err, ERR_CONFIG, "%s: cannot open file: %s",
		    p->myorigin, strerror(errno));
	if (fgets(line, sizeof(line), fp) == NULL)
		line[0] = '\0';
	fclose(fp);
	while (isspace((unsigned char)*text))
		text++;
	buf_sets(&trimmed, text);
	buf_trim_right(&trimmed);
	if (trimmed.len == 0)
		rc = err_set(err, ERR_CONFIG, "myorigin file %s is empty",
		    p->myorigin);
	else
		p->myorigin = keep(g, trimmed.ptr, trimmed.len);
	buf_done(&trimmed);
	return rc;
}

/* The kernel is asked for our networks when somebody wants to know. */
static void
put_off(struct params *p, const struct params_row *row)
{
	memset((char *)p + row->offset, 0, sizeof(const char *));
}

static int
fill(struct generation *g, struct params *p, bool puts_off, struct err *err)
{
	size_t late = puts_off ? params_dynamic_count - params_late_count :
	    params_dynamic_count;
	const struct params_row *row;
	size_t i;

	params_set_defaults(p);
	for (i = 0; i < g->scope.cf.count; i++) {
		row = params_row_find(g->scope.cf.entries[i].name);
		if (row == NULL) {
			if (check_service_entry(g, &g->scope.cf.entries[i],
			    err) == -1)
				return -1;
		} else if (set_row(g, p, row, err) == -1)
			return -1;
	}
	for (i = 0; i < params_dynamic_count; i++) {
		row = &params_rows[params_dynamic[i]];
		if (main_cf_find(&g->scope.cf, params_row_name(row)) != NULL)
			continue;
		if (i >= late)
			put_off(p, row);
		else if (set_row(g, p, row, err) == -1)
			return -1;
	}
	p->process_name = g->scope.process_name;
	p->service_name = g->scope.service_name;
	return read_myorigin(g, p, err);
}

int
params_load(const char *config_dir, const struct params_context *ctx,
    struct err *err)
{
	struct generation *g;
	struct params loaded;
	size_t i;

	if (config_dir == NULL && !ctx->is_unsafe)
		config_dir = getenv("MAIL_CONFIG");
	if (config_dir == NULL || *config_dir == '\0')
		config_dir = params_config_directory();
	if (ctx->is_unsafe && authorize_directory(config_dir, ctx, err) == -1)
		return -1;
	g = generation_new(config_dir, ctx);
	if (main_cf_read(&g->scope.cf, g->file, err) == -1)
		goto fail;
	for (i = 0; ctx->overrides != NULL && ctx->overrides[i] != NULL; i++)
		if (apply_override(g, ctx->overrides[i], err) == -1)
			goto fail;
	if (fill(g, &loaded, ctx->is_command, err) == -1)
		goto fail;
	generation_free(previous);
	previous = current;
	current = g;
	params = loaded;
	params_note_owner();
	return 0;
fail:
	generation_free(g);
	return -1;
}

/* ---- names known only at run time -------------------------------------- */

const char *
params_expanded(const char *name, const char *raw)
{
	struct generation *g = current;
	const struct main_cf_entry *e = main_cf_find(&g->cache, name);
	struct buf out = BUF_INIT;

	if (e != NULL)
		return e->value;
	if (scope_expand(&g->scope, &out, raw, NULL) == 0)
		main_cf_set(&g->cache, name, out.ptr, 0);
	buf_done(&out);
	e = main_cf_find(&g->cache, name);
	return e != NULL ? e->value : NULL;
}

const char *
params_raw(const char *name)
{
	return scope_lookup(name, &current->scope);
}

int
params_convert(struct params *p, const struct params_row *row,
    const char *name, const char *text, struct err *err)
{
	return store(current, p, row, name, text, err);
}

const char *
params_lookup(const char *name)
{
	const struct params_row *row = params_row_find(name);
	const char *raw, *text;
	struct err err = ERR_INIT;

	if (row != NULL && row->class != PARAMS_LEGACY &&
	    row->type == PARAMS_STRING) {
		memcpy(&text, (const char *)&params + row->offset,
		    sizeof(text));
		if (text != NULL)
			return text;
		if (set_row(current, &params, row, &err) == 0)
			return params_lookup(name);
		log_warning("%s", err.text);	/* nothing is ours then */
		return NULL;
	}
	if ((raw = scope_lookup(name, &current->scope)) == NULL)
		return NULL;
	if (strchr(raw, '$') == NULL ||
	    (row != NULL && row->type == PARAMS_RAW))
		return raw;
	return params_expanded(name, raw);
}

int
params_expand(struct buf *out, const char *text, struct err *err)
{
	return scope_expand(&current->scope, out, text, err);
}

void
params_each_set(void (*fn)(const char *name, const char *value, void *ctx),
    void *ctx)
{
	size_t i;

	for (i = 0; i < current->scope.cf.count; i++)
		fn(current->scope.cf.entries[i].name,
		    current->scope.cf.entries[i].value, ctx);
}

const char *
params_as_set(const char *name)
{
	const struct main_cf_entry *e = main_cf_find(&current->scope.cf, name);

	return e != NULL ? e->value : NULL;
}

const char *
params_file(void)
{
	return current->file;
}
