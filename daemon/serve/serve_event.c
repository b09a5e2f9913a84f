/*
 * serve_event.c - many clients in one process, and wake-up bytes; libevent
 *
 * A ROLE_MULTI role gets each client's descriptor and puts its own events on
 * the base. When it is time to end and clients are still there, the process
 * splits: the parent exits, so that a fresh one can start, and the child
 * serves the clients that are there until they go.
 *
 * A ROLE_TRIGGER role gets bytes. Triggers that are waiting together are
 * delivered together: fifty submissions cause one scan.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_clients.h"
#include "daemon/serve/serve_internal.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

#define sv serve_state

#define TRIGGER_MAX		1024	/* bytes of one trigger; spec/services.md 2.4 */
#define TRIGGER_WAIT_S		10
#define ACCEPT_BURST		64

static struct event_base *base;
static struct event *status_event, *idle_event, *retire_event;
static struct event **listen_events;
static bool is_draining, is_ending;
static int late_triggers;	/* accepted, their bytes yet to come */

struct event_base *
serve_base(void)
{
	return base;
}

void
serve_event_prepare(void)
{
	struct event_config *cfg = event_config_new();

	/* Clock precision of a few ms is enough and costs no extra timer. */
	if (cfg == NULL ||
	    (base = event_base_new_with_config(cfg)) == NULL)
		log_fatal("cannot create the event base");
	event_config_free(cfg);
}

static void
stop_listening(void)
{
	int i;

	for (i = 0; i < sv.listeners; i++)
		event_del(listen_events[i]);
	event_del(status_event);
	if (idle_event != NULL)
		event_del(idle_event);
	if (retire_event != NULL)
		event_del(retire_event);
}

/*
 * End, now or when the last client has gone. The supervisor must not wait for
 * that: to it this process has ended.
 */
static void
finish(void)
{
	pid_t pid;

	if (is_draining)
		return;
	/* A trigger that was accepted and not read is nobody else's to serve. */
	if (late_triggers > 0) {
		is_ending = true;
		return;
	}
	if (sv.role->skeleton != ROLE_MULTI || sv.open_clients == 0)
		serve_end();
	stop_listening();
	if (sv.on_split != NULL)
		sv.on_split();
	if ((pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid != 0)
		_exit(0);
	is_draining = true;
	sv.is_sole = sv.was_busy = true;	/* master knows our parent only */
	close(SERVE_FD_STATUS);
	if (event_reinit(base) == -1)
		log_fatal("event_reinit failed");
}

static void
start_idle_timer(void)
{
	struct timeval tv = { .tv_sec = sv.max_idle_s };

	if (idle_event != NULL && sv.max_idle_s > 0)
		event_add(idle_event, &tv);
}

static void
after_work(void)
{
	serve_alive();
	if (serve_should_stop())
		finish();
}

void
serve_client_closed(void)
{
	if (sv.open_clients > 0)
		sv.open_clients--;
	if (sv.open_clients > 0)
		return;
	if (is_draining)
		serve_end();
	start_idle_timer();
}

static void
accept_client(evutil_socket_t fd, short what, void *arg)
{
	int i = (int)(fd - SERVE_FD_LISTEN), client;

	(void)what;
	(void)arg;
	if (serve_tables_changed()) {
		finish();
		return;
	}
	if ((client = serve_accept(i)) == -1)
		return;
	evutil_make_socket_nonblocking(client);
	sv.used++;
	if (sv.open_clients++ == 0 && idle_event != NULL)
		event_del(idle_event);
	serve_busy();
	if (sv.role->protocol != NULL)
		serve_clients_accept(client, sv.role);
	else
		sv.role->accepted(base, client, sv.service);
	serve_free();
	after_work();
}

/* ------------------------------------------------------------- triggers */

/*
 * A client sends its bytes and then a NUL, perhaps in two writes, and one that
 * finds the connection closed in between dies of SIGPIPE. So bytes count at
 * once, but the connection is kept until the NUL, the end, or a while later.
 */
struct late_trigger {		/* connected, bytes yet to come */
	struct event	*event;
	int		 fd;
};

static const struct timeval trigger_wait = { .tv_sec = TRIGGER_WAIT_S };

static void
run_trigger(const char *bytes, size_t len)
{
	sv.used++;
	serve_busy();
	sv.role->trigger(bytes, len, sv.service);
	serve_free();
	start_idle_timer();
	after_work();
}

static void
late_bytes(evutil_socket_t fd, short what, void *arg)
{
	struct late_trigger *late = arg;
	char bytes[TRIGGER_MAX];
	ssize_t n = 0;

	if ((what & EV_READ) != 0)
		n = read(fd, bytes, sizeof(bytes));
	if (n > 0 && bytes[n - 1] != '\0') {
		event_add(late->event, &trigger_wait);
	} else {
		close(late->fd);
		event_free(late->event);
		free(late);
		late_triggers--;
	}
	if (n > 0 && bytes[0] != '\0')
		run_trigger(bytes, (size_t)n);
	if (is_ending)
		finish();
}

static void
await_bytes(int fd)
{
	struct late_trigger *late = xmalloc(sizeof(*late));

	late->fd = fd;
	late->event = event_new(base, fd, EV_READ, late_bytes, late);
	if (late->event == NULL || event_add(late->event, &trigger_wait) == -1)
		log_fatal("out of memory for events");
	late_triggers++;
}

/* Read one trigger without waiting; it may turn out to be late. */
static void
read_trigger(int fd, struct buf *bytes)
{
	ssize_t n;

	buf_reserve(bytes, TRIGGER_MAX);
	/* One call instead of three: the descriptor itself may block. */
	n = recv(fd, bytes->ptr + bytes->len, TRIGGER_MAX, MSG_DONTWAIT);
	if (n > 0)
		bytes->len += (size_t)n;
	if ((n > 0 && bytes->ptr[bytes->len - 1] != '\0') ||
	    (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)))
		await_bytes(fd);
	else
		close(fd);
}

