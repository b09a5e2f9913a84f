/*
 * session.c - one SMTP session as a state machine without I/O
 *
 * A command line is cut into words once; the verb's row (verbs.h) says which
 * function takes them, whether it is a junk command, and whether it must be
 * the last of a pipelined group (RFC 2920 3.1). What went wrong is counted,
 * and too many errors slow the client down, then end the session.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/anvil_client.h"
#include "daemon/smtpd/auth.h"
#include "daemon/smtpd/dns_seen.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/milter_session.h"
#include "daemon/smtpd/tls_server.h"
#include "daemon/smtpd/verbs.h"
#include "daemon/smtpd/xclient.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

/* ---- dispatch ---- */

/*
 * Cut a line at blanks; quoted strings and <...> stay whole, and "FROM:"
 * without blank before its address as well.
 */
static void
cut_words(struct words *w, const char *line, size_t len)
{
	const char *p = line, *end = line + len, *start;
	bool in_quotes, in_angle;

	w->count = 0;
	while (w->count < WORDS_MAX) {
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p == end)
			return;
		in_quotes = in_angle = false;
		for (start = p; p < end; p++) {
			if (*p == '\\' && p + 1 < end)
				p++;
			else if (*p == '"')
				in_quotes = !in_quotes;
			else if (!in_quotes && *p == '<')
				in_angle = true;
			else if (!in_quotes && *p == '>')
				in_angle = false;
			else if (!in_quotes && !in_angle &&
			    (*p == ' ' || *p == '\t'))
				break;
		}
		w->w[w->count++] = (struct span){ start, (size_t)(p - start) };
	}
	w->w[WORDS_MAX - 1].len = (size_t)(end - w->w[WORDS_MAX - 1].ptr);
}

/* A header line, an HTTP request: somebody makes another program talk to us. */
static bool
is_not_smtp(struct session *s, struct span word, const char *line)
{
	char *name;
	bool found;

	name = xstrndup(word.ptr, word.len);
	found = (word.len > 0 && word.ptr[word.len - 1] == ':') ||
	    match_list_find(s->env->forbidden_commands, name, NULL) ==
	    TABLE_FOUND;
	free(name);
	if (!found)
		return false;
	log_warning("non-SMTP command from %s: %.100s", s->peer.namaddr, line);
	session_reply(s,
	    "221 2.7.0 Error: I can break rules, too. Goodbye.");
	s->is_closing = true;
	return true;
}

static bool
is_noop(const struct session *s, struct span word)
{
	char *name = xstrndup(word.ptr, word.len);
	bool found = match_list_find(s->env->noop_commands, name, NULL) ==
	    TABLE_FOUND;

	free(name);
	return found;
}

/* The client spoke before it could know our answer (RFC 2920 3.1). */
static bool
spoke_early(struct session *s, const char *where)
{
	struct buf text = BUF_INIT;
	const char *data;
	size_t len, i;

	if (s->spoke_early || s->pending == NULL ||
	    (len = s->pending(s->pending_ctx, &data)) == 0)
		return false;
	s->spoke_early = true;	/* said once */
	for (i = 0; i < len && text.len < 100; i++) {
		if (data[i] == '\r')
			buf_adds(&text, "\\r");
		else if (data[i] == '\n')
			buf_adds(&text, "\\n");
		else
			buf_addc(&text, data[i]);
	}
	log_info("improper command pipelining after %s from %s: %s", where,
	    s->peer.namaddr, text.ptr);
	buf_done(&text);
	if (params.smtpd_forbid_unauth_pipelining) {
		session_reply(s, "554 5.5.0 Error: SMTP protocol "
		    "synchronization");
		s->is_closing = true;
	}
	return params.smtpd_forbid_unauth_pipelining;
}

/* Groups are announced with EHLO, and some verbs end theirs. */
static bool
must_wait(const struct session *s, const struct verb *v)
{
	return (v->flags & VERB_LAST) != 0 || strcmp(s->protocol, "ESMTP") != 0;
}

/* The client's fault, whatever the verb would have said. */
static void
refuse_command(struct session *s, const char *reply)
{
	session_fault(s, FAULT_PROTOCOL);
	session_reply(s, "%s", reply);
	s->errors++;
}

static void
run_unknown(struct session *s, struct span verb, const char *line)
{
	const char *refusal;

	if (is_not_smtp(s, verb, line))
		return;
	refusal = milter_session_unknown(s, verb);
	refuse_command(s, refusal != NULL ? refusal :
	    "500 5.5.2 Error: command not recognized");
}

