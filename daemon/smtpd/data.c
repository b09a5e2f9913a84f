/*
 * data.c - message content: lines in, text records out, and how it ends
 *
 * Bytes come in large pieces; a line that lies in one piece goes to the sink
 * from where it is. What ends a line, and above all what ends the message, is
 * the one place where two mail systems must not disagree (RFC 5321 2.3.8,
 * 4.1.1.4): a message hidden behind "LF . LF" would carry our name. So, unless
 * the client is excepted, only CR LF . CR LF is the end, and a lone dot that
 * is framed otherwise is dropped.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/proxy.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/tls_server.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_rec.h"

/* A comment (RFC 5322 3.2.2) must not end where the text wants it to. */
void
session_add_comment(struct buf *out, const char *name)
{
	size_t at = out->len;
	int depth = 0;

	text_printable(out, name, strlen(name), false);
	for (; at < out->len; at++) {
		depth += (out->ptr[at] == '(') - (out->ptr[at] == ')');
		if (out->ptr[at] == '\\' || depth < 0)
			out->ptr[at] = '?', depth = depth < 0 ? 0 : depth;
	}
	for (; depth > 0; depth--)
		buf_addc(out, ')');
}

static void
put_login(struct session *s)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, "\t(Authenticated sender: ");
	session_add_comment(&line, s->sasl_username);
	session_put(s, QUEUE_REC_TEXT, "%s)", line.ptr);
	buf_done(&line);
}

static void
put_received(struct session *s)
{
	struct buf rcpt = BUF_INIT, id = BUF_INIT;
	char date[CLOCK_RFC5322_SIZE];
	const char *with = s->mail.is_utf8 ? "UTF8SMTP" : s->protocol,
	    *tls = s->tls != NULL && strcmp(with, "SMTP") != 0 ? "S" : "",
	    *auth = s->sasl_username != NULL && strcmp(with, "SMTP") != 0 ?
	    "A" : "";

	/* Between two filters we are no stop on the way. */
	if (s->proxy != NULL && session_is_forwarded(s))
		return;
	clock_rfc5322(s->arrived.tv_sec, date);
	if (s->queue_id != NULL)	/* a filter gives its own */
		buf_addf(&id, " id %s", s->queue_id);
	if (params.smtpd_hide_client_session) {
		session_put(s, QUEUE_REC_TEXT, "Received: by %s (%s)%s%s",
		    params.myhostname, params.mail_name, id.ptr,
		    s->rcpt_count == 1 ? "" : ";");
	} else {
		session_put(s, QUEUE_REC_TEXT, "Received: from %s (%s [%s])",
		    s->helo != NULL ? s->helo : s->peer.name, s->peer.name,
		    s->peer.rfc_addr);
		if (s->tls != NULL && params.smtpd_tls_received_header)
			tls_server_put_received(s);
		if (s->sasl_username != NULL &&
		    params.smtpd_sasl_authenticated_header)
			put_login(s);
		session_put(s, QUEUE_REC_TEXT,
		    "\tby %s (%s) with %s%s%s%s%s",	/* RFC 3848 */
		    params.myhostname, params.mail_name, with, tls, auth,
		    id.ptr,
		    s->rcpt_count == 1 ? "" : ";");
	}
	if (s->rcpt_count == 1) {
		address_quote(&rcpt, s->first_rcpt);
		session_put(s, QUEUE_REC_TEXT, "\tfor <%s>; %s", rcpt.ptr,
		    date);
	} else {
		session_put(s, QUEUE_REC_TEXT, "\t%s", date);
	}
	buf_done(&rcpt);
	buf_done(&id);
}