static void
accept_trigger(evutil_socket_t listener, short what, void *arg)
{
	static struct buf bytes = BUF_INIT;
	int i, fd;

	(void)what;
	(void)arg;
	if ((sv.role->needs & ROLE_KEEPS_TABLES) == 0 &&
	    late_triggers == 0 && serve_tables_changed())
		serve_end();
	buf_reset(&bytes);
	if (sv.transport == SERVE_FIFO) {
		ssize_t n;

		buf_reserve(&bytes, TRIGGER_MAX);
		n = read((int)listener, bytes.ptr, TRIGGER_MAX);
		bytes.len = n > 0 ? (size_t)n : 0;
	} else {
		for (i = 0; i < ACCEPT_BURST; i++) {
			fd = serve_accept((int)(listener - SERVE_FD_LISTEN));
			if (fd == -1)
				break;
			read_trigger(fd, &bytes);
		}
	}
	if (bytes.len > 0)
		run_trigger(bytes.ptr, bytes.len);
}

/* ----------------------------------------------------------------- loop */

static void
time_to_go(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	finish();
}

/* Nothing to do is no reason for a watchdog to bite. */
static void
on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	serve_alive();
}

static struct event *
new_event(int fd, short what, event_callback_fn fn, int timeout_s)
{
	struct timeval tv = { .tv_sec = timeout_s };
	struct event *ev = event_new(base, fd, what, fn, NULL);

	if (ev == NULL || event_add(ev, timeout_s > 0 ? &tv : NULL) == -1)
		log_fatal("out of memory for events");
	return ev;
}

void
serve_event_loop(void)
{
	event_callback_fn fn = sv.role->skeleton == ROLE_MULTI ?
	    accept_client : accept_trigger;
	int i;

	if (sv.is_standalone)
		log_fatal("stand-alone mode is not supported");
	listen_events = xcalloc((size_t)sv.listeners, sizeof(*listen_events));
	for (i = 0; i < sv.listeners; i++)
		listen_events[i] = new_event(SERVE_FD_LISTEN + i,
		    EV_READ | EV_PERSIST, fn, 0);
	status_event = new_event(SERVE_FD_STATUS, EV_READ, time_to_go, 0);
	if (sv.max_idle_s > 0)
		idle_event = new_event(-1, 0, time_to_go, sv.max_idle_s);
	if (sv.retire_s > 0)
		retire_event = new_event(-1, 0, time_to_go, sv.retire_s);
	if (sv.watchdog_s > 0)
		new_event(-1, EV_PERSIST, on_heartbeat, sv.watchdog_s / 3 + 1);
	for (;;) {
		if (event_base_loop(base, EVLOOP_ONCE) == -1)
			log_fatal("event loop: %s", strerror(errno));
		after_work();
	}
}
