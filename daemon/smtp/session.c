/*
 * session.c - the client's half of an SMTP or LMTP conversation
 *
 *	GREETING -> EHLO [-> HELO] -> READY
 *	READY -> [XFORWARD ->] MAIL -> RCPT ... -> DATA -> BODY -> DOT -> READY
 *	                         `-------------------'-> ABORT_DOT, RSET -> READY
 *	READY -> QUIT -> GONE
 *
 * There is no socket here: a reply comes in, the next commands are appended to
 * out, and a step says what the caller has to do. With PIPELINING everything
 * from MAIL to DATA is in out at once (recipients in batches, so that two full
 * socket buffers never wait for each other) and state only says whose reply is
 * next. What the server thinks of each recipient is kept in the message.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"

#define BATCH		100	/* recipients in flight */
#define XFORWARD_MAX	512	/* of a command line, RFC 5321 4.5.3.1.4 */
#define UNAVAILABLE	"[UNAVAILABLE]"

static const struct {
	const char	*keyword;
	unsigned	 feature;
} keywords[] = {
	{ "PIPELINING", SMTP_HAS_PIPELINING }, { "SIZE", SMTP_HAS_SIZE },
	{ "8BITMIME", SMTP_HAS_8BITMIME }, { "DSN", SMTP_HAS_DSN },
	{ "SMTPUTF8", SMTP_HAS_SMTPUTF8 }, { "STARTTLS", SMTP_HAS_STARTTLS },
	{ "AUTH", SMTP_HAS_AUTH }, { "XFORWARD", SMTP_HAS_XFORWARD },
	{ "CHUNKING", SMTP_HAS_CHUNKING },
	{ "ENHANCEDSTATUSCODES", SMTP_HAS_ENHANCED },
	{ "VRFY", SMTP_HAS_VRFY }, { "ETRN", SMTP_HAS_ETRN }
};

static const struct {
	const char	*name;
	unsigned	 bit;
} xforwards[] = {
	{ "NAME", SMTP_XF_NAME }, { "ADDR", SMTP_XF_ADDR },
	{ "PORT", SMTP_XF_PORT }, { "PROTO", SMTP_XF_PROTO },
	{ "HELO", SMTP_XF_HELO }, { "IDENT", SMTP_XF_IDENT },
	{ "SOURCE", SMTP_XF_SOURCE }
};

/* What we were doing, for people who read that it went wrong. */
static const struct {
	const char	*doing;		/* "lost connection with H while ..." */
	const char	*command;	/* "(in reply to ... command)" */
} stages[] = {
	[SMTP_GREETING] = { "receiving the initial server greeting", "" },
	[SMTP_EHLO] = { "performing the EHLO handshake", "EHLO command" },
	[SMTP_HELO] = { "performing the HELO handshake", "HELO command" },
	[SMTP_XFORWARD] = { "sending XFORWARD command", "XFORWARD command" },
	[SMTP_MAIL] = { "sending MAIL FROM", "MAIL FROM command" },
	[SMTP_RCPT] = { "sending RCPT TO", "RCPT TO command" },
	[SMTP_DATA] = { "sending DATA command", "DATA command" },
	[SMTP_BODY] = { "sending message body", "end of DATA command" },
	[SMTP_DOT] = { "sending end of data -- message may be sent more than"
	    " once", "end of DATA command" },
	[SMTP_ABORT_DOT] = { "sending final \".\"", "end of DATA command" },
	[SMTP_READY] = { "waiting for a message", "" },
	[SMTP_RSET] = { "sending RSET", "RSET command" },
	[SMTP_QUIT] = { "sending QUIT", "QUIT command" },
	[SMTP_GONE] = { "sending QUIT", "" }
};

static const char *
hello_word(const struct smtp_session *s)
{
	return s->cfg->is_lmtp ? "LHLO" : s->state == SMTP_HELO ? "HELO" :
	    "EHLO";
}

