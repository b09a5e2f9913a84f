/*
 * pass.c - smtpd takes over: the connection itself, over a socket of type "pass"
 *
 * A descriptor and a few attributes (spec/services.md 3.14). The service does
 * not answer: that it closes the socket says that a process has the client.
 * Until then it counts for postscreen_post_queue_limit.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/postscreen/engine.h"
#include "daemon/postscreen/events.h"
#include "daemon/postscreen/load.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/pass_fd.h"

#define PATIENCE_S	100	/* for a process to take the client */
#define RETRY_MS	20	/* a full backlog has no event */

struct handover {
	struct client	*client;
	int		 sock;
	bool		 was_tested;
	int64_t		 deadline_ms;
	struct sockaddr_un addr;
	struct event	*io, *timer;
};

static int waiting;		/* clients for a process */

static void
handover_free(struct handover *h)
{
	if (h->io != NULL)
		event_free(h->io);
	event_free(h->timer);
	close(h->sock);
	client_free(h->client);
	waiting--;
	free(h);
}

/*
 * There is nobody to take it. A client that has seen the first line of a
 * greeting gets the second one, and this as the answer to whatever it says.
 */
static void
turn_away(struct client *c, bool was_tested)
{
	if (!was_tested) {
		client_say(c, "421 4.3.2 All server ports are busy");
		client_free(c);
		return;
	}
	client_talk(c, 0, true, "421 4.3.2 No system resources");
}

/* The process has it, or at least it waits in line where we can do nothing more. */
static void
on_done(int fd, short what, void *arg)
{
	(void)fd;
	if ((what & EV_READ) == 0)
		log_warning("timeout passing %s to private/%s",
		    ((struct handover *)arg)->client->name,
		    params.smtpd_service_name);
	handover_free(arg);
}

static int
send_client(struct handover *h)
{
	struct client *c = h->client;
	struct buf out = BUF_INIT;
	ssize_t n;
	int rc;

	attr_put_str(&out, "client_address", c->addr);
	attr_put_str(&out, "client_port", c->port);
	attr_put_str(&out, "server_address", c->server_addr);
	attr_put_str(&out, "server_port", c->server_port);
	attr_put_end(&out);
	/* A fresh socket has room for so little. */
	rc = pass_fd_send(h->sock, c->fd, MSG_DONTWAIT);
	n = rc == -1 ? -1 : send(h->sock, out.ptr, out.len, MSG_DONTWAIT |
	    MSG_NOSIGNAL);
	rc = n == (ssize_t)out.len ? 0 : -1;
	buf_done(&out);
	return rc;
}

static void
give_up(struct handover *h, const char *why)
{
	struct client *c = h->client;
	bool was_tested = h->was_tested;

	log_warning("cannot connect to service private/%s: %s",
	    params.smtpd_service_name, why);
	if (h->io != NULL)
		event_free(h->io);
	event_free(h->timer);
	close(h->sock);
	waiting--;
	free(h);
	turn_away(c, was_tested);
}

static void
start_timer(struct handover *h, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (event_add(h->timer, &tv) == -1)
		log_fatal("out of memory for events");
}

static void
on_connected(struct handover *h)
{
	struct client *c = h->client;

	if (send_client(h) == -1) {
		give_up(h, strerror(errno));
		return;
	}
	close(c->fd);
	c->fd = -1;
	event_free(h->timer);
	h->timer = event_new(c->base, -1, 0, on_done, h);
	h->io = event_new(c->base, h->sock, EV_READ, on_done, h);
	if (h->io == NULL || h->timer == NULL || event_add(h->io, NULL) == -1)
		log_fatal("out of memory for events");
	start_timer(h, h->deadline_ms - clock_mono_ms());
}

static void
try_connect(int fd, short what, void *arg)
{
	struct handover *h = arg;

	(void)fd, (void)what;
	if (connect(h->sock, (struct sockaddr *)&h->addr,
	    sizeof(h->addr)) == 0)
		on_connected(h);
	else if (errno != EAGAIN && errno != EINTR)
		give_up(h, strerror(errno));
	else if (clock_mono_ms() > h->deadline_ms)
		give_up(h, "timeout");
	else
		start_timer(h, RETRY_MS);
}

void
client_pass(struct client *c, bool was_tested)
{
	struct handover *h;

	client_stop_waiting(c);
	if (c->is_testing)
		load_test_ends();
	c->is_testing = false;
	if (waiting >= params.postscreen_post_queue_limit) {
		log_info("NOQUEUE: reject: CONNECT from %s: all server ports "
		    "busy", c->name);
		events_tell(&c->caller, "reject", "reject",
		    "421 4.3.2 All server ports are busy", NULL, NULL);
		turn_away(c, was_tested);
		return;
	}
	h = xcalloc(1, sizeof(*h));
	h->client = c;
	h->was_tested = was_tested;
	h->deadline_ms = clock_mono_ms() + PATIENCE_S * 1000;
	h->addr.sun_family = AF_UNIX;
	h->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	h->timer = event_new(c->base, -1, 0, try_connect, h);
	if (h->timer == NULL)
		log_fatal("out of memory for events");
	waiting++;
	if (snprintf(h->addr.sun_path, sizeof(h->addr.sun_path), "private/%s",
	    params.smtpd_service_name) >= (int)sizeof(h->addr.sun_path))
		give_up(h, strerror(ENAMETOOLONG));
	else if (h->sock == -1)
		give_up(h, strerror(errno));
	else
		try_connect(-1, 0, h);
}
