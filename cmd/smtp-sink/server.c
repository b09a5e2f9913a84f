/*
 * server.c - sockets, timers and sessions of the sink
 *
 * One process, one event loop, any number of sessions. A session waits for
 * one thing at a time: input, room for output, or the end of a delay; its
 * single event is set up for that.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/smtp-sink/sink.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"

struct server {
	struct event_base *base;
	struct event	*listener;
	const struct sink_options *opts;
	struct sink_counts counts;
	int		 active;	/* sessions now */
};

struct client {
	struct server	*srv;
	struct sink_session *session;
	struct event	*event;
	int		 fd;
	char		 addr[NETADDR_TEXT_SIZE];
	enum sink_next	 next;
	short		 waiting;	/* EV_READ, EV_WRITE, 0: a timer */
};

/* ---- endpoints ---- */

static int
listen_fatal(const char *what, const char *endpoint)
{
	log_fatal("%s %s: %s", what, endpoint, strerror(errno));
}

static int
listen_unix(const char *path, int backlog)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		log_fatal("socket path too long: %s", path);
	strcpy(sun.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, backlog) == -1)
		return listen_fatal("bind", path);
	return fd;
}

/* "host:port", "[v6]:port", ":port", "port" -> address; "" is any host */
static struct netaddr
endpoint_address(const char *endpoint, int family)
{
	struct dns_answer answer;
	struct err err = ERR_INIT;
	struct netaddr a;
	char *host = xstrdup(endpoint), *port = strrchr(host, ':');
	int number;

	if (port == NULL) {
		port = host;
		host = xstrdup("");
	} else {
		*port++ = '\0';
	}
	if ((number = netaddr_service(port)) == -1)
		log_fatal("unknown service: %s", port);
	if (host[0] == '\0')
		host = xstrdup(family == AF_INET6 ? "::" : "0.0.0.0");
	if (netaddr_parse(&a, host, number, NULL) == -1) {
		if (dns_addresses(host, true, &answer, &err) != DNS_FOUND)
			log_fatal("%s: %s", endpoint, err.text);
		netaddr_parse(&a, answer.rr[0].data, number, NULL);
		dns_answer_done(&answer);
	}
	return a;
}

int
sink_listen(const char *endpoint, int backlog, int family, int window)
{
	struct netaddr a;
	int fd, on = 1;

	if (strncmp(endpoint, "unix:", 5) == 0)
		return listen_unix(endpoint + 5, backlog);
	if (strncmp(endpoint, "inet:", 5) == 0)
		endpoint += 5;
	a = endpoint_address(endpoint, family);
	fd = socket(a.ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return listen_fatal("socket", endpoint);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (window > 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &window, sizeof(window));
	}
	if (bind(fd, (struct sockaddr *)&a.ss, a.len) == -1 ||
	    listen(fd, backlog) == -1)
		return listen_fatal("bind", endpoint);
	if (netaddr_port(&a) == 0) {
		a.len = sizeof(a.ss);
		getsockname(fd, (struct sockaddr *)&a.ss, &a.len);
		printf("%d\n", netaddr_port(&a));
		fflush(stdout);
	}
	return fd;
}

/* ---- sessions ---- */

static void	client_event(evutil_socket_t fd, short what, void *arg);

static void
show_counts(const struct server *srv)
{
	if (!srv->opts->shows_counts)
		return;
	printf("sess=%ld quit=%ld mesg=%ld\r", srv->counts.sessions,
	    srv->counts.quits, srv->counts.messages);
	fflush(stdout);
}

static void
check_limits(struct server *srv)
{
	const struct sink_options *o = srv->opts;

	if ((o->quit_sessions > 0 &&
	    srv->counts.sessions >= o->quit_sessions) ||
	    (o->quit_messages > 0 &&
	    srv->counts.messages >= o->quit_messages))
		event_base_loopbreak(srv->base);
}