static const char *
stage_doing(const struct smtp_session *s)
{
	if (s->cfg->is_lmtp && s->state == SMTP_EHLO)
		return "performing the LHLO handshake";
	return stages[s->state].doing;
}

static const char *
stage_command(const struct smtp_session *s)
{
	if (s->cfg->is_lmtp && s->state == SMTP_EHLO)
		return "LHLO command";
	return stages[s->state].command;
}

static void
enter(struct smtp_session *s, enum smtp_state state)
{
	s->state = state;
}

/* ---- failures ---- */

void
smtp_failure_init(struct smtp_failure *f)
{
	memset(f, 0, sizeof(*f));
	buf_init(&f->reason);
	buf_init(&f->diag);
	buf_init(&f->mta);
}

void
smtp_failure_done(struct smtp_failure *f)
{
	buf_done(&f->reason);
	buf_done(&f->diag);
	buf_done(&f->mta);
}

void
smtp_failure_set(struct smtp_failure *f, const char *status, const char *fmt,
    ...)
{
	va_list ap;

	f->is_set = true;
	f->is_hard = status[0] == '5';
	f->is_loop = f->is_self = f->is_end = false;
	f->throttles = !f->is_hard;
	snprintf(f->status, sizeof(f->status), "%s", status);
	buf_reset(&f->reason);
	buf_reset(&f->diag);
	buf_reset(&f->mta);
	va_start(ap, fmt);
	buf_vaddf(&f->reason, fmt, ap);
	va_end(ap);
}

void
smtp_failure_copy(struct smtp_failure *to, const struct smtp_failure *from)
{
	to->is_set = from->is_set;
	to->is_hard = from->is_hard;
	to->is_loop = from->is_loop;
	to->is_self = from->is_self;
	to->is_end = from->is_end;
	to->throttles = from->throttles;
	memcpy(to->status, from->status, sizeof(to->status));
	buf_set(&to->reason, from->reason.ptr, from->reason.len);
	buf_set(&to->diag, from->diag.ptr, from->diag.len);
	buf_set(&to->mta, from->mta.ptr, from->mta.len);
}

