/*
 * table_long.c - the long options that postmap and postalias have in common
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_long.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/table/explain_class.h"
#include "lib/table/table_compare.h"
#include "lib/table/table_explain.h"
#include "lib/table/table_lint.h"
#include "lib/table/table_migrate.h"
#include "lib/table/table_rebuild.h"
#include "lib/table/table_report.h"
#include "lib/table/table_tool.h"
#include "lib/table/table_verify.h"

/* spec/beyond.md 1: statuses of what has a long name. */
enum { STATUS_NO_MATCH = 3, STATUS_DIFFERS = 4, STATUS_CHANGED = 10 };

enum { LONG_VERIFY = TABLE_LONG_SCHEMA + 1, LONG_STALE, LONG_STATUS,
	LONG_CONVERT, LONG_DUMP, LONG_FORMAT, LONG_STATS, LONG_EXPLAIN,
	LONG_TABLES, LONG_LINT, LONG_MIGRATE, LONG_DRY, LONG_TO, LONG_DIFF,
	LONG_TEST, LONG_BENCH, LONG_WATCH, LONG_BUILD, LONG_JSON,
	LONG_SENDER };

const struct option table_long_options[] = {
	{ "help",	no_argument,		NULL,	TABLE_LONG_HELP },
	{ "json-schema", no_argument,		NULL,	TABLE_LONG_SCHEMA },
	{ "build",	no_argument,		NULL,	LONG_BUILD },
	{ "verify",	no_argument,		NULL,	LONG_VERIFY },
	{ "if-stale",	no_argument,		NULL,	LONG_STALE },
	{ "exit-code",	no_argument,		NULL,	LONG_STATUS },
	{ "watch",	no_argument,		NULL,	LONG_WATCH },
	{ "convert",	no_argument,		NULL,	LONG_CONVERT },
	{ "dump",	no_argument,		NULL,	LONG_DUMP },
	{ "format",	required_argument,	NULL,	LONG_FORMAT },
	{ "json",	no_argument,		NULL,	LONG_JSON },
	{ "stats",	no_argument,		NULL,	LONG_STATS },
	{ "explain",	required_argument,	NULL,	LONG_EXPLAIN },
	{ "tables",	required_argument,	NULL,	LONG_TABLES },
	{ "sender",	required_argument,	NULL,	LONG_SENDER },
	{ "lint",	required_argument,	NULL,	LONG_LINT },
	{ "migrate",	no_argument,		NULL,	LONG_MIGRATE },
	{ "dry-run",	no_argument,		NULL,	LONG_DRY },
	{ "to",		required_argument,	NULL,	LONG_TO },
	{ "diff",	no_argument,		NULL,	LONG_DIFF },
	{ "test",	required_argument,	NULL,	LONG_TEST },
	{ "bench",	required_argument,	NULL,	LONG_BENCH },
	{ NULL,		0,			NULL,	0 }
};

/* %1$s is the command. */
static const char long_usage[] =
    "       %1$s --build [--json] [map_type:]file...\n"
    "       %1$s --if-stale [--exit-code] [--json] [map_type:]file...\n"
    "       %1$s --watch [--json] [map_type:]file...\n"
    "       %1$s --verify [--json] [map_type:]file...\n"
    "       %1$s --explain class [--tables list] [--sender address] "
	"[--json] key...\n"
    "       %1$s --lint class [--json] [map_type:]file...\n"
    "       %1$s --test file [--json] [map_type:]file...\n"
    "       %1$s --dump [--format text|jsonl|csv] [map_type:]file...\n"
    "       %1$s --stats [--json] [map_type:]file...\n"
    "       %1$s --diff [--json] map_type:file map_type:file\n"
    "       %1$s --convert map_type:file map_type:file\n"
    "       %1$s --migrate [--dry-run] [--to map_type]\n"
    "       %1$s --bench number [--json] [map_type:]file...\n"
    "       %1$s --json-schema\n";

