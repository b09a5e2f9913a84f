/*
 * main.c - qtop: look through the mail queue, and act on it
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/qtop/app.h"
#include "cmd/qtop/do.h"
#include "cmd/qtop/rights.h"
#include "cmd/qtop/times.h"
#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_select.h"

static const char usage_text[] =
    "usage: qtop [-c config_dir] [--screen name] [--select expr]\n"
    "            [--sort column] [--refresh seconds] [--theme name]\n"
    "            [--read-only] [--no-mouse] [--queue-dir dir | --from file]\n"
    "       qtop --batch [-n count] [--size COLUMNSxLINES] [--times] ...\n"
    "\n"
    "examples:\n"
    "  qtop\n"
    "  qtop --select 'class = throttle' --screen domains\n"
    "  qtop --batch --screen overview\n"
    "  ssh mx1 postqueue -j | qtop --from -\n"
    "\n"
    "Within qtop, ? lists the keys.\n";

enum long_option {
	LONG_HELP = 256, LONG_BATCH, LONG_SIZE, LONG_SELECT, LONG_SCREEN,
	LONG_SORT, LONG_REFRESH, LONG_THEME, LONG_READ_ONLY, LONG_NO_MOUSE,
	LONG_QUEUE_DIR, LONG_FROM, LONG_TIMES
};

static const struct option longs[] = {
	{ "help", no_argument, NULL, LONG_HELP },
	{ "batch", no_argument, NULL, LONG_BATCH },
	{ "size", required_argument, NULL, LONG_SIZE },
	{ "select", required_argument, NULL, LONG_SELECT },
	{ "screen", required_argument, NULL, LONG_SCREEN },
	{ "sort", required_argument, NULL, LONG_SORT },
	{ "refresh", required_argument, NULL, LONG_REFRESH },
	{ "theme", required_argument, NULL, LONG_THEME },
	{ "read-only", no_argument, NULL, LONG_READ_ONLY },
	{ "no-mouse", no_argument, NULL, LONG_NO_MOUSE },
	{ "queue-dir", required_argument, NULL, LONG_QUEUE_DIR },
	{ "from", required_argument, NULL, LONG_FROM },
	{ "times", no_argument, NULL, LONG_TIMES },
	{ NULL, 0, NULL, 0 }
};

struct call {
	struct app_options app;
	const char	*config_dir, *queue_dir, *from, *sort;
	bool		 is_read_only;
};

static void __attribute__((noreturn))
usage(void)
{
	fputs(usage_text, stderr);
	exit(EX_USAGE);
}

static void __attribute__((noreturn, format(printf, 1, 2)))
refuse(const char *fmt, ...)
{
	va_list ap;

	fputs("qtop: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
	exit(EX_USAGE);
}

/* ---- options ---- */

static enum screen
screen_named(const char *name)
{
	static const char *const names[] = { "overview", "messages",
	    "domains", "senders", "reasons", "relays", "", "journal" };
	int i;

	for (i = 0; i < SCREEN_COUNT; i++)
		if (names[i][0] != '\0' && (strcasecmp(name, names[i]) == 0 ||
		    (name[0] == '1' + i && name[1] == '\0')))
			return (enum screen)i;
	refuse("--screen: %s is none of overview, messages, domains, "
	    "senders, reasons, relays, journal", name);
}

static long
number_of(const char *option, const char *text, long least, long most)
{
	int64_t n;

	if (num_parse_int(text, least, most, &n, NULL) == -1)
		refuse("%s: %s is no number from %ld to %ld", option, text,
		    least, most);
	return (long)n;
}

static void
read_size(struct call *call, const char *text)
{
	char *copy = strdup(text), *x = strchr(copy, 'x');

	if (x == NULL)
		refuse("--size: %s is not COLUMNSxLINES", text);
	*x = '\0';
	call->app.width = (int)number_of("--size", copy, 20, 1000);
	call->app.height = (int)number_of("--size", x + 1, 6, 1000);
	free(copy);
}

static void
read_long(struct call *call, int c)
{
	switch (c) {
	case LONG_BATCH: call->app.is_batch = true; break;
	case LONG_SIZE: read_size(call, optarg); break;
	case LONG_SELECT: call->app.filter = optarg; break;
	case LONG_SCREEN: call->app.screen = screen_named(optarg); break;
	case LONG_SORT: call->sort = optarg; break;
	case LONG_REFRESH:
		call->app.refresh_s = (int)number_of("--refresh", optarg, 1,
		    3600);
		break;
	case LONG_THEME: call->app.theme = optarg; break;
	case LONG_READ_ONLY: call->is_read_only = true; break;
	case LONG_NO_MOUSE: call->app.no_mouse = true; break;
	case LONG_QUEUE_DIR: call->queue_dir = optarg; break;
	case LONG_FROM: call->from = optarg; break;
	case LONG_TIMES: call->app.wants_times = true; break;
	}
}

static void
read_options(int argc, char **argv, struct call *call)
{
	int c;
	bool has_count = false, has_size = false;

	while ((c = getopt_long(argc, argv, "+c:n:", longs, NULL)) != -1) {
		switch (c) {
		case 'c': call->config_dir = optarg; break;
		case 'n':
			call->app.batches = number_of("-n", optarg, 1,
			    1000000);
			has_count = true;
			break;
		case LONG_HELP:
			fputs(usage_text, stdout);
			exit(EX_OK);
		case '?': usage();
		default:
			has_size |= c == LONG_SIZE;
			read_long(call, c);
			break;
		}
	}
	if (optind < argc)
		usage();
	if (!call->app.is_batch && (has_count || has_size ||
	    call->app.wants_times))
		refuse("-n, --size and --times go with --batch");
	if (call->queue_dir != NULL && call->from != NULL)
		refuse("--queue-dir and --from exclude each other");
}