/* Reply text on one line. */
static void
put_one_line(struct buf *out, const struct buf *text)
{
	size_t at = out->len, i;

	buf_add(out, text->ptr, text->len);
	for (i = at; i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
}

/* "host H[A] said: 550 ... (in reply to RCPT TO command)" */
static void
put_said(struct buf *out, const struct smtp_session *s,
    const struct smtp_reply *r)
{
	bool refused = s->state == SMTP_GREETING || s->state == SMTP_EHLO ||
	    s->state == SMTP_HELO;

	buf_addf(out, "host %s %s: ", s->host_addr,
	    refused ? "refused to talk to me" : "said");
	put_one_line(out, &r->text);
	if (!refused)
		buf_addf(out, " (in reply to %s)", stage_command(s));
}

/* The status that goes with what a reply means to us. */
static void
reply_status(const struct smtp_reply *r, char out[DSN_STATUS_SIZE])
{
	if (r->code >= 400 && r->code <= 599)
		memcpy(out, r->status, DSN_STATUS_SIZE);
	else
		memcpy(out, "5.5.0", sizeof("5.5.0"));
}

/* The host is of no use, by its own words. */
static enum smtp_step
fail_said(struct smtp_session *s, const struct smtp_reply *r)
{
	struct smtp_failure *f = &s->failure;
	char status[DSN_STATUS_SIZE];

	reply_status(r, status);
	smtp_failure_set(f, status, "%s", "");
	put_said(&f->reason, s, r);
	put_one_line(&f->diag, &r->text);
	buf_sets(&f->mta, s->host);
	/* Another host may be of a better mind. */
	if (s->state == SMTP_GREETING && r->code / 100 == 5 &&
	    s->cfg->skip_5xx_greeting) {
		f->is_hard = false;
		f->throttles = true;
		f->status[0] = '4';
	}
	f->is_end = f->is_hard;
	return SMTP_STEP_FAILED;
}

/* ---- what becomes of recipients ---- */

static void
rcpt_said(struct smtp_session *s, struct smtp_rcpt *rcpt,
    const struct smtp_reply *r)
{
	bool is_soft = r->code >= 400 && r->code <= 499;

	reply_status(r, rcpt->status);
	buf_reset(&rcpt->reason);
	buf_reset(&rcpt->diag);
	put_said(&rcpt->reason, s, r);
	put_one_line(&rcpt->diag, &r->text);
	rcpt->has_reply = true;
	rcpt->is_accepted = false;
	rcpt->is_soft = is_soft;
	if (!is_soft)
		rcpt->fate = SMTP_BOUNCE;
	else if (s->is_final)
		rcpt->fate = SMTP_DEFER;
	/* else LEFT: the next host may take it */
}

static void
rcpt_sent(struct smtp_rcpt *rcpt, const struct smtp_reply *r)
{
	memcpy(rcpt->status, r->status, sizeof(rcpt->status));
	buf_reset(&rcpt->reason);
	put_one_line(&rcpt->reason, &r->text);
	buf_set(&rcpt->diag, rcpt->reason.ptr, rcpt->reason.len);
	rcpt->has_reply = true;
	rcpt->fate = SMTP_SENT;
}

/* One reply for all that are still in the game: those this session offered. */
static void
all_said(struct smtp_session *s, const struct smtp_reply *r, bool accepted_only)
{
	struct smtp_rcpt *rcpt;
	size_t i;

	for (i = 0; i < s->msg->rcpt_count; i++) {
		rcpt = &s->msg->rcpts[i];
		if (rcpt->fate != SMTP_LEFT)
			continue;
		if (accepted_only && !rcpt->is_accepted)
			continue;
		rcpt_said(s, rcpt, r);
	}
}

/* All recipients end without the server's word: our own decision. */
static void
all_bounce(struct smtp_session *s, const char *status, const char *text)
{
	struct smtp_rcpt *rcpt;
	size_t i;

	for (i = 0; i < s->msg->rcpt_count; i++) {
		rcpt = &s->msg->rcpts[i];
		if (rcpt->fate != SMTP_LEFT)
			continue;
		snprintf(rcpt->status, sizeof(rcpt->status), "%s", status);
		buf_sets(&rcpt->reason, text);
		buf_reset(&rcpt->diag);
		rcpt->has_reply = true;
		rcpt->fate = SMTP_BOUNCE;
	}
}

/* Next recipient that is LEFT, from index i on; rcpt_count when there is none. */
static size_t
next_left(const struct smtp_message *msg, size_t i)
{
	while (i < msg->rcpt_count && msg->rcpts[i].fate != SMTP_LEFT)
		i++;
	return i;
}

/* ---- hello ---- */

void
smtp_session_init(struct smtp_session *s, const struct smtp_config *cfg,
    const char *host, const char *addr, const char *port)
{
	memset(s, 0, sizeof(*s));
	s->cfg = cfg;
	s->myhostname = params.myhostname;
	snprintf(s->host, sizeof(s->host), "%s", host);
	snprintf(s->addr, sizeof(s->addr), "%s", addr);
	snprintf(s->host_addr, sizeof(s->host_addr), "%.255s[%.110s]", host,
	    addr);
	snprintf(s->relay, sizeof(s->relay), "%s%s%s", s->host_addr,
	    port[0] != '\0' ? ":" : "", port);
	s->discard = cfg->discard;
	s->state = SMTP_GREETING;
	buf_init(&s->out);
	smtp_failure_init(&s->failure);
}

void
smtp_session_done(struct smtp_session *s)
{
	buf_done(&s->out);
	smtp_failure_done(&s->failure);
}

static enum smtp_step
say_hello(struct smtp_session *s, enum smtp_state state)
{
	enter(s, state);
	buf_addf(&s->out, "%s %s\r\n", hello_word(s), s->cfg->helo_name);
	return SMTP_STEP_READ;
}

/* The first word behind the code is the server's name for itself. */
static struct span
reply_host(const struct smtp_reply *r)
{
	struct span line = { r->text.ptr, strcspn(r->text.ptr, "\n") };

	if (line.len < 4)
		return SPAN_LIT("");
	line.ptr += 4;
	line.len -= 4;
	return span_word(&line);
}

static void
find_pix(struct smtp_session *s, const struct smtp_reply *r)
{
	if (s->pix == 0 || strstr(r->text.ptr, "***") == NULL) {
		s->pix = 0;
		return;
	}
	log_info("enabling PIX workarounds:%s%s for %s",
	    (s->pix & SMTP_PIX_NO_ESMTP) != 0 ? " disable_esmtp" : "",
	    (s->pix & SMTP_PIX_DELAY_DOT) != 0 ? " delay_dotcrlf" : "",
	    s->relay);
}

static enum smtp_step
on_greeting(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 != 2)
		return fail_said(s, r);
	if (s->cfg->is_lmtp)
		return say_hello(s, SMTP_EHLO);
	if (s->detects_loops && span_ieq(reply_host(r), s->myhostname))
		log_warning("host %s greeted me with my own hostname %s",
		    s->relay, s->myhostname);
	find_pix(s, r);
	if ((s->pix & SMTP_PIX_NO_ESMTP) != 0 || s->cfg->never_ehlo)
		return say_hello(s, SMTP_HELO);
	if (s->cfg->always_ehlo || strcasestr(r->text.ptr, "ESMTP") != NULL)
		return say_hello(s, SMTP_EHLO);
	return say_hello(s, SMTP_HELO);
}

