/*
 * names.c - which parameter names are known, and why
 *
 * The registry knows the built-in ones. A name may also belong to a service
 * of master.cf, to a client database, or to the user: a restriction class,
 * or anything set that some value refers to (spec/postconf.md 3).
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

/* spec/postconf.md 3.2; the registry has their defaults as transport_SUFFIX */
static const char *const delivery_suffixes[] = {
	"delivery_slot_cost", "delivery_slot_discount", "delivery_slot_loan",
	"destination_concurrency_failed_cohort_limit",
	"destination_concurrency_limit",
	"destination_concurrency_negative_feedback",
	"destination_concurrency_positive_feedback",
	"destination_rate_delay", "destination_recipient_limit",
	"extra_recipient_limit", "initial_destination_concurrency",
	"minimum_delivery_slots", "recipient_limit",
	"recipient_refill_delay", "recipient_refill_limit",
	"transport_rate_delay", NULL
};
static const char *const time_suffixes[] = { "time_limit", NULL };

static const struct {
	const char		*program;
	const char *const	*suffixes[2];
} programs[] = {
	{ "local",	{ delivery_suffixes } },
	{ "error",	{ delivery_suffixes } },
	{ "virtual",	{ delivery_suffixes } },
	{ "smtp",	{ delivery_suffixes } },
	{ "lmtp",	{ delivery_suffixes } },
	{ "pipe",	{ delivery_suffixes, time_suffixes } },
	{ "spawn",	{ time_suffixes } },
};

static size_t
names_position(const struct pc_names *names, const char *name, bool *found)
{
	size_t lo = 0, hi = names->count;

	*found = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(name, names->list[mid].name);

		if (cmp == 0) {
			*found = true;
			return mid;
		}
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

const struct pc_name *
pc_names_find(const struct pc_names *names, const char *name)
{
	bool found;
	size_t at = names_position(names, name, &found);

	return found ? &names->list[at] : NULL;
}

bool
pc_names_add(struct pc_names *names, const char *name,
    const char *default_text, enum pc_class class)
{
	bool found;
	size_t at = names_position(names, name, &found);

	if (found)
		return false;
	if (names->count == names->size) {
		names->size = names->size == 0 ? 32 : names->size * 2;
		names->list = xreallocarray(names->list, names->size,
		    sizeof(*names->list));
	}
	memmove(names->list + at + 1, names->list + at,
	    (names->count - at) * sizeof(*names->list));
	names->count++;
	names->list[at] = (struct pc_name){ xstrdup(name), default_text,
	    class };
	return true;
}

enum pc_class
pc_class(const struct postconf *pc, const char *name,
    const char **default_text)
{
	const struct pc_name *n = pc_names_find(&pc->names, name);
	const struct params_row *row;

	if (n != NULL) {
		if (default_text != NULL)
			*default_text = n->default_text;
		return n->class;
	}
	row = params_row_find(name);
	if (default_text != NULL)
		*default_text = row != NULL ? params_row_default(row) : NULL;
	if (row == NULL || row->class == PARAMS_SERVICE)
		return 0;
	return row->class == PARAMS_LEGACY ? PC_LEGACY : PC_BUILTIN;
}

static void
add_service_name(struct postconf *pc, const char *service, const char *suffix)
{
	struct buf name = BUF_INIT, model = BUF_INIT;
	const struct params_row *row;

	buf_setf(&name, "%s_%s", service, suffix);
	buf_setf(&model, "transport_%s", suffix);
	row = params_row_find(name.ptr);
	/* A built-in name of this form keeps its own default. */
	if (row == NULL || row->class == PARAMS_SERVICE)
		row = params_row_find(model.ptr);
	pc_names_add(&pc->names, name.ptr, params_row_default(row), PC_SERVICE);
	buf_done(&name);
	buf_done(&model);
}

static void
collect_services(struct postconf *pc)
{
	size_t i, p, j;
	const char *const *suffix;

	for (i = 0; i < pc->service_count; i++)
		for (p = 0; p < sizeof(programs) / sizeof(programs[0]); p++) {
			if (strcmp(pc->services[i].argv[0],
			    programs[p].program) != 0)
				continue;
			for (j = 0; j < 2; j++)
				for (suffix = programs[p].suffixes[j];
				    suffix != NULL && *suffix != NULL;
				    suffix++)
					add_service_name(pc, pc->services[i].
					    fields[PC_F_NAME], *suffix);
		}
}

/* ---- references -------------------------------------------------------- */

/* One value under scan: in main.cf (service NULL) or in an -o of service. */
struct scan {
	struct postconf		*pc;
	struct pc_service	*service;
};

bool
pc_names_used(struct postconf *pc, struct pc_service *s, const char *name)
{
	bool is_set = false;
	size_t i;

	if (s != NULL && main_cf_find(&s->overrides, name) != NULL) {
		pc_names_add(&s->names, name, NULL, PC_USER);
		return true;
	}
	if (main_cf_find(&pc->scope.cf, name) != NULL) {
		pc_names_add(&pc->names, name, NULL, PC_USER);
		is_set = true;
	}
	for (i = 0; s == NULL && i < pc->service_count; i++)
		if (main_cf_find(&pc->services[i].overrides, name) != NULL) {
			pc_names_add(&pc->services[i].names, name, NULL,
			    PC_USER);
			is_set = true;
		}
	return is_set;
}

/* A name that something refers to: known already, made known, or undefined. */
static void
refer(const struct scan *scan, const char *name)
{
	struct postconf *pc = scan->pc;
	struct pc_service *s = scan->service;

	if (pc_class(pc, name, NULL) != 0 || pc_names_used(pc, s, name))
		return;
	if (pc->undefined != NULL)
		pc->undefined(name, s, pc->undefined_ctx);
	else if (!pc->is_lenient)
		log_warning("%s: undefined parameter: %s", s != NULL ?
		    pc->master_file : pc->main_file, name);
}

static const char *
refer_cb(const char *name, void *ctx)
{
	refer(ctx, name);
	return "";
}

static void
scan_value(struct scan *scan, const char *value)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (strchr(value, '$') != NULL && macro_expand(&out, value,
	    MACRO_SCAN, NULL, refer_cb, scan, &err) == -1 &&
	    !scan->pc->is_lenient)
		log_warning("%s", err.text);
	buf_done(&out);
}

