/*
 * master.c - the supervisor: start, reload, end
 *
 *	lock files -> master.cf -> listeners -> event loop
 *	                 ^                         |
 *	                 +------- SIGHUP ----------+
 *
 * A reload reads everything before it changes anything. If main.cf or
 * master.cf is broken, the log says where, and mail keeps flowing under the
 * configuration that is in force.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/role.h"
#include "daemon/serve/counters.h"
#include "daemon/serve/owner.h"
#include "daemon/serve/rights.h"
#include "daemon/serve/serve.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/base/mem.h"
#include "lib/conf/env.h"
#include "lib/conf/params.h"

#define MONITOR_LIMIT_S	100
#define END_LIMIT_S	5
#define WATCHDOG_S	1000
#define ALIVE_S		250

struct master master = { .flow = { -1, -1 } };

static struct {
	bool	stays, debugs, is_init, keeps_stdout, tests, waits;
	int	exit_after_s;
} opt;

static char *notify_socket;	/* where a service manager listens */
static char *inet_protocols, *config_directory;
static int ready_fd = -1;	/* tells the -w monitor */

static const char usage_text[] =
	"usage: master [-c config_dir] [-d (debug)] [-D (debugger)] "
	"[-e exit_time] [-i (init)] [-s (keep stdout)] [-t (test)] "
	"[-v] [-w (wait)]\n";

/* ------------------------------------------------- the service manager */

static void
notify(const char *text)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (notify_socket == NULL ||
	    (len = strlen(notify_socket)) >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, notify_socket, len);
	if (sun.sun_path[0] == '@')
		sun.sun_path[0] = '\0';		/* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	/* Nobody listening is no reason to complain. */
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

static void
notify_ready(void)
{
	char text[64];

	snprintf(text, sizeof(text), "READY=1\nMAINPID=%ld\n", (long)getpid());
	notify(text);
}

static void
notify_reloading(void)
{
	char text[96];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld\n",
	    (long long)clock_mono_ms() * 1000);
	notify(text);
}

/* --------------------------------------------------------- lock files */

/* The lock is what counts; the number inside is for people and scripts. */
static void
take_lock(const char *path, bool as_owner)
{
	char text[34];
	int fd, why;

	if (as_owner)
		rights_become(master.owner.uid, master.owner.gid);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	why = errno;
	/* Back to our own rights before anything is logged: the log needs them. */
	if (as_owner)
		rights_restore();
	errno = why;
	if (fd == -1)
		log_fatal("open lock file %s: %s", path, strerror(errno));
	if (file_lock(fd, LOCK_EX | LOCK_NB) == -1)
		log_fatal("open lock file %s: unable to set exclusive lock: %s",
		    path, strerror(errno));
	fd = listener_high_fd(fd);
	snprintf(text, sizeof(text), "%32lu\n", (unsigned long)getpid());
	if (ftruncate(fd, 0) == -1 ||
	    file_write_all(fd, text, strlen(text)) == -1)
		log_fatal("write lock file %s: %s", path, strerror(errno));
}

static void
take_data_lock(void)
{
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s/master.lock", params.data_directory);
	take_lock(path.ptr, true);
	buf_done(&path);
}

static void
lock_path(struct buf *path)
{
	buf_setf(path, "%s/master.pid", params.process_id_directory);
}

/* -t: 0 when nobody holds the lock */
static int
test_lock(void)
{
	struct buf path = BUF_INIT;
	int fd;

	lock_path(&path);
	fd = open(path.ptr, O_RDWR | O_CLOEXEC);
	if (fd == -1 && errno != ENOENT)
		log_fatal("open lock file %s: %s", path.ptr, strerror(errno));
	buf_done(&path);
	if (fd == -1)
		return 0;
	return file_lock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : 1;
}

/* -------------------------------------------------------------- signals */

/* Children first, then ourselves, by the signal that asked for it. */
static void
die_by(int sig)
{
	/* Whatever hangs from here on, a log on a dead file system, say. */
	signal(SIGALRM, SIG_DFL);
	alarm(END_LIMIT_S);
	log_info("terminating on signal %d", sig);
	signal(SIGTERM, SIG_IGN);
	if (getpgrp() == getpid())
		kill(-getpid(), SIGTERM);
	else
		child_kill_all(SIGTERM);
	if (master.is_init)
		exit(0);
	signal(sig, SIG_DFL);
	kill(getpid(), sig);
	exit(128 + sig);
}

/*
 * While the log service does not run, before the start and at the end, a line
 * sent to it would wait in a socket that we hold ourselves, and go with us.
 */
static void
log_past_service(void)
{
	if (*params.maillog_file == '\0')
		return;
	log_file(params.maillog_file, params.myhostname);
	log_to(LOG_TO_FILE);
}

static void
on_end(evutil_socket_t sig, short what, void *arg)
{
	(void)what;
	(void)arg;
	notify("STOPPING=1\n");
	log_past_service();
	die_by((int)sig);
}