static void
take_xforward(struct smtp_session *s, struct span words)
{
	struct span word;
	size_t i;

	while ((word = span_word(&words)).len > 0)
		for (i = 0; i < sizeof(xforwards) / sizeof(xforwards[0]); i++)
			if (span_ieq(word, xforwards[i].name))
				s->xforward |= xforwards[i].bit;
}

static void
take_size(struct smtp_session *s, struct span words)
{
	struct span word = span_word(&words);
	char text[24];
	int64_t n;

	if (word.len == 0 || word.len >= sizeof(text))
		return;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	if (num_parse_int(text, 0, INT64_MAX / 2, &n, NULL) == 0)
		s->size_limit = (long)n;
}

/* One line of the EHLO reply, without its code. */
static void
take_keyword(struct smtp_session *s, struct span line)
{
	struct span word = span_word(&line);
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!span_ieq(word, keywords[i].keyword) ||
		    (keywords[i].feature & s->discard) != 0)
			continue;
		s->features |= keywords[i].feature;
		if (keywords[i].feature == SMTP_HAS_SIZE)
			take_size(s, line);
		else if (keywords[i].feature == SMTP_HAS_XFORWARD)
			take_xforward(s, line);
	}
}

static void
take_features(struct smtp_session *s, const struct smtp_reply *r)
{
	const char *line = strchr(r->text.ptr, '\n');
	size_t n;

	s->features = SMTP_HAS_ESMTP;
	while (line != NULL) {
		line++;
		n = strcspn(line, "\n");
		if (n > 4)
			take_keyword(s, (struct span){ line + 4, n - 4 });
		line = strchr(line, '\n');
	}
}

