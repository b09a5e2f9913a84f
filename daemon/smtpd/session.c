/*
 * session.c - one SMTP session as a state machine without I/O
 *
 * A command line is cut into words once; the verb's row says which function
 * takes them, whether it is a junk command, and whether it must be the last
 * of a pipelined group (RFC 2920 3.1). A verb function answers with
 * session_reply and returns whether all was well: what was not is counted,
 * and too many errors slow the client down, then end the session.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/rewrite/rewrite.h"
#include "daemon/smtpd/anvil_client.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/flush_client.h"
#include "daemon/smtpd/xclient.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_rec.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define WORDS_MAX	64	/* beyond, the rest of a line is one word */

struct words {
	struct span	 w[WORDS_MAX];
	int		 count;
};

/* ---- replies ---- */

static const char *
footer_lookup(const char *name, void *ctx)
{
	const struct session *s = ctx;

	if (strcmp(name, "client_name") == 0)
		return s->peer.name;
	if (strcmp(name, "client_address") == 0)
		return s->peer.addr;
	if (strcmp(name, "client") == 0)
		return s->peer.namaddr;
	if (strcmp(name, "client_port") == 0)
		return s->peer.port;
	if (strcmp(name, "helo_name") == 0)
		return s->helo;
	if (strcmp(name, "sender") == 0)
		return s->sender;
	if (strcmp(name, "recipient") == 0)
		return s->rcpt;
	if (strcmp(name, "server_name") == 0)
		return params.myhostname;
	return params_lookup(name);
}

/*
 * Add smtpd_reject_footer to a refusal: "\c" in front continues the line,
 * "\n" starts another one with the same code and status.
 */
static void
add_footer(struct session *s, struct buf *text)
{
	struct buf footer = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	const char *p, *nl, *line;
	size_t head = 4 + dsn_status_len(text->ptr + 4);
	bool joins;

	if (macro_expand(&footer, params.smtpd_reject_footer, MACRO_RECURSE,
	    params.smtpd_expansion_filter, footer_lookup, s, &err) == -1) {
		log_warning("smtpd_reject_footer: %s", err.text);
		buf_done(&footer);
		return;
	}
	p = footer.ptr;
	joins = strncmp(p, "\\c", 2) == 0;
	if (joins)
		p += 2;
	buf_add(&out, text->ptr, text->len);
	for (line = p;; line = nl + 2) {
		nl = strstr(line, "\\n");
		if (!(joins && line == p)) {
			size_t start = out.len;

			/* What is there already becomes a continued line. */
			while (start > 0 && out.ptr[start - 1] != '\n')
				start--;
			out.ptr[start + 3] = '-';
			buf_addf(&out, "\r\n%.*s%s", (int)head, text->ptr,
			    head > 4 ? " " : "");
		}
		buf_add(&out, line, nl != NULL ? (size_t)(nl - line) :
		    strlen(line));
		if (nl == NULL)
			break;
	}
	buf_swap(text, &out);
	buf_done(&out);
	buf_done(&footer);
}

void
session_reply(struct session *s, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if ((text.ptr[0] == '4' || text.ptr[0] == '5') && text.len > 4 &&
	    params.smtpd_reject_footer[0] != '\0')
		add_footer(s, &text);
	buf_add(&s->out, text.ptr, text.len);
	buf_adds(&s->out, "\r\n");
	/* RFC 5321 3.8: 421 announces the end, and 521 (RFC 7504) as well. */
	if (strncmp(text.ptr, "421", 3) == 0 ||
	    strncmp(text.ptr, "521", 3) == 0)
		s->is_closing = true;
	if (s->errors >= params.smtpd_soft_error_limit)
		s->sleep_s += params.smtpd_error_sleep_time;
	buf_done(&text);
}

/* ---- transaction ---- */

static void
forget(char **where)
{
	free(*where);
	*where = NULL;
}

void
session_reset_mail(struct session *s)
{
	if (s->queue_id != NULL) {
		s->sink->abort(s->sink->ctx);
		s->queue_id = NULL;
	}
	forget(&s->sender);
	forget(&s->first_rcpt);
	forget(&s->rcpt);
	forget(&s->filter);
	forget(&s->redirect);
	mail_params_done(&s->mail);
	buf_reset(&s->bcc);
	buf_reset(&s->prepend);
	buf_done(&s->partial);
	s->rcpt_count = 0;
	s->access_flags = 0;
	s->in_content = false;
	s->content_bytes = 0;
	s->overshoot = 0;
	s->seen_bare_lf = false;
}

