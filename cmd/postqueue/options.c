/*
 * options.c - the command line of postqueue, read and checked
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postqueue/check.h"
#include "cmd/postqueue/output.h"
#include "cmd/postqueue/schema.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_total.h"

#define WAIT_S	900	/* as long as a slow delivery of one message takes */

static const char usage_text[] =
    "examples:\n"
    "  postqueue --select 'sender = news@example.org and age > 2h'\n"
    "  postqueue --group-by rcpt.domain --top 10\n"
    "  postqueue --select 'class = throttle' --format ids\n"
    "  postqueue --check --warn 'deferred > 500' --crit 'oldest > 1d'\n"
    "  postqueue --save before.jsonl.gz\n"
    "  postqueue --from before.jsonl.gz --group-by sender,class\n"
    "\n"
    "usage: postqueue [-v] [-c config_dir] -f\n"
    "       postqueue [-v] [-c config_dir] -i queue_id\n"
    "       postqueue [-v] [-c config_dir] -j\n"
    "       postqueue [-v] [-c config_dir] -p\n"
    "       postqueue [-v] [-c config_dir] -s site\n"
    "       postqueue [-c config_dir] [--select expr] [--format format]\n"
    "                 [--columns fields] [--sort fields] [--limit n]\n"
    "                 [--watch time] [--color when]\n"
    "       postqueue [-c config_dir] [--select expr] [--format format]\n"
    "                 --count [--by fields] | --group-by fields [--top n]\n"
    "       postqueue [-c config_dir] [--select expr] [--format format]\n"
    "                 --shape[=field] [--buckets n] [--first time] [--linear]\n"
    "                 [--parents] [--top n]\n"
    "       postqueue [-c config_dir] [--select expr] --metrics [--top n]\n"
    "                 [--output file]\n"
    "       postqueue [-c config_dir] --check [--warn expr] [--crit expr]\n"
    "       postqueue [-c config_dir] [--select expr] --save file\n"
    "       postqueue [-c config_dir] [--select expr] --duplicates\n"
    "                 [--format format] [--columns fields] [--limit n]\n"
    "       postqueue [-c config_dir] --flush-select expr [--rate n]\n"
    "                 [--wait time]\n"
    "       postqueue --select expr --select-explain | --select-why queue_id\n"
    "       postqueue --fields | --json-schema\n"
    "all but --flush-select also with --from file or --queue-dir directory\n";

enum long_option {
	LONG_HELP = 256, LONG_SELECT, LONG_FORMAT, LONG_COLUMNS, LONG_SORT,
	LONG_LIMIT, LONG_COUNT, LONG_BY, LONG_GROUP_BY, LONG_TOP, LONG_EXPLAIN,
	LONG_WHY, LONG_FIELDS, LONG_SHAPE, LONG_BUCKETS, LONG_FIRST,
	LONG_LINEAR, LONG_PARENTS, LONG_METRICS, LONG_OUTPUT, LONG_CHECK,
	LONG_WARN, LONG_CRIT, LONG_WATCH, LONG_SAVE, LONG_FROM,
	LONG_QUEUE_DIR, LONG_FLUSH, LONG_RATE, LONG_WAIT, LONG_SCHEMA,
	LONG_COLOR, LONG_DUPLICATES
};

static const struct option longs[] = {
	{ "help", no_argument, NULL, LONG_HELP },
	{ "select", required_argument, NULL, LONG_SELECT },
	{ "format", required_argument, NULL, LONG_FORMAT },
	{ "columns", required_argument, NULL, LONG_COLUMNS },
	{ "sort", required_argument, NULL, LONG_SORT },
	{ "limit", required_argument, NULL, LONG_LIMIT },
	{ "count", no_argument, NULL, LONG_COUNT },
	{ "by", required_argument, NULL, LONG_BY },
	{ "group-by", required_argument, NULL, LONG_GROUP_BY },
	{ "top", required_argument, NULL, LONG_TOP },
	{ "select-explain", no_argument, NULL, LONG_EXPLAIN },
	{ "select-why", required_argument, NULL, LONG_WHY },
	{ "fields", no_argument, NULL, LONG_FIELDS },
	{ "shape", optional_argument, NULL, LONG_SHAPE },
	{ "buckets", required_argument, NULL, LONG_BUCKETS },
	{ "first", required_argument, NULL, LONG_FIRST },
	{ "linear", no_argument, NULL, LONG_LINEAR },
	{ "parents", no_argument, NULL, LONG_PARENTS },
	{ "metrics", no_argument, NULL, LONG_METRICS },
	{ "output", required_argument, NULL, LONG_OUTPUT },
	{ "check", no_argument, NULL, LONG_CHECK },
	{ "warn", required_argument, NULL, LONG_WARN },
	{ "crit", required_argument, NULL, LONG_CRIT },
	{ "watch", required_argument, NULL, LONG_WATCH },
	{ "save", required_argument, NULL, LONG_SAVE },
	{ "from", required_argument, NULL, LONG_FROM },
	{ "queue-dir", required_argument, NULL, LONG_QUEUE_DIR },
	{ "flush-select", required_argument, NULL, LONG_FLUSH },
	{ "rate", required_argument, NULL, LONG_RATE },
	{ "wait", required_argument, NULL, LONG_WAIT },
	{ "duplicates", no_argument, NULL, LONG_DUPLICATES },
	{ "json-schema", no_argument, NULL, LONG_SCHEMA },
	{ "color", required_argument, NULL, LONG_COLOR },
	{ NULL, 0, NULL, 0 }
};