static enum smtp_step
on_hello(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 != 2) {
		/* An old server: it knows HELO. One that is busy does not want us at all. */
		if (s->state == SMTP_EHLO && !s->cfg->is_lmtp &&
		    r->code != 421)
			return say_hello(s, SMTP_HELO);
		return fail_said(s, r);
	}
	if (s->state == SMTP_EHLO)
		take_features(s, r);
	if (s->detects_loops && span_ieq(reply_host(r), s->myhostname)) {
		log_warning("host %s replied to HELO/EHLO with my own hostname"
		    " %s", s->relay, s->myhostname);
		smtp_failure_set(&s->failure, "5.4.6", "%s", "");
		s->failure.is_loop = s->failure.is_end = true;
		return SMTP_STEP_FAILED;
	}
	s->has_handshake = true;
	enter(s, SMTP_READY);
	return SMTP_STEP_HELLO;
}

/* ---- the transaction ---- */

static void
put_xtext(struct buf *out, const char *text)
{
	xtext_encode(out, text[0] != '\0' ? text : UNAVAILABLE);
}

static void
put_xforward(struct smtp_session *s)
{
	const struct smtp_message *m = s->msg;
	const char *values[] = { m->client_name, m->client_addr,
	    m->client_port, m->client_proto, m->client_helo, m->log_ident,
	    m->is_local ? "LOCAL" : "REMOTE" };
	struct buf part = BUF_INIT, line = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(xforwards) / sizeof(xforwards[0]); i++) {
		if ((s->xforward & xforwards[i].bit) == 0)
			continue;
		buf_setf(&part, " %s=", xforwards[i].name);
		put_xtext(&part, values[i]);
		/* What does not fit is left out rather than cut. */
		if (line.len + part.len + sizeof("XFORWARD\r\n") <=
		    XFORWARD_MAX)
			buf_add(&line, part.ptr, part.len);
	}
	buf_addf(&s->out, "XFORWARD%s\r\n", line.ptr);
	buf_done(&part);
	buf_done(&line);
}

static void
put_address(struct buf *out, const struct smtp_config *cfg, const char *internal)
{
	if (cfg->quotes_envelope)
		address_quote(out, internal);
	else
		buf_adds(out, internal);
}

static void
put_mail(struct smtp_session *s)
{
	const struct smtp_message *m = s->msg;
	struct buf *out = &s->out;

	buf_adds(out, "MAIL FROM:<");
	put_address(out, s->cfg, m->sender);
	buf_addc(out, '>');
	if ((s->features & SMTP_HAS_SIZE) != 0)
		buf_addf(out, " SIZE=%ld", m->size);
	if (m->is_8bit && (s->features & SMTP_HAS_8BITMIME) != 0)
		buf_adds(out, " BODY=8BITMIME");
	if ((m->wants_smtputf8 || m->needs_smtputf8) &&
	    (s->features & SMTP_HAS_SMTPUTF8) != 0)
		buf_adds(out, " SMTPUTF8");
	if ((s->features & SMTP_HAS_DSN) != 0) {
		if (m->envelope_id[0] != '\0') {
			buf_adds(out, " ENVID=");
			xtext_encode(out, m->envelope_id);
		}
		if (m->ret != 0)
			buf_adds(out, m->ret == DSN_RET_FULL ? " RET=FULL" :
			    " RET=HDRS");
	}
	buf_adds(out, "\r\n");
}

static void
put_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned	 bit;
		const char	*word;
	} words[] = {
		{ DSN_NOTIFY_NEVER, "NEVER" }, { DSN_NOTIFY_SUCCESS, "SUCCESS" },
		{ DSN_NOTIFY_FAILURE, "FAILURE" }, { DSN_NOTIFY_DELAY, "DELAY" }
	};
	const char *comma = "";
	size_t i;

	buf_adds(out, " NOTIFY=");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((notify & words[i].bit) == 0)
			continue;
		buf_addf(out, "%s%s", comma, words[i].word);
		comma = ",";
	}
}

