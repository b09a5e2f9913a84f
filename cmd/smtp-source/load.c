/*
 * load.c - many sessions at once
 *
 * There are -s slots. A slot takes the next message number, connects, holds
 * one conversation (or, with -d, goes on in the same one), and starts over
 * until all numbers are taken.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/smtp-source/source.h"

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

#define IO_TIMEOUT_S	300

struct load {
	struct event_base *base;
	const struct source_options *opts;
	struct netaddr	 to;
	int		 left;		/* messages that no slot has taken */
	int		 done;
	int		 rcpt_number;
};

enum waiting { WAIT_CONNECT, WAIT_READ, WAIT_WRITE, WAIT_PAUSE };

struct slot {
	struct load	*load;
	struct source_session session;
	struct event	*event;
	int		 fd;
	int		 tries;
	int		 number;	/* of the message it has taken */
	enum waiting	 waiting;
};

static void	slot_event(evutil_socket_t fd, short what, void *arg);
static void	slot_connect(struct slot *sl);

static void
slot_wait(struct slot *sl, enum waiting waiting, int seconds)
{
	static const short events[] = { [WAIT_CONNECT] = EV_WRITE,
	    [WAIT_READ] = EV_READ | EV_PERSIST, [WAIT_WRITE] = EV_WRITE,
	    [WAIT_PAUSE] = 0 };
	struct timeval tv = { .tv_sec = seconds };

	if (waiting == WAIT_READ && sl->waiting == WAIT_READ)
		return;
	event_del(sl->event);
	sl->waiting = waiting;
	event_assign(sl->event, sl->load->base, sl->fd, events[waiting],
	    slot_event, sl);
	event_add(sl->event, &tv);
}

static void
slot_close(struct slot *sl)
{
	event_del(sl->event);
	if (sl->fd >= 0)
		close(sl->fd);
	sl->fd = -1;
}

static void
slot_send(struct slot *sl)
{
	struct buf *out = &sl->session.out;
	ssize_t n;

	while (out->len > 0) {
		n = send(sl->fd, out->ptr, out->len, MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			slot_wait(sl, WAIT_WRITE, IO_TIMEOUT_S);
			return;
		}
		if (n == -1)
			break;	/* the reply, or EOF, says why */
		buf_delete(out, 0, (size_t)n);
	}
	buf_reset(out);
	slot_wait(sl, WAIT_READ, IO_TIMEOUT_S);
}

/* The pause before the next message of a slot, in seconds. */
static int
pause_s(const struct source_options *o)
{
	if (o->random_delay_s > 0)
		return (int)(random() % (o->random_delay_s + 1));
	return o->delay_s;
}

static void
slot_next(struct slot *sl)
{
	int seconds = pause_s(sl->load->opts);

	if (sl->load->left == 0) {
		slot_close(sl);
		return;
	}
	sl->number = --sl->load->left;
	if (seconds > 0) {
		slot_wait(sl, WAIT_PAUSE, seconds);
		return;
	}
	if (sl->fd == -1) {
		slot_connect(sl);
		return;
	}
	source_session_message(&sl->session, sl->number);
	slot_send(sl);
}

static void
slot_failed(struct slot *sl, const char *why)
{
	if (!sl->load->opts->ignores_errors)
		log_fatal("%s", why);
	log_warning("%s", why);
	slot_close(sl);
	slot_next(sl);
}

static void
message_done(struct slot *sl)
{
	struct load *l = sl->load;

	l->done++;
	if (l->opts->shows_count) {
		printf("%d\r", l->done);
		fflush(stdout);
	}
	if (l->opts->keeps_session && l->left > 0) {
		slot_next(sl);
		return;
	}
	source_session_quit(&sl->session);
	slot_send(sl);
}

static void
slot_read(struct slot *sl)
{
	static char input[16384];
	ssize_t n = recv(sl->fd, input, sizeof(input), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 && sl->session.state == SOURCE_QUIT) {
		slot_close(sl);
		slot_next(sl);
		return;
	}
	if (n <= 0) {
		slot_failed(sl, n == 0 ? "lost connection" : strerror(errno));
		return;
	}
	switch (source_session_input(&sl->session, input, (size_t)n)) {
	case SOURCE_READ:
		if (sl->session.out.len > 0)
			slot_send(sl);
		break;
	case SOURCE_DONE:
		message_done(sl);
		break;
	case SOURCE_CLOSED:
		slot_close(sl);
		slot_next(sl);
		break;
	case SOURCE_FAILED:
		slot_failed(sl, sl->session.error.ptr);
		break;
	}
}

