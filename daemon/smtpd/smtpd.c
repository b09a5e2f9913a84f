/*
 * smtpd.c - the SMTP server role: the socket around a session
 *
 * The session decides, this file moves bytes: replies are sent when no more
 * input waits (so that a pipelined group costs one write), lines and content
 * are handed over from the stream's buffer, and time limits end what hangs.
 *
 * SPDX-License-Identifier: ISC
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/role.h"
#include "daemon/serve/debug_peer.h"
#include "daemon/serve/serve.h"
#include "daemon/smtpd/anvil_client.h"
#include "daemon/smtpd/auth.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/sink.h"
#include "daemon/smtpd/tls_server.h"
#include "daemon/smtpd/upstream.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/net/haproxy.h"
#include "lib/net/stream.h"
#include "lib/route/rewrite.h"

#define MS	1000

static struct smtpd_env *env;
static struct anvil_client *anvil;
static struct sink sink;
static bool has_upstream;

static size_t
pending(void *ctx, const char **data)
{
	return stream_peek(ctx, data);
}

/* A whole request has one time limit, or each wait has its own. */
static void
start_clock(struct stream *st)
{
	stream_set_deadline(st, params.smtpd_per_request_deadline ?
	    clock_mono_ms() + (int64_t)params.smtpd_timeout * MS : 0);
}

/* A slow but honest sender of much content gets the time that it takes. */
static void
extend_clock(struct stream *st, int64_t *deadline, size_t bytes)
{
	int64_t limit;

	if (!params.smtpd_per_request_deadline)
		return;
	*deadline += (int64_t)bytes * MS / params.smtpd_min_data_rate;
	limit = clock_mono_ms() + (int64_t)params.smtpd_timeout * MS;
	if (*deadline > limit)
		*deadline = limit;
	stream_set_deadline(st, *deadline);
}

/* Put the replies into the stream; those to punish wait, and go out now. */
static void
send_replies(struct session *s, struct stream *st)
{
	if (s->sleep_s > 0) {
		stream_flush(st);
		sleep((unsigned)s->sleep_s);
		s->sleep_s = 0;
	}
	if (s->out.len > 0) {
		log_debug("> %s: %s", s->peer.namaddr, s->out.ptr);
		stream_write(st, s->out.ptr, s->out.len);
	}
	buf_reset(&s->out);
}

static bool
read_content(struct session *s, struct stream *st)
{
	int64_t deadline = clock_mono_ms() +
	    (int64_t)params.smtpd_timeout * MS;
	const char *data;
	size_t len, used;

	start_clock(st);
	while (s->in_content) {
		if ((len = stream_peek(st, &data)) == 0) {
			if (!stream_fill(st))
				return false;
			continue;
		}
		used = session_content(s, data, len);
		stream_skip(st, used);
		extend_clock(st, &deadline, used);
	}
	return true;
}

/* The rest of a line that is longer than any command may be. */
static bool
skip_line(struct stream *st)
{
	int c;

	while ((c = stream_getc(st)) != '\n')
		if (c == -1)
			return false;
	return true;
}

/* What a client says, but for its password. */
static void
log_line(const struct session *s, const struct buf *line)
{
	int len = (int)strcspn(line->ptr, "\r\n");

	if (s->in_auth)
		log_debug("< %s: (response)", s->peer.namaddr);
	else if (strncasecmp(line->ptr, "AUTH ", 5) == 0)
		log_debug("< %s: AUTH ...", s->peer.namaddr);
	else
		log_debug("< %s: %.*s", s->peer.namaddr, len, line->ptr);
}

static bool
read_command(struct session *s, struct stream *st, struct buf *line)
{
	int got, limit = s->in_auth ? params.smtpd_sasl_response_limit :
	    params.line_length_limit;

	start_clock(st);
	buf_reset(line);
	got = stream_getline(st, line, (size_t)limit);
	if (got == -1 || (got == 0 && !skip_line(st)))
		return false;
	log_line(s, line);
	if (got == 0)
		log_warning("%s: request longer than %d: %.30s...",
		    s->peer.namaddr, limit, line->ptr);
	if (got == 0 && s->in_auth)
		auth_overlong(s);
	else
		session_command(s, line->ptr, line->len);
	return true;
}

