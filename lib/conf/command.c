/*
 * command.c - how every command begins: descriptors, rights, environment
 *
 * A set-gid command must not be steered by whoever calls it: closed standard
 * descriptors would make the first queue file become descriptor 2, and the
 * environment could name another configuration. Both are dealt with here,
 * before anything else runs.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/command.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/env.h"
#include "lib/conf/params.h"

static const char *command_name = "unknown";

bool
command_is_unsafe(void)
{
	if (getuid() == 0 && geteuid() == 0)
		return false;
	return getuid() != geteuid() || getgid() != getegid();
}

const char *
command_start(char **argv)
{
	const char *slash;
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			_exit(1);
	} while (fd <= STDERR_FILENO);
	close(fd);
	umask(022);

	if (argv[0] != NULL) {
		slash = strrchr(argv[0], '/');
		/* getopt speaks under argv[0]; it shall use the short name. */
		if (slash != NULL && slash[1] != '\0')
			argv[0] += slash + 1 - argv[0];
		command_name = argv[0];
	}
	log_open(command_name, LOG_TO_STDERR);
	if (command_is_unsafe())
		unsetenv("TZ");
	else if (getenv("MAIL_VERBOSE") != NULL)
		log_verbose++;
	return command_name;
}

void
command_misused(const char *usage)
{
	/* What getopt_long leaves there for a long option is no letter. */
	if (optopt == 0 || optopt > UCHAR_MAX)
		log_fatal("%s --help tells of all options", command_name);
	log_fatal("%s", usage);
}

static void
import_environment(const char *list, enum command_env how)
{
	if (how == COMMAND_CLEAN_ENV)
		env_import_full(list);
	else
		env_import_set(list);
}

void
command_load(const char *config_dir, enum command_env how)
{
	struct params_context ctx = { .process_name = command_name,
	    .is_unsafe = command_is_unsafe(), .is_command = true };
	struct err err = ERR_INIT;

	if (config_dir != NULL)
		setenv("MAIL_CONFIG", config_dir, 1);
	if (params_load(config_dir, &ctx, &err) == -1)
		log_fatal("%s", err.text);
	params_log(LOG_TO_STDERR, false);
	import_environment(params.import_environment, how);
}

int64_t
command_number(const char *option, const char *text)
{
	uint64_t n;

	if (num_parse_uint(text, INT64_MAX, &n, NULL) == -1)
		log_fatal("--%s: bad number \"%s\"", option, text);
	return (int64_t)n;
}

int64_t
command_duration(const char *option, const char *text)
{
	uint64_t seconds;
	int64_t n;

	if (num_parse_uint(text, INT64_MAX, &seconds, NULL) == 0)
		return (int64_t)seconds;
	if (num_parse_duration(text, &n, NULL) == -1)
		log_fatal("--%s: bad duration \"%s\"", option, text);
	return n;
}

double
command_rate(const char *option, const char *text)
{
	double n, per = 1;
	char *rest;

	n = strtod(text, &rest);
	if (strcmp(rest, "/m") == 0)
		per = 60;
	else if (strcmp(rest, "/h") == 0)
		per = 3600;
	else if (*rest != '\0' && strcmp(rest, "/s") != 0)
		per = 0;
	if (rest == text || per == 0 || !(n >= 0.001 && n <= 1e9))
		log_fatal("--%s: \"%s\" is no rate such as 50/s, 100/m",
		    option, text);
	return n / per;
}
