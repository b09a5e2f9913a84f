/*
 * explain.c - postfix explain: what happens to mail, and what decides it
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <string.h>

#include "cmd/postfix/postfix.h"

static const char usage_text[] =
	"usage: postfix [-c config_dir] explain address [option ...] ADDRESS...\n"
	"       postfix [-c config_dir] explain reason [option ...] TEXT\n"
	"       postfix [-c config_dir] explain log [--json] < lines\n"
	"       postfix [-c config_dir] explain message [--json] ID...\n"
	"\n"
	"  postfix explain address bob@example.com     where mail would go, and why\n"
	"  postfix explain reason '421 4.7.0 too many' what is meant, and what to do\n"
	"  postfix explain message 4bXyZ01234z         what it waits for, until when\n"
	"  postfix explain log < /var/log/mail.log     each field of each line\n"
	"\n"
	"\"postfix explain TOPIC --help\" tells more. Nothing is changed.\n";

static const struct topic {
	const char	*name;
	int		(*run)(char **args);	/* as main's argv */
} topics[] = {
	{ "address",		explain_address },
	{ "reason",		explain_reason },
	{ "log",		explain_log },
	{ "message",		explain_message },
};

int
explain_verb(char **args)
{
	static char program[] = "postfix";	/* what getopt says is said by it */
	size_t i;

	for (i = 0; args[0] != NULL && i < sizeof(topics) / sizeof(topics[0]);
	    i++)
		if (strcmp(args[0], topics[i].name) == 0) {
			args[0] = program;
			return topics[i].run(args);
		}
	if (args[0] != NULL && strcmp(args[0], "--help") == 0) {
		fputs(usage_text, stdout);
		return 0;
	}
	fputs(usage_text, stderr);
	return 1;
}
