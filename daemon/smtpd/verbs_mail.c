/*
 * verbs_mail.c - MAIL, RCPT, DATA and VRFY: the verbs that move a message on
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/verbs.h"

#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>

#include "daemon/smtpd/anvil_client.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/mail_path.h"
#include "daemon/smtpd/milter_session.h"
#include "daemon/smtpd/proxy.h"
#include "daemon/smtpd/rules.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_rec.h"
#include "lib/table/match_list.h"

/* ---- what must be so first ---- */

static bool
no_helo(struct session *s)
{
	if (s->helo != NULL || !params.smtpd_helo_required)
		return false;
	session_reply(s, "503 5.5.1 Error: send HELO/EHLO first");
	return true;
}

static bool
too_many(struct session *s, enum anvil_event event)
{
	static const struct {
		const char	*log, *reply;
	} texts[] = {
		[ANVIL_MAIL] = { "Message delivery request rate limit",
		    "450 4.7.1 Error: too much mail from" },
		[ANVIL_RCPT] = { "Recipient address rate limit",
		    "450 4.7.1 Error: too many recipients from" },
	};
	int rate, limit = event == ANVIL_MAIL ?
	    params.smtpd_client_message_rate_limit :
	    params.smtpd_client_recipient_rate_limit;

	if (s->anvil == NULL || s->is_exempt || limit == 0 ||
	    !anvil_client_event(s->anvil, event, s->peer.addr, NULL, &rate) ||
	    rate <= limit)
		return false;
	log_warning("%s exceeded: %d from %s for service %s",
	    texts[event].log, rate, s->peer.namaddr, s->env->service);
	session_reply(s, "%s %s", texts[event].reply, s->peer.addr);
	return true;
}

/* Is there room for size more bytes, and for queue_minfree? */
static bool
no_room(struct session *s, int64_t size)
{
	struct statvfs st;
	int64_t have;

	if (statvfs(".", &st) == -1)
		return false;
	have = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	if (have >= params.queue_minfree && size < have &&
	    have / 1.5 >= (double)params.message_size_limit)
		return false;
	session_fault(s, FAULT_RESOURCE);
	restrict_log(s, "reject", "452 4.3.1 Insufficient system storage");
	session_reply(s, "452 4.3.1 Insufficient system storage");
	log_warning("not enough free space in mail queue: %lld bytes "
	    "< 1.5*message size limit", (long long)have);
	return true;
}

static bool
is_over_limit(struct session *s, int64_t size)
{
	if (params.message_size_limit == 0 || size <= params.message_size_limit)
		return false;
	session_fault(s, FAULT_POLICY);
	restrict_log(s, "reject", "552 5.3.4 Message size exceeds fixed limit");
	session_reply(s, "552 5.3.4 Message size exceeds fixed limit");
	return true;
}

/* Most systems sent UTF-8 addresses long before they could ask to. */
static bool
must_ask_utf8(const struct session *s)
{
	return params.smtputf8_enable && params.strict_smtputf8 &&
	    !s->mail.is_utf8;
}

/* Is this word one of those behind an address? */
static bool
has_param(struct span rest, const char *name)
{
	struct span word;

	while ((word = span_word(&rest)).len > 0)
		if (span_ieq(word, name))
			return true;
	return false;
}

static void
set_limits(const struct session *s, struct mail_limits *limits)
{
	limits->may_dsn = (s->ehlo_discard & EHLO_DSN) == 0;
	limits->may_utf8 = params.smtputf8_enable &&
	    (s->ehlo_discard & EHLO_SMTPUTF8) == 0;
	limits->may_verp = (s->ehlo_discard & EHLO_XVERP) == 0 &&
	    match_list_find(s->env->verp_clients, s->peer.name,
	    s->peer.addr) == TABLE_FOUND;
	limits->verp_default = params.default_verp_delimiters;
	limits->verp_filter = params.verp_delimiter_filter;
}

/* ---- verbs ---- */

/* "FROM:<address> parameters", for a filter. */
static void
put_args(struct buf *out, const char *verb, const char *address,
    struct span rest)
{
	buf_addf(out, "%s:<", verb);
	if (address[0] != '\0')
		address_quote(out, address);
	buf_addf(out, ">%s%.*s", rest.len > 0 ? " " : "", (int)rest.len,
	    rest.ptr);
}

