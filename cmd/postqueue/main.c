/*
 * main.c - postqueue: list the queue, ask for delivery
 *
 * Runs set-gid, so that everybody can reach the showq and flush services;
 * authorized_mailq_users and authorized_flush_users say who may.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/postqueue/check.h"
#include "cmd/postqueue/classic.h"
#include "cmd/postqueue/output.h"
#include "cmd/postqueue/query.h"
#include "cmd/postqueue/request.h"
#include "cmd/postqueue/schema.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_listing.h"
#include "lib/queue/queue_scan.h"
#include "lib/queue/queue_total.h"
#include "lib/table/match_list.h"

#define FLUSHED_SINGLY	50	/* messages that go out at once */
#define FLUSH_AT	65536	/* bytes that wait later */

static const char usage_text[] =
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
    "       postqueue [-c config_dir] --flush-select expr [--rate n]\n"
    "       postqueue --select expr --select-explain | --select-why queue_id\n"
    "       postqueue --fields | --json-schema\n"
    "all but --flush-select also with --from file or --queue-dir directory\n"
    "\n"
    "examples:\n"
    "  postqueue --select 'sender = news@example.org and age > 2h'\n"
    "  postqueue --group-by rcpt.domain --top 10\n"
    "  postqueue --select 'class = throttle' --format ids\n"
    "  postqueue --check --warn 'deferred > 500' --crit 'oldest > 1d'\n"
    "  postqueue --save before.jsonl.gz\n"
    "  postqueue --from before.jsonl.gz --group-by sender,class\n";

struct request {
	int		 mode;		/* option letter, 0: none yet */
	const char	*argument;	/* of -i and -s */
	const char	*config_dir;
	struct query	 query;
};

enum long_option {
	LONG_HELP = 256, LONG_SELECT, LONG_FORMAT, LONG_COLUMNS, LONG_SORT,
	LONG_LIMIT, LONG_COUNT, LONG_BY, LONG_GROUP_BY, LONG_TOP, LONG_EXPLAIN,
	LONG_WHY, LONG_FIELDS, LONG_SHAPE, LONG_BUCKETS, LONG_FIRST,
	LONG_LINEAR, LONG_PARENTS, LONG_METRICS, LONG_OUTPUT, LONG_CHECK,
	LONG_WARN, LONG_CRIT, LONG_WATCH, LONG_SAVE, LONG_FROM,
	LONG_QUEUE_DIR, LONG_FLUSH, LONG_RATE, LONG_SCHEMA, LONG_COLOR
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
	{ "json-schema", no_argument, NULL, LONG_SCHEMA },
	{ "color", required_argument, NULL, LONG_COLOR },
	{ NULL, 0, NULL, 0 }
};

/* Whatever went wrong, the service is not available (4.1). */
static int
unavailable(void)
{
	return EX_UNAVAILABLE;
}

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

static int64_t
number_of(const char *option, const char *text)
{
	uint64_t n;

	if (num_parse_uint(text, INT64_MAX, &n, NULL) == -1)
		log_fatal("--%s: bad number \"%s\"", option, text);
	return (int64_t)n;
}

static int64_t
time_of(const char *option, const char *text)
{
	int64_t seconds;

	if (num_parse_time(text, 's', &seconds, NULL) == -1 || seconds < 1)
		log_fatal("--%s: bad duration \"%s\"", option, text);
	return seconds;
}