/* ---- where the messages are ---- */

static void
become_read_only(struct model *m, const char *why)
{
	if (m->is_read_only)
		return;
	m->is_read_only = true;
	snprintf(m->why_read_only, sizeof(m->why_read_only), "%s", why);
}

/* A snapshot may be looked at where there is no mail system. */
static void
load_config(struct call *call)
{
	struct params_context ctx = { .process_name = "qtop" };
	struct err err = ERR_INIT;

	if (call->from == NULL && call->queue_dir == NULL) {
		command_load(call->config_dir, COMMAND_KEEP_ENV);
		return;
	}
	if (call->config_dir != NULL)
		setenv("MAIL_CONFIG", call->config_dir, 1);
	if (params_load(call->config_dir, &ctx, &err) == -1) {
		if (call->config_dir != NULL)
			log_fatal("%s", err.text);
		params_set_defaults(&params);
	}
}

static void
open_file(struct model *m, struct call *call)
{
	bool is_stdin = strcmp(call->from, "-") == 0;

	call->app.kind = SOURCE_FILE;
	call->app.name = is_stdin ? "standard input" : call->from;
	call->app.fd = is_stdin ? dup(STDIN_FILENO) :
	    open(call->from, O_RDONLY | O_CLOEXEC);
	if (call->app.fd == -1)
		log_fatal("open %s: %s", call->from, strerror(errno));
	/* Keys come from the terminal then. */
	if (is_stdin && !call->app.is_batch) {
		int tty = open("/dev/tty", O_RDONLY);

		if (tty == -1)
			refuse("no terminal to read keys from");
		dup2(tty, STDIN_FILENO);
		close(tty);
	}
	m->source_name = call->app.name;
	become_read_only(m, "a snapshot");
}

static void
open_queue(struct model *m, struct call *call)
{
	struct err err = ERR_INIT;
	struct passwd *pw = account_named(params.mail_owner);
	struct statvfs v;

	if (call->queue_dir != NULL) {
		call->app.kind = SOURCE_COPY;
		if (chdir(call->queue_dir) == -1)
			refuse("%s: %s", call->queue_dir, strerror(errno));
		if (access("deferred", F_OK) == -1 && access("incoming",
		    F_OK) == -1)
			refuse("%s: no queue directory: neither deferred nor "
			    "incoming is there", call->queue_dir);
		m->source_name = call->queue_dir;
		become_read_only(m, "a copied queue");
		return;
	}
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	if (geteuid() == 0 || params_is_private() ||
	    (pw != NULL && pw->pw_uid == geteuid())) {
		call->app.kind = SOURCE_LIVE;
		params_log_json(false);
		if (statvfs(".", &v) == 0 && (v.f_flag & ST_RDONLY) != 0)
			become_read_only(m, "its file system is");
		return;
	}
	call->app.kind = SOURCE_SHOWQ;
	become_read_only(m, "no rights to the queue");
}

/* ---- main ---- */

static void
apply(struct model *m, const struct call *call)
{
	struct err err = ERR_INIT;
	struct queue_select *s;

	if (settings_load(m, &err) == -1)
		log_warning("%s", err.text);
	if (m->note[0] == '\0' && !settings_theme(m, m->settings.theme))
		log_warning("%s", m->note);
	if (call->app.theme != NULL && !settings_theme(m, call->app.theme))
		refuse("--theme: %s", m->note);
	if (call->sort != NULL && !settings_set(m, "sort", call->sort))
		refuse("--sort: no such column: %s", call->sort);
	if (call->app.refresh_s > 0)
		m->settings.refresh_s = call->app.refresh_s;
	if (call->app.no_mouse)
		m->settings.has_mouse = false;
	m->note[0] = '\0';
	m->screen = call->app.screen;
	if (queue_select_setup(getenv("HOME"), &err) == -1)
		log_fatal("%s", err.text);
	if (call->app.filter != NULL) {
		s = queue_select_parse(call->app.filter, m->now, &err);
		if (s == NULL)
			refuse("--select: %s", err.text);
		queue_select_free(s);
		free(m->filter);
		m->filter = strdup(call->app.filter);
	}
}

int
main(int argc, char **argv)
{
	struct call call = { .app = { .fd = -1, .batches = 1, .width = 80,
	    .height = 24, .screen = SCREEN_MESSAGES } };
	static char name[] = "qtop";
	static struct model m;
	struct err err = ERR_INIT;

	times_start();
	call.app.argv = argv;
	if (argc > 0)
		argv[0] = name;
	command_start(argv);
	setlocale(LC_CTYPE, "");
	if (command_is_unsafe())
		log_fatal("this command may not be set-uid or set-gid");
	read_options(argc, argv, &call);
	model_init(&m);
	m.home_dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (call.is_read_only) {
		m.is_confined = true;
		become_read_only(&m, "as asked");
	}
	load_config(&call);
	call.app.asks_instance = !call.app.is_batch && call.from == NULL &&
	    call.queue_dir == NULL && call.config_dir == NULL &&
	    getenv("MAIL_CONFIG") == NULL &&
	    params.multi_instance_directories[0] != '\0';
	call.app.load = params.posthorn_qtop_load;
	log_to(LOG_TO_STDERR);
	m.host = params.myhostname != NULL ? params.myhostname : "";
	apply(&m, &call);
	if (call.from != NULL)
		open_file(&m, &call);
	else
		open_queue(&m, &call);
	if (rights_prepare(call.app.kind != SOURCE_COPY ? NULL :
	    access("deferred", F_OK) == 0 ? "deferred" : "incoming",
	    &err) == -1)
		log_fatal("%s", err.text);
	return app_run(&m, &call.app);
}