static void
put_rcpt(struct smtp_session *s, const struct smtp_rcpt *rcpt)
{
	struct buf *out = &s->out;
	const char *semicolon;

	buf_adds(out, "RCPT TO:<");
	put_address(out, s->cfg, rcpt->address);
	buf_addc(out, '>');
	if ((s->features & SMTP_HAS_DSN) != 0) {
		semicolon = strchr(rcpt->orcpt, ';');
		if (semicolon != NULL && text_is_ascii(rcpt->orcpt)) {
			buf_addf(out, " ORCPT=%.*s",
			    (int)(semicolon + 1 - rcpt->orcpt), rcpt->orcpt);
			xtext_encode(out, semicolon + 1);
		}
		if (rcpt->notify != 0)
			put_notify(out, rcpt->notify);
	}
	buf_adds(out, "\r\n");
}

static bool
pipelines(const struct smtp_session *s)
{
	return (s->features & SMTP_HAS_PIPELINING) != 0;
}

/* Say RCPT TO for the next ones, and DATA behind the last. */
static void
put_batch(struct smtp_session *s)
{
	size_t n = 0, i = s->sent_upto, max = pipelines(s) ? BATCH : 1;

	while (n < max && (i = next_left(s->msg, i)) < s->msg->rcpt_count) {
		put_rcpt(s, &s->msg->rcpts[i]);
		s->msg->rcpts[i].is_asked = true;
		i++;
		n++;
	}
	s->sent_upto = i;
	if (pipelines(s) && next_left(s->msg, i) == s->msg->rcpt_count) {
		buf_adds(&s->out, "DATA\r\n");
		s->data_sent = true;
	}
}

static enum smtp_step
start_mail(struct smtp_session *s)
{
	enter(s, SMTP_MAIL);
	put_mail(s);
	s->sent_upto = s->at = 0;
	s->accepted = 0;
	s->data_sent = false;
	s->mail_failed = false;
	if (pipelines(s))
		put_batch(s);
	return SMTP_STEP_READ;
}

/* What the message needs and the server does not have. */
static bool
is_refused_by_us(struct smtp_session *s)
{
	const struct smtp_message *m = s->msg;
	char text[512];

	if (s->size_limit > 0 && m->size > s->size_limit) {
		snprintf(text, sizeof(text), "message size %ld exceeds size"
		    " limit %ld of server %s", m->size, s->size_limit,
		    s->host_addr);
		all_bounce(s, "5.3.4", text);
		return true;
	}
	if (m->needs_smtputf8 && (s->features & SMTP_HAS_SMTPUTF8) == 0) {
		snprintf(text, sizeof(text), "SMTPUTF8 is required, but was"
		    " not offered by host %s", s->host_addr);
		all_bounce(s, "5.6.7", text);
		return true;
	}
	return false;
}

enum smtp_step
smtp_session_mail(struct smtp_session *s, struct smtp_message *msg)
{
	size_t i;

	s->msg = msg;
	for (i = 0; i < msg->rcpt_count; i++)
		msg->rcpts[i].is_asked = msg->rcpts[i].is_accepted = false;
	if (is_refused_by_us(s))
		return SMTP_STEP_END;
	if (s->cfg->send_xforward && s->xforward != 0) {
		enter(s, SMTP_XFORWARD);
		put_xforward(s);
		return SMTP_STEP_READ;
	}
	return start_mail(s);
}

static enum smtp_step
end_transaction(struct smtp_session *s)
{
	enter(s, s->said_421 ? SMTP_GONE : SMTP_READY);
	return SMTP_STEP_END;
}

/* The transaction cannot go on; the server may hold a half of it. */
static enum smtp_step
reset(struct smtp_session *s)
{
	if (!s->keeps_open || s->said_421)
		return end_transaction(s);
	enter(s, SMTP_RSET);
	buf_adds(&s->out, "RSET\r\n");
	return SMTP_STEP_READ;
}

/* All replies to RCPT TO are in. */
static enum smtp_step
after_rcpt(struct smtp_session *s)
{
	if (!s->data_sent) {
		if (s->mail_failed || s->accepted == 0)
			return reset(s);
		buf_adds(&s->out, "DATA\r\n");
		s->data_sent = true;
	}
	enter(s, SMTP_DATA);
	return SMTP_STEP_READ;
}