static void
slot_connected(struct slot *sl)
{
	int why = 0;
	socklen_t len = sizeof(why);

	getsockopt(sl->fd, SOL_SOCKET, SO_ERROR, &why, &len);
	if (why != 0 && ++sl->tries < sl->load->opts->connect_tries) {
		slot_close(sl);
		slot_connect(sl);
		return;
	}
	if (why != 0)
		log_fatal("connect to %s: %s", sl->load->opts->target,
		    strerror(why));
	sl->tries = 0;
	source_session_start(&sl->session, sl->number);
	slot_wait(sl, WAIT_READ, IO_TIMEOUT_S);
}

static void
slot_connect(struct slot *sl)
{
	const struct netaddr *to = &sl->load->to;
	int window = sl->load->opts->window, on = 1;

	sl->fd = socket(to->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (sl->fd == -1)
		log_fatal("socket: %s", strerror(errno));
	if (window > 0) {
		setsockopt(sl->fd, SOL_SOCKET, SO_RCVBUF, &window,
		    sizeof(window));
		setsockopt(sl->fd, SOL_SOCKET, SO_SNDBUF, &window,
		    sizeof(window));
	}
	setsockopt(sl->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(sl->fd, (const struct sockaddr *)&to->ss, to->len) == -1 &&
	    errno != EINPROGRESS && errno != ECONNREFUSED)
		log_fatal("connect to %s: %s", sl->load->opts->target,
		    strerror(errno));
	slot_wait(sl, WAIT_CONNECT, IO_TIMEOUT_S);
}

static void
slot_event(evutil_socket_t fd, short what, void *arg)
{
	struct slot *sl = arg;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0 && sl->waiting != WAIT_PAUSE) {
		slot_failed(sl, "timeout");
		return;
	}
	switch (sl->waiting) {
	case WAIT_CONNECT:
		slot_connected(sl);
		break;
	case WAIT_READ:
		slot_read(sl);
		break;
	case WAIT_WRITE:
		slot_send(sl);
		break;
	case WAIT_PAUSE:
		if (sl->fd == -1) {
			slot_connect(sl);
			break;
		}
		source_session_message(&sl->session, sl->number);
		slot_send(sl);
		break;
	}
}

/* "host:port", "[v6]:port", "host", "inet:...", "unix:path" */
static struct netaddr
target_address(const char *target, int family)
{
	struct dns_answer answer;
	struct err err = ERR_INIT;
	struct netaddr a = { .len = sizeof(struct sockaddr_un) };
	struct sockaddr_un *sun = (struct sockaddr_un *)&a.ss;
	char *host, *port;
	int number = 25;
	size_t i;

	if (strncmp(target, "unix:", 5) == 0) {
		if (strlen(target + 5) >= sizeof(sun->sun_path))
			log_fatal("socket path too long: %s", target + 5);
		sun->sun_family = AF_UNIX;
		strcpy(sun->sun_path, target + 5);
		return a;
	}
	host = xstrdup(strncmp(target, "inet:", 5) == 0 ? target + 5 : target);
	port = strrchr(host, ':');
	if (port != NULL && (strchr(host, ':') == port || port[-1] == ']')) {
		*port++ = '\0';
		if ((number = netaddr_service(port)) == -1)
			log_fatal("unknown service: %s", port);
	}
	if (netaddr_parse(&a, host, number, NULL) == 0) {
		free(host);
		return a;
	}
	if (dns_addresses(host, true, &answer, &err) != DNS_FOUND)
		log_fatal("%s: %s", target, err.text);
	for (i = 0; i < answer.count; i++)
		if (family == AF_UNSPEC ||
		    answer.rr[i].addr.ss.ss_family == family)
			break;
	if (i == answer.count)
		log_fatal("%s: no address of that family", target);
	netaddr_parse(&a, answer.rr[i].data, number, NULL);
	dns_answer_done(&answer);
	free(host);
	return a;
}

void
source_run(const struct source_options *opts)
{
	struct load l = { .opts = opts, .left = opts->messages };
	struct slot *slots;
	int i, n = opts->sessions;

	l.to = target_address(opts->target, opts->family);
	if ((l.base = event_base_new()) == NULL)
		log_fatal("no event mechanism");
	if (n > opts->messages)
		n = opts->messages;
	slots = xcalloc((size_t)n, sizeof(*slots));
	for (i = 0; i < n; i++) {
		slots[i].load = &l;
		slots[i].fd = -1;
		slots[i].event = event_new(l.base, -1, 0, slot_event,
		    &slots[i]);
		source_session_init(&slots[i].session, opts, i, &l.rcpt_number);
		slot_next(&slots[i]);
	}
	event_base_dispatch(l.base);
	for (i = 0; i < n; i++) {
		source_session_done(&slots[i].session);
		event_free(slots[i].event);
	}
	free(slots);
	event_base_free(l.base);
	if (opts->shows_count)
		putchar('\n');
}