static void
run_verb(struct session *s, const struct verb *v, const struct words *w)
{
	bool ok;

	s->has_fault = false;
	ok = v->run(s, w);
	if (!ok && !s->has_fault)
		session_fault(s, FAULT_PROTOCOL);
	/* XCLIENT begins a new session; what goes on for a while is done at its end. */
	if (ok && v->id != VERB_XCLIENT && v->id != VERB_AUTH &&
	    v->id != VERB_DATA && v->id != VERB_BDAT)
		s->done[v->id]++;
	if (!ok || ((v->flags & VERB_JUNK) != 0 &&
	    s->junk++ > params.smtpd_junk_command_limit))
		s->errors++;
}

static void
run_command(struct session *s, char *line, size_t len)
{
	const struct verb *v;
	struct words w;

	cut_words(&w, line, len);
	if (w.count == 0) {
		refuse_command(s, "500 5.5.2 Error: bad syntax");
		return;
	}
	if (params.smtputf8_enable && !text_is_utf8(line, len)) {
		refuse_command(s, "500 5.5.2 Error: bad UTF-8 syntax");
		return;
	}
	v = verb_find(w.w[0]);
	if (v->run == NULL && is_noop(s, w.w[0])) {
		session_reply(s, "250 2.0.0 Ok");
		s->junk++;
		return;
	}
	s->total[v->id]++;
	if (v->run != NULL && s->is_denied && v->id != VERB_QUIT) {
		session_reply(s, "503 5.7.0 Error: access denied for %s",
		    s->peer.namaddr);
		s->errors++;
		return;
	}
	s->where = v->name;
	if (v->run == NULL)
		run_unknown(s, w.w[0], line);
	else if ((v->flags & VERB_CLEAR) == 0 && s->tls == NULL &&
	    tls_server_is_required(s->env->tls))
		refuse_command(s,
		    "530 5.7.0 Must issue a STARTTLS command first");
	else if (!must_wait(s, v) || !spoke_early(s, v->name))
		run_verb(s, v, &w);
}

/* What a client says of itself in AUTH is for nobody's mailbox. */
static void
note_line(struct session *s, const char *line)
{
	const char *end = line;

	if (s->in_auth) {
		session_said(s, "In:  ", "(not shown)", sizeof("(not shown)") - 1);
		return;
	}
	if (strncasecmp(line, "AUTH ", 5) == 0) {
		end = line + 5 + strspn(line + 5, " ");
		end += strcspn(end, " ");
	}
	session_said(s, "In:  ", line, end != line ? (size_t)(end - line) :
	    strlen(line));
}

void
session_command(struct session *s, char *line, size_t len)
{
	struct buf other = BUF_INIT;
	bool is_bare;

	if (!s->in_auth && s->errors >= params.smtpd_hard_error_limit) {
		session_fault(s, FAULT_PROTOCOL);
		session_reply(s, "421 4.7.0 %s Error: too many errors",
		    params.myhostname);
		session_lost(s, "too many errors");
		return;
	}
	is_bare = len > 0 && line[len - 1] == '\n' &&
	    (len == 1 || line[len - 2] != '\r');
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	line[len] = '\0';
	note_line(s, line);
	if (is_bare && s->bare_lf == BARE_LF_REJECT) {
		session_fault(s, FAULT_PROTOCOL);
		restrict_log(s, "reject", "bare <LF> received");
		session_reply(s, "%d 5.5.2 %s Error: bare <LF> received",
		    params.smtpd_forbid_bare_newline_reject_code,
		    params.myhostname);
		s->is_closing = true;
		return;
	}
	/* A NUL would hide what stands behind it from everything below. */
	if (memchr(line, '\0', len) != NULL)
		len = strlen(line);
	if (s->in_auth) {
		auth_response(s, line);
		return;
	}
	if (!maps_is_empty(s->env->command_filter) &&
	    maps_find(s->env->command_filter, line, false, &other) ==
	    TABLE_FOUND) {
		log_info("%s: replacing command \"%.100s\" with \"%.100s\"",
		    s->peer.namaddr, line, other.ptr);
		run_command(s, other.ptr, other.len);
	} else {
		run_command(s, line, len);
	}
	buf_done(&other);
}

/* ---- life ---- */

void
session_fault(struct session *s, unsigned fault)
{
	s->transcript.faults |= fault;
	s->has_fault = true;
}

void
session_said(struct session *s, const char *label, const char *text,
    size_t len)
{
	if (s->tells_postmaster)
		transcript_add(&s->transcript, label, text, len);
}

void
session_new_transcript(struct session *s, int limit)
{
	if (s->tells_postmaster && s->transcript.count > limit)
		transcript_flush(&s->transcript, &(struct transcript_notice){
		    .role = "SMTP server", .peer = s->peer.namaddr,
		    .is_server = true, .aborted = s->aborted });
}

bool
session_is_listed(const struct session *s, struct match_list *list)
{
	return match_list_find(list, s->peer.name, s->peer.addr) ==
	    TABLE_FOUND;
}

