/*
 * table_command.c - the command line that postmap and postalias share
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/table/table_batch.h"
#include "lib/table/table_long.h"
#include "lib/table/table_schema.h"
#include "lib/table/table_tool.h"

enum action { ACTION_BUILD, ACTION_ADD, ACTION_QUERY, ACTION_DELETE,
	ACTION_LIST };

struct request {
	const struct table_command *command;
	struct table_tool tool;
	enum action	 action;
	const char	*key;
	const char	*config_dir;
	unsigned	 parts;		/* TABLE_MESSAGE_* of -b, -h, -m */
	bool		 adds;		/* -i */
	bool		 forces_utf8;	/* -U */
	struct table_long more;
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
take_long_option(struct request *rq, int c)
{
	struct err err = ERR_INIT;

	switch (table_long_option(&rq->more, c, optarg, &err)) {
	case 0:
		command_misused(rq->command->usage);
	case -1:
		log_fatal("%s", err.text);
	}
}

/* One option; which letters there are is the command's choice. */
static void
take_option(struct request *rq, int c)
{
	switch (c) {
	case 'b': rq->parts |= TABLE_MESSAGE_BODY; break;
	case 'c': rq->config_dir = optarg; break;
	case 'd': set_action(rq, ACTION_DELETE, optarg); break;
	case 'f': set_flags(rq, 0, TABLE_FOLD); break;
	case 'F': set_flags(rq, TABLE_VALUE_IS_FILE, 0); break;
	case 'h': rq->parts |= TABLE_MESSAGE_HEADER; break;
	case 'i': rq->adds = true; break;
	case 'j': rq->tool.is_json = true; break;
	case 'm': rq->parts |= TABLE_MESSAGE_MIME; break;
	case 'n': set_flags(rq, TABLE_TRY0NULL, TABLE_TRY1NULL); break;
	case 'N': set_flags(rq, TABLE_TRY1NULL, TABLE_TRY0NULL); break;
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
	default: take_long_option(rq, c); break;
	}
}

/* What -b, -h and -m go with, and what they do to UTF-8. */
static void
check_message_options(struct request *rq)
{
	const unsigned parts = TABLE_MESSAGE_BODY | TABLE_MESSAGE_HEADER;

	if (rq->parts == 0)
		return;
	if (rq->action != ACTION_QUERY || strcmp(rq->key, "-") != 0)
		log_fatal("specify -b -h or -m only with \"-q -\"");
	if ((rq->parts & parts) == 0) {
		log_warning("ignoring -m option without -b or -h");
		rq->parts = 0;
	} else if (!rq->forces_utf8) {
		set_flags(rq, 0, TABLE_UTF8);
	}
}

static int
read_tables(struct request *rq, char **names, size_t count, struct err *err)
{
	struct table_tool_list list;
	int rc;

	table_tool_list_init(&list, &rq->tool, names, count);
	if (rq->action == ACTION_LIST)
		rc = table_tool_list_all(&list, stdout, err);
	else if (rq->parts != 0)
		rc = rq->command->message(&list, STDIN_FILENO, rq->parts, err);
	else if (strcmp(rq->key, "-") == 0)
		rc = table_batch_query(&list, STDIN_FILENO, stdout, err);
	else
		rc = table_tool_query(&list, rq->key, stdout, err);
	table_tool_list_done(&list);
	return rc;
}

static int
run(struct request *rq, char **names, size_t count, struct err *err)
{
	size_t i;
	int rc = 0;

	if (rq->action == ACTION_QUERY || rq->action == ACTION_LIST)
		return read_tables(rq, names, count, err);
	if (rq->action == ACTION_DELETE && strcmp(rq->key, "-") == 0)
		return table_tool_delete_stream(&rq->tool, names, count,
		    STDIN_FILENO, err);
	if (rq->action == ACTION_DELETE)
		return table_tool_delete(&rq->tool, names, count, rq->key,
		    err);
	for (i = 0; i < count && rc == 0; i++)
		rc = rq->action == ACTION_ADD ?
		    table_tool_add(&rq->tool, names[i], err) :
		    table_tool_build(&rq->tool, names[i], NULL, err);
	return rc;
}

static void
check_options(struct request *rq)
{
	struct err err = ERR_INIT;

	if (rq->action == ACTION_BUILD && rq->adds)
		rq->action = ACTION_ADD;
	if (rq->more.action != 0 && rq->action != ACTION_BUILD)
		log_fatal("specify either one of -d -i -q -s or one action "
		    "with a long name");
	if (table_long_check(&rq->more, &err) == -1)
		log_fatal("%s", err.text);
	check_message_options(rq);
	if (rq->tool.is_json && rq->action != ACTION_QUERY &&
	    rq->action != ACTION_LIST)
		log_fatal("option -j requires -q or -s");
}

static int
print_schema(const char *command)
{
	struct buf schema = BUF_INIT;

	table_schema(&schema, command);
	fputs(schema.ptr, stdout);
	buf_done(&schema);
	return 0;
}

int
table_command_main(const struct table_command *command, int argc, char **argv)
{
	struct request rq = { .command = command,
	    .tool = { .is_alias = command->is_alias,
	    .flags = TABLE_DUP_WARN | TABLE_FOLD | TABLE_UTF8 } };
	struct err err = ERR_INIT;
	int c, rc;

	argv[0] = (char *)command_start(argv);
	log_on_fatal(exit_at_once);
	while ((c = getopt_long(argc, argv, command->letters,
	    table_long_options, NULL)) != -1) {
		if (c == TABLE_LONG_HELP) {
			table_long_help(stdout, argv[0], command->usage);
			return 0;
		}
		if (c == TABLE_LONG_SCHEMA)
			return print_schema(argv[0]);
		take_option(&rq, c);
	}
	check_options(&rq);
	if (table_long_list_classes(&rq.more, stdout))
		return 0;	/* needs no configuration */
	command_load(rq.config_dir, COMMAND_KEEP_ENV);
	argv += optind;
	argc -= optind;
	if (argc == 0 && rq.action == ACTION_LIST)
		return 1;
	if (argc == 0 && rq.more.action == 0)
		log_fatal("%s", command->usage);
	rc = rq.more.action != 0 ? table_long_run(&rq.more, &rq.tool, argv,
	    (size_t)argc, stdout, &err) : run(&rq, argv, (size_t)argc, &err);
	if (fflush(stdout) != 0 && rc != -1)
		rc = err_sys(&err, "write output");
	if (rc == -1)
		log_fatal("%s", err.text);
	return rc;
}
