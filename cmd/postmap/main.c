/*
 * main.c - postmap: build and query lookup tables
 *
 * SPDX-License-Identifier: ISC
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postmap/message.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/table/table_long.h"
#include "lib/table/table_tool.h"

static const char usage_text[] =
    "usage: postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] "
    "[map_type:]file...";

enum action { ACTION_BUILD, ACTION_ADD, ACTION_QUERY, ACTION_DELETE,
	ACTION_LIST };

struct request {
	struct table_tool tool;
	enum action	 action;
	const char	*key;
	const char	*config_dir;
	unsigned	 message;	/* MESSAGE_* of -b, -h, -m */
	bool		 adds;		/* -i */
	struct table_long more;
	bool		 forces_utf8;	/* -U */
};

static int
exit_at_once(void)
{
	return 1;
}

/* -q and -d exclude each other and -s; what is said depends on the last one. */
static void
set_action(struct request *rq, enum action action, const char *key)
{
	if (action == ACTION_LIST && (rq->action == ACTION_QUERY ||
	    rq->action == ACTION_DELETE))
		log_fatal("specify only one of -s or -q or -d");
	if (action != ACTION_LIST && rq->action != ACTION_BUILD)
		log_fatal("specify only one of -s -q or -d");
	rq->action = action;
	rq->key = key;
}

static void
set_flags(struct request *rq, unsigned set, unsigned clear)
{
	rq->tool.flags = (rq->tool.flags & ~clear) | set;
}

static void
read_options(int argc, char **argv, struct request *rq)
{
	struct err err = ERR_INIT;
	int c;

	while ((c = getopt_long(argc, argv, "+bc:d:fFhimnNopq:rsuUvw",
	    table_long_options, NULL)) != -1) {
		switch (c) {
		case 'b': rq->message |= MESSAGE_BODY; break;
		case 'c': rq->config_dir = optarg; break;
		case 'd': set_action(rq, ACTION_DELETE, optarg); break;
		case 'f': set_flags(rq, 0, TABLE_FOLD); break;
		case 'F': set_flags(rq, TABLE_VALUE_IS_FILE, 0); break;
		case 'h': rq->message |= MESSAGE_HEADER; break;
		case 'i': rq->adds = true; break;
		case 'm': rq->message |= MESSAGE_MIME; break;
		case 'n':
			set_flags(rq, TABLE_TRY0NULL, TABLE_TRY1NULL);
			break;
		case 'N':
			set_flags(rq, TABLE_TRY1NULL, TABLE_TRY0NULL);
			break;
		case 'o': rq->tool.keeps_root = true; break;
		case 'p': rq->tool.keeps_mode = true; break;
		case 'q': set_action(rq, ACTION_QUERY, optarg); break;
		case 'r':
			set_flags(rq, TABLE_DUP_REPLACE,
			    TABLE_DUP_WARN | TABLE_DUP_IGNORE);
			break;
		case 's': set_action(rq, ACTION_LIST, NULL); break;
		case 'u': set_flags(rq, 0, TABLE_UTF8); break;
		case 'U': rq->forces_utf8 = true; break;
		case 'v': log_verbose++; break;
		case 'w':
			set_flags(rq, TABLE_DUP_IGNORE,
			    TABLE_DUP_WARN | TABLE_DUP_REPLACE);
			break;
		case 1:
			printf("%s\n%s\n", usage_text, table_long_usage);
			exit(0);
		default:
			switch (table_long_option(&rq->more, c, optarg,
			    &err)) {
			case 0:
				log_fatal("%s", usage_text);
			case -1:
				log_fatal("%s", err.text);
			}
		}
	}
}

/* What -b, -h and -m go with, and what they do to UTF-8. */
static void
check_message_options(struct request *rq)
{
	const unsigned parts = MESSAGE_BODY | MESSAGE_HEADER;

	if (rq->message == 0)
		return;
	if (rq->action != ACTION_QUERY || strcmp(rq->key, "-") != 0)
		log_fatal("specify -b -h or -m only with \"-q -\"");
	if ((rq->message & parts) == 0) {
		log_warning("ignoring -m option without -b or -h");
		rq->message = 0;
	} else if (!rq->forces_utf8) {
		set_flags(rq, 0, TABLE_UTF8);
	}
}

static int
query(struct request *rq, char **names, size_t count, struct err *err)
{
	struct table_tool_list list;
	int rc;

	table_tool_list_init(&list, &rq->tool, names, count);
	if (rq->message != 0)
		rc = message_query(&list, STDIN_FILENO, rq->message, err);
	else if (strcmp(rq->key, "-") == 0)
		rc = table_tool_query_stream(&list, STDIN_FILENO, stdout, err);
	else
		rc = table_tool_query(&list, rq->key, stdout, err);
	table_tool_list_done(&list);
	return rc;
}

static int
list_all(struct request *rq, char **names, size_t count, struct err *err)
{
	struct table_tool_list list;
	int rc;

	table_tool_list_init(&list, &rq->tool, names, count);
	rc = table_tool_list_all(&list, stdout, err);
	table_tool_list_done(&list);
	return rc;
}

static int
run(struct request *rq, char **names, size_t count, struct err *err)
{
	size_t i;
	int rc = 0;

	switch (rq->action) {
	case ACTION_QUERY:
		return query(rq, names, count, err);
	case ACTION_LIST:
		return list_all(rq, names, count, err);
	case ACTION_DELETE:
		if (strcmp(rq->key, "-") == 0)
			return table_tool_delete_stream(&rq->tool, names,
			    count, STDIN_FILENO, err);
		return table_tool_delete(&rq->tool, names, count, rq->key,
		    err);
	case ACTION_ADD:
	case ACTION_BUILD:
		break;
	}
	for (i = 0; i < count && rc == 0; i++)
		rc = rq->action == ACTION_ADD ?
		    table_tool_add(&rq->tool, names[i], err) :
		    table_tool_build(&rq->tool, names[i], err);
	return rc;
}

int
main(int argc, char **argv)
{
	struct request rq = { .tool.flags = TABLE_DUP_WARN | TABLE_FOLD |
	    TABLE_UTF8 };
	struct err err = ERR_INIT;
	int rc;

	argv[0] = (char *)command_start(argv);
	log_on_fatal(exit_at_once);
	read_options(argc, argv, &rq);
	if (rq.action == ACTION_BUILD && rq.adds)
		rq.action = ACTION_ADD;
	check_message_options(&rq);
	command_load(rq.config_dir, COMMAND_KEEP_ENV);
	argv += optind;
	argc -= optind;
	if (argc == 0 && rq.action == ACTION_LIST)
		return 1;
	if (argc == 0 && rq.more.action == 0)
		log_fatal("%s", usage_text);
	rc = rq.more.action != 0 ? table_long_run(&rq.more, &rq.tool, argv,
	    (size_t)argc, stdout, &err) :
	    run(&rq, argv, (size_t)argc, &err);
	if (fflush(stdout) != 0 && rc != -1)
		rc = err_sys(&err, "write output");
	if (rc == -1)
		log_fatal("%s", err.text);
	return rc;
}
