/*
 * conn.c - connections of the client: open, read replies, keep one
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/conn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/serve/counters.h"
#include "daemon/smtp/shared.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"

#define REPLY_BYTES_MAX	(1024 * 1024)	/* of one reply, dropped parts included */

/* ---- opening ---- */

/* inet_interfaces with one address of a family makes it our source, too. */
static const char *
only_interface(int family)
{
	static char text[2][NETADDR_TEXT_SIZE];
	static bool is_known;
	struct netaddr *own;
	size_t count, i, n;
	int f;

	if (!is_known) {
		is_known = true;
		if (strcasecmp(params.inet_interfaces, "all") == 0 ||
		    strcasecmp(params.inet_interfaces, "loopback-only") == 0)
			return "";
		own = netaddr_own(false, &count);
		for (f = 0; own != NULL && f < 2; f++) {
			for (i = n = 0; i < count; i++) {
				if (own[i].ss.ss_family !=
				    (f == 0 ? AF_INET : AF_INET6))
					continue;
				netaddr_text(&own[i], text[f]);
				n++;
				/* From loopback nobody else is reached. */
				if (netaddr_is_loopback(&own[i]))
					n = 2;
			}
			if (n != 1)
				text[f][0] = '\0';
		}
		free(own);
	}
	return text[family == AF_INET ? 0 : 1];
}

int
conn_connect(const struct smtp_config *cfg, const struct netaddr *to,
    struct err *err)
{
	int family = to->ss.ss_family, fd;
	const char *bind = family == AF_INET ? cfg->bind_address :
	    cfg->bind_address6;
	struct netaddr from;

	if (bind[0] == '\0')
		bind = only_interface(family);
	if (bind[0] == '\0')
		return netaddr_connect(to, NULL, cfg->connect_timeout, err);
	if (netaddr_parse(&from, bind, 0, err) == -1)
		return -1;
	fd = netaddr_connect(to, &from, cfg->connect_timeout, err);
	if (fd == -1 && err->kind == ERR_CONFIG && !cfg->bind_enforce) {
		log_warning("%s", err->text);
		err_reset(err);
		fd = netaddr_connect(to, NULL, cfg->connect_timeout, err);
	}
	return fd;
}

struct conn *
conn_new(const struct smtp_config *cfg, int fd, const char *host,
    const char *addr, const char *port, const char *session)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->stream = stream_new(fd, cfg->helo_timeout);
	smtp_session_init(&c->session, cfg, host, addr, port);
	smtp_reply_init(&c->reply);
	buf_init(&c->line);
	transcript_init(&c->transcript);
	c->opened_ms = clock_mono_ms();
	if (session != NULL) {
		snprintf(c->log_session, sizeof(c->log_session), "%s",
		    session);
	} else {
		counters_add(COUNT_CONNECTIONS, 1, "out", NULL, NULL);
		log_json_new_session(c->log_session);
	}
	log_json_set_session(c->log_session);
	return c;
}

/* notify_classes may want the postmaster to hear of a server that speaks no SMTP. */
static void
tell_postmaster(struct conn *c)
{
	struct smtp_session *s = &c->session;

	if (s->said_nonsense)
		c->transcript.faults |= FAULT_PROTOCOL;
	s->said_nonsense = false;
	transcript_flush(&c->transcript, &(struct transcript_notice){
	    .role = s->cfg->is_lmtp ? "LMTP client" : "SMTP client",
	    .peer = s->relay });
}

static void
conn_free(struct conn *c)
{
	stream_free(c->stream);
	smtp_session_done(&c->session);
	smtp_reply_done(&c->reply);
	buf_done(&c->line);
	transcript_done(&c->transcript);
	free(c->nexthop);
	tls_policy_free(c->tls);
	log_json_set_session(NULL);
	free(c);
}

/* What people may read of what we say: no passwords. */
static struct span
shown(const struct conn *c)
{
	return c->session.state == SMTP_AUTH ? SPAN_LIT("AUTH (hidden)\r\n") :
	    span_buf(&c->session.out);
}

static int
send_words(struct conn *c)
{
	struct buf *out = &c->session.out;
	struct span text = shown(c);
	int rc = 0;

	if (out->len > 0) {
		transcript_add(&c->transcript, "Out: ", text.ptr, text.len);
		rc = stream_write(c->stream, out->ptr, out->len);
	}
	buf_reset(out);
	return rc;
}

void
conn_close(struct conn *c)
{
	struct smtp_session *s = &c->session;
	bool said_it = s->quit_sent;

	if (s->state != SMTP_GONE && smtp_session_quit(s)) {
		while (conn_exchange(c) == SMTP_STEP_READ)
			;
	} else if (s->state == SMTP_QUIT && !said_it) {
		send_words(c);
		stream_flush(c->stream);
	}
	tell_postmaster(c);
	conn_free(c);
}

/* ---- talking ---- */