void
session_put(struct session *s, int type, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (s->queue_id == NULL)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	s->sink->rec(s->sink->ctx, type, text.ptr, text.len);
	buf_done(&text);
}

static void
put_attr(struct session *s, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		session_put(s, QUEUE_REC_ATTR, "%s=%s", name, value);
}

static const char *
or_else(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

/* Who the client is, for log lines and XFORWARD further down, and as it was. */
static void
put_client(struct session *s)
{
	const struct forwarded *f = &s->forwarded;
	const struct peer *p = &s->peer;
	bool is_told = f->name != NULL || f->addr != NULL || f->helo != NULL ||
	    f->proto != NULL || f->port != NULL;
	const char *name = is_told ? or_else(f->name, "unknown") : p->name,
	    *addr = is_told ? or_else(f->addr, "unknown") : p->rfc_addr;

	put_attr(s, "log_client_name", name);
	put_attr(s, "log_client_address", addr);
	put_attr(s, "log_client_port", is_told ?
	    or_else(f->port, "unknown") : p->port);
	session_put(s, QUEUE_REC_ATTR, "log_message_origin=%s[%s]", name, addr);
	put_attr(s, "log_helo_name", is_told ? f->helo : s->helo);
	put_attr(s, "log_protocol_name", is_told ?
	    or_else(f->proto, s->protocol) : s->protocol);

	put_attr(s, "client_name", p->name);
	put_attr(s, "reverse_client_name", p->reverse_name);
	put_attr(s, "client_address", p->addr);
	put_attr(s, "client_port", p->port);
	put_attr(s, "server_address", p->server_addr);
	put_attr(s, "server_port", p->server_port);
	put_attr(s, "helo_name", s->helo);
	put_attr(s, "protocol_name", s->protocol);
	session_put(s, QUEUE_REC_ATTR, "client_address_type=%d", p->family);
}

/* XFORWARD SOURCE says where the message was first taken in. */
static bool
is_local_rewrite(const struct session *s)
{
	if (s->forwarded.source != NULL)
		return strcasecmp(s->forwarded.source, "LOCAL") == 0;
	return s->is_local_rewrite;
}

static void
put_envelope(struct session *s)
{
	const struct forwarded *f = &s->forwarded;

	if (!s->sink->is_local) {
		session_put(s, QUEUE_REC_TIME, "%ld %ld",
		    (long)s->arrived.tv_sec, (long)s->arrived.tv_usec);
		if (params.content_filter[0] != '\0')
			session_put(s, QUEUE_REC_FILTER, "%s",
			    params.content_filter);
		put_attr(s, "log_ident", f->ident != NULL ? f->ident :
		    s->queue_id);
	}
	put_attr(s, "rewrite_context", is_local_rewrite(s) ? "local" :
	    "remote");
	if (s->mail.envid.len > 0)
		put_attr(s, "envelope_id", s->mail.envid.ptr);
	if (s->mail.ret != 0)
		session_put(s, QUEUE_REC_ATTR, "ret_flags=%u", s->mail.ret);
	session_put(s, QUEUE_REC_FROM, "%s", s->sender);
	put_attr(s, "encoding", s->mail.encoding);
	if (!s->sink->is_local)
		put_client(s);
	if (s->mail.verp[0] != '\0')
		session_put(s, QUEUE_REC_VERP, "%s", s->mail.verp);
}

bool
session_open(struct session *s)
{
	struct err err = ERR_INIT;
	struct buf line = BUF_INIT;
	unsigned flags = s->env->cleanup_flags;

	if (s->mail.is_utf8)
		flags |= CLEANUP_SMTPUTF8;
	if ((s->queue_id = s->sink->open(s->sink->ctx, flags, &err)) == NULL) {
		log_warning("%s", err.text);
		if (err.errnum == ENOSPC || err.errnum == EDQUOT)
			session_reply(s, "452 4.3.1 Insufficient system "
			    "storage");
		else
			session_reply(s, "451 4.3.0 Error: queue file write "
			    "error");
		return false;
	}
	buf_addf(&line, "%s: client=%s", s->queue_id, s->peer.namaddr);
	if (s->forwarded.ident != NULL)
		buf_addf(&line, ", orig_queue_id=%s", s->forwarded.ident);
	if (s->forwarded.name != NULL || s->forwarded.addr != NULL)
		buf_addf(&line, ", orig_client=%s[%s]",
		    or_else(s->forwarded.name, "unknown"),
		    or_else(s->forwarded.addr, "unknown"));
	log_info("%s", line.ptr);
	buf_done(&line);
	put_envelope(s);
	return true;
}

/* ---- checks that several verbs share ---- */

static bool
no_tls(struct session *s)
{
	if (!s->env->needs_tls)
		return false;
	session_reply(s, "530 5.7.0 Must issue a STARTTLS command first");
	return true;
}

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

	if (params.message_size_limit > 0 && size > params.message_size_limit) {
		restrict_log(s, "reject",
		    "552 5.3.4 Message size exceeds fixed limit");
		session_reply(s, "552 5.3.4 Message size exceeds fixed limit");
		return true;
	}
	if (statvfs(".", &st) == -1)
		return false;
	have = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	if (have >= (params.queue_minfree > 0 ? params.queue_minfree :
	    (int64_t)(1.5 * (double)params.message_size_limit)) &&
	    size < have)
		return false;
	if (params.queue_minfree == 0)
		log_warning("not enough free space in mail queue: %lld bytes "
		    "< 1.5*message size limit", (long long)have);
	restrict_log(s, "reject", "452 4.3.1 Insufficient system storage");
	session_reply(s, "452 4.3.1 Insufficient system storage");
	return true;
}

