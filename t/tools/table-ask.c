/*
 * table-ask.c - hold a table open and ask it what standard input says
 *
 *	table-ask [-w] TYPE:NAME	-w: open it to be changed
 *
 *	get KEY		-> "found VALUE", "not found", "retry" or "broken"
 *	put KEY VALUE	-> "done" or "failed"
 *	del KEY		-> as get
 *	list		-> "KEY=VALUE" for each entry, then "end", "retry" or "broken"
 *
 * One line an answer, written at once, so that a script can do something to
 * the server in between. Reasons go to standard error.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/table.h"

static void
say(enum table_result rc, const struct buf *value, const struct err *err)
{
	static const char *const words[] = { "found", "not found", "retry",
	    "broken" };

	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		fprintf(stderr, "%s\n", err->text);
	if (rc == TABLE_FOUND && value != NULL)
		printf("found %s\n", value->ptr);
	else
		puts(words[rc]);
}

static void
list(struct table *t)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;
	enum table_result rc;
	bool first = true;

	while ((rc = table_next(t, first, &key, &value, &err)) ==
	    TABLE_FOUND) {
		printf("%s=%s\n", key.ptr, value.ptr);
		first = false;
	}
	if (rc == TABLE_NOT_FOUND)
		puts("end");
	else
		say(rc, NULL, &err);
	buf_done(&key);
	buf_done(&value);
}

static void
run(struct table *t, char *line)
{
	char *key = line + strcspn(line, " "), *value;
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;

	if (*key == ' ')
		*key++ = '\0';
	if (strcmp(line, "get") == 0) {
		say(table_lookup(t, key, &got, &err), &got, &err);
	} else if (strcmp(line, "del") == 0) {
		say(table_delete(t, key, &err), NULL, &err);
	} else if (strcmp(line, "put") == 0) {
		value = key + strcspn(key, " ");
		if (*value == ' ')
			*value++ = '\0';
		if (table_update(t, key, value, &err) == 0) {
			puts("done");
		} else {
			fprintf(stderr, "%s\n", err.text);
			puts("failed");
		}
	} else {
		list(t);
	}
	buf_done(&got);
}

int
main(int argc, char **argv)
{
	const struct params_context ctx = { .process_name = "table-ask",
	    .service_name = "table-ask" };
	bool writes = argc > 1 && strcmp(argv[1], "-w") == 0;
	struct err err = ERR_INIT;
	struct table *t;
	char line[65536];

	log_open("table-ask", LOG_TO_STDERR);
	if (argc != 2 + writes || params_load(NULL, &ctx, &err) == -1) {
		fprintf(stderr, "table-ask: %s\n", argc != 2 + writes ?
		    "usage: table-ask [-w] type:name" : err.text);
		return 1;
	}
	t = table_open(argv[1 + writes], writes ? TABLE_WRITE : TABLE_READ,
	    TABLE_FOLD | TABLE_UTF8 | TABLE_DUP_REPLACE, &err);
	if (t == NULL) {
		fprintf(stderr, "table-ask: %s\n", err.text);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		run(t, line);
	}
	if (writes && table_commit(t, &err) == -1)
		fprintf(stderr, "%s\n", err.text);
	table_close(t);
	return 0;
}