/* Our own bugs: no more words than needed. */
static void
on_crash(int sig)
{
	signal(sig, SIG_DFL);
	signal(SIGTERM, SIG_IGN);
	/* Whatever the bug has locked, these words do not wait for it long. */
	signal(SIGALRM, SIG_DFL);
	alarm(5);
	log_at(LOG_SEV_PANIC, "terminating on signal %d", sig);
	if (getpgrp() == getpid())
		kill(-getpid(), SIGTERM);
	kill(getpid(), sig);
}

static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	child_reap();
}

static void
on_exit_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_info("master exit time has arrived");
	exit(0);
}

static void
on_alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	serve_watchdog(WATCHDOG_S);
}

/* --------------------------------------------------------------- reload */

static void
keep_value(const char *name, const char *old, const char *new)
{
	if (strcmp(old, new) == 0)
		return;
	log_warning("ignoring %s parameter value change", name);
	log_warning("old value: \"%s\", new value: \"%s\"", old, new);
	log_warning("to change %s, stop and start Postfix", name);
}

static int
load_main_cf(struct err *err)
{
	struct params_context ctx = { .process_name = "master" };

	return params_load(NULL, &ctx, err);
}

/* Could one run with this main.cf? Looks mail_owner up, too. */
static int
check_main_cf(struct err *err)
{
	if (params_check(err) == -1)
		return -1;
	if (geteuid() == 0 && !owner_look_up(&master.owner))
		return err_set(err, ERR_CONFIG,
		    "unknown user name: mail_owner = %s", params.mail_owner);
	return 0;
}

/* What children find in their environment. */
static void
set_environment(void)
{
	env_import_full(params.import_environment);
	if (geteuid() == 0)
		owner_hand_down(&master.owner);
}

/* Not by root, in a directory of somebody else's. */
static void
open_counters(void)
{
	if (*params.posthorn_metrics == '\0')
		return;
	rights_become(master.owner.uid, master.owner.gid);
	counters_create();
	rights_restore();
}

static void
on_reload(evutil_socket_t sig, short what, void *arg)
{
	struct err err = ERR_INIT;

	(void)sig;
	(void)what;
	(void)arg;
	log_info("reload -- version %s, configuration %s",
	    params.mail_version, config_directory);
	notify_reloading();
	if (load_main_cf(&err) == -1 || check_main_cf(&err) == -1) {
		log_error("reload refused, all services go on unchanged: %s",
		    err.text);
		notify_ready();
		return;
	}
	keep_value("queue_directory", master.queue_directory,
	    params.queue_directory);
	keep_value("inet_protocols", inet_protocols, params.inet_protocols);
	params_log(opt.stays ? LOG_TO_STDERR : 0, true);
	params_log_json(true);
	open_counters();
	set_environment();
	if (service_load(config_directory, false, &err) == -1)
		log_error("reload refused, all services go on unchanged: %s",
		    err.text);
	else
		log_json_config(LOG_SEV_INFO, "reload");
	notify_ready();
}

/* ---------------------------------------------------------------- start */

static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

static void
parse_options(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "+c:Dde:istvw")) != -1) {
		switch (ch) {
		case 'c':
			if (setenv("MAIL_CONFIG", optarg, 1) == -1)
				log_fatal("out of memory");
			break;
		case 'd': opt.stays = true; break;
		case 'D': opt.debugs = true; break;
		case 'e':
			if ((opt.exit_after_s = atoi(optarg)) <= 0)
				usage();
			break;
		case 'i':
			if (getpid() != 1)
				log_fatal("-i is allowed only for PID 1 process");
			opt.is_init = master.is_init = true;
			break;
		case 's': opt.keeps_stdout = true; break;
		case 't': opt.tests = true; break;
		case 'v': log_verbose++; break;
		case 'w': opt.waits = true; break;
		default: usage();
		}
	}
	if (optind < argc)
		usage();
	if (opt.tests && opt.waits)
		log_fatal("the -t and -w options cannot be used together");
	if (opt.is_init && (opt.debugs || opt.stays || opt.waits))
		log_fatal("the -i option cannot be used with -D, -d, or -w");
	master.wants_debug = opt.stays;
}

/*
 * The process that was called returns when the supervisor is ready; the one
 * that goes on gets ready_fd.
 */
static void
fork_monitor(void)
{
	struct pollfd p = { .events = POLLIN };
	int ends[2];
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		close(ends[0]);
		ready_fd = listener_high_fd(ends[1]);
		return;
	}
	close(ends[1]);
	p.fd = ends[0];
	if (poll(&p, 1, MONITOR_LIMIT_S * 1000) == 1 &&
	    read(ends[0], &c, 1) == 1)
		_exit(0);
	log_to(LOG_TO_STDERR);
	log_fatal("daemon initialization failure -- see logs for details");
}