/* Wait for the reply of the next recipient that was asked for, ask for more, or go on to DATA. */
static enum smtp_step
next_rcpt(struct smtp_session *s)
{
	bool has_more = !s->mail_failed && !s->data_sent &&
	    next_left(s->msg, s->sent_upto) < s->msg->rcpt_count;

	while (s->at < s->sent_upto && !s->msg->rcpts[s->at].is_asked)
		s->at++;
	if (s->at < s->sent_upto) {
		enter(s, SMTP_RCPT);
		return SMTP_STEP_READ;
	}
	if (has_more) {
		put_batch(s);
		return next_rcpt(s);
	}
	return after_rcpt(s);
}

static enum smtp_step
on_mail(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 != 2) {
		all_said(s, r, false);
		s->mail_failed = true;
	}
	return next_rcpt(s);
}

static enum smtp_step
on_rcpt(struct smtp_session *s, const struct smtp_reply *r)
{
	struct smtp_rcpt *rcpt = &s->msg->rcpts[s->at++];

	if (s->mail_failed)
		return next_rcpt(s);
	if (r->code / 100 == 2) {
		rcpt->is_accepted = true;
		s->accepted++;
	} else {
		rcpt_said(s, rcpt, r);
	}
	return next_rcpt(s);
}

static enum smtp_step
on_data(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 == 3 && s->accepted > 0 && !s->mail_failed) {
		enter(s, SMTP_BODY);
		return SMTP_STEP_BODY;
	}
	if (r->code / 100 == 3) {	/* for nobody: nothing, then */
		buf_adds(&s->out, ".\r\n");
		enter(s, SMTP_ABORT_DOT);
		return SMTP_STEP_READ;
	}
	all_said(s, r, true);
	return reset(s);
}

enum smtp_step
smtp_session_body_sent(struct smtp_session *s)
{
	buf_adds(&s->out, ".\r\n");
	if (!s->keeps_open && pipelines(s)) {
		buf_adds(&s->out, "QUIT\r\n");
		s->quit_sent = true;
	}
	enter(s, SMTP_DOT);
	s->at = 0;
	return SMTP_STEP_READ;
}

enum smtp_step
smtp_session_body_failed(struct smtp_session *s)
{
	/* Only closing the connection tells the server that this is not all. */
	buf_reset(&s->out);
	s->quit_sent = true;
	enter(s, SMTP_GONE);
	return SMTP_STEP_END;
}

/* The next accepted recipient from s->at on; false when there is none. */
static bool
find_accepted(struct smtp_session *s)
{
	while (s->at < s->msg->rcpt_count &&
	    !(s->msg->rcpts[s->at].is_accepted &&
	    s->msg->rcpts[s->at].fate == SMTP_LEFT))
		s->at++;
	return s->at < s->msg->rcpt_count;
}

static void
dot_said(struct smtp_session *s, struct smtp_rcpt *rcpt,
    const struct smtp_reply *r)
{
	if (r->code / 100 == 2)
		rcpt_sent(rcpt, r);
	else
		rcpt_said(s, rcpt, r);
}

static enum smtp_step
on_dot(struct smtp_session *s, const struct smtp_reply *r)
{
	if (!s->cfg->is_lmtp) {
		while (find_accepted(s))
			dot_said(s, &s->msg->rcpts[s->at++], r);
		return end_transaction(s);
	}
	/* LMTP: one reply a recipient (RFC 2033 4.2) */
	if (find_accepted(s))
		dot_said(s, &s->msg->rcpts[s->at++], r);
	return find_accepted(s) && !s->said_421 ? SMTP_STEP_READ :
	    end_transaction(s);
}

