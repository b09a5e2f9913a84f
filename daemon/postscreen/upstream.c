/*
 * upstream.c - postscreen_upstream_proxy_protocol: a load balancer says whose
 * connection this is
 *
 * Its header is looked at, and then just its own bytes are taken: what the
 * client said behind it is a test's, or smtpd's.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"
#include "daemon/postscreen/events.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/haproxy.h"

#define HEADER_MAX	4096	/* longer ones are cut off by haproxy_parse */
#define UNKNOWN		"421 4.3.2 No system resources"
#define RETRY_MS	50	/* an unfinished header is there to be read all the time */

static void	on_event(int fd, short what, void *arg);

static int waiting;		/* clients whose header has not come */

/* Who cannot be told apart from the load balancer is not served. */
static void
refuse(struct client *c, const char *reply)
{
	waiting--;
	client_say(c, reply);
	client_free(c);
}

static void
warn_bad(const char *why, const char *data, size_t len)
{
	struct buf text = BUF_INIT;

	text_escape(&text, data, len, 500);
	log_warning("haproxy read: %s: %s", why, text.ptr);
	buf_done(&text);
}

/* All of it is there: take it, and go on with whom it names. */
static void
take_header(struct client *c, const struct haproxy *h, char *data, size_t used)
{
	if (recv(c->fd, data, used, MSG_DONTWAIT) != (ssize_t)used) {
		log_warning("haproxy read: %s", "EOF");
		refuse(c, UNKNOWN);
		return;
	}
	waiting--;
	if (h->is_proxied)
		client_set_addresses(c, &h->client, &h->server);
	client_stop_waiting(c);
	client_start(c);
}

static void
look(struct client *c)
{
	int64_t left_ms = c->phase_ms + (int64_t)
	    params.postscreen_upstream_proxy_timeout * 1000 - clock_mono_ms();
	char data[HEADER_MAX];
	struct err err = ERR_INIT;
	struct haproxy h;
	size_t used;
	ssize_t n;

	if (left_ms <= 0) {
		log_warning("haproxy read: %s", "time limit exceeded");
		refuse(c, UNKNOWN);
		return;
	}
	n = recv(c->fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		log_warning("haproxy read: %s", "EOF");
		refuse(c, UNKNOWN);
		return;
	}
	switch (n > 0 ? haproxy_parse(&h, data, (size_t)n, &used, &err) : 0) {
	case 1:
		take_header(c, &h, data, used);
		break;
	case 0:
		client_wait(c, n > 0 ? 0 : EV_READ, n > 0 &&
		    left_ms > RETRY_MS ? RETRY_MS : left_ms, on_event);
		break;
	default:
		warn_bad(err.text, data, (size_t)n);
		refuse(c, UNKNOWN);
	}
}

static void
on_event(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	look(arg);
}

void
client_upstream(struct client *c)
{
	/* Before it is known who they are, all are bounded together. */
	waiting++;
	if (waiting > params.postscreen_pre_queue_limit) {
		log_info("reject: connect from %s: all screening ports busy",
		    c->name);
		events_tell(&c->caller, "reject", "reject",
		    "421 4.3.2 All screening ports are busy", NULL, NULL);
		refuse(c, "421 4.3.2 All screening ports are busy");
	} else {
		look(c);
	}
}
