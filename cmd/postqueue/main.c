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

#include "cmd/postqueue/classic.h"
#include "lib/queue/queue_listing.h"
#include "cmd/postqueue/query.h"
#include "cmd/postqueue/request.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_field.h"
#include "lib/table/match_list.h"

static const char usage_text[] =
    "usage: postqueue [-v] [-c config_dir] -f\n"
    "       postqueue [-v] [-c config_dir] -i queue_id\n"
    "       postqueue [-v] [-c config_dir] -j\n"
    "       postqueue [-v] [-c config_dir] -p\n"
    "       postqueue [-v] [-c config_dir] -s site\n"
    "       postqueue [-c config_dir] [--select expr] [--format format]\n"
    "                 [--columns fields] [--sort fields] [--limit n]\n"
    "       postqueue [-c config_dir] [--select expr] [--format format]\n"
    "                 --count [--by fields] | --group-by fields [--top n]\n"
    "       postqueue [-c config_dir] [--select expr] [--format format]\n"
    "                 --shape[=field] [--buckets n] [--first time] [--linear]\n"
    "                 [--parents] [--top n]\n"
    "       postqueue --select expr --select-explain | --select-why queue_id\n"
    "       postqueue --fields\n"
    "\n"
    "examples:\n"
    "  postqueue --select 'sender = news@example.org and age > 2h'\n"
    "  postqueue --group-by rcpt.domain --top 10\n"
    "  postqueue --select 'class = throttle' --format ids\n";

struct request {
	int		 mode;		/* option letter, 0: none yet */
	const char	*argument;	/* of -i and -s */
	const char	*config_dir;
	struct query	 query;
};

enum long_option {
	LONG_HELP = 256, LONG_SELECT, LONG_FORMAT, LONG_COLUMNS, LONG_SORT,
	LONG_LIMIT, LONG_COUNT, LONG_BY, LONG_GROUP_BY, LONG_TOP, LONG_EXPLAIN,
	LONG_WHY, LONG_FIELDS, LONG_SHAPE, LONG_BUCKETS, LONG_FIRST, LONG_LINEAR,
	LONG_PARENTS
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

static int64_t
number_of(const char *option, const char *text)
{
	uint64_t n;

	if (num_parse_uint(text, INT64_MAX, &n, NULL) == -1)
		log_fatal("--%s: bad number \"%s\"", option, text);
	return (int64_t)n;
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
}

static void
read_long(int c, struct query *q)
{
	q->is_asked = true;
	log_on_fatal(failed);
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
	case LONG_COUNT: q->wants_count = true; break;
	case LONG_BY: q->by = optarg; break;
	case LONG_GROUP_BY: q->group_by = optarg; break;
	case LONG_TOP: q->top = number_of("top", optarg); break;
	case LONG_EXPLAIN: q->wants_explain = true; break;
	case LONG_WHY: q->why = optarg; break;
	case LONG_SHAPE:
		q->wants_shape = true;
		q->shape_field = optarg;
		break;
	case LONG_BUCKETS: q->buckets = number_of("buckets", optarg); break;
	case LONG_FIRST:
		if (num_parse_time(optarg, 's', &q->first_s, NULL) == -1)
			log_fatal("--first: bad duration \"%s\"", optarg);
		break;
	case LONG_LINEAR: q->is_linear = true; break;
	case LONG_PARENTS: q->wants_parents = true; break;
	}
}

/* What belongs to another option is refused rather than forgotten. */
static void
check_query(const struct query *q, int mode)
{
	bool is_grouped = q->wants_count || q->group_by != NULL ||
	    q->wants_shape;

	if (mode != 0)
		log_fatal("-%c goes with no long option", mode);
	if (q->wants_count + (q->group_by != NULL) + q->wants_shape > 1)
		log_fatal("--count, --group-by and --shape exclude each other");
	if (!q->wants_shape && (q->buckets >= 0 || q->first_s >= 0 ||
	    q->is_linear || q->wants_parents))
		log_fatal("--buckets, --first, --linear and --parents go with "
		    "--shape");
	if (q->by != NULL && !q->wants_count)
		log_fatal("--by goes with --count");
	if (q->top >= 0 && !is_grouped)
		log_fatal("--top goes with --group-by, --count or --shape");
	if (is_grouped && (q->columns != NULL || q->sort != NULL ||
	    q->limit >= 0))
		log_fatal("groups have neither --columns nor --sort nor "
		    "--limit");
	if (q->format == FORMAT_CLASSIC && (q->columns != NULL))
		log_fatal("--format=classic has its own columns");
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

static void
list(int mode)
{
	struct classic c = { .out = stdout,
	    .has_long_ids = params.enable_long_queue_ids };
	queue_listing_fn fn = mode == 'p' ? classic_text : classic_json;
	static char buffer[65536];
	struct err err = ERR_INIT;

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	switch (queue_listing_from_showq(fn, &c, &err)) {
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
		queue_listing_from_queue(fn, &c);
		break;
	default:
		fflush(stdout);
		log_fatal("%s", err.text);
	}
	if (mode == 'p')
		classic_text_end(&c);
	if (fflush(stdout) != 0 && errno != EPIPE)
		log_fatal("output write error: %s", strerror(errno));
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
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	if (rq.mode == 'p' || rq.mode == 'j' || rq.query.is_asked)
		check_user("authorized_mailq_users",
		    params.authorized_mailq_users, "view");
	else
		check_user("authorized_flush_users",
		    params.authorized_flush_users, "flush");
	if (rq.query.is_asked) {
		rq.query.is_direct = owns_queue();
		return query_run(&rq.query);
	}
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
