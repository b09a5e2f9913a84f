/*
 * child.c - spawn, status reports, reap, throttle, stress, wake-ups
 *
 *	nobody free, below the limit, not throttled  ->  the listener is watched
 *	the listener is readable                     ->  one child is spawned
 *	the child says busy / free                   ->  the first line again
 *
 * Every child of a service and generation shares one status channel. Closing
 * our end tells all of them to finish: that is how a reload, and the death of
 * this process by whatever cause, reach them.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <uthash.h>

#include "daemon/master/master.h"
#include "daemon/serve/counters.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"

#define STRESS_HOLD_S	1000	/* also the pause between two warnings */
#define STATUS_BATCH	64
#define WAKEUP_LIMIT_S	1

struct child {
	pid_t		 pid;
	struct service	*service;	/* NULL: no longer in master.cf */
	unsigned	 generation;
	bool		 is_avail;
	bool		 has_served;
	UT_hash_handle	 hh;
};

struct status {			/* native, unframed: spec/master.md 2.5 */
	int		pid;
	unsigned	generation;
	int		avail;
};

static struct child *children;

static void	spawn(evutil_socket_t fd, short what, void *arg);

/* --------------------------------------------------- watching listeners */

static void
tell_counters(const struct service *s)
{
	const char *type = master_type_name(s->type);

	counters_set(GAUGE_PROCESSES, s->name, type, s->children);
	counters_set(GAUGE_PROCESS_LIMIT, s->name, type, s->maxproc);
	counters_set(GAUGE_THROTTLED, s->name, type, s->is_throttled);
}

static void
watch(struct service *s)
{
	bool wanted = s->avail == 0 && !s->is_throttled &&
	    (s->maxproc == 0 || s->children < s->maxproc);
	int i;

	if (s->listen_events == NULL) {
		s->listen_events = xcalloc((size_t)s->fd_count + 1,
		    sizeof(*s->listen_events));
		for (i = 0; i < s->fd_count; i++)
			if ((s->listen_events[i] = event_new(master.base,
			    s->fds[i], EV_READ | EV_PERSIST, spawn, s)) == NULL)
				log_fatal("out of memory for events");
	}
	tell_counters(s);
	if (wanted == s->is_watched)
		return;
	s->is_watched = wanted;
	for (i = 0; i < s->fd_count; i++)
		if (wanted)
			event_add(s->listen_events[i], NULL);
		else
			event_del(s->listen_events[i]);
}

static void
timer_start(struct event **ev, event_callback_fn fn, struct service *s,
    int seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	if (*ev == NULL &&
	    (*ev = event_new(master.base, -1, 0, fn, s)) == NULL)
		log_fatal("out of memory for events");
	event_add(*ev, &tv);
}