static const char examples[] =
    "examples:\n"
    "       %1$s --if-stale lmdb:/etc/postfix/transport\n"
    "       %1$s --explain transport user@example.com\n"
    "       %1$s --lint transport lmdb:/etc/postfix/transport\n"
    "       %1$s --verify lmdb:/etc/postfix/transport\n";

void
table_long_help(FILE *out, const char *command, const char *usage)
{
	fprintf(out, examples, command);
	fprintf(out, "%s\n", usage);
	fprintf(out, long_usage, command);
}

static int
take_format(struct table_long *l, const char *text, struct err *err)
{
	static const char *const names[] = { "text", "jsonl", "csv" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			l->format = (enum table_dump)i;
			return 1;
		}
	return err_set(err, ERR_SYNTAX,
	    "unknown format \"%s\"; text, jsonl or csv", text);
}

int
table_long_option(struct table_long *l, int c, const char *argument,
    struct err *err)
{
	int64_t rounds;

	switch (c) {
	case LONG_STATUS:
		l->wants_status = true;
		return 1;
	case LONG_FORMAT:
		l->has_format = true;
		return take_format(l, argument, err);
	case LONG_JSON:
		l->is_json = true;
		return 1;
	case LONG_TABLES:
		l->tables = argument;
		return 1;
	case LONG_SENDER:
		l->sender = argument;
		return 1;
	case LONG_DRY:
		l->is_dry = true;
		return 1;
	case LONG_TO:
		l->to = argument;
		return 1;
	case LONG_TEST:
		l->file = argument;
		break;
	case LONG_BENCH:
		if (num_parse_int(argument, 1, 1000000000, &rounds, NULL) == -1)
			return err_set(err, ERR_SYNTAX, "--bench takes a "
			    "number of lookups, not \"%s\"", argument);
		l->rounds = (long)rounds;
		break;
	case LONG_EXPLAIN:
	case LONG_LINT:
		l->class = argument;
		break;
	case LONG_BUILD:
	case LONG_WATCH:
	case LONG_VERIFY:
	case LONG_STALE:
	case LONG_CONVERT:
	case LONG_DUMP:
	case LONG_STATS:
	case LONG_DIFF:
	case LONG_MIGRATE:
		break;
	default:
		return 0;
	}
	if (l->action != 0)
		return err_set(err, ERR_SYNTAX, "specify only one of --build "
		    "--if-stale --watch --verify --convert --dump --stats "
		    "--diff --test --bench --explain --lint or --migrate");
	l->action = c;
	return 1;
}