/*
 * Can this address be routed at all? What cannot is a syntax error here and
 * not a bounce later.
 */
static bool
is_routable(const char *sender, const char *address)
{
	struct resolve_reply r;
	struct buf full = BUF_INIT;
	bool ok;

	if (address[0] == '\0')
		return true;
	resolve_reply_init(&r);
	rewrite_internal(REWRITE_LOCAL, address, &full);
	rewrite_resolve(sender, full.ptr, false, &r);
	ok = (r.flags & RESOLVE_ERROR) == 0;
	resolve_reply_done(&r);
	buf_done(&full);
	return ok;
}

/* Most systems sent UTF-8 addresses long before they could ask to. */
static bool
must_ask_utf8(const struct session *s)
{
	return params.smtputf8_enable && params.strict_smtputf8 &&
	    !s->mail.is_utf8;
}

/*
 * Read one address argument. "<a b@c>" has a blank that no quoting allows;
 * the lenient parser would join the words.
 */
static bool
read_address(struct session *s, const char *verb, struct span word,
    bool may_be_empty, char **out)
{
	char *text = xstrndup(word.ptr, word.len);
	struct buf internal = BUF_INIT;
	const char *rest = "", *p;
	bool ok, in_quotes = false;

	ok = address_parse_path(text, params.strict_rfc821_envelopes,
	    &internal, &rest, NULL) == 0 && *rest == '\0';
	for (p = text; ok && *p != '\0'; p++) {
		if (*p == '"')
			in_quotes = !in_quotes;
		else if (*p == '\\' && p[1] != '\0')
			p++;
		else if (!in_quotes && (*p == ' ' || *p == '\t'))
			ok = params.strict_rfc821_envelopes ? false :
			    strchr(text, '<') != text;
	}
	ok = ok && (may_be_empty || internal.len > 0) &&
	    memchr(internal.ptr, '\0', internal.len) == NULL &&
	    is_routable(s->sender != NULL ? s->sender : "", internal.ptr);
	if (ok) {
		*out = buf_take(&internal);
	} else {
		log_warning("Illegal address syntax from %s in %s command: %s",
		    s->peer.namaddr, verb, text);
	}
	free(text);
	buf_done(&internal);
	return ok;
}

/*
 * "FROM:<a@b> SIZE=1" or "FROM: <a@b> ..."; true with the address word and
 * the rest behind it.
 */
static bool
split_path(const struct words *w, const char *keyword, struct span *address,
    struct span *rest)
{
	size_t len = strlen(keyword);
	const char *end;
	int next = 2;