/* After 220; a client that is gone has lost nothing but its own time. */
static bool
start_tls(struct session *s, struct stream *st)
{
	s->wants_tls = false;
	if (stream_flush(st) == 0 && tls_server_start(s, st))
		return true;
	s->done[VERB_STARTTLS]--;
	session_lost(s, "lost connection");
	return false;
}

/* Port 465: not a word before the handshake (RFC 8314 3.3). */
static bool
start_wrapped(struct session *s, struct stream *st)
{
	if (!tls_server_works(env->tls)) {
		log_warning("Wrapper-mode request dropped from %s for service "
		    "%s. TLS context initialization failed. For details see "
		    "earlier warnings in your logs.", s->peer.namaddr,
		    env->service);
		return false;
	}
	if (tls_server_refuses(s, "TLS service request"))
		return false;
	if (tls_server_start(s, st))
		return true;
	session_lost(s, "lost connection");
	return false;
}

static void
say_timeout(struct session *s, struct stream *st)
{
	stream_clear(st);
	stream_set_deadline(st, 0);
	stream_set_timeout(st, 5);
	session_reply(s, "421 4.4.2 %s Error: timeout exceeded",
	    params.myhostname);
	s->sleep_s = 0;
	send_replies(s, st);
	stream_flush(st);
}

static void
converse(struct session *s, struct stream *st)
{
	struct buf line = BUF_INIT;
	bool ok = true;

	while (ok && !s->is_closing) {
		send_replies(s, st);
		if (s->wants_tls && !start_tls(s, st))
			break;
		if (s->is_closing || s->out.len > 0)
			continue;
		ok = s->in_content ? read_content(s, st) :
		    read_command(s, st, &line);
	}
	if (ok) {
		send_replies(s, st);
		stream_flush(st);
	} else if (stream_status(st) == STREAM_TIMEOUT) {
		session_lost(s, "timeout");
		say_timeout(s, st);
	} else {
		session_lost(s, "lost connection");
	}
	buf_done(&line);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	struct session *s;
	struct peer peer;
	struct haproxy proxied;
	const struct sockaddr *addr;
	socklen_t len = 0;
	bool is_proxied, is_told;

	(void)service, (void)argv;
	addr = serve_peer(&len);
	is_proxied = has_upstream && !serve_standalone() &&
	    serve_passed() == NULL;	/* who passed it has read the header */
	is_told = is_proxied && upstream_read(client, &proxied);
	peer_init(&peer, stream_fd(client), addr, len, serve_passed(),
	    is_told ? &proxied : NULL,
	    (params.smtpd_peername_lookup ? PEER_LOOK_UP : 0) |
	    (params.smtpd_client_port_logging ? PEER_SHOW_PORT : 0));
	debug_peer_begin(peer.name, peer.addr);
	stream_set_timeout(client, params.smtpd_timeout);
	s = session_new(env, &peer, &sink, serve_standalone() ? NULL : anvil);
	/* What sendmail -bs reads from a file or a pipe is there at once. */
	s->pending = serve_standalone() ? NULL : pending;
	s->pending_ctx = client;
	s->tells_postmaster = !serve_standalone();
	session_connected(s);
	if (is_proxied && !is_told) {
		stream_clear(client);
		session_reply(s, "421 4.3.0 %s Server local error",
		    params.myhostname);
		converse(s, client);
	} else if (!tls_server_wraps(env->tls) || start_wrapped(s, client)) {
		if (!s->is_closing)
			session_start(s);
		converse(s, client);
	}
	session_end(s);
	session_free(s);
	debug_peer_end();
}

static void
pre_jail(const char *service, char **argv)
{
	(void)argv;
	rewrite_init();
	cleanup_init();
	env = smtpd_env_new(xstrdup(service));
	anvil = anvil_client_new(env->service);
	has_upstream = upstream_init();
	debug_peer_init();
	/* Whoever types at sendmail -bs is here already, and may read no keys. */
	if (!serve_standalone()) {
		env->tls = tls_server_new();
		env->auth = auth_server_new();
	}
}

static void
post_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	if (serve_standalone())
		sink_postdrop(&sink);
	else
		sink_cleanup(&sink);
	signal(SIGPIPE, SIG_IGN);
}

const struct role smtpd_role = {
	.name = "smtpd",
	.summary = "receive mail by SMTP",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES |
	    ROLE_USES_SASL,
	.pre_jail = pre_jail,
	.post_jail = post_jail,
	.serve = serve,
};