enum smtp_step
conn_lost(struct conn *c)
{
	bool is_late = stream_status(c->stream) == STREAM_TIMEOUT;

	counters_add(COUNT_CONNECTION_ERRORS, 1, "out", is_late ? "timeout" :
	    "lost connection", NULL);
	smtp_session_lost(&c->session, is_late ? SMTP_LOST_TIMEOUT :
	    SMTP_LOST_EOF);
	return SMTP_STEP_FAILED;
}

/*
 * What goes out in a deadline earns time for what is still to go, at the rate
 * that a server has to keep up, but never more than the whole.
 */
static void
earn_time(struct conn *c, size_t len)
{
	const struct smtp_config *cfg = c->session.cfg;
	int64_t most = clock_mono_ms() + (int64_t)cfg->data_xfer_timeout * 1000;

	c->deadline_ms += (int64_t)len * 1000 / cfg->min_data_rate;
	if (c->deadline_ms > most)
		c->deadline_ms = most;
	stream_set_deadline(c->stream, c->deadline_ms);
}

/* From now on seconds for all that follows, if that is asked for; 0: no limit */
static void
set_deadline(struct conn *c, int seconds)
{
	c->deadline_ms = 0;
	if (c->session.cfg->per_request_deadline && seconds > 0)
		c->deadline_ms = clock_mono_ms() + (int64_t)seconds * 1000;
	stream_set_deadline(c->stream, c->deadline_ms);
}

void
conn_start_content(struct conn *c)
{
	stream_set_timeout(c->stream, c->session.cfg->data_xfer_timeout);
	set_deadline(c, c->session.cfg->data_xfer_timeout);
}

int
conn_write(struct conn *c, const struct buf *data)
{
	if (send_words(c) == -1 ||
	    stream_write(c->stream, data->ptr, data->len) == -1)
		return -1;
	if (c->deadline_ms != 0)
		earn_time(c, data->len);
	return 0;
}

/*
 * One line. A server that sends the first byte in time and then one a minute
 * does not gain time: the line has to end within the same limit again.
 */
static int
read_line(struct conn *c, int timeout_s, size_t *total)
{
	const char *have;
	size_t n = stream_peek(c->stream, &have);
	int got;

	buf_reset(&c->line);
	if (n == 0) {
		if (stream_getline(c->stream, &c->line, 1) == -1)
			return -1;
		n = stream_peek(c->stream, &have);
	}
	if (c->line.ptr[0] == '\n' && c->line.len == 1) {
		*total += 1;
		return 0;
	}
	if (c->deadline_ms == 0 && memchr(have, '\n', n) == NULL)
		stream_set_deadline(c->stream, clock_mono_ms() +
		    (int64_t)timeout_s * 1000);
	/* What is longer than any line we look at is read and dropped. */
	while ((got = stream_getline(c->stream, &c->line, SMTP_LINE_MAX)) ==
	    0) {
		*total += SMTP_LINE_MAX;
		buf_truncate(&c->line, SMTP_LINE_MAX);
		if (*total > REPLY_BYTES_MAX)
			break;
	}
	stream_set_deadline(c->stream, c->deadline_ms);
	*total += c->line.len;
	return got == -1 ? -1 : 0;
}

static void
warn_nonsense(const struct conn *c)
{
	const struct smtp_session *s = &c->session;

	log_warning("%s: non-%s response from %s: %.*s",
	    smtp_session_queue_id(s),
	    s->cfg->is_lmtp ? "LMTP" :
	    (s->features & SMTP_HAS_ESMTP) != 0 ? "ESMTP" : "SMTP", s->relay,
	    (int)strcspn(c->line.ptr, "\r\n"), c->line.ptr);
	if ((s->features & SMTP_HAS_PIPELINING) != 0)
		log_warning("to prevent loss of mail, turn off command"
		    " pipelining for %s with the %s parameter", s->addr,
		    s->cfg->is_lmtp ? "lmtp_discard_lhlo_keyword_address_maps" :
		    "smtp_discard_ehlo_keyword_address_maps");
}

/* smtp_reply_filter: what the server should have said instead. false: the table cannot say. */
static bool
filter_line(struct conn *c)
{
	struct maps *filter = c->session.cfg->reply_filter;
	struct buf value = BUF_INIT;
	enum table_result found;

	if (filter == NULL)
		return true;
	buf_trim_right(&c->line);
	found = maps_find(filter, c->line.ptr, false, &value);
	if (found == TABLE_FOUND) {
		log_info("%s: replacing server reply \"%s\" with \"%s\"",
		    c->session.relay, c->line.ptr, value.ptr);
		buf_swap(&c->line, &value);
	}
	buf_done(&value);
	return found == TABLE_FOUND || found == TABLE_NOT_FOUND;
}