static bool
set_mail_params(struct session *s, struct span rest)
{
	struct mail_limits limits;
	struct buf reply = BUF_INIT;
	const char *refusal = NULL;

	set_limits(s, &limits);
	mail_params_done(&s->mail);
	if (rest.len > 0)
		refusal = mail_params_parse(&s->mail, rest, &limits, &reply);
	if (refusal == NULL && must_ask_utf8(s) && !text_is_ascii(s->sender))
		refusal = "553 5.6.7 Must declare SMTPUTF8 to send unicode "
		    "address";
	if (refusal != NULL)
		session_reply(s, "%s", refusal);
	buf_done(&reply);
	return refusal == NULL;
}

static bool
accept_sender(struct session *s, struct span address, struct span rest)
{
	const char *refusal;

	if (is_over_limit(s, s->mail.size) || no_room(s, s->mail.size))
		return false;
	if (!params.smtpd_delay_reject &&
	    (refusal = restrict_sender(s)) != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	if ((refusal = milter_session_mail(s, address, rest)) != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	if (!params.smtpd_delay_open_until_valid_rcpt)
		return session_open(s);
	return true;
}

bool
verb_mail(struct session *s, const struct words *w)
{
	struct span address, rest;
	struct buf args = BUF_INIT;

	if (no_helo(s))
		return false;
	if (s->sender != NULL) {
		session_reply(s, "503 5.5.1 Error: nested MAIL command");
		return false;
	}
	if (s->bdat != BDAT_NONE) {
		session_reply(s, "503 5.5.1 Error: MAIL after BDAT");
		return false;
	}
	if (s->env->needs_filter) {
		/* What must pass a filter does not go around it. */
		log_warning("smtpd_milters are not available where mail goes "
		    "through the cleanup service of master.cf");
		session_reply(s, "451 4.7.1 Service unavailable - try again "
		    "later");
		return false;
	}
	if (too_many(s, ANVIL_MAIL))
		return false;
	if (!mail_path_split(w, "FROM", &address, &rest)) {
		session_reply(s, "501 5.5.4 Syntax: MAIL FROM:<address>");
		return false;
	}
	if (no_room(s, 0))
		return false;
	if (!mail_path_read(s, "MAIL", address, true,
	    has_param(rest, "SMTPUTF8"), &s->sender)) {
		session_reply(s, "501 5.1.7 Bad sender address syntax");
		return false;
	}
	rule_plain_probe_sender(&s->sender);
	s->arrived = clock_timeval();
	put_args(&args, "FROM", s->sender, rest);
	s->mail_args = buf_take(&args);
	if (!set_mail_params(s, rest) || !accept_sender(s, address, rest)) {
		session_reset_mail(s);
		return false;
	}
	session_reply(s, "250 2.1.0 Ok");
	return true;
}

/* Without ORCPT the original recipient is the address as the client wrote it. */
static void
put_recipient(struct session *s, struct span address,
    const struct rcpt_params *p)
{
	if (p->orcpt.len > 0) {
		session_put(s, QUEUE_REC_ATTR, "dsn_orig_rcpt=%s",
		    p->orcpt.ptr);
	} else {
		if (address.len >= 2 && address.ptr[0] == '<' &&
		    address.ptr[address.len - 1] == '>')
			address = (struct span){ address.ptr + 1,
			    address.len - 2 };
		session_put(s, QUEUE_REC_ATTR, "dsn_orig_rcpt=rfc822;%.*s",
		    (int)address.len, address.ptr);
	}
	if (p->notify != 0)
		session_put(s, QUEUE_REC_ATTR, "notify_flags=%u", p->notify);
	session_put(s, QUEUE_REC_RCPT, "%s", s->rcpt);
}

static bool
pass_recipient(struct session *s, struct span rest)
{
	struct buf args = BUF_INIT;
	bool ok;

	put_args(&args, "TO", s->rcpt, rest);
	ok = proxy_rcpt(s, args.ptr);
	buf_done(&args);
	return ok;
}

static bool
accept_recipient(struct session *s, struct span address, struct span rest,
    const struct rcpt_params *p)
{
	const char *refusal;

	if ((refusal = restrict_rcpt(s)) != NULL)
		milter_session_rcpt_refused(s, address, rest, refusal);
	else
		refusal = milter_session_rcpt(s, address, rest);
	if (refusal != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	if (!session_is_open(s) && !session_open(s))
		return false;
	if (s->proxy == NULL)
		put_recipient(s, address, p);
	else if (!pass_recipient(s, rest))
		return false;
	if (s->rcpt_count++ == 0)
		s->first_rcpt = xstrdup(s->rcpt);
	session_reply(s, "250 2.1.5 Ok");
	return true;
}

/*
 * Whoever has trouble with us must get through to somebody (RFC 5321 4.5.1),
 * and servers that verify the sender of our probes get an answer.
 */
static void
note_exempt(struct session *s)
{
	s->is_rcpt_exempt = rule_plain_probe_sender(&s->rcpt) ||
	    strcasecmp(s->rcpt, "postmaster") == 0;
}

static bool
take_recipient(struct session *s, struct span address, struct span rest)
{
	struct mail_limits limits;
	struct rcpt_params p;
	struct buf reply = BUF_INIT;
	const char *refusal = NULL;
	bool ok = false;

	rcpt_params_init(&p);
	set_limits(s, &limits);
	if (!mail_path_read(s, "RCPT", address, false, s->mail.is_utf8,
	    &s->rcpt)) {
		session_reply(s, "501 5.1.3 Bad recipient address syntax");
		return false;
	}
	note_exempt(s);
	if (rest.len > 0)
		refusal = rcpt_params_parse(&p, rest, &limits, &reply);
	if (refusal == NULL && must_ask_utf8(s) && !text_is_ascii(s->rcpt))
		refusal = "553 5.6.7 Must declare SMTPUTF8 to send unicode "
		    "address";
	if (refusal != NULL)
		session_reply(s, "%s", refusal);
	else
		ok = accept_recipient(s, address, rest, &p);
	session_forget(&s->rcpt);
	rcpt_params_done(&p);
	buf_done(&reply);
	return ok;
}

bool
verb_rcpt(struct session *s, const struct words *w)
{
	struct span address, rest;

	if (s->sender == NULL) {
		session_reply(s, "503 5.5.1 Error: need MAIL command");
		return false;
	}
	if (s->bdat != BDAT_NONE) {
		session_reply(s, "503 5.5.1 Error: RCPT after BDAT");
		return false;
	}
	if (too_many(s, ANVIL_RCPT))
		return false;
	if (!mail_path_split(w, "TO", &address, &rest)) {
		session_reply(s, "501 5.5.4 Syntax: RCPT TO:<address>");
		return false;
	}
	if (s->rcpt_count >= params.smtpd_recipient_limit) {
		/* A sender that ignores the first refusals is broken. */
		session_reply(s, "452 4.5.3 Error: too many recipients");
		return s->overshoot++ < params.smtpd_recipient_overshoot_limit;
	}
	return take_recipient(s, address, rest);
}

bool
verb_data(struct session *s, const struct words *w)
{
	const char *refusal;

	if (s->bdat != BDAT_NONE) {
		session_reply(s, "503 5.5.1 Error: DATA after BDAT");
		return false;
	}
	if (s->rcpt_count == 0 && s->sender == NULL) {
		session_reply(s, "503 5.5.1 Error: need RCPT command");
		return false;
	}
	if (s->rcpt_count == 0) {
		session_fault(s, FAULT_NONE);
		session_reply(s, "554 5.5.1 Error: no valid recipients");
		return false;
	}
	if (w->count != 1) {
		session_reply(s, "501 5.5.4 Syntax: DATA");
		return false;
	}
	if ((refusal = restrict_data(s)) != NULL ||
	    (refusal = milter_session_data(s)) != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	if (s->proxy != NULL && !proxy_data(s))
		return false;
	session_reply(s, "354 End data with <CR><LF>.<CR><LF>");
	session_begin_content(s);
	s->in_content = true;
	return true;
}

bool
verb_vrfy(struct session *s, const struct words *w)
{
	struct span what;
	const char *refusal;
	int last = w->count;

	if (params.disable_vrfy_command) {
		session_reply(s, "502 5.5.1 VRFY command is disabled");
		return false;
	}
	if (last > 2 && span_ieq(w->w[last - 1], "SMTPUTF8"))
		last--;
	if (last < 2) {
		session_reply(s, "501 5.5.4 Syntax: VRFY address%s",
		    params.smtputf8_enable ? " [SMTPUTF8]" : "");
		return false;
	}
	what.ptr = w->w[1].ptr;
	what.len = (size_t)(w->w[last - 1].ptr + w->w[last - 1].len - what.ptr);
	if (last > 2) {
		log_warning("Illegal address syntax from %s in VRFY command: "
		    "%.*s", s->peer.namaddr, (int)what.len, what.ptr);
		session_reply(s, "501 5.1.3 Bad recipient address syntax");
		return false;
	}
	session_forget(&s->rcpt);
	if (!mail_path_read(s, "VRFY", what, false, last < w->count,
	    &s->rcpt)) {
		session_reply(s, "501 5.1.3 Bad recipient address syntax");
		return false;
	}
	note_exempt(s);
	refusal = restrict_rcpt(s);
	session_forget(&s->rcpt);
	if (refusal != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	session_reply(s, "252 2.0.0 %.*s", (int)what.len, what.ptr);
	return true;
}