static void
event_drop(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

/* ----------------------------------------------------------- throttling */

static void
unthrottle(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	s->is_throttled = false;
	watch(s);
}

static void
throttle(struct service *s)
{
	s->is_throttled = true;
	timer_start(&s->throttle_timer, unthrottle, s,
	    params.service_throttle_time);
	watch(s);
}

/* ------------------------------------------------------- status channel */

static void
note_status(struct service *s, const struct status *st)
{
	struct child *c;
	pid_t pid = st->pid;

	HASH_FIND(hh, children, &pid, sizeof(pid), c);
	if (c == NULL || c->service != s) {
		log_info("ignoring status update from child pid %d "
		    "generation %u", st->pid, st->generation);
		return;
	}
	c->has_served = true;
	if (c->generation != s->generation ||
	    c->is_avail == (st->avail != 0))
		return;
	c->is_avail = st->avail != 0;
	s->avail += c->is_avail ? 1 : -1;
}

static void
read_status(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;
	struct status batch[STATUS_BATCH];
	ssize_t n;
	size_t i;

	(void)what;
	n = read(fd, batch, sizeof(batch));
	if (n <= 0)
		return;
	if ((size_t)n % sizeof(batch[0]) != 0)
		log_warning("%s(%s): child (pid %d) sent partial status update"
		    " (%zd bytes)", s->name, s->canon, batch[0].pid,
		    n % (ssize_t)sizeof(batch[0]));
	for (i = 0; i < (size_t)n / sizeof(batch[0]); i++)
		note_status(s, &batch[i]);
	watch(s);
}

static void
close_channel(struct service *s)
{
	event_drop(&s->status_event);
	if (s->status_ours != -1)
		close(s->status_ours);
	if (s->status_theirs != -1)
		close(s->status_theirs);
	s->status_ours = s->status_theirs = -1;
}

/* A new generation: those who are there finish, and count no more. */
static void
new_channel(struct service *s)
{
	int pair[2];

	close_channel(s);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		log_fatal("status channel: %s", strerror(errno));
	s->status_ours = listener_high_fd(pair[0]);
	s->status_theirs = listener_high_fd(pair[1]);
	evutil_make_socket_nonblocking(s->status_ours);
	s->generation++;
	s->avail = 0;
	s->status_event = event_new(master.base, s->status_ours,
	    EV_READ | EV_PERSIST, read_status, s);
	if (s->status_event == NULL || event_add(s->status_event, NULL) == -1)
		log_fatal("out of memory for events");
}

/* --------------------------------------------------------------- stress */

static void
set_stress(struct service *s, bool on)
{
	s->is_stressed = on;
	free(s->argv[s->stress_arg]);
	s->argv[s->stress_arg] = xstrdup(on ? "stress=yes" : "stress=");
	new_channel(s);
}

static void
stress_over(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	if (s->is_stressed && s->stress_arg != 0)
		set_stress(s, false);
	watch(s);
}

static void
warn_limit(struct service *s)
{
	long now = (long)(clock_mono_ms() / 1000) + 1;

	if (s->warned_limit != 0 && now - s->warned_limit < STRESS_HOLD_S)
		return;
	s->warned_limit = now;
	log_warning("service \"%s\" (%s) has reached its process limit \"%d\":"
	    " new clients may experience noticeable delays", s->name,
	    s->canon, s->maxproc);
	log_warning("to avoid this condition, increase the process count in "
	    "master.cf or reduce the service time per client");
	log_warning("see http://www.postfix.org/STRESS_README.html for examples"
	    " of stress-adapting configuration settings");
}

/* The process to come is the last one that the limit allows. */
static void
check_stress(struct service *s)
{
	if (s->stress_arg == 0 || s->maxproc == 0 ||
	    s->children + 1 != s->maxproc)
		return;
	warn_limit(s);
	if (!s->is_stressed)
		set_stress(s, true);
	timer_start(&s->stress_timer, stress_over, s, STRESS_HOLD_S);
}

/* ------------------------------------------------------------- wake-ups */

static int
wake_inet(struct service *s, struct err *err)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct timeval tv = { .tv_sec = WAKEUP_LIMIT_S };
	int fd, rc = 0;

	if (getsockname(s->fds[0], (struct sockaddr *)&ss, &len) == -1)
		return err_sys(err, "getsockname");
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	/* The wildcard address, as a destination, means this host. */
	if (connect(fd, (struct sockaddr *)&ss, len) == -1 ||
	    send(fd, "W", 2, MSG_NOSIGNAL) == -1)
		rc = err_sys(err, "connect to %s", s->canon);
	close(fd);
	return rc;
}

static int
wake(struct service *s, struct err *err)
{
	const char *class = s->is_private ? "private" : "public";
	const char *name = strchr(s->endpoint, '/');

	switch (s->type) {
	case MASTER_INET:
		return wake_inet(s, err);
	case MASTER_UNIX_DGRAM:
		errno = EOPNOTSUPP;
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	case MASTER_PASS:
		return endpoint_trigger_pass(class, name + 1, "W", 1,
		    WAKEUP_LIMIT_S, err);
	default:
		return endpoint_trigger(class, name + 1, "W", 1,
		    WAKEUP_LIMIT_S, 0, err);
	}
}

static void
wakeup(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;
	struct err err = ERR_INIT;

	(void)fd;
	(void)what;
	if (!s->is_throttled && wake(s, &err) == -1)
		log_warning("master_wakeup_timer_event: service %s(%s): %s",
		    s->name, s->canon, err.text);
	timer_start(&s->wakeup_timer, wakeup, s, s->wakeup_s);
}

/* ---------------------------------------------------------------- spawn */

/* In the child: descriptors where services expect them, then the program. */
static void
become_service(struct service *s)
{
	struct buf text = BUF_INIT;
	char generation[32];
	int i, why;

	signal(SIGPIPE, SIG_DFL);
	snprintf(generation, sizeof(generation), "%o", s->generation);
	setenv("GENERATION", generation, 1);
	setenv("POSTHORN_MASTER", "1", 1);
	dup2(master.flow[0], 3);
	dup2(master.flow[1], 4);
	dup2(s->status_theirs, 5);
	for (i = 0; i < s->fd_count; i++)
		dup2(s->fds[i], 6 + i);
	execv(s->path, s->argv);
	why = errno;
	if (why == ENOENT) {
		buf_setf(&text, "%s/posthornd", params.daemon_directory);
		execv(text.ptr, s->argv);
	}
	buf_setf(&text, "master_spawn: exec %s: %s", s->path, strerror(why));
	log_raw(LOG_SEV_FATAL, "master", (long)getpid(), text.ptr);
	sleep(1);
	_exit(1);
}

