/*
 * main.c - postfix: start, stop and look after the mail system
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/postfix.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"

static const char usage_text[] =
	"usage: postfix [-c config_dir] [-Dv] start | start-fg | stop | abort |\n"
	"               drain | reload | flush | check | status |\n"
	"               set-permissions | upgrade-configuration | logrotate\n"
	"       postfix [-c config_dir] health [--json]\n"
	"       postfix [-c config_dir] explain address [--from=SENDER]\n"
	"               [--class=CLASS] [--remote] [--live] [--steps] [--json]\n"
	"               ADDRESS...\n"
	"       postfix [-c config_dir] explain message [--json] ID...\n"
	"       postfix [-c config_dir] explain reason [--dsn=CODE] [--json] TEXT\n"
	"       postfix [-c config_dir] explain log [--json] < lines\n"
	"       postfix init [--port=N] [--owner=USER] DIR\n";

static const struct verb {
	const char	*name;
	int		(*run)(char **args);
} verbs[] = {
	{ "start",		control_start },
	{ "start-fg",		control_start_fg },
	{ "stop",		control_stop },
	{ "quick-stop",		control_quick_stop },
	{ "abort",		control_abort },
	{ "drain",		control_drain },
	{ "reload",		control_reload },
	{ "flush",		control_flush },
	{ "check",		check_verb },
	{ "status",		control_status },
	{ "health",		health_verb },
	{ "logrotate",		control_logrotate },
	{ "set-permissions",	layout_set_permissions },
	{ "upgrade-configuration", upgrade_configuration },
};

static unsigned log_base;	/* where lines go besides the terminal */

void
say(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!isatty(STDERR_FILENO))
		log_to(log_base);
	log_info("%s", text);
	log_to(log_base | LOG_TO_STDERR);
}

int
run_command(const char *path, char **argv)
{
	pid_t pid;

	if ((pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		execv(path, argv);
		if (errno != ENOENT)
			log_warning("execute %s: %s", path, strerror(errno));
		_exit(127);
	}
	return child_wait(pid);
}

/* What helper programs and scripts find in their environment. */
static void
export_parameters(void)
{
	static const char *const names[] = { "command_directory",
	    "daemon_directory", "data_directory", "meta_directory",
	    "queue_directory", "config_directory", "shlib_directory",
	    "mail_owner", "setgid_group", "sendmail_path", "mailq_path",
	    "newaliases_path", "manpage_directory", "sample_directory",
	    "readme_directory", "html_directory" };
	const char *value;
	size_t i;

	setenv("PATH", "/bin:/usr/bin:/sbin:/usr/sbin", 1);
	setenv("MAIL_CONFIG", params.config_directory, 1);
	if (log_verbose > 0)
		setenv("MAIL_VERBOSE", "", 1);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((value = params_lookup(names[i])) != NULL)
			setenv(names[i], value, 1);
}

static void
check_rights(void)
{
	if (getuid() != geteuid())
		log_fatal("the postfix command must not run as a set-uid "
		    "process");
	if (geteuid() == 0 || params_is_private())
		return;
	log_error("to submit mail, use the Postfix sendmail command");
	log_fatal("the postfix command is reserved for the superuser");
}

/* Who has everything put right may begin without a queue. */
static void
make_queue(void)
{
	struct err err = ERR_INIT;

	if (access(params.queue_directory, F_OK) == -1 &&
	    file_mkdirs(params.queue_directory, 0755, &err) == -1)
		log_fatal("%s", err.text);
}

static void
enter_directories(const char *verb)
{
	const char *dirs[] = { params.command_directory,
	    params.daemon_directory, params.queue_directory };
	size_t i;

	if (verb != NULL && strcmp(verb, "set-permissions") == 0)
		make_queue();
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (chdir(dirs[i]) == -1)
			log_fatal("chdir(%s): %s", dirs[i], strerror(errno));
}

/* A wrapper's value may hold arguments of its own, in front of the verb. */
static void
become_wrapper(char **verb)
{
	char *rest = xstrdup(params.multi_instance_wrapper), *word;
	char **argv = NULL;
	size_t n = 0, i;

	while ((word = text_split(&rest, " \t\r\n")) != NULL) {
		argv = xreallocarray(argv, n + 1, sizeof(*argv));
		argv[n++] = word;
	}
	if (n == 0)
		log_fatal("multi-instance support is requested, but "
		    "multi_instance_wrapper is empty");
	for (i = 0; i == 0 || verb[i - 1] != NULL; i++) {
		argv = xreallocarray(argv, n + 1, sizeof(*argv));
		argv[n++] = verb[i];
	}
	execvp(argv[0], argv);
	log_fatal("execute %s: %s", argv[0], strerror(errno));
}

/* It only looks: anybody may, the mail log hears nothing, and wrappers are for what changes something. */
static int
run_explain(char **args)
{
	if (getuid() != geteuid())
		log_fatal("the postfix command must not run as a set-uid "
		    "process");
	log_to(LOG_TO_STDERR);
	if (chdir(params.queue_directory) == -1)
		log_fatal("chdir(%s): %s", params.queue_directory,
		    strerror(errno));
	return explain_verb(args);
}

static int
run_verb(const char *name, char **args)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(name, verbs[i].name) == 0)
			return verbs[i].run(args);
	if (name[0] == '/') {
		execv(name, args - 1);
		log_fatal("execute %s: %s", name, strerror(errno));
	}
	log_fatal("unknown command: '%s'. Usage: postfix start (or stop, "
	    "reload, abort, flush, check, status, set-permissions, "
	    "upgrade-configuration, logrotate)", name);
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const char *config_dir = NULL, *notify;
	bool is_default;
	int ch;

	command_start(argv);
	while ((ch = getopt_long(argc, argv, "+c:Dv", long_options,
	    NULL)) != -1) {
		switch (ch) {
		case 'c':
			if (optarg[0] != '/')
				log_fatal("-c requires absolute pathname");
			config_dir = optarg;
			break;
		case 'D': setenv("MAIL_DEBUG", "", 1); break;
		case 'v': log_verbose++; break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			log_fatal("usage: postfix [-c config_dir] [-Dv] "
			    "command");
		}
	}
	argv += optind;
	if (argv[0] != NULL && strcmp(argv[0], "init") == 0)
		return init_verb(argv + 1);

	/* The service manager's address is for our master, not for import_environment. */
	if ((notify = getenv("NOTIFY_SOCKET")) != NULL)
		notify = strdup(notify);
	is_default = config_dir == NULL && getenv("MAIL_CONFIG") == NULL;
	command_load(config_dir, COMMAND_CLEAN_ENV);
	if (argv[0] != NULL && strcmp(argv[0], "explain") == 0)
		return run_explain(argv + 1);
	if (notify != NULL)
		setenv("NOTIFY_SOCKET", notify, 1);
	check_rights();
	export_parameters();
	enter_directories(argv[0]);
	if (is_default && *params.multi_instance_directories != '\0')
		become_wrapper(argv);
	log_open("postfix/postfix-script", LOG_TO_STDERR);
	params_log(LOG_TO_STDERR, true);
	/*
	 * Straight to the file where there is one: what stops the log service
	 * cannot rely on it to write that down.
	 */
	log_base = *params.maillog_file == '\0' ? LOG_TO_SYSLOG :
	    strncmp(params.maillog_file, "/dev/", 5) == 0 ? LOG_TO_POSTLOG :
	    LOG_TO_FILE;
	if (log_base == LOG_TO_FILE)
		log_file(params.maillog_file, params.myhostname);
	return run_verb(argv[0] != NULL ? argv[0] : "", argv + 1);
}