enum smtp_step
smtp_session_reply(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code == 421)
		s->said_421 = true;
	switch (s->state) {
	case SMTP_GREETING:
		return on_greeting(s, r);
	case SMTP_EHLO:
	case SMTP_HELO:
		return on_hello(s, r);
	case SMTP_XFORWARD:
		return start_mail(s);	/* refused or not: it is a courtesy */
	case SMTP_MAIL:
		return on_mail(s, r);
	case SMTP_RCPT:
		return on_rcpt(s, r);
	case SMTP_DATA:
		return on_data(s, r);
	case SMTP_DOT:
		return on_dot(s, r);
	case SMTP_ABORT_DOT:
		return end_transaction(s);
	case SMTP_RSET:
		if (r->code / 100 != 2)
			enter(s, SMTP_GONE);
		else
			enter(s, SMTP_READY);
		return SMTP_STEP_END;
	case SMTP_BODY:
	case SMTP_READY:
	case SMTP_QUIT:
	case SMTP_GONE:
		break;
	}
	enter(s, SMTP_GONE);
	return SMTP_STEP_CLOSE;
}

bool
smtp_session_quit(struct smtp_session *s)
{
	if (s->state == SMTP_GONE)
		return false;
	if (!s->quit_sent)
		buf_adds(&s->out, "QUIT\r\n");
	s->quit_sent = true;
	enter(s, SMTP_QUIT);
	return !s->cfg->skip_quit_reply;
}

/*
 * The server has the whole message and did not say what it made of it. Asking
 * another host at once would often deliver twice; later is soon enough.
 */
static void
all_in_doubt(struct smtp_session *s)
{
	struct smtp_rcpt *rcpt;

	for (; find_accepted(s); s->at++) {
		rcpt = &s->msg->rcpts[s->at];
		memcpy(rcpt->status, s->failure.status, sizeof(rcpt->status));
		buf_set(&rcpt->reason, s->failure.reason.ptr,
		    s->failure.reason.len);
		buf_reset(&rcpt->diag);
		rcpt->has_reply = true;
		rcpt->fate = SMTP_DEFER;
	}
}

void
smtp_session_lost(struct smtp_session *s, enum smtp_lost how)
{
	struct smtp_failure *f = &s->failure;

	switch (how) {
	case SMTP_LOST_EOF:
		smtp_failure_set(f, "4.4.2", "lost connection with %s while %s",
		    s->host_addr, stage_doing(s));
		break;
	case SMTP_LOST_TIMEOUT:
		smtp_failure_set(f, "4.4.2", "conversation with %s timed out"
		    " while %s", s->host_addr, stage_doing(s));
		break;
	case SMTP_LOST_NONSENSE:
		smtp_failure_set(f, "4.5.0", "Protocol error: host %s sent an"
		    " invalid reply while %s", s->host_addr, stage_doing(s));
		break;
	}
	buf_sets(&f->mta, s->host);
	if (s->state == SMTP_DOT)
		all_in_doubt(s);
	buf_reset(&s->out);
	enter(s, SMTP_GONE);
}

int
smtp_session_timeout(const struct smtp_session *s)
{
	const struct smtp_config *c = s->cfg;

	switch (s->state) {
	case SMTP_GREETING:
	case SMTP_EHLO:
	case SMTP_HELO:
		return c->helo_timeout;
	case SMTP_XFORWARD:
		return c->xforward_timeout;
	case SMTP_MAIL:
		return c->mail_timeout;
	case SMTP_RCPT:
		return c->rcpt_timeout;
	case SMTP_DATA:
		return c->data_init_timeout;
	case SMTP_BODY:
		return c->data_xfer_timeout;
	case SMTP_DOT:
	case SMTP_ABORT_DOT:
		return c->data_done_timeout;
	case SMTP_RSET:
		return c->rset_timeout;
	case SMTP_READY:
	case SMTP_QUIT:
	case SMTP_GONE:
		break;
	}
	return c->quit_timeout;
}