/* Names in a value that cannot be expanded stay unknown to the lenient. */
static bool
expand(const struct scan *scan, struct scope *scope, struct buf *out,
    const char *value)
{
	if (scan->pc->is_lenient)
		return scope_expand(scope, out, value, NULL) == 0;
	pc_expand(scope, out, value);
	return true;
}

static void
collect_classes(struct scan *scan, const struct main_cf *cf,
    struct scope *scope)
{
	const struct main_cf_entry *e =
	    main_cf_find(cf, "smtpd_restriction_classes");
	struct buf text = BUF_INIT;
	char *rest, *word;

	if (e == NULL)
		return;
	/* The text of a default names no class. */
	scope->only_set = true;
	rest = expand(scan, scope, &text, e->value) ? text.ptr : NULL;
	scope->only_set = false;
	while (rest != NULL &&
	    (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		refer(scan, word);
	buf_done(&text);
}

/*
 * Names of client databases may stand in any value that a program reads; what
 * the user defined is seen where such a value refers to it.
 */
static void
scan_databases(const struct scan *scan, struct scope *scope,
    const struct main_cf_entry *e)
{
	struct buf text = BUF_INIT;
	enum pc_class class;

	if (strpbrk(e->value, ":${") == NULL)
		return;
	class = pc_class(scan->pc, e->name, NULL);
	if (class != PC_BUILTIN && class != PC_SERVICE)
		return;
	if (expand(scan, scope, &text, e->value))
		pc_database_names(scan->pc, scan->service, text.ptr);
	buf_done(&text);
}

/* What the values of main.cf, or of a service's -o, refer to. */
static void
scan_values(struct scan *scan, struct scope *scope, const struct main_cf *cf)
{
	const struct params_row *row;
	size_t i;

	collect_classes(scan, cf, scope);
	for (i = 0; i < cf->count; i++) {
		const struct main_cf_entry *e = &cf->entries[i];

		/* The names in a raw value are somebody else's. */
		row = params_row_find(e->name);
		if (row != NULL && (row->type == PARAMS_RAW ||
		    row->class == PARAMS_READONLY))
			continue;
		scan_value(scan, e->value);
		scan_databases(scan, scope, e);
	}
}

static void
warn_readonly(const struct main_cf *cf, const char *file)
{
	size_t i;

	for (i = 0; i < cf->count; i++) {
		const struct params_row *row =
		    params_row_find(cf->entries[i].name);

		if (row != NULL && row->class == PARAMS_READONLY)
			log_warning("%s: read-only parameter assignment: "
			    "%s=%s", file, params_row_name(row), cf->entries[i].value);
	}
}

void
pc_names_scan(struct postconf *pc)
{
	struct scan scan = { pc, NULL };
	struct scope scope;
	size_t i;

	for (i = 0; i < pc->service_count; i++) {
		scan.service = &pc->services[i];
		pc_scope_of(pc, scan.service, &scope);
		scan_values(&scan, &scope, &scan.service->overrides);
		pc_scope_done(pc, &scope);
	}
	scan.service = NULL;
	scan_values(&scan, &pc->scope, &pc->scope.cf);
}

/* Per-service names have a default although no registry row is theirs. */
static const char *
service_default(const char *name, void *ctx)
{
	const struct pc_name *n = pc_names_find(ctx, name);

	return n != NULL ? n->default_text : NULL;
}

void
pc_names_collect(struct postconf *pc)
{
	size_t i;

	pc->scope.fallback = service_default;
	pc->scope.fallback_ctx = &pc->names;
	collect_services(pc);
	for (i = 0; i < pc->service_count && !pc->show_defaults; i++)
		warn_readonly(&pc->services[i].overrides, pc->master_file);
	warn_readonly(&pc->scope.cf, pc->main_file);
	if (!pc->show_defaults)		/* what is set does not count */
		pc_names_scan(pc);
}

/* ---- the name space of an entry ---------------------------------------- */

void
pc_scope_of(struct postconf *pc, const struct pc_service *s,
    struct scope *scope)
{
	*scope = pc->scope;
	/* What depends on the overrides has to be found again. */
	memset(scope->runtime, 0, sizeof(scope->runtime));
	if (s == NULL)
		return;
	scope->overrides = &s->overrides;
	scope->process_name = s->argv[0];
	scope->service_name = s->fields[PC_F_NAME];
}

void
pc_scope_done(struct postconf *pc, struct scope *scope)
{
	(void)pc;
	/* The dictionary belongs to the whole; only the runtime texts are its own. */
	scope->cf = (struct main_cf)MAIN_CF_INIT;
	scope_done(scope);
}

/* ---- unused names ------------------------------------------------------ */

/* The value as stored, with white space collapsed. */
static void
warn_unused(const char *file, const struct main_cf_entry *e)
{
	log_warning("%s: unused parameter: %s=%s", file, e->name, e->value);
}

void
pc_warn_unused_main(const struct postconf *pc)
{
	size_t i;

	for (i = 0; i < pc->scope.cf.count; i++) {
		const struct main_cf_entry *e = &pc->scope.cf.entries[i];

		if (pc_class(pc, e->name, NULL) == 0)
			warn_unused(pc->main_file, e);
	}
}

void
pc_warn_unused_master(const struct postconf *pc)
{
	size_t i, j;

	for (i = 0; i < pc->service_count; i++) {
		const struct pc_service *s = &pc->services[i];

		for (j = 0; j < s->overrides.count; j++) {
			const struct main_cf_entry *e =
			    &s->overrides.entries[j];

			if (pc_class(pc, e->name, NULL) == 0 &&
			    pc_names_find(&s->names, e->name) == NULL)
				warn_unused(pc->master_file, e);
		}
	}
	pc_database_warn();
}