/* Away from the terminal that started us. */
static void
detach(void)
{
	int fd;

	if (!opt.stays && !opt.debugs && !opt.is_init)
		setsid();	/* fails where we lead a group already: as good */
	if (opt.stays || (fd = open("/dev/null", O_RDWR)) == -1)
		return;
	dup2(fd, STDIN_FILENO);
	if (!opt.keeps_stdout && !opt.is_init)
		dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/*
 * All that one may have, for us and for those that we start: a queue manager
 * holds a connection for each delivery under way.
 */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warning("raise the limit of open files: %s",
		    strerror(errno));
}

static void
check_rights(void)
{
	if (getuid() != geteuid() || getgid() != getegid())
		log_fatal("the master command must not run as a set-uid "
		    "process");
	if (geteuid() != 0 && !params_is_private())
		log_fatal("the master command is reserved for the superuser");
}

static void
handle_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGQUIT };
	static const int crashes[] = { SIGILL, SIGBUS, SIGSEGV };
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		event_add(evsignal_new(master.base, ends[i], on_end, NULL),
		    NULL);
	for (i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], on_crash);
	event_add(evsignal_new(master.base, SIGHUP, on_reload, NULL), NULL);
	event_add(evsignal_new(master.base, SIGCHLD, on_child, NULL), NULL);
}

static void
start_timers(void)
{
	struct timeval tv = { .tv_sec = ALIVE_S };

	event_add(event_new(master.base, -1, EV_PERSIST, on_alive, NULL), &tv);
	on_alive(-1, 0, NULL);
	if (opt.exit_after_s == 0)
		return;
	tv.tv_sec = opt.exit_after_s;
	event_add(event_new(master.base, -1, 0, on_exit_time, NULL), &tv);
}

static void
open_base(void)
{
	struct event_config *cfg = event_config_new();

	/* Many a listener is watched and unwatched within one round. */
	if (cfg == NULL || event_config_set_flag(cfg,
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == -1 ||
	    (master.base = event_base_new_with_config(cfg)) == NULL)
		log_fatal("cannot create the event base");
	event_config_free(cfg);
}

static void
open_flow_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		log_fatal("pipe: %s", strerror(errno));
	master.flow[0] = listener_high_fd(ends[0]);
	master.flow[1] = listener_high_fd(ends[1]);
}

static void
remember_what_stays(void)
{
	master.queue_directory = xstrdup(params.queue_directory);
	inet_protocols = xstrdup(params.inet_protocols);
	config_directory = xstrdup(params.config_directory);
	master.inet_interfaces = xstrdup(params.inet_interfaces);
}

static int
master_run(int argc, char **argv)
{
	const char *socket_name = getenv("NOTIFY_SOCKET");
	struct buf pid_file = BUF_INIT;
	struct err err = ERR_INIT;

	umask(077);
	log_open(argv[0], LOG_TO_STDERR);
	close_range(3, ~0u, 0);
	if (getenv("MAIL_VERBOSE") != NULL)
		log_verbose++;
	opt.debugs = getenv("MAIL_DEBUG") != NULL;
	parse_options(argc, argv);
	if (socket_name != NULL)
		notify_socket = xstrdup(socket_name);
	if (!opt.tests && opt.waits)
		fork_monitor();
	if (!opt.tests)
		detach();

	if (load_main_cf(&err) == -1)
		log_fatal("%s", err.text);
	params_log(opt.stays || opt.tests ? LOG_TO_STDERR : 0, !opt.tests);
	check_rights();
	if (check_main_cf(&err) == -1)
		log_fatal("%s", err.text);
	set_environment();
	if (chdir(params.queue_directory) == -1)
		log_fatal("chdir %s: %s", params.queue_directory,
		    strerror(errno));
	if (opt.tests)
		return test_lock();
	remember_what_stays();
	lock_path(&pid_file);
	take_lock(pid_file.ptr, false);
	buf_done(&pid_file);
	take_data_lock();

	raise_descriptor_limit();
	open_base();
	open_flow_pipe();
	handle_signals();
	start_timers();
	open_counters();
	log_past_service();
	if (service_load(config_directory, true, &err) == -1)
		log_fatal("%s", err.text);
	params_log(opt.stays ? LOG_TO_STDERR : 0, true);
	/* Nor may we ever wait for a service that we have yet to start. */
	log_postlog_never_wait();
	log_info("daemon started -- version %s, configuration %s",
	    params.mail_version, config_directory);
	params_log_json(true);
	log_json_config(LOG_SEV_INFO, "start");
	if (strcmp(params.posthorn_log_json, "stdout") == 0 &&
	    !opt.keeps_stdout && !opt.is_init && !opt.stays)
		log_warning("posthorn_log_json = stdout: nobody reads it; it "
		    "is for \"postfix start-fg\"");
	if (ready_fd != -1) {
		(void)!write(ready_fd, "", 1);
		close(ready_fd);
	}
	notify_ready();
	if (opt.debugs && *params.debugger_command != '\0' &&
	    system(params.debugger_command) == -1)
		log_warning("debugger_command: %s", strerror(errno));
	event_base_dispatch(master.base);
	return 0;
}

const struct role master_role = {
	.name = "master", .summary = "keep the services of master.cf running",
	.skeleton = ROLE_OWN, .run = master_run
};