void
session_begin_content(struct session *s)
{
	const char *p;

	if (s->access_flags != 0)
		s->sink->set_flags(s->sink->ctx, s->access_flags);
	session_rec(s, QUEUE_REC_MESG, "", 0);
	for (p = s->prepend.ptr; p < s->prepend.ptr + s->prepend.len;
	    p += strlen(p) + 1)
		session_rec(s, QUEUE_REC_TEXT, p, strlen(p));
	put_received(s);
	s->is_first_line = s->had_crlf = true;
	s->in_line = s->is_too_big = false;
	s->content_bytes = 0;
}

/* A line or a part of one, without the dot that was added to it. */
static void
give(struct session *s, int type, const char *data, size_t len)
{
	s->content_bytes += (int64_t)len + 2;	/* a cut counts as a line end */
	if (s->is_too_big)
		return;
	if (params.message_size_limit > 0 &&
	    s->content_bytes > params.message_size_limit) {
		s->is_too_big = true;
		return;
	}
	if (s->is_first_line) {
		if (type == QUEUE_REC_TEXT && cleanup_is_from_line(data, len)) {
			session_put(s, type, "X-Mailbox-Line: %.*s", (int)len,
			    data);
			return;
		}
		s->is_first_line = false;
		/* It must not continue our Received: header. */
		if (len > 0 && (*data == ' ' || *data == '\t'))
			session_rec(s, QUEUE_REC_TEXT, "", 0);
	}
	session_rec(s, type, data, len);
}

/* ---- the end ---- */

static void
put_extracted(struct session *s)
{
	const char *p;

	session_rec(s, QUEUE_REC_XTRA, "", 0);
	if (s->filter != NULL)
		session_put(s, QUEUE_REC_FILTER, "%s", s->filter);
	if (s->redirect != NULL)
		session_put(s, QUEUE_REC_REDIRECT, "%s", s->redirect);
	for (p = s->bcc.ptr; p < s->bcc.ptr + s->bcc.len; p += strlen(p) + 1)
		session_put(s, QUEUE_REC_RCPT, "%s", p);
	if (s->access_flags != 0)
		s->sink->set_flags(s->sink->ctx, s->access_flags);
	session_rec(s, QUEUE_REC_END, "", 0);
}

static void
reply_status(struct session *s, unsigned status, const struct buf *reason)
{
	int code = 451;
	const char *dsn = "4.3.0", *text;

	text = cleanup_status_text(status, &code, &dsn);
	/*
	 * What header_checks REJECT says brings its own status along, what a
	 * filter says its own code.
	 */
	if (reason->len > 4 && strspn(reason->ptr, "0123456789") == 3)
		session_reply(s, "%s", reason->ptr);
	else if (reason->len > 0)
		session_reply(s, "%d %s", code, reason->ptr);
	else
		session_reply(s, "%d %s Error: %s", code, dsn, text);
}

static bool
hand_over(struct session *s)
{
	struct buf reason = BUF_INIT, id = BUF_INIT;
	unsigned status;

	put_extracted(s);
	buf_sets(&id, s->queue_id);
	s->queue_id = NULL;	/* the sink has it now, whatever comes of it */
	status = s->sink->commit(s->sink->ctx, &reason);
	if (status == 0 && s->bdat != BDAT_NONE)
		session_reply(s, "250 2.0.0 Ok: %lld bytes queued as %s",
		    (long long)s->content_bytes, id.ptr);
	else if (status == 0)
		session_reply(s, "250 2.0.0 Ok: queued as %s", id.ptr);
	else
		reply_status(s, status, &reason);
	buf_done(&reason);
	buf_done(&id);
	return status == 0;
}

/*
 * The dot, or the last chunk, has come. Only here, with the file on stable
 * storage, does the client get its 250 (RFC 5321 6.1).
 */