static void
client_close(struct client *c)
{
	struct server *srv = c->srv;

	srv->counts.sessions++;
	if (srv->active-- == srv->opts->max_sessions)
		event_add(srv->listener, NULL);
	log_debug("disconnect");
	event_free(c->event);
	close(c->fd);
	sink_session_free(c->session);
	free(c);
	show_counts(srv);
	check_limits(srv);
}

/* Wait for input, output or time. Input stays armed, its time limit starts anew with each byte. */
static void
client_wait(struct client *c, short what, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	if (what == EV_READ && c->waiting == EV_READ)
		return;
	c->waiting = what;
	event_del(c->event);
	event_assign(c->event, c->srv->base, c->fd,
	    what == EV_READ ? EV_READ | EV_PERSIST : what, client_event, c);
	event_add(c->event, &tv);
}

/* Send what the session said, then wait for what it wants next. */
static void
client_advance(struct client *c)
{
	struct buf *out = &c->session->out;
	long messages = c->srv->counts.messages;
	ssize_t n;

	while (out->len > 0) {
		n = send(c->fd, out->ptr, out->len, MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			client_wait(c, EV_WRITE, c->srv->opts->timeout_s);
			return;
		}
		if (n == -1) {
			client_close(c);
			return;
		}
		buf_delete(out, 0, (size_t)n);
	}
	if (messages > 0)
		check_limits(c->srv);
	switch (c->next) {
	case SINK_READ:
		client_wait(c, EV_READ, c->srv->opts->timeout_s);
		break;
	case SINK_DELAY:
		client_wait(c, 0, c->session->delay_s);
		break;
	case SINK_CLOSE:
		client_close(c);
		break;
	}
}

static void
client_event(evutil_socket_t fd, short what, void *arg)
{
	static char input[65536];
	struct client *c = arg;
	long messages;
	ssize_t n;

	if ((what & EV_READ) != 0) {
		n = recv(fd, input, sizeof(input), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			client_wait(c, EV_READ, c->srv->opts->timeout_s);
			return;
		}
		if (n <= 0) {
			client_close(c);
			return;
		}
		messages = c->srv->counts.messages;
		c->next = sink_session_input(c->session, input, (size_t)n);
		if (messages != c->srv->counts.messages)
			show_counts(c->srv);
	} else if ((what & EV_TIMEOUT) != 0 && c->next == SINK_DELAY &&
	    c->session->out.len == 0) {
		c->next = sink_session_resume(c->session);
	} else if ((what & EV_TIMEOUT) != 0) {
		log_warning("%s timeout", c->session->out.len > 0 ? "write" :
		    "read");
		client_close(c);
		return;
	}
	client_advance(c);
}

static void
accept_event(evutil_socket_t fd, short what, void *arg)
{
	struct server *srv = arg;
	struct netaddr peer = { .len = sizeof(peer.ss) };
	struct client *c;
	int got, on = 1;

	(void)what;
	got = accept4(fd, (struct sockaddr *)&peer.ss, &peer.len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (got == -1)
		return;
	setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = xcalloc(1, sizeof(*c));
	c->srv = srv;
	c->fd = got;
	netaddr_text(&peer, c->addr);
	log_debug("connect (%s)", c->addr);
	c->session = sink_session_new(srv->opts, &srv->counts, c->addr);
	c->waiting = EV_WRITE;
	c->event = event_new(srv->base, got, EV_WRITE, client_event, c);
	if (++srv->active >= srv->opts->max_sessions)
		event_del(srv->listener);
	c->next = sink_session_start(c->session);
	client_advance(c);
}

void
sink_serve(int listen_fd, const struct sink_options *opts)
{
	struct server srv = { .opts = opts };

	if ((srv.base = event_base_new()) == NULL)
		log_fatal("no event mechanism");
	srv.listener = event_new(srv.base, listen_fd, EV_READ | EV_PERSIST,
	    accept_event, &srv);
	event_add(srv.listener, NULL);
	event_base_dispatch(srv.base);
	if (opts->shows_counts)
		putchar('\n');
}