static void
usage(void)
{
	log_fatal("usage: postqueue -f | postqueue -i queueid | postqueue -j "
	    "| postqueue -p | postqueue -s site");
}

/* The long options have the exit status of new commands. */
static int
failed(void)
{
	return QUERY_FATAL;
}

/* Monitoring reads standard output, and a status of its own. */
static int
check_failed(void)
{
	static const char text[] = "POSTQUEUE UNKNOWN - the queue could not "
	    "be looked at; see standard error\n";

	fputs(text, stdout);
	return CHECK_UNKNOWN;
}

/* One that is never nothing: rounds and columns. */
static int64_t
time_of(const char *option, const char *text)
{
	int64_t seconds = command_duration(option, text);

	if (seconds < 1)
		log_fatal("--%s: bad duration \"%s\"", option, text);
	return seconds;
}

static enum query_color
color_of(const char *text)
{
	if (strcmp(text, "auto") == 0)
		return COLOR_AUTO;
	if (strcmp(text, "always") == 0)
		return COLOR_ALWAYS;
	if (strcmp(text, "never") != 0)
		log_fatal("--color: %s is none of auto, always, never", text);
	return COLOR_NEVER;
}

static void
print_fields(void)
{
	const struct queue_field *f;
	size_t i;

	for (i = 0; (f = queue_field_at(i)) != NULL; i++)
		printf("%-14s %-9s %s\n", f->name,
		    queue_field_type_name(f->type), f->meaning);
	for (i = 0; i < TOTAL_CLASS; i++) {
		f = queue_total_field(i);
		printf("%-14s %-9s --check: %s\n", f->name,
		    queue_field_type_name(f->type), f->meaning);
	}
}

static void
print_schema(void)
{
	struct buf out = BUF_INIT;

	schema_print(&out);
	output_write(&out);
	buf_done(&out);
}

static void
set_mode(struct query *q, enum query_mode mode)
{
	q->mode = mode;
	q->modes++;
}

/* Options that choose what the answer is. */
static bool
read_mode(int c, struct query *q)
{
	switch (c) {
	case LONG_COUNT: set_mode(q, MODE_COUNT); break;
	case LONG_GROUP_BY:
		set_mode(q, MODE_GROUPS);
		q->by = optarg;
		break;
	case LONG_SHAPE:
		set_mode(q, MODE_SHAPE);
		q->by = optarg;
		break;
	case LONG_METRICS: set_mode(q, MODE_METRICS); break;
	case LONG_CHECK:
		set_mode(q, MODE_CHECK);
		log_on_fatal(check_failed);
		break;
	case LONG_SAVE:
		set_mode(q, MODE_SAVE);
		q->save = optarg;
		break;
	case LONG_FLUSH:
		set_mode(q, MODE_FLUSH);
		q->select = optarg;
		break;
	case LONG_DUPLICATES: set_mode(q, MODE_DUPLICATES); break;
	case LONG_EXPLAIN: set_mode(q, MODE_EXPLAIN); break;
	case LONG_WHY:
		set_mode(q, MODE_WHY);
		q->why = optarg;
		break;
	default:
		return false;
	}
	return true;
}

static void
read_long(int c, struct query *q)
{
	if (!q->is_asked)
		log_on_fatal(failed);
	q->is_asked = true;
	if (read_mode(c, q))
		return;
	switch (c) {
	case LONG_SELECT: q->select = optarg; break;
	case LONG_FORMAT:
		if (!query_format_find(optarg, &q->format))
			log_fatal("--format: %s is none of classic, table, "
			    "jsonl, csv, tsv, ids, ids0", optarg);
		break;
	case LONG_COLUMNS: q->columns = optarg; break;
	case LONG_SORT: q->sort = optarg; break;
	case LONG_LIMIT: q->limit = command_number("limit", optarg); break;
	case LONG_BY: q->count_by = optarg; break;
	case LONG_TOP: q->top = command_number("top", optarg); break;
	case LONG_BUCKETS: q->buckets = command_number("buckets", optarg); break;
	case LONG_FIRST: q->first_s = time_of("first", optarg); break;
	case LONG_LINEAR: q->is_linear = true; break;
	case LONG_PARENTS: q->wants_parents = true; break;
	case LONG_OUTPUT: q->output = optarg; break;
	case LONG_WARN: q->warn = optarg; break;
	case LONG_CRIT: q->crit = optarg; break;
	case LONG_WATCH: q->watch_s = time_of("watch", optarg); break;
	case LONG_FROM: q->from = optarg; break;
	case LONG_QUEUE_DIR: q->queue_dir = optarg; break;
	case LONG_RATE: q->rate = command_rate("rate", optarg); break;
	case LONG_WAIT: q->wait_s = time_of("wait", optarg); break;
	case LONG_COLOR: q->color = color_of(optarg); break;
	}
}