static void
start_child(struct service *s)
{
	struct child *c;
	pid_t pid;

	check_stress(s);
	if ((pid = fork()) == -1) {
		log_warning("master_spawn: fork: %s -- throttling",
		    strerror(errno));
		throttle(s);
		return;
	}
	if (pid == 0)
		become_service(s);
	c = xcalloc(1, sizeof(*c));
	c->pid = pid;
	c->service = s;
	c->generation = s->generation;
	c->is_avail = true;
	HASH_ADD(hh, children, pid, sizeof(c->pid), c);
	s->children++;
	s->avail++;
	if (s->wakeup_s > 0 && s->wakeup_is_conditional &&
	    s->wakeup_timer == NULL)
		timer_start(&s->wakeup_timer, wakeup, s, s->wakeup_s);
	log_debug("spawned %s pid %ld", s->path, (long)pid);
	watch(s);
}

static void
spawn(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	/* Several listeners of one service may report at once. */
	if (s->is_watched)
		start_child(s);
}

static bool
has_client(const struct service *s)
{
	struct pollfd p = { .events = POLLIN };
	int i;

	for (i = 0; i < s->fd_count; i++) {
		p.fd = s->fds[i];
		if (poll(&p, 1, 0) == 1)
			return true;
	}
	return false;
}

/*
 * A free process ended. If it did so instead of taking the client it was
 * woken for, the other free ones know nothing of that client.
 */
static void
look_after_client(struct service *s)
{
	if (s->avail > 0 && !s->is_throttled &&
	    (s->maxproc == 0 || s->children < s->maxproc) && has_client(s))
		start_child(s);
}

/* ----------------------------------------------------------------- reap */

static void
report_end(struct child *c, int status)
{
	struct service *s = c->service;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFEXITED(status))
		log_warning("process %s pid %ld exit status %d", s->path,
		    (long)c->pid, WEXITSTATUS(status));
	else
		log_warning("process %s pid %ld killed by signal %d", s->path,
		    (long)c->pid, WTERMSIG(status));
	if (!c->has_served) {
		log_warning("%s: bad command startup -- throttling", s->path);
		throttle(s);
	}
}

static void
bury(struct child *c, int status)
{
	struct service *s = c->service;

	HASH_DEL(children, c);
	if (s != NULL) {
		/* Its last words may still be in the channel. */
		if (c->generation == s->generation)
			read_status(s->status_ours, 0, s);
		s->children--;
		if (c->is_avail && c->generation == s->generation)
			s->avail--;
		report_end(c, status);
		watch(s);
		if (c->is_avail)
			look_after_client(s);
	}
	free(c);
}

/* It may go on, and until then holds on to its client. */
static void
report_stop(const struct child *c, int sig)
{
	if (c->service != NULL)
		log_warning("process %s pid %ld stopped by signal %d",
		    c->service->path, (long)c->pid, sig);
}

void
child_reap(void)
{
	struct child *c;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		HASH_FIND(hh, children, &pid, sizeof(pid), c);
		if (c != NULL && WIFSTOPPED(status))
			report_stop(c, WSTOPSIG(status));
		else if (c != NULL)
			bury(c, status);
		else if (!master.is_init)
			log_warning("unknown child process %ld ended",
			    (long)pid);
	}
}

void
child_kill_all(int sig)
{
	struct child *c, *next;

	HASH_ITER(hh, children, c, next)
		kill(c->pid, sig);
}

/* --------------------------------------------------- start and forget */

void
child_start(struct service *s)
{
	new_channel(s);
	event_drop(&s->throttle_timer);
	event_drop(&s->wakeup_timer);
	s->is_throttled = false;
	if (s->stress_arg == 0)
		s->is_stressed = false;
	else if (s->is_stressed) {
		free(s->argv[s->stress_arg]);
		s->argv[s->stress_arg] = xstrdup("stress=yes");
	}
	watch(s);
	if (s->wakeup_s > 0 && !s->wakeup_is_conditional)
		wakeup(-1, 0, s);
}

void
child_forget(struct service *s)
{
	struct child *c, *next;
	int i;

	HASH_ITER(hh, children, c, next)
		if (c->service == s) {
			kill(c->pid, SIGTERM);
			c->service = NULL;
		}
	close_channel(s);
	event_drop(&s->throttle_timer);
	event_drop(&s->wakeup_timer);
	event_drop(&s->stress_timer);
	for (i = 0; s->listen_events != NULL && i < s->fd_count; i++)
		event_free(s->listen_events[i]);
	free(s->listen_events);
	s->listen_events = NULL;
}