/* 1: a reply; 0: the stream is gone; -1: that was no reply; -2: it is not known what it was */
static int
read_reply(struct conn *c)
{
	int timeout_s = smtp_session_timeout(&c->session);
	bool had_nonsense = false;
	size_t total = 0;
	int got;

	smtp_reply_reset(&c->reply);
	stream_set_timeout(c->stream, timeout_s);
	set_deadline(c, timeout_s);
	do {
		if (read_line(c, timeout_s, &total) == -1)
			return 0;
		if (!filter_line(c))
			return -2;
		/* Up to a NUL, as the reply is told elsewhere. */
		transcript_add(&c->transcript, "In:  ", c->line.ptr,
		    strlen(c->line.ptr));
		got = total > REPLY_BYTES_MAX ? -1 :
		    smtp_reply_line(&c->reply, span_buf(&c->line));
		log_debug("< %s: %.500s", c->session.relay, c->line.ptr);
		if (c->reply.has_nonsense && !had_nonsense)
			warn_nonsense(c);
		had_nonsense = c->reply.has_nonsense;
	} while (got == 0);
	set_deadline(c, 0);
	return got;
}

enum smtp_step
conn_exchange(struct conn *c)
{
	if (c->session.out.len > 0)
		log_debug("> %s: %s", c->session.relay, shown(c).ptr);
	if (send_words(c) == -1 || stream_flush(c->stream) == -1) {
		/* It may have said why before it hung up: 421, timeout. */
		stream_clear(c->stream);
	}
	switch (read_reply(c)) {
	case 1:
		return smtp_session_reply(&c->session, &c->reply);
	case 0:
		return conn_lost(c);
	case -2:
		smtp_session_lost(&c->session, SMTP_LOST_LOCAL);
		return SMTP_STEP_FAILED;
	}
	smtp_session_lost(&c->session, SMTP_LOST_NONSENSE);
	return SMTP_STEP_FAILED;
}

enum smtp_step
conn_start_tls(struct conn *c)
{
	const struct tls_info *info = tls_policy_start(c->tls,
	    c->session.relay, c->stream);

	if (info == NULL)
		return smtp_session_tls_failed(&c->session);
	c->session.is_verified = info->is_verified;
	return smtp_session_tls_started(&c->session,
	    c->tls->level <= TLS_LEVEL_ENCRYPT || info->is_verified);
}

bool
conn_spoke_early(const struct conn *c)
{
	const char *text;

	return stream_peek(c->stream, &text) > 0;
}

/* ---- one that waits ---- */

static struct conn *kept;
static volatile sig_atomic_t kept_fd = -1;	/* what the timer may close */
static volatile sig_atomic_t kept_ticks;
static volatile sig_atomic_t is_ticking;
static timer_t kept_timer;
static bool has_timer;

static bool
set_timer(int seconds)
{
	struct itimerspec it = { { seconds, 0 }, { seconds, 0 } };

	is_ticking = seconds > 0;
	return timer_settime(kept_timer, 0, &it, NULL) == 0;
}

/*
 * Each second while a session is kept. A flag to be looked at later would not
 * do: a process that waits for its next request runs nothing of ours.
 */
static void
tick(int sig)
{
	static const char quit[] = "QUIT\r\n";
	int fd = kept_fd, saved = errno;

	(void)sig;
	if (fd == -1 || kept_ticks-- > 0)
		return;
	kept_fd = -1;
	set_timer(0);
	(void)!send(fd, quit, sizeof(quit) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_RDWR);
	errno = saved;
}

/* The process ends: the server should not have to guess why. */
static void
goodbye(void)
{
	if (kept_fd >= 0)
		conn_take("");
}

static bool
timer_runs(void)
{
	struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
	    .sigev_signo = SIGUSR2 };

	if (!has_timer) {
		sigemptyset(&sa.sa_mask);
		sigaction(SIGUSR2, &sa, NULL);
		has_timer = timer_create(CLOCK_MONOTONIC, &ev,
		    &kept_timer) == 0;
		atexit(goodbye);
	}
	return has_timer && (is_ticking || set_timer(1));
}

bool
conn_may_go_on(const struct conn *c)
{
	const struct smtp_config *cfg = c->session.cfg;

	if (cfg->reuse_count > 0 && c->uses >= cfg->reuse_count)
		return false;
	return clock_mono_ms() - c->opened_ms <
	    (int64_t)cfg->reuse_time_s * 1000;
}

void
conn_keep(struct conn *c, const char *nexthop)
{
	if (c->nexthop == NULL)
		c->nexthop = xstrdup(nexthop);
	c->used_ms = clock_mono_ms();
	tell_postmaster(c);
	if (!timer_runs()) {
		conn_close(c);
		return;
	}
	log_json_set_session(NULL);
	kept = c;
	kept_ticks = c->session.cfg->cache_time_s;
	kept_fd = stream_fd(c->stream);
}

struct conn *
conn_take(const char *nexthop)
{
	struct conn *c = kept;
	int fd = kept_fd;

	kept_fd = -1;
	kept = NULL;
	if (c == NULL)
		return NULL;
	if (fd == -1) {			/* the timer was faster */
		conn_free(c);
		return NULL;
	}
	log_json_set_session(c->log_session);
	if (strcmp(c->nexthop, nexthop) == 0 && conn_may_go_on(c))
		return c;
	/* Somebody else may get the next message for it. */
	if (nexthop[0] != '\0' && shared_give(c))
		conn_free(c);
	else
		conn_close(c);
	return NULL;
}