struct session *
session_new(const struct smtpd_env *env, struct peer *peer, struct sink *sink,
    struct anvil_client *anvil)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->env = env;
	s->sink = sink;
	s->anvil = anvil;
	s->peer = *peer;
	memset(peer, 0, sizeof(*peer));
	s->where = "CONNECT";
	s->protocol = "SMTP";
	s->ehlo_discard = env->ehlo_discard;
	s->bare_lf = env->bare_lf;
	buf_init(&s->out);
	buf_init(&s->bcc);
	buf_init(&s->prepend);
	buf_init(&s->partial);
	buf_init(&s->reject);
	buf_init(&s->macro);
	buf_init(&s->mechanisms);
	transcript_init(&s->transcript);
	mail_params_init(&s->mail);
	return s;
}

void
session_free(struct session *s)
{
	size_t i;

	if (s == NULL)
		return;
	session_reset_mail(s);
	milter_session_end(s);
	auth_close(s);
	if (s->counted_addr != NULL)
		anvil_client_event(s->anvil, ANVIL_DISCONNECT, s->counted_addr,
		    NULL, NULL);
	free(s->counted_addr);
	xforward_reset(s);
	peer_done(&s->peer);
	free(s->helo);
	free(s->if_permit.text);
	free(s->if_reject.text);
	for (i = 0; i < sizeof(s->early) / sizeof(s->early[0]); i++)
		free(s->early[i].text);
	dns_seen_free(&s->dns_seen);
	buf_done(&s->out);
	buf_done(&s->bcc);
	buf_done(&s->prepend);
	buf_done(&s->partial);
	buf_done(&s->reject);
	buf_done(&s->macro);
	buf_done(&s->mechanisms);
	transcript_done(&s->transcript);
	mail_params_done(&s->mail);
	free(s);
}

/* One client may not take all processes, nor call too often. */
static bool
is_over_limit(struct session *s)
{
	int count = 0, rate = 0;
	int count_max = params.smtpd_client_connection_count_limit,
	    rate_max = params.smtpd_client_connection_rate_limit;

	s->is_exempt = session_is_listed(s, s->env->event_exceptions);
	if (s->anvil == NULL || s->is_exempt || (count_max == 0 &&
	    rate_max == 0) || !anvil_client_event(s->anvil, ANVIL_CONNECT,
	    s->peer.addr, &count, &rate))
		return false;
	s->counted_addr = xstrdup(s->peer.addr);
	s->connection_count = count;
	if (count_max > 0 && count > count_max) {
		log_warning("Connection concurrency limit exceeded: %d from "
		    "%s for service %s", count, s->peer.namaddr,
		    s->env->service);
		session_reply(s, "421 4.7.0 %s Error: too many connections "
		    "from %s", params.myhostname, s->peer.addr);
		return true;
	}
	if (rate_max > 0 && rate > rate_max) {
		log_warning("Connection rate limit exceeded: %d from %s for "
		    "service %s", rate, s->peer.namaddr, s->env->service);
		session_reply(s, "421 4.7.0 %s Error: too many connections "
		    "from %s", params.myhostname, s->peer.addr);
		return true;
	}
	return false;
}

void
session_greet_again(struct session *s)
{
	const char *refusal;

	s->is_denied = false;
	auth_open(s);
	s->is_exempt = session_is_listed(s, s->env->event_exceptions);
	s->bare_lf = match_list_find(s->env->bare_lf_exclusions,
	    s->peer.addr, s->peer.addr) == TABLE_FOUND ? BARE_LF_ALLOW :
	    s->env->bare_lf;
	s->is_local_rewrite = s->sink->is_local || restrict_local_client(s);
	if (!params.smtpd_delay_reject &&
	    (refusal = restrict_client(s)) != NULL) {
		session_reply(s, "%s", refusal);
		s->is_denied = true;
		return;
	}
	milter_session_end(s);
	if ((refusal = milter_session_connect(s)) != NULL && *refusal == '5')
		session_reply(s, "554 %s ESMTP not accepting connections",
		    params.myhostname);
	else if (refusal != NULL && strncmp(refusal, "421", 3) == 0)
		session_reply(s, "421 %s Service unavailable - try again "
		    "later", params.myhostname);
	else	/* a temporary refusal is told to each command */
		session_reply(s, "220 %s", params.smtpd_banner);
}

void
session_tls_started(struct session *s, const struct tls_info *info)
{
	s->tls = info;
	session_reset_mail(s);
	session_forget(&s->helo);
	s->protocol = "SMTP";
	auth_close(s);
	auth_open(s);
}

void
session_start(struct session *s)
{
	/* What is said by XFORWARD comes from the real client, after XCLIENT too. */
	s->may_xforward = session_is_listed(s, s->env->xforward_hosts);
	if (!spoke_early(s, "CONNECT") && !is_over_limit(s))
		session_greet_again(s);
}
