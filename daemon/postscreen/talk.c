/*
 * talk.c - the small SMTP server's socket: lines in, replies out
 *
 *	read --> lines --> engine --> write all --+--> read, with a new time limit
 *	                                          +--> hang up, or STARTTLS
 *
 * Nothing is read while a reply waits to be sent, and no more than a line's
 * length is ever kept: a client that does not listen, or never ends its line,
 * costs no more than one that behaves.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/postscreen/config.h"
#include "daemon/postscreen/engine.h"
#include "daemon/postscreen/load.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

#define READ_SIZE	4096

static void	send_replies(struct client *c);
static void	take_lines(struct client *c);
static void	on_event(int fd, short what, void *arg);

static size_t
line_max(void)
{
	return (size_t)params.line_length_limit;
}

static int64_t
time_limit_ms(const struct client *c)
{
	return (int64_t)c->config->command_time_s[load_is_stress()] * 1000;
}

static void
hang_up(struct client *c)
{
	client_conclude(c);
	client_disconnect(c);
}

/* For more of what it is saying: its time limit runs on. */
static void
wait_on(struct client *c)
{
	if (event_add(c->io, NULL) == -1)
		log_fatal("out of memory for events");
}

/* ---- lines ---- */

/* Give the engine one line; false when there is none yet. */
static bool
take_line(struct client *c)
{
	char *lf = memchr(c->in.ptr, '\n', c->in.len);
	size_t used, len;
	bool is_bare;

	if (lf == NULL || (size_t)(lf - c->in.ptr) > line_max()) {
		if (c->in.len <= line_max())
			return false;
		engine_too_long(c->engine);
		return true;
	}
	used = (size_t)(lf - c->in.ptr) + 1;
	len = used - 1;
	is_bare = len == 0 || lf[-1] != '\r';
	while (len > 0 && c->in.ptr[len - 1] == '\r')
		len--;
	c->in.ptr[len] = '\0';
	log_debug("< %s: %s", c->name, c->in.ptr);
	engine_line(c->engine, c->in.ptr, len, is_bare, lf + 1,
	    c->in.len - used);
	buf_delete(&c->in, 0, used);
	return true;
}

static void
take_lines(struct client *c)
{
	struct engine *e = c->engine;
	bool any = false;

	while (!e->is_closing && !e->wants_tls && take_line(c))
		any = true;
	if (any) {
		send_replies(c);
		return;
	}
	wait_on(c);
}

static void
read_input(struct client *c)
{
	ssize_t n;

	buf_reserve(&c->in, READ_SIZE);
	n = recv(c->fd, c->in.ptr + c->in.len, READ_SIZE, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		wait_on(c);
		return;
	}
	if (n <= 0) {
		client_log_hangup(c, "after");
		hang_up(c);
		return;
	}
	c->in.len += (size_t)n;
	c->in.ptr[c->in.len] = '\0';
	take_lines(c);
}

/* ---- replies ---- */

/* All has been sent: what is next? */
static void
go_on(struct client *c)
{
	if (c->engine->is_closing)
		hang_up(c);
	else if (c->engine->wants_tls)
		client_starttls(c);
	else {
		client_wait(c, EV_READ, time_limit_ms(c), on_event);
		/* Behind a STARTTLS that came to nothing there may be more. */
		if (c->in.len > 0)
			take_lines(c);
	}
}

static void
send_replies(struct client *c)
{
	struct buf *out = &c->engine->out;
	ssize_t n;

	while (out->len > 0) {
		n = send(c->fd, out->ptr, out->len, MSG_DONTWAIT |
		    MSG_NOSIGNAL);
		if (n > 0) {
			buf_delete(out, 0, (size_t)n);
		} else if (errno == EAGAIN && !c->engine->is_closing) {
			client_wait(c, EV_WRITE, time_limit_ms(c), on_event);
			return;
		} else if (errno != EINTR) {
			/* Gone, or does not listen to our last words. */
			if (!c->engine->is_closing)
				client_log_hangup(c, "after");
			hang_up(c);
			return;
		}
	}
	go_on(c);
}

static void
on_event(int fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	if ((what & EV_READ) != 0) {
		read_input(c);
	} else if ((what & EV_WRITE) != 0) {
		send_replies(c);
	} else {
		engine_timeout(c->engine);
		send_replies(c);
	}
}

/* ---- beginning ---- */

void
client_talk_on(struct client *c)
{
	send_replies(c);
}

void
client_talk(struct client *c, unsigned due, bool greets,
    const char *last_words)
{
	c->engine = engine_new(c->config, &c->caller, c->name, due);
	c->engine->is_refused = c->is_refused;
	c->engine->last_words = last_words;
	if (c->refusal.len > 0)
		engine_refuse(c->engine, c->refusal.ptr);
	if (greets)
		engine_greet(c->engine);
	c->phase_ms = clock_mono_ms();
	send_replies(c);
}