void
session_finish(struct session *s)
{
	const char *refusal;
	bool ok = false;

	s->where = "END-OF-MESSAGE";
	s->in_content = false;
	if (s->seen_bare_lf && s->bare_lf == BARE_LF_REJECT) {
		session_fault(s, FAULT_PROTOCOL);
		restrict_log(s, "reject", "bare <LF> received");
		session_reply(s, "%d 5.5.2 %s Error: bare <LF> received",
		    params.smtpd_forbid_bare_newline_reject_code,
		    params.myhostname);
	} else if (s->is_too_big) {
		/* cleanup, which got as much, has logged it */
		if (s->proxy != NULL)
			log_warning("NOQUEUE: queue file size limit exceeded");
		session_fault(s, FAULT_BOUNCE);
		session_reply(s, "552 5.3.4 Error: message file too big");
	} else if ((refusal = restrict_eod(s)) != NULL) {
		session_reply(s, "%s", refusal);
	} else if (s->proxy != NULL) {
		ok = proxy_finish(s);
	} else {
		ok = hand_over(s);
	}
	if (ok) {
		s->errors = s->junk = 0;
		s->transcript.faults = 0;
		s->done[s->bdat != BDAT_NONE ? VERB_BDAT : VERB_DATA]++;
	} else {
		s->errors++;
	}
	session_new_transcript(s, params.smtpd_history_flush_threshold);
	session_reset_mail(s);
}

/* ---- lines ---- */

/* A whole line without its LF; true at the end of the message. */
static bool
take_line(struct session *s, const char *data, size_t len)
{
	size_t limit = (size_t)params.line_length_limit;
	bool is_crlf = len > 0 && data[len - 1] == '\r', was_crlf = s->had_crlf;

	if (is_crlf)
		len--;
	else if (s->bdat == BDAT_NONE)	/* a chunk cannot hide another message */
		s->seen_bare_lf = true;
	s->had_crlf = is_crlf;
	if (s->bdat == BDAT_NONE && !s->in_line && len > 0 && *data == '.') {
		if (len == 1) {
			if (s->bare_lf <= BARE_LF_NOTE ||
			    (was_crlf && is_crlf))
				return true;
			return false;
		}
		data++;		/* RFC 5321 4.5.2 */
		len--;
	}
	for (; len >= limit; data += limit, len -= limit)
		give(s, QUEUE_REC_PART, data, limit);
	give(s, QUEUE_REC_TEXT, data, len);
	s->in_line = false;
	return false;
}

/* A line grows without end: let go of what is over the limit. */
static void
take_part(struct session *s)
{
	size_t limit = (size_t)params.line_length_limit, skip;

	/* What is kept is enough to see a CR LF. */
	while (s->partial.len >= limit + 2) {
		skip = s->bdat == BDAT_NONE && !s->in_line &&
		    s->partial.ptr[0] == '.' ? 1 : 0;
		give(s, QUEUE_REC_PART, s->partial.ptr + skip, limit);
		buf_delete(&s->partial, 0, limit + skip);
		s->in_line = true;
	}
}

void
session_end_line(struct session *s)
{
	give(s, QUEUE_REC_TEXT, s->partial.ptr, s->partial.len);
	buf_reset(&s->partial);
	s->in_line = false;
}

size_t
session_content(struct session *s, const char *data, size_t len)
{
	return s->bdat == BDAT_NONE && !s->skips_chunk ?
	    session_take_lines(s, data, len) : session_chunk(s, data, len);
}

size_t
session_take_lines(struct session *s, const char *data, size_t len)
{
	size_t at = 0, n;
	const char *lf;
	bool is_end;

	while (at < len && (lf = memchr(data + at, '\n', len - at)) != NULL) {
		n = (size_t)(lf - data) - at;
		if (s->partial.len > 0) {
			buf_add(&s->partial, data + at, n);
			is_end = take_line(s, s->partial.ptr, s->partial.len);
			buf_reset(&s->partial);
		} else {
			is_end = take_line(s, data + at, n);
		}
		at += n + 1;
		if (is_end) {
			session_finish(s);
			return at;
		}
	}
	if (at < len) {
		buf_add(&s->partial, data + at, len - at);
		take_part(s);
	}
	return len;
}
