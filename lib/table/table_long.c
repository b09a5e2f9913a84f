/*
 * table_long.c - the long options that postmap and postalias have in common
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_long.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/table/table_explain.h"
#include "lib/table/table_lint.h"
#include "lib/table/table_migrate.h"
#include "lib/table/table_tool.h"

#define STATUS_BUILT	3
#define STATUS_DIFFERS	4

enum { LONG_HELP = 1, LONG_VERIFY = 256, LONG_STALE, LONG_STATUS,
	LONG_CONVERT, LONG_DUMP, LONG_FORMAT, LONG_STATS, LONG_EXPLAIN,
	LONG_TABLES, LONG_LINT, LONG_MIGRATE, LONG_DRY, LONG_TO, LONG_DIFF,
	LONG_TEST, LONG_BENCH };

const struct option table_long_options[] = {
	{ "help",	no_argument,		NULL,	LONG_HELP },
	{ "verify",	no_argument,		NULL,	LONG_VERIFY },
	{ "if-stale",	no_argument,		NULL,	LONG_STALE },
	{ "exit-code",	no_argument,		NULL,	LONG_STATUS },
	{ "convert",	no_argument,		NULL,	LONG_CONVERT },
	{ "dump",	no_argument,		NULL,	LONG_DUMP },
	{ "format",	required_argument,	NULL,	LONG_FORMAT },
	{ "stats",	no_argument,		NULL,	LONG_STATS },
	{ "explain",	required_argument,	NULL,	LONG_EXPLAIN },
	{ "tables",	required_argument,	NULL,	LONG_TABLES },
	{ "lint",	required_argument,	NULL,	LONG_LINT },
	{ "migrate",	no_argument,		NULL,	LONG_MIGRATE },
	{ "dry-run",	no_argument,		NULL,	LONG_DRY },
	{ "to",		required_argument,	NULL,	LONG_TO },
	{ "diff",	no_argument,		NULL,	LONG_DIFF },
	{ "test",	required_argument,	NULL,	LONG_TEST },
	{ "bench",	required_argument,	NULL,	LONG_BENCH },
	{ NULL,		0,			NULL,	0 }
};

const char table_long_usage[] =
    "       --verify [map_type:]file...\n"
    "       --if-stale [--exit-code] [map_type:]file...\n"
    "       --convert map_type:file map_type:file\n"
    "       --dump [--format text|jsonl|csv] [map_type:]file...\n"
    "       --stats [map_type:]file...\n"
    "       --diff map_type:file map_type:file\n"
    "       --test file [map_type:]file...\n"
    "       --bench number [map_type:]file...\n"
    "       --explain class [--tables list] key...\n"
    "       --lint class [map_type:]file...\n"
    "       --migrate [--dry-run] [--to map_type]";

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
		return take_format(l, argument, err);
	case LONG_TABLES:
		l->tables = argument;
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
		if (num_parse_int(argument, 1, 1000000000, &rounds, err) == -1)
			return -1;
		l->rounds = (long)rounds;
		break;
	case LONG_EXPLAIN:
	case LONG_LINT:
		l->class = argument;
		break;
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
		return err_set(err, ERR_SYNTAX, "specify only one of --verify "
		    "--if-stale --convert --dump --stats --diff --test "
		    "--bench --explain --lint or --migrate");
	l->action = c;
	return 1;
}

static int
build_if_stale(const struct table_long *l, const struct table_tool *tool,
    const char *name, struct err *err)
{
	int fresh = table_inspect_is_fresh(tool, name, err);

	if (fresh == -1 || (fresh == 0 && table_tool_build(tool, name,
	    err) == -1))
		return -1;
	return fresh == 0 && l->wants_status ? STATUS_BUILT : 0;
}

/* One operand of an action that takes many: a status, or -1. */
static int
run_one(const struct table_long *l, const struct table_tool *tool,
    const char *name, FILE *out, struct err *err)
{
	int rc;

	switch (l->action) {
	case LONG_VERIFY:
		rc = table_inspect_verify(tool, name, out, err);
		return rc > 0 ? STATUS_DIFFERS : rc;
	case LONG_LINT:
		rc = table_lint(l->class, name, out, err);
		return rc > 0 ? STATUS_DIFFERS : rc;
	case LONG_STALE:
		return build_if_stale(l, tool, name, err);
	case LONG_DUMP:
		return table_inspect_dump(tool, name, l->format, out, err);
	case LONG_BENCH:
		return table_inspect_bench(tool, name, l->rounds, out, err);
	case LONG_STATS:
		return table_inspect_stats(tool, name, out, err);
	default:
		return table_explain(l->class, l->tables, name, out, err);
	}
}

static int
print_names(const char *(*at)(size_t i), FILE *out)
{
	size_t i;

	for (i = 0; at(i) != NULL; i++)
		fprintf(out, "%s\n", at(i));
	return 0;
}

static int
convert(const struct table_tool *tool, char **names, size_t count, FILE *out,
    struct err *err)
{
	long entries;

	if (count != 2)
		return err_set(err, ERR_SYNTAX,
		    "--convert needs two tables: from, to");
	entries = table_inspect_convert(tool, names[0], names[1], err);
	if (entries == -1)
		return -1;
	fprintf(out, "%ld entries\n", entries);
	return 0;
}

int
table_long_run(const struct table_long *l, const struct table_tool *tool,
    char **names, size_t count, FILE *out, struct err *err)
{
	size_t i;
	int rc, worst = 0;

	if (l->class != NULL && strcmp(l->class, "help") == 0)
		return print_names(l->action == LONG_LINT ?
		    table_lint_class_at : table_explain_class_at, out);
	if (l->action == LONG_CONVERT)
		return convert(tool, names, count, out, err);
	if (l->action == LONG_DIFF) {
		rc = count == 2 ? table_inspect_diff(tool, names[0], names[1],
		    out, err) : err_set(err, ERR_SYNTAX,
		    "--diff needs two tables");
		return rc > 0 ? STATUS_DIFFERS : rc;
	}
	if (l->action == LONG_TEST) {
		rc = table_inspect_test(tool, l->file, names, count, out, err);
		return rc > 0 ? STATUS_DIFFERS : rc;
	}
	if (l->action == LONG_MIGRATE) {
		rc = table_migrate(l->to, l->is_dry, out, err);
		return rc > 0 ? STATUS_DIFFERS : rc;
	}
	if (count == 0)
		return err_set(err, ERR_SYNTAX, "nothing to work on");
	for (i = 0; i < count; i++) {
		rc = run_one(l, tool, names[i], out, err);
		if (rc == -1)
			return -1;
		if (rc > worst)
			worst = rc;
	}
	return worst;
}