	if (w->count < 2 || w->w[1].len < len + 1 ||
	    strncasecmp(w->w[1].ptr, keyword, len) != 0 ||
	    w->w[1].ptr[len] != ':')
		return false;
	*address = (struct span){ w->w[1].ptr + len + 1, w->w[1].len - len - 1 };
	if (address->len == 0) {
		if (w->count < 3)
			return false;
		*address = w->w[2];
		next = 3;
	}
	end = w->w[w->count - 1].ptr + w->w[w->count - 1].len;
	*rest = next < w->count ? (struct span){ w->w[next].ptr,
	    (size_t)(end - w->w[next].ptr) } : (struct span){ end, 0 };
	return true;
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

/* ---- verbs: each returns whether all was well ---- */

static bool
greet(struct session *s, const struct words *w, const char *protocol)
{
	const char *refusal;

	if (w->count < 2) {
		session_reply(s, "501 Syntax: %s hostname",
		    strcmp(protocol, "ESMTP") == 0 ? "EHLO" : "HELO");
		return false;
	}
	session_reset_mail(s);
	free(s->helo);
	s->helo = xstrndup(w->w[1].ptr, w->w[1].len);
	if (!params.smtpd_delay_reject &&
	    (refusal = restrict_helo(s)) != NULL) {
		session_reply(s, "%s", refusal);
		forget(&s->helo);
		return false;
	}
	s->protocol = protocol;
	return true;
}

static bool
verb_helo(struct session *s, const struct words *w)
{
	if (!greet(s, w, "SMTP"))
		return false;
	session_reply(s, "250 %s", params.myhostname);
	return true;
}

static void
find_discard(struct session *s)
{
	struct buf value = BUF_INIT;

	s->ehlo_discard = s->env->ehlo_discard;
	if (!maps_is_empty(s->env->ehlo_discard_maps) &&
	    maps_find(s->env->ehlo_discard_maps, s->peer.addr, false,
	    &value) == TABLE_FOUND)
		s->ehlo_discard = smtpd_env_discard(value.ptr);
	buf_done(&value);
	if ((s->ehlo_discard & ~(unsigned)EHLO_SILENT) != 0 &&
	    (s->ehlo_discard & EHLO_SILENT) == 0)
		log_info("discarding some EHLO keywords for %s",
		    s->peer.namaddr);
}

static bool
is_listed(const struct session *s, struct match_list *list)
{
	return match_list_find(list, s->peer.name, s->peer.addr) ==
	    TABLE_FOUND;
}

static bool
verb_ehlo(struct session *s, const struct words *w)
{
	static const struct {
		enum ehlo_feature bit;
		const char	*keyword;
	} features[] = {		/* in the order that clients are used to */
		{ EHLO_PIPELINING,	"PIPELINING" },
		{ EHLO_SIZE,		"SIZE" },
		{ EHLO_VRFY,		"VRFY" },
		{ EHLO_ETRN,		"ETRN" },
		{ EHLO_XVERP,		"XVERP" },
		{ EHLO_XCLIENT,		XCLIENT_KEYWORD },
		{ EHLO_XFORWARD,	XFORWARD_KEYWORD },
		{ EHLO_ENHANCED,	"ENHANCEDSTATUSCODES" },
		{ EHLO_8BITMIME,	"8BITMIME" },
		{ EHLO_DSN,		"DSN" },
		{ EHLO_SMTPUTF8,	"SMTPUTF8" },
	};
	unsigned hide;
	size_t i, last;

	if (!greet(s, w, "ESMTP"))
		return false;
	find_discard(s);
	hide = s->ehlo_discard;
	if (params.disable_vrfy_command)
		hide |= EHLO_VRFY;
	if (!is_listed(s, s->env->verp_clients))
		hide |= EHLO_XVERP;
	if (!is_listed(s, s->env->xclient_hosts))
		hide |= EHLO_XCLIENT;
	if (!s->may_xforward)
		hide |= EHLO_XFORWARD;
	if (!params.smtputf8_enable)
		hide |= EHLO_SMTPUTF8;

	last = s->out.len;
	buf_addf(&s->out, "250-%s\r\n", params.myhostname);
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if ((hide & features[i].bit) != 0)
			continue;
		last = s->out.len;
		if (features[i].bit == EHLO_SIZE &&
		    params.message_size_limit > 0)
			buf_addf(&s->out, "250-SIZE %ld\r\n",
			    params.message_size_limit);
		else
			buf_addf(&s->out, "250-%s\r\n", features[i].keyword);
	}
	s->out.ptr[last + 3] = ' ';
	if (s->errors >= params.smtpd_soft_error_limit)
		s->sleep_s += params.smtpd_error_sleep_time;
	return true;
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
accept_sender(struct session *s)
{
	const char *refusal;

	if (no_room(s, s->mail.size))
		return false;
	if (!params.smtpd_delay_reject &&
	    (refusal = restrict_sender(s)) != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	if (!params.smtpd_delay_open_until_valid_rcpt)
		return session_open(s);
	return true;
}

static bool
verb_mail(struct session *s, const struct words *w)
{
	struct span address, rest;

	if (no_helo(s) || no_tls(s))
		return false;
	if (s->sender != NULL) {
		session_reply(s, "503 5.5.1 Error: nested MAIL command");
		return false;
	}
	if (s->env->needs_filter) {
		/* What must pass a filter does not go around it. */
		log_warning("smtpd_proxy_filter and smtpd_milters are not "
		    "available in this server");
		session_reply(s, "451 4.7.1 Service unavailable - try again "
		    "later");
		return false;
	}
	if (too_many(s, ANVIL_MAIL))
		return false;
	if (!split_path(w, "FROM", &address, &rest)) {
		session_reply(s, "501 5.5.4 Syntax: MAIL FROM:<address>");
		return false;
	}
	if (!read_address(s, "MAIL", address, true, &s->sender)) {
		session_reply(s, "501 5.1.7 Bad sender address syntax");
		return false;
	}
	s->arrived = clock_timeval();
	if (!set_mail_params(s, rest) || !accept_sender(s)) {
		session_reset_mail(s);
		return false;
	}
	session_reply(s, "250 2.1.0 Ok");
	return true;
}

static void
put_recipient(struct session *s, const struct rcpt_params *p)
{
	struct buf external = BUF_INIT;

	if (p->orcpt.len > 0) {
		session_put(s, QUEUE_REC_ATTR, "dsn_orig_rcpt=%s",
		    p->orcpt.ptr);
	} else {
		address_quote(&external, s->rcpt);
		session_put(s, QUEUE_REC_ATTR, "dsn_orig_rcpt=rfc822;%s",
		    external.ptr);
	}
	if (p->notify != 0)
		session_put(s, QUEUE_REC_ATTR, "notify_flags=%u", p->notify);
	session_put(s, QUEUE_REC_RCPT, "%s", s->rcpt);
	buf_done(&external);
}

static bool
accept_recipient(struct session *s, const struct rcpt_params *p)
{
	const char *refusal;

	if ((refusal = restrict_rcpt(s)) != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	if (s->queue_id == NULL && !session_open(s))
		return false;
	put_recipient(s, p);
	if (s->rcpt_count++ == 0)
		s->first_rcpt = xstrdup(s->rcpt);
	session_reply(s, "250 2.1.5 Ok");
	return true;
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
	if (!read_address(s, "RCPT", address, false, &s->rcpt)) {
		session_reply(s, "501 5.1.3 Bad recipient address syntax");
		return false;
	}
	if (rest.len > 0)
		refusal = rcpt_params_parse(&p, rest, &limits, &reply);
	if (refusal == NULL && must_ask_utf8(s) && !text_is_ascii(s->rcpt))
		refusal = "553 5.6.7 Must declare SMTPUTF8 to send unicode "
		    "address";
	if (refusal != NULL)
		session_reply(s, "%s", refusal);
	else
		ok = accept_recipient(s, &p);
	forget(&s->rcpt);
	rcpt_params_done(&p);
	buf_done(&reply);
	return ok;
}

static bool
verb_rcpt(struct session *s, const struct words *w)
{
	struct span address, rest;

	if (s->sender == NULL) {
		session_reply(s, "503 5.5.1 Error: need MAIL command");
		return false;
	}
	if (too_many(s, ANVIL_RCPT))
		return false;
	if (!split_path(w, "TO", &address, &rest)) {
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

static bool
verb_data(struct session *s, const struct words *w)
{
	const char *refusal;

	if (s->rcpt_count == 0) {
		if (s->sender == NULL)
			session_reply(s, "503 5.5.1 Error: need RCPT command");
		else
			session_reply(s,
			    "554 5.5.1 Error: no valid recipients");
		return false;
	}
	if (w->count != 1) {
		session_reply(s, "501 5.5.4 Syntax: DATA");
		return false;
	}
	if ((refusal = restrict_data(s)) != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	session_reply(s, "354 End data with <CR><LF>.<CR><LF>");
	session_begin_content(s);
	return true;
}

static bool
verb_bdat(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "502 5.5.1 Error: command not implemented");
	return false;
}

static bool
verb_rset(struct session *s, const struct words *w)
{
	if (w->count != 1) {
		session_reply(s, "501 5.5.4 Syntax: RSET");
		return false;
	}
	session_reset_mail(s);
	session_reply(s, "250 2.0.0 Ok");
	return true;
}

static bool
verb_noop(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "250 2.0.0 Ok");
	return true;
}

static bool
verb_vrfy(struct session *s, const struct words *w)
{
	struct span what;
	const char *refusal;
	int last = w->count;

	if (params.disable_vrfy_command) {
		session_reply(s, "502 5.5.1 VRFY command is disabled");
		return false;
	}
	if (no_tls(s))
		return false;
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
	forget(&s->rcpt);
	if (!read_address(s, "VRFY", what, false, &s->rcpt)) {
		session_reply(s, "501 5.1.3 Bad recipient address syntax");
		return false;
	}
	refusal = restrict_rcpt(s);
	forget(&s->rcpt);
	if (refusal != NULL) {
		session_reply(s, "%s", refusal);
		return false;
	}
	session_reply(s, "252 2.0.0 %.*s", (int)what.len, what.ptr);
	return true;
}

static bool
verb_etrn(struct session *s, const struct words *w)
{
	const char *refusal;
	char *domain;
	bool ok = false;

	if (w->count != 2) {
		session_reply(s, "500 Syntax: ETRN domain");
		return false;
	}
	if (s->helo == NULL && params.smtpd_helo_required) {
		session_reply(s, "503 Error: send HELO/EHLO first");
		return false;
	}
	if (no_tls(s))
		return false;
	if (s->sender != NULL) {
		session_reply(s, "503 Error: MAIL transaction in progress");
		return false;
	}
	domain = xstrndup(w->w[1].ptr, w->w[1].len);
	if (domain[0] == '@' || domain[0] == '#')
		memmove(domain, domain + 1, strlen(domain));
	if (!address_is_hostname(domain) &&
	    !address_is_literal(domain, NULL)) {
		session_reply(s, "501 Error: invalid parameter syntax");
	} else if ((refusal = restrict_etrn(s, domain)) != NULL) {
		session_reply(s, "%s", refusal);
	} else {
		switch (flush_client_site(domain)) {
		case FLUSH_DONE:
			session_reply(s, "250 Queuing started");
			ok = true;
			break;
		case FLUSH_DENIED:
			log_warning("reject: ETRN %.100s... from %s", domain,
			    s->peer.namaddr);
			session_reply(s, "459 <%s>: service unavailable",
			    domain);
			break;
		case FLUSH_FAILED:
			log_warning("ETRN %.100s... from %s: could not flush",
			    domain, s->peer.namaddr);
			session_reply(s, "458 Unable to queue messages");
			break;
		}
	}
	free(domain);
	return ok;
}

static bool
verb_quit(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "221 2.0.0 Bye");
	s->is_closing = true;
	return true;
}

static bool
verb_starttls(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "502 5.5.1 Error: command not implemented");
	return false;
}

static bool
verb_auth(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "503 5.5.1 Error: authentication not enabled");
	return false;
}

static bool
verb_xclient(struct session *s, const struct words *w)
{
	if (!is_listed(s, s->env->xclient_hosts)) {
		session_reply(s, "550 5.7.0 Error: insufficient authorization");
		return false;
	}
	if (s->sender != NULL) {
		session_reply(s,
		    "503 5.5.1 Error: MAIL transaction in progress");
		return false;
	}
	return xclient_run(s, w->w + 1, w->count - 1);
}

static bool
verb_xforward(struct session *s, const struct words *w)
{
	if (!s->may_xforward) {
		session_reply(s, "550 5.7.0 Error: insufficient authorization");
		return false;
	}
	if (s->sender != NULL) {
		session_reply(s,
		    "503 5.5.1 Error: MAIL transaction in progress");
		return false;
	}
	return xforward_run(s, w->w + 1, w->count - 1);
}

/* ---- dispatch ---- */

enum { JUNK = 1, LAST = 2 };	/* counts as junk; ends a pipelined group */

static const struct verb {
	const char	*name, *counter;
	enum session_verb id;
	unsigned	 flags;
	bool		(*run)(struct session *s, const struct words *w);
} verbs[] = {
	{ "HELO", "helo",	VERB_HELO,	LAST,	verb_helo },
	{ "EHLO", "ehlo",	VERB_EHLO,	LAST,	verb_ehlo },
	{ "XCLIENT", "xclient",	VERB_XCLIENT,	LAST,	verb_xclient },
	{ "XFORWARD", "xforward", VERB_XFORWARD, 0,	verb_xforward },
	{ "STARTTLS", "starttls", VERB_STARTTLS, LAST,	verb_starttls },
	{ "AUTH", "auth",	VERB_AUTH,	LAST,	verb_auth },
	{ "MAIL", "mail",	VERB_MAIL,	0,	verb_mail },
	{ "RCPT", "rcpt",	VERB_RCPT,	0,	verb_rcpt },
	{ "DATA", "data",	VERB_DATA,	LAST,	verb_data },
	{ "BDAT", "bdat",	VERB_BDAT,	0,	verb_bdat },
	{ "RSET", "rset",	VERB_RSET,	JUNK,	verb_rset },
	{ "NOOP", "noop",	VERB_NOOP,	JUNK | LAST, verb_noop },
	{ "VRFY", "vrfy",	VERB_VRFY,	JUNK | LAST, verb_vrfy },
	{ "ETRN", "etrn",	VERB_ETRN,	JUNK | LAST, verb_etrn },
	{ "QUIT", "quit",	VERB_QUIT,	0,	verb_quit },
	{ "UNKNOWN", "unknown",	VERB_UNKNOWN,	0,	NULL },
};

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

static const struct verb *
find_verb(struct span name)
{
	size_t i;

	for (i = 0; verbs[i].run != NULL; i++)
		if (span_ieq(name, verbs[i].name))
			return verbs + i;
	return verbs + i;
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
spoke_early(struct session *s, const struct verb *v)
{
	struct buf text = BUF_INIT;
	const char *data;
	size_t len, i;
	bool refuses = params.smtpd_forbid_unauth_pipelining;

	if ((v->flags & LAST) == 0 || s->pending == NULL ||
	    (len = s->pending(s->pending_ctx, &data)) == 0)
		return false;
	for (i = 0; i < len && text.len < 100; i++) {
		if (data[i] == '\r')
			buf_adds(&text, "\\r");
		else if (data[i] == '\n')
			buf_adds(&text, "\\n");
		else
			buf_addc(&text, data[i]);
	}
	log_info("improper command pipelining after %s from %s: %s", v->name,
	    s->peer.namaddr, text.ptr);
	buf_done(&text);
	if (refuses) {
		session_reply(s, "554 5.5.0 Error: SMTP protocol "
		    "synchronization");
		s->is_closing = true;
	}
	return refuses;
}

static void
run_command(struct session *s, char *line, size_t len)
{
	const struct verb *v;
	struct words w;
	bool ok;

	cut_words(&w, line, len);
	if (w.count == 0) {
		session_reply(s, "500 5.5.2 Error: bad syntax");
		s->errors++;
		return;
	}
	if (params.smtputf8_enable && !text_is_utf8(line, len)) {
		session_reply(s, "500 5.5.2 Error: bad UTF-8 syntax");
		s->errors++;
		return;
	}
	v = find_verb(w.w[0]);
	s->total[v->id]++;
	if (v->run == NULL) {
		if (is_noop(s, w.w[0])) {
			session_reply(s, "250 2.0.0 Ok");
			s->junk++;
			return;
		}
		s->where = v->name;
		if (is_not_smtp(s, w.w[0], line))
			return;
		session_reply(s, "500 5.5.2 Error: command not recognized");
		s->errors++;
		return;
	}
	if (s->is_denied && v->id != VERB_QUIT) {
		session_reply(s, "503 5.7.0 Error: access denied for %s",
		    s->peer.namaddr);
		s->errors++;
		return;
	}
	s->where = v->name;
	if (spoke_early(s, v))
		return;
	ok = v->run(s, &w);
	if (ok && v->id != VERB_XCLIENT)	/* its session is a new one */
		s->done[v->id]++;
	if (!ok || ((v->flags & JUNK) != 0 &&
	    s->junk++ > params.smtpd_junk_command_limit))
		s->errors++;
}

void
session_command(struct session *s, char *line, size_t len)
{
	struct buf other = BUF_INIT;
	bool is_bare;

	if (s->errors >= params.smtpd_hard_error_limit) {
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
	if (is_bare && s->bare_lf == BARE_LF_REJECT) {
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
	if (!maps_is_empty(s->env->command_filter) &&
	    maps_find(s->env->command_filter, line, false, &other) ==
	    TABLE_FOUND)
		run_command(s, other.ptr, other.len);
	else
		run_command(s, line, len);
	buf_done(&other);
}

/* ---- life ---- */

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
	mail_params_init(&s->mail);
	return s;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_reset_mail(s);
	if (s->counted_addr != NULL)
		anvil_client_event(s->anvil, ANVIL_DISCONNECT, s->counted_addr,
		    NULL, NULL);
	free(s->counted_addr);
	xforward_reset(s);
	peer_done(&s->peer);
	free(s->helo);
	free(s->if_permit.text);
	free(s->if_reject.text);
	free(s->early_if_permit.text);
	buf_done(&s->out);
	buf_done(&s->bcc);
	buf_done(&s->prepend);
	buf_done(&s->reject);
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

	s->is_exempt = is_listed(s, s->env->event_exceptions);
	if (s->anvil == NULL || s->is_exempt || (count_max == 0 &&
	    rate_max == 0) || !anvil_client_event(s->anvil, ANVIL_CONNECT,
	    s->peer.addr, &count, &rate))
		return false;
	s->counted_addr = xstrdup(s->peer.addr);
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
	s->is_exempt = is_listed(s, s->env->event_exceptions);
	s->bare_lf = match_list_find(s->env->bare_lf_exclusions,
	    s->peer.addr, s->peer.addr) == TABLE_FOUND ? BARE_LF_ALLOW :
	    s->env->bare_lf;
	s->is_local_rewrite = s->sink->is_local || restrict_eval(s,
	    &s->env->rewrite_clients, s->peer.namaddr, CLASS_CLIENT) ==
	    RESTRICT_PERMIT;
	if (!params.smtpd_delay_reject &&
	    (refusal = restrict_client(s)) != NULL) {
		session_reply(s, "%s", refusal);
		s->is_denied = true;
		return;
	}
	session_reply(s, "220 %s", params.smtpd_banner);
}

void
session_start(struct session *s)
{
	log_info("connect from %s", s->peer.namaddr);
	/* What is said by XFORWARD comes from the real client, after XCLIENT too. */
	s->may_xforward = is_listed(s, s->env->xforward_hosts);
	if (params.smtpd_upstream_proxy_protocol[0] != '\0') {
		/* The address we see is the balancer's, and it may be trusted. */
		log_warning("smtpd_upstream_proxy_protocol is not available in "
		    "this server");
		session_reply(s, "421 4.3.5 %s Server configuration error",
		    params.myhostname);
		return;
	}
	if (!is_over_limit(s))
		session_greet_again(s);
}

void
session_lost(struct session *s, const char *how)
{
	if (s->in_content)
		log_info("%s after DATA (%lld bytes) from %s", how,
		    (long long)s->content_bytes, s->peer.namaddr);
	else if (strcmp(how, "lost connection") != 0 ||
	    strcmp(s->where, "END-OF-MESSAGE") != 0)
		log_info("%s after %s from %s", how, s->where,
		    s->peer.namaddr);
}

void
session_end(struct session *s)
{
	struct buf line = BUF_INIT;
	int done = 0, total = 0;
	size_t i;

	for (i = 0; i < VERB_COUNT; i++) {
		if (s->total[verbs[i].id] == 0)
			continue;
		buf_addf(&line, " %s=%d", verbs[i].counter,
		    s->done[verbs[i].id]);
		if (s->done[verbs[i].id] != s->total[verbs[i].id])
			buf_addf(&line, "/%d", s->total[verbs[i].id]);
		done += s->done[verbs[i].id];
		total += s->total[verbs[i].id];
	}
	buf_addf(&line, " commands=%d", done);
	if (done != total || total == 0)
		buf_addf(&line, "/%d", total);
	log_info("disconnect from %s%s", s->peer.namaddr, line.ptr);
	buf_done(&line);
}
