/*
 * serve.c - the start of every role, and what it tells the supervisor
 *
 * The order is always the same: options, main.cf, refusals, what needs rights
 * (pre_jail), chroot, drop, sandbox, what needs no rights (post_jail),
 * confinement of files, loop. The loops live in serve_single.c and serve_event.c.
 *
 * The supervisor learns "busy" and "free" from 12 bytes on descriptor 5. A
 * process that is the only one of its service says "busy" just once: then it
 * is known to have started well, and nobody counts free processes there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/serve/counters.h"
#include "daemon/serve/owner.h"
#include "daemon/serve/sandbox.h"
#include "daemon/serve/serve_internal.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/pass_fd.h"
#include "lib/net/stream.h"
#include "lib/table/table.h"

#define TRIGGER_WATCHDOG_S	1000
#define LISTENERS_MAX		1024

struct serve_state serve_state = {
	.listeners = 1, .max_use = -1, .max_idle_s = -1
};
#define sv serve_state

static const char **overrides;	/* of -o, NULL-terminated */
static size_t override_count;

/* ---------------------------------------------------------- watchdog */

/*
 * Feeding the dog must cost nothing, so the timer never restarts: it ticks
 * three times within the limit, and work resets the count of ticks.
 */
static volatile sig_atomic_t idle_ticks;

static void
watchdog_tick(int sig)
{
	(void)sig;
	if (++idle_ticks <= 3)
		return;
	log_at(LOG_SEV_FATAL, "watchdog timeout");
	_exit(1);
}

void
serve_alive(void)
{
	idle_ticks = 0;
}