/* "5", "0.5", "5/s": messages a second */
static double
rate_of(const char *text)
{
	char *end;
	double rate = strtod(text, &end);

	if (end == text || (*end != '\0' && strcmp(end, "/s") != 0) ||
	    !(rate >= 0.001 && rate <= 1e6))
		log_fatal("--rate: bad rate \"%s\"", text);
	return rate;
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
	static const char *const types[] = { "address", "domain", "text",
	    "number", "size", "duration", "time", "ip", "queue", "class",
	    "flag" };
	const struct queue_field *f;
	size_t i;

	for (i = 0; (f = queue_field_at(i)) != NULL; i++)
		printf("%-14s %-9s %s\n", f->name, types[f->type],
		    f->meaning);
	for (i = 0; i < TOTAL_CLASS; i++) {
		f = queue_total_field(i);
		printf("%-14s %-9s --check: %s\n", f->name, types[f->type],
		    f->meaning);
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
	case LONG_LIMIT: q->limit = number_of("limit", optarg); break;
	case LONG_BY: q->count_by = optarg; break;
	case LONG_TOP: q->top = number_of("top", optarg); break;
	case LONG_BUCKETS: q->buckets = number_of("buckets", optarg); break;
	case LONG_FIRST: q->first_s = time_of("first", optarg); break;
	case LONG_LINEAR: q->is_linear = true; break;
	case LONG_PARENTS: q->wants_parents = true; break;
	case LONG_OUTPUT: q->output = optarg; break;
	case LONG_WARN: q->warn = optarg; break;
	case LONG_CRIT: q->crit = optarg; break;
	case LONG_WATCH: q->watch_s = time_of("watch", optarg); break;
	case LONG_FROM: q->from = optarg; break;
	case LONG_QUEUE_DIR: q->queue_dir = optarg; break;
	case LONG_RATE: q->rate = rate_of(optarg); break;
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
		    "--save, --flush-select, --select-explain and "
		    "--select-why exclude each other");
	only_with(q->buckets >= 0 || q->first_s >= 0 || q->is_linear ||
	    q->wants_parents, m == MODE_SHAPE,
	    "--buckets, --first, --linear and --parents go", "--shape");
	only_with(q->count_by != NULL, m == MODE_COUNT, "--by goes",
	    "--count");
	only_with(q->top >= 0, is_counted || m == MODE_METRICS, "--top goes",
	    "--group-by, --count, --shape or --metrics");
	only_with(q->sort != NULL || q->limit >= 0, has_rows,
	    "--sort and --limit go", "messages, not counts,");
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
	only_with(q->watch_s >= 0, (has_rows && q->sort == NULL &&
	    q->limit < 0) || is_counted, "--watch goes",
	    "unsorted messages, --count, --group-by or --shape");
	if (q->format == FORMAT_CLASSIC && (q->columns != NULL ||
	    q->watch_s >= 0))
		log_fatal("--format=classic has its own columns, and no "
		    "--watch");
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

static void
read_options(int argc, char **argv, struct request *rq)
{
	int c;

	while ((c = getopt_long(argc, argv, "+c:fi:jps:v", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'c':
			rq->config_dir = optarg;
			break;
		case 'f':
		case 'i':
		case 'j':
		case 'p':
		case 's':
			if (rq->mode != 0)
				usage();
			rq->mode = c;
			rq->argument = optarg;
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
			read_long(c, &rq->query);
			break;
		}
	}
	if (rq->query.is_asked)
		check_query(&rq->query, rq->mode);
	else if (rq->mode == 0)
		usage();
	if (optind < argc)
		usage();
}

/* spec/services.md 4.2: root and mail_owner always, others by the list */
static void
check_user(const char *title, const char *list, const char *verb)
{
	struct match_list *ml;
	struct passwd *pw;
	uid_t uid = getuid();
	const char *name;
	bool may;

	if (uid == 0 || strcmp(list, "static:anyone") == 0)
		return;
	if ((pw = getpwnam(params.mail_owner)) != NULL && pw->pw_uid == uid)
		return;
	pw = getpwuid(uid);
	name = pw != NULL ? pw->pw_name : "unknown";
	ml = match_list_new(title, MATCH_STRING, list);
	may = match_list_find(ml, name, NULL) == TABLE_FOUND;
	if (!may)
		log_fatal("User %s(%ld) is not allowed to %s the mail queue",
		    name, (long)uid, verb);
	match_list_free(ml);
}

/* May this process read the queue directory itself? */
static bool
owns_queue(void)
{
	return geteuid() == 0 || params_is_private();
}

struct listing {
	bool		 is_text;	/* -p, not -j */
	bool		 has_begun;
	struct classic	 told;		/* for what showq tells */
	struct buf	 out;
};

static bool
write_listing(struct buf *out, void *ctx)
{
	struct listing *l = ctx;
	struct buf head = BUF_INIT;

	if (l->is_text && !l->has_begun) {
		classic_head(&l->told, &head);
		output_write(&head);
		buf_done(&head);
	}
	l->has_begun = true;
	output_write(out);
	return true;
}

static void
take_told(const struct queue_listing_message *m, void *ctx)
{
	struct listing *l = ctx;

	if (l->is_text) {
		classic_text(m, &l->out, &l->told);
	} else {
		classic_json(m, &l->out, NULL);
		l->told.messages++;
	}
	/* The first messages at once, for whoever waits. */
	if (l->told.messages < FLUSHED_SINGLY || l->out.len >= FLUSH_AT)
		write_listing(&l->out, l);
}

static void
list_queue(struct listing *l)
{
	unsigned i, n = queue_scan_threads();
	struct classic *own = xcalloc(n, sizeof(*own));
	struct queue_listing_job job = { .put = l->is_text ? classic_text :
	    classic_json, .text = write_listing, .ctx = l, .threads = n,
	    .own = own, .own_size = sizeof(*own) };

	for (i = 0; i < n; i++)
		own[i].has_long_ids = params.enable_long_queue_ids;
	queue_listing_from_queue(&job);
	for (i = 0; i < n; i++) {
		l->told.messages += own[i].messages;
		l->told.bytes += own[i].bytes;
	}
	free(own);
}

static void
list(int mode)
{
	struct listing l = { .is_text = mode == 'p', .out = BUF_INIT,
	    .told.has_long_ids = params.enable_long_queue_ids };
	struct err err = ERR_INIT;

	switch (queue_listing_from_showq(take_told, &l, &err)) {
	case LISTING_DONE:
		break;
	case LISTING_DOWN:
		if (!owns_queue())
			log_fatal("Queue report unavailable - mail system is "
			    "down (%s)", err.text);
		log_warning("Mail system is down -- accessing queue directly "
		    "(%s)", err.text);
		if (queue_become_owner(&err) == -1)
			log_fatal("%s", err.text);
		/* What is odd about a file is for the log, as with showq. */
		params_log(0, false);
		list_queue(&l);
		params_log(LOG_TO_STDERR, false);
		break;
	default:
		if (l.out.len > 0)
			write_listing(&l.out, &l);
		log_fatal("%s", err.text);
	}
	if (l.out.len > 0)
		write_listing(&l.out, &l);
	if (l.is_text)
		classic_tail(l.told.messages, l.told.bytes, &l.out);
	output_write(&l.out);
	buf_done(&l.out);
}

/* A question is answered from files that the caller names, or from the queue. */
static int
answer(struct query *q)
{
	if (q->from == NULL && q->queue_dir == NULL)
		check_user("authorized_mailq_users",
		    params.authorized_mailq_users, "view");
	if (q->mode == MODE_FLUSH)
		check_user("authorized_flush_users",
		    params.authorized_flush_users, "flush");
	q->is_direct = owns_queue();
	return query_run(q);
}

int
main(int argc, char **argv)
{
	static char name[] = "postqueue";
	struct request rq = { .query = QUERY_INIT };
	struct err err = ERR_INIT;

	if (argc > 0)
		argv[0] = name;
	command_start(argv);
	log_on_fatal(unavailable);
	signal(SIGPIPE, SIG_IGN);
	read_options(argc, argv, &rq);
	command_load(rq.config_dir, COMMAND_CLEAN_ENV);
	if (rq.query.is_asked)
		return answer(&rq.query);
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	if (rq.mode == 'p' || rq.mode == 'j')
		check_user("authorized_mailq_users",
		    params.authorized_mailq_users, "view");
	else
		check_user("authorized_flush_users",
		    params.authorized_flush_users, "flush");
	switch (rq.mode) {
	case 'f':
		request_flush_all();
		break;
	case 'i':
		request_flush_message(rq.argument);
		break;
	case 's':
		request_flush_site(rq.argument);
		break;
	default:
		list(rq.mode);
		break;
	}
	return 0;
}