int
table_long_check(const struct table_long *l, struct err *err)
{
	const int action = l->action;
	const struct {
		bool		 is_given, fits;
		const char	*name, *with;
	} modifiers[] = {
		{ l->wants_status, action == LONG_STALE, "--exit-code",
		    "--if-stale" },
		{ l->has_format, action == LONG_DUMP, "--format", "--dump" },
		{ l->tables != NULL, action == LONG_EXPLAIN, "--tables",
		    "--explain" },
		{ l->sender != NULL, action == LONG_EXPLAIN, "--sender",
		    "--explain" },
		{ l->is_dry, action == LONG_MIGRATE, "--dry-run",
		    "--migrate" },
		{ l->to != NULL, action == LONG_MIGRATE, "--to",
		    "--migrate" },
		{ l->is_json, action != 0 && action != LONG_CONVERT &&
		    action != LONG_MIGRATE, "--json",
		    "an action that reports" },
	};
	size_t i;

	for (i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
		if (modifiers[i].is_given && !modifiers[i].fits)
			return err_set(err, ERR_SYNTAX, "%s needs %s",
			    modifiers[i].name, modifiers[i].with);
	return 0;
}

bool
table_long_list_classes(const struct table_long *l, FILE *out)
{
	const char *(*at)(size_t i) = l->action == LONG_LINT ?
	    table_lint_class_at : explain_class_at;
	size_t i;

	if (l->class == NULL || strcmp(l->class, "help") != 0)
		return false;
	for (i = 0; at(i) != NULL; i++)
		fprintf(out, "%s\n", at(i));
	return true;
}

static int
build(const struct table_tool *tool, const char *name,
    const struct table_report *r, struct err *err)
{
	long entries;

	if (table_tool_build(tool, name, &entries, err) == -1)
		return -1;
	table_rebuild_report(name, entries, r);
	return 0;
}

/* A count of findings is a status. */
static int
status_of(int findings)
{
	return findings > 0 ? STATUS_DIFFERS : findings;
}

/* One operand of an action that takes many: a status, or -1. */
static int
run_one(const struct table_long *l, const struct table_tool *tool,
    const char *name, const struct table_report *r, struct err *err)
{
	const struct table_explain x = { l->class, l->tables, l->sender };
	int rc;

	switch (l->action) {
	case LONG_BUILD:
		return build(tool, name, r, err);
	case LONG_VERIFY:
		return status_of(table_verify(tool, name, r, err));
	case LONG_STALE:
		rc = table_rebuild_if_stale(tool, name, r, err);
		return rc == 1 ? l->wants_status ? STATUS_CHANGED : 0 : rc;
	case LONG_DUMP:
		return status_of(table_inspect_dump(tool, name, l->is_json ?
		    TABLE_DUMP_JSONL : l->format, r->out, err));
	case LONG_BENCH:
		return table_inspect_bench(tool, name, l->rounds, r, err);
	case LONG_STATS:
		return table_inspect_stats(tool, name, r, err);
	default:
		rc = table_explain(&x, name, r, err);
		return rc == 1 ? STATUS_NO_MATCH : rc;
	}
}

static int
convert(const struct table_tool *tool, char **names, size_t count, FILE *out,
    struct err *err)
{
	long entries;

	if (count != 2)
		return err_set(err, ERR_SYNTAX,
		    "--convert needs two tables: from, to");
	entries = table_compare_convert(tool, names[0], names[1], err);
	if (entries == -1)
		return -1;
	fprintf(out, "%ld %s\n", entries, entries == 1 ? "entry" : "entries");
	return 0;
}

static int
run_each(const struct table_long *l, const struct table_tool *tool,
    char **names, size_t count, const struct table_report *r,
    struct err *err)
{
	size_t i;
	int rc, worst = 0;

	for (i = 0; i < count; i++) {
		if ((rc = run_one(l, tool, names[i], r, err)) == -1)
			return -1;
		if (rc > worst)
			worst = rc;
	}
	return worst;
}

int
table_long_run(const struct table_long *l, const struct table_tool *tool,
    char **names, size_t count, FILE *out, struct err *err)
{
	const struct table_report r = { out, l->is_json };

	if (l->action == LONG_MIGRATE)
		return count > 0 ? err_set(err, ERR_SYNTAX, "--migrate takes "
		    "its tables from main.cf and master.cf") :
		    status_of(table_migrate(l->to, l->is_dry, out, err));
	if (count == 0)
		return err_set(err, ERR_SYNTAX, l->action == LONG_EXPLAIN ?
		    "--explain needs a key to look up" : "no table is named");
	switch (l->action) {
	case LONG_CONVERT:
		return convert(tool, names, count, out, err);
	case LONG_DIFF:
		return count != 2 ? err_set(err, ERR_SYNTAX,
		    "--diff needs two tables") : status_of(table_compare(
		    tool, names[0], names[1], &r, err));
	case LONG_TEST:
		return status_of(table_inspect_test(tool, l->file, names,
		    count, &r, err));
	case LONG_LINT:
		return status_of(table_lint(l->class, names, count, &r,
		    err));
	case LONG_WATCH:
		return table_rebuild_watch(tool, names, count, &r, err);
	default:
		return run_each(l, tool, names, count, &r, err);
	}
}