static void
only_with(bool is_given, bool is_there, const char *options,
    const char *other)
{
	if (is_given && !is_there)
		log_fatal("%s with %s only", options, other);
}

/* What belongs to another option is refused rather than forgotten. */
static void
check_query(struct query *q, int mode)
{
	enum query_mode m = q->mode;
	bool is_counted = m == MODE_COUNT || m == MODE_GROUPS ||
	    m == MODE_SHAPE;
	bool has_rows = m == MODE_ROWS;

	if (mode != 0)
		log_fatal("-%c goes with no long option", mode);
	if (q->modes > 1)
		log_fatal("--count, --group-by, --shape, --metrics, --check, "
		    "--save, --duplicates, --flush-select, "
		    "--select-explain and --select-why exclude each other");
	only_with(q->buckets >= 0 || q->first_s >= 0 || q->is_linear ||
	    q->wants_parents, m == MODE_SHAPE,
	    "--buckets, --first, --linear and --parents go", "--shape");
	only_with(q->count_by != NULL, m == MODE_COUNT, "--by goes",
	    "--count");
	only_with(q->top >= 0, is_counted || m == MODE_METRICS, "--top goes",
	    "--group-by, --count, --shape or --metrics");
	only_with(q->sort != NULL, has_rows, "--sort goes",
	    "messages, not counts,");
	has_rows |= m == MODE_DUPLICATES;
	only_with(q->limit >= 0, has_rows, "--limit goes",
	    "messages, not counts,");
	only_with(q->columns != NULL, has_rows || m == MODE_SAVE,
	    "--columns goes", "messages, not counts,");
	only_with(q->format != FORMAT_DEFAULT, has_rows || is_counted,
	    "--format goes", "messages, --count, --group-by or --shape");
	only_with(q->output != NULL, m == MODE_METRICS, "--output goes",
	    "--metrics");
	only_with(q->warn != NULL || q->crit != NULL, m == MODE_CHECK,
	    "--warn and --crit go", "--check");
	only_with(q->rate > 0, m == MODE_FLUSH, "--rate goes",
	    "--flush-select");
	only_with(q->wait_s >= 0, m == MODE_FLUSH, "--wait goes",
	    "--flush-select");
	if (q->wait_s < 0)
		q->wait_s = WAIT_S;
	only_with(q->watch_s >= 0, (m == MODE_ROWS && q->sort == NULL &&
	    q->limit < 0) || is_counted, "--watch goes",
	    "unsorted messages, --count, --group-by or --shape");
	if (q->format == FORMAT_CLASSIC && (q->columns != NULL ||
	    q->watch_s >= 0 || m == MODE_DUPLICATES))
		log_fatal("--format=classic has its own columns, and neither "
		    "--watch nor --duplicates");
	if (q->from != NULL && q->queue_dir != NULL)
		log_fatal("--from and --queue-dir exclude each other");
	if ((q->from != NULL || q->queue_dir != NULL) && m == MODE_FLUSH)
		log_fatal("--flush-select goes with the queue itself only");
	if (q->from != NULL && q->watch_s >= 0)
		log_fatal("a snapshot does not change: --from goes without "
		    "--watch");
	if (q->count_by != NULL)
		q->by = q->count_by;
}

void
queue_options_read(int argc, char **argv, struct queue_options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "+c:fi:jps:v", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config_dir = optarg;
			break;
		case 'f':
		case 'i':
		case 'j':
		case 'p':
		case 's':
			if (o->mode != 0)
				usage();
			o->mode = c;
			o->argument = optarg;
			break;
		case 'v':
			if (geteuid() == 0)
				log_verbose++;
			break;
		case LONG_HELP:
			fputs(usage_text, stdout);
			exit(0);
		case LONG_FIELDS:
			print_fields();
			exit(0);
		case LONG_SCHEMA:
			print_schema();
			exit(0);
		case '?':
			usage();
			break;
		default:
			read_long(c, &o->query);
			break;
		}
	}
	if (o->query.is_asked)
		check_query(&o->query, o->mode);
	else if (o->mode == 0)
		usage();
	if (optind < argc)
		usage();
}
