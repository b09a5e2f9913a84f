/*
 * main.c - postlog: a line from a script into the mail log
 *
 * SPDX-License-Identifier: ISC
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"

#define USAGE	"[-c config_dir] [-i] [-p priority] [-t tag] [-v] [text]"

static const struct {
	const char		*name;
	enum log_severity	 severity;
} severities[] = {
	{ "info",	LOG_SEV_INFO },		{ "warn",	LOG_SEV_WARNING },
	{ "warning",	LOG_SEV_WARNING },	{ "error",	LOG_SEV_ERROR },
	{ "err",	LOG_SEV_ERROR },	{ "fatal",	LOG_SEV_FATAL },
	{ "crit",	LOG_SEV_FATAL },	{ "panic",	LOG_SEV_PANIC },
};

static enum log_severity
severity_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		if (strcasecmp(name, severities[i].name) == 0)
			return severities[i].severity;
	log_fatal("bad severity: \"%s\"", name);
}

static void
record(enum log_severity sev, const char *tag, const char *text)
{
	static const char *const labels[] = { "", "warning: ", "error: ",
	    "fatal: ", "panic: " };
	struct buf shown = BUF_INIT;

	log_raw(sev, tag, (long)getpid(), text);
	if (isatty(STDERR_FILENO)) {
		text_printable(&shown, text, strlen(text), true);
		fprintf(stderr, "%s: %s%s\n", tag, labels[sev], shown.ptr);
	}
	if (sev >= LOG_SEV_FATAL)
		sleep(1);
	buf_done(&shown);
}

static void
record_input(enum log_severity sev, const char *tag)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		record(sev, tag, line);
	}
	free(line);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const char *config_dir = NULL, *tag = NULL;
	enum log_severity sev = LOG_SEV_INFO;
	struct buf name = BUF_INIT, text = BUF_INIT;
	int ch;

	command_start(argv);
	while ((ch = getopt_long(argc, argv, "+c:ip:t:v", options,
	    NULL)) != -1) {
		switch (ch) {
		case 'c': config_dir = optarg; break;
		case 'i': break;	/* the process id is always there */
		case 'p': sev = severity_of(optarg); break;
		case 't': tag = optarg; break;
		case 'v': log_verbose++; break;
		case 'h':
			puts("usage: postlog " USAGE);
			return 0;
		default: log_fatal("usage: postlog " USAGE);
		}
	}
	command_load(config_dir, COMMAND_CLEAN_ENV);
	params_log(0, !command_is_unsafe());
	if (tag != NULL)
		text_printable(&name, tag, strlen(tag), true);
	else
		buf_setf(&name, "%s/postlog", params.syslog_name);

	if (optind == argc) {
		record_input(sev, name.ptr);
	} else {
		for (; optind < argc; optind++)
			buf_addf(&text, "%s%s", text.len > 0 ? " " : "",
			    argv[optind]);
		record(sev, name.ptr, text.ptr);
	}
	buf_done(&name);
	buf_done(&text);
	return 0;
}