void
serve_watchdog(int limit_s)
{
	struct sigaction sa = { .sa_handler = watchdog_tick,
	    .sa_flags = SA_RESTART };
	struct itimerval it = { { .tv_sec = limit_s / 3 + 1 },
	    { .tv_sec = limit_s / 3 + 1 } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	idle_ticks = 0;
}

/* ---------------------------------------------------- status and end */

static void
send_status(int avail)
{
	struct {
		int		pid;
		unsigned	generation;
		int		avail;
	} status = { sv.pid, sv.generation, avail };

	/* No answer is ever waited for; a master that is gone shows as EOF. */
	if (write(SERVE_FD_STATUS, &status, sizeof(status)) == -1)
		sv.is_stopping = true;
}

void
serve_busy(void)
{
	if (sv.is_standalone || sv.is_busy || (sv.is_sole && sv.was_busy))
		return;
	sv.is_busy = sv.was_busy = true;
	send_status(0);
}

void
serve_free(void)
{
	if (sv.is_standalone || !sv.is_busy)
		return;
	sv.is_busy = false;
	send_status(1);
}

void
serve_stop(const char *why)
{
	if (why != NULL)
		log_info("%s", why);
	sv.is_stopping = true;
}

void
serve_on_stop(void (*fn)(void))
{
	sv.on_stop = fn;
}

void
serve_on_split(void (*fn)(void))
{
	sv.on_split = fn;
}

void
serve_end(void)
{
	if (sv.on_stop != NULL)
		sv.on_stop();
	exit(0);
}

bool
serve_should_stop(void)
{
	return sv.is_stopping || (sv.max_use > 0 && sv.used >= sv.max_use);
}

bool
serve_tables_changed(void)
{
	const char *name = table_any_changed();

	if (name == NULL)
		return false;
	log_info((sv.role->needs & ROLE_BACKGROUND) != 0 ?
	    "table %s has changed - finishing in the background" :
	    "table %s has changed -- restarting", name);
	return true;
}

/* ------------------------------------------------------ small services */

bool
serve_standalone(void)
{
	return sv.is_standalone;
}

void
serve_set_watchdog(int limit_s)
{
	sv.watchdog_s = limit_s;
}

void
serve_set_max_idle(int seconds)
{
	sv.max_idle_s = seconds;
}

const struct attrs *
serve_passed(void)
{
	return sv.passed.count > 0 ? &sv.passed : NULL;
}

const struct sockaddr *
serve_peer(socklen_t *len)
{
	*len = sv.peer_len;
	return sv.peer_len > 0 ? (const struct sockaddr *)&sv.peer : NULL;
}

void
serve_flow_token_put(int n)
{
	char tokens[128];

	memset(tokens, 'x', sizeof(tokens));
	while (n > 0 && !sv.is_standalone) {
		int now = n < (int)sizeof(tokens) ? n : (int)sizeof(tokens);

		if (write(SERVE_FD_FLOW_WRITE, tokens, (size_t)now) == -1)
			return;		/* full: there are tokens enough */
		n -= now;
	}
}

bool
serve_flow_token_get(void)
{
	char token;

	return sv.is_standalone || read(SERVE_FD_FLOW_READ, &token, 1) == 1;
}

/* ----------------------------------------------------------- accepting */

/* Take the descriptor that a "pass" client sends, and the attributes behind it. */
static int
receive_passed(int conn)
{
	struct timeval limit = { .tv_sec = 100 };
	char byte;
	struct stream *s;
	struct err err = ERR_INIT;
	int fd;

	setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	pass_fd_receive(conn, &byte, 1, 0, &fd);
	if (fd == -1) {
		log_warning("service %s: no descriptor was passed",
		    sv.service);
		close(conn);
		return -1;
	}
	s = stream_new(conn, 100);
	/* A wake-up passes a pipe and nothing else. */
	if (attrs_read(s, &sv.passed, 65536, &err) == -1)
		log_warning("service %s: passed attributes: %s", sv.service,
		    err.text);
	stream_free(s);
	return fd;
}

int
serve_accept(int i)
{
	int fd, flags;

	sv.peer_len = sizeof(sv.peer);
	do {
		fd = accept4(SERVE_FD_LISTEN + i,
		    (struct sockaddr *)&sv.peer, &sv.peer_len, SOCK_CLOEXEC);
	} while (fd == -1 && (errno == EINTR || errno == ECONNABORTED));
	if (fd == -1) {
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			log_fatal("accept connection: %s", strerror(errno));
		return -1;
	}
	serve_alive();
	if (sv.transport != SERVE_PASS)
		return fd;
	if ((fd = receive_passed(fd)) == -1)
		return -1;
	if ((flags = fcntl(fd, F_GETFL)) != -1 && (flags & O_NONBLOCK) != 0)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	sv.peer_len = sizeof(sv.peer);
	if (getpeername(fd, (struct sockaddr *)&sv.peer, &sv.peer_len) == -1)
		sv.peer_len = 0;
	return fd;
}

/* ------------------------------------------------------------- options */

/* "{ name = value }" arrives as "name = value"; params_load wants name=value. */
static void
add_override(const char *text)
{
	const char *eq = strchr(text, '='), *end;
	struct buf b = BUF_INIT;

	while (*text == ' ' || *text == '\t')
		text++;
	if (eq == NULL)
		log_fatal("invalid \"-o %s\" option value: "
		    "missing '=' after attribute name", text);
	for (end = eq; end > text && (end[-1] == ' ' || end[-1] == '\t'); end--)
		;
	if (end == text)
		log_fatal("invalid \"-o %s\" option value: "
		    "missing attribute name", text);
	buf_set(&b, text, (size_t)(end - text));
	buf_addc(&b, '=');
	buf_adds(&b, eq + 1 + strspn(eq + 1, " \t"));
	buf_trim_right(&b);
	overrides = xreallocarray(overrides, override_count + 2,
	    sizeof(*overrides));
	overrides[override_count++] = buf_take(&b);
	overrides[override_count] = NULL;
}

static int
number_option(const char *text, const char *what)
{
	int64_t n;

	if (num_parse_int(text, 1, INT32_MAX, &n, NULL) == -1)
		log_fatal("invalid %s: %s", what, text);
	return (int)n;
}

static int
time_option(const char *text, const char *what)
{
	int64_t n;

	if (num_parse_time(text, 's', &n, NULL) == -1 || n < 1 ||
	    n > INT32_MAX)
		log_fatal("invalid %s: %s", what, text);
	return (int)n;
}

static void
parse_options(int argc, char **argv, const char **transport)
{
	int ch;

	opterr = 0;
	while ((ch = getopt(argc, argv, "+cdDi:lm:n:o:r:s:St:uvVz")) != -1) {
		switch (ch) {
		case 'c': sv.wants_chroot = true; break;
		case 'd': sv.keeps_terminal = true; break;
		case 'D': sv.wants_debugger = true; break;
		case 'i': sv.max_idle_s = time_option(optarg, "idle time"); break;
		case 'l': sv.is_sole = true; break;
		case 'm': sv.max_use = number_option(optarg, "use limit"); break;
		case 'n': sv.service = optarg; break;
		case 'o': add_override(optarg); break;
		case 'r':
			sv.retire_s = time_option(optarg, "retirement time");
			break;
		case 's':
			sv.listeners = number_option(optarg, "socket_count");
			if (sv.listeners > LISTENERS_MAX)
				log_fatal("invalid socket_count: %s", optarg);
			break;
		case 'S': sv.is_standalone = true; break;
		case 't': *transport = optarg; break;
		case 'u': sv.wants_drop = true; break;
		case 'v': log_verbose++; break;
		case 'V': sv.logs_to_stderr = true; break;
		case 'z': sv.is_unlimited = true; break;
		default:
			log_fatal("invalid option: %c", optopt);
		}
	}
	sv.operands = argv + optind;
	if (argv[optind] != NULL && (sv.role->needs & ROLE_ARGUMENTS) == 0)
		log_fatal("unexpected command-line argument: %s",
		    argv[optind]);
}

static void
choose_transport(const char *name)
{
	static const char *const names[] = { "inet", "unix", "fifo", "pass",
	    "unix-dgram" };
	bool is_datagram = sv.role->skeleton == ROLE_DATAGRAM;
	size_t i;

	if (name == NULL)
		log_fatal("no transport type specified");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			break;
	if (i == sizeof(names) / sizeof(names[0]) ||
	    (i == SERVE_DGRAM) != is_datagram ||
	    (i == SERVE_FIFO && sv.role->skeleton != ROLE_TRIGGER))
		log_fatal("unsupported transport type: %s", name);
	sv.transport = (enum serve_transport)i;
}

/* What master.cf must say for this role, or it would not work. */
static void
refuse_bad_service(void)
{
	unsigned needs = sv.role->needs;

	if ((needs & ROLE_MAXPROC_1) != 0 && !sv.is_sole)
		log_fatal("service %s requires a process limit of 1",
		    sv.service);
	if ((needs & ROLE_MAXPROC_0) != 0 && !sv.is_unlimited)
		log_fatal("service %s requires a process limit of 0",
		    sv.service);
	if ((needs & ROLE_PRIVILEGED) != 0 && sv.wants_drop)
		log_fatal("service %s requires privileged operation",
		    sv.service);
}

/* -------------------------------------------------------------- start */

static void
open_log(const char *name)
{
	const char *path = secure_getenv("POSTLOG_SERVICE");

	log_open(name, path != NULL ? LOG_TO_POSTLOG : LOG_TO_SYSLOG);
	if (path != NULL)
		log_postlog(path, "public/postlog",
		    secure_getenv("POSTLOG_HOSTNAME"), NULL);
	/* The log service itself is the one that would have to make room. */
	if (sv.role->skeleton == ROLE_DATAGRAM)
		log_postlog_never_wait();
}

static void
load_parameters(const char *name)
{
	struct params_context ctx = { .process_name = name,
	    .service_name = sv.service, .overrides = overrides };
	struct err err = ERR_INIT;

	if (params_load(NULL, &ctx, &err) == -1)
		log_fatal("%s", err.text);
	if (sv.max_use == -1)
		sv.max_use = params.max_use;
	if (sv.max_idle_s == -1)
		sv.max_idle_s = params.max_idle;
	if ((sv.role->needs & ROLE_NO_USE_LIMIT) != 0)
		sv.max_use = 0;
	if ((sv.role->needs & ROLE_NO_IDLE_LIMIT) != 0)
		sv.max_idle_s = 0;
}

static void
load_generation(void)
{
	const char *text = getenv("GENERATION");
	char *end;

	if (text == NULL)
		return;
	errno = 0;
	sv.generation = (unsigned)strtoul(text, &end, 8);
	if (*text == '\0' || *end != '\0' || errno != 0)
		log_fatal("bad generation: %s", text);
}

static void
run_debugger(void)
{
	if (*params.debugger_command == '\0')
		return;
	log_info("running: %s", params.debugger_command);
	if (system(params.debugger_command) == -1)
		log_warning("debugger_command: %s", strerror(errno));
}

/* What must be looked up while the system's files can be seen. */
static void
prepare_chroot(const char *name)
{
	tzset();
	if (*params.maillog_file == '\0')
		openlog(name, LOG_NDELAY, LOG_MAIL);
}

/* No program that we execute may have a capability; ours go with setuid. */
static void
drop_capabilities(void)
{
	int i;

	for (i = 0; prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0; i++)
		;	/* up to the last one that the kernel knows */
}

/*
 * Give up what the service does not need. Without root there is nothing to
 * give up: the whole instance belongs to one user.
 */
static void
enter_jail(const char *name)
{
	struct owner owner;

	if (geteuid() == 0) {
		if (sv.wants_drop && !owner_find(&owner))
			log_fatal("unknown user name: mail_owner = %s",
			    params.mail_owner);
		if (sv.wants_drop) {
			owner_set_groups(&owner);
			drop_capabilities();
		}
		if (sv.wants_chroot) {
			prepare_chroot(name);
			if (chroot(params.queue_directory) == -1 ||
			    chdir("/") == -1)
				log_fatal("chroot(%s): %s",
				    params.queue_directory, strerror(errno));
		}
		if (sv.wants_drop && (setgid(owner.gid) == -1 ||
		    setuid(owner.uid) == -1))
			log_fatal("become %s: %s", params.mail_owner,
			    strerror(errno));
	}
	/* "sendmail -bs" runs set-gid postdrop for its user. */
	if ((sv.role->needs & ROLE_COMMANDS) == 0 && !sv.is_standalone)
		sandbox_enter();
}

static void
check_descriptors(void)
{
	int i;

	if (fcntl(SERVE_FD_STATUS, F_GETFD) == -1)
		log_fatal("descriptor %d is not open: "
		    "do not run this command by hand", SERVE_FD_STATUS);
	for (i = 0; i < sv.listeners; i++)
		if (fcntl(SERVE_FD_LISTEN + i, F_GETFD) == -1)
			log_fatal("descriptor %d is not open: "
			    "do not run this command by hand",
			    SERVE_FD_LISTEN + i);
}

int
serve_run(const struct role *role, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *transport = NULL;
	const char *name = slash != NULL ? slash + 1 : argv[0];

	sv.role = role;
	sv.service = name;
	open_log(name);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	if (getenv("MAIL_VERBOSE") != NULL)
		log_verbose++;
	parse_options(argc, argv, &transport);
	if (!sv.is_standalone && !sv.keeps_terminal && isatty(STDIN_FILENO))
		log_fatal("do not run this command by hand");
	if (!sv.is_standalone)
		choose_transport(transport);

	load_parameters(name);
	params_log(0, false);
	if (sv.logs_to_stderr)
		log_to(LOG_TO_STDERR);	/* instead, not as well */
	if (sv.is_standalone) {
		sv.max_use = 1;
	} else {
		refuse_bad_service();
		close_range(SERVE_FD_FLOW_READ, ~0u, CLOSE_RANGE_CLOEXEC);
		check_descriptors();
		load_generation();
		/* "sendmail -bs" is no part of the system: its user may not write there. */
		params_log_json(true);
		if (*params.posthorn_metrics != '\0')
			counters_open(sv.service, transport);
		sv.pid = (int)getpid();
		sv.is_watched_over = getenv("POSTHORN_MASTER") != NULL;
	}
	if (chdir(params.queue_directory) == -1)
		log_fatal("chdir(%s): %s", params.queue_directory,
		    strerror(errno));
	if (sv.wants_debugger || getenv("MAIL_DEBUG") != NULL)
		run_debugger();

	if (role->pre_jail != NULL)
		role->pre_jail(sv.service, sv.operands);
	enter_jail(name);
	if (role->skeleton == ROLE_MULTI || role->skeleton == ROLE_TRIGGER)
		serve_event_prepare();
	if (role->post_jail != NULL)
		role->post_jail(sv.service, sv.operands);
	/* "sendmail -bs" writes nothing itself, and -D asks for core files. */
	if (!sv.is_standalone && !sv.wants_debugger)
		serve_confine();

	switch (role->skeleton) {
	case ROLE_SINGLE:
		serve_watchdog(params.daemon_timeout);
		if (sv.is_standalone)
			serve_single_standalone();
		serve_single_loop();
	case ROLE_DATAGRAM:
		serve_watchdog(TRIGGER_WATCHDOG_S);
		serve_datagram_loop();
	case ROLE_MULTI:
		serve_watchdog(sv.watchdog_s > 0 ? sv.watchdog_s :
		    params.daemon_timeout);
		serve_event_loop();
	case ROLE_TRIGGER:
		serve_watchdog(TRIGGER_WATCHDOG_S);
		serve_event_loop();
	case ROLE_OWN:
		break;
	}
	log_panic("role %s has no skeleton", role->name);
}
