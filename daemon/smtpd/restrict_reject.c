/*
 * restrict_reject.c - what a decision says: replies and log lines, and refusals that wait
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/restrict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/serve/counters.h"
#include "daemon/serve/reply_text.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/match_list.h"

static const char *const class_texts[] = {
	[CLASS_CLIENT] = "Client host", [CLASS_HELO] = "Helo command",
	[CLASS_SENDER] = "Sender address", [CLASS_RCPT] = "Recipient address",
	[CLASS_DATA] = "Data command", [CLASS_EOD] = "End-of-data",
	[CLASS_ETRN] = "Etrn command", [CLASS_CERT] = "Client certificate",
	[CLASS_LOGIN] = "SASL login name"
};

const char *
restrict_class_text(enum restrict_class class)
{
	return class_texts[class];
}

void
restrict_dsn(char out[16], const char *dsn, enum restrict_class class)
{
	/* RFC 3463 3.2: address status, index is the detail of X.1.detail. */
	static const char *const sender[] = { "1.0", "1.7", "1.8", "1.7",
	    "1.7", "1.0", "1.7", "1.7", "1.8" };
	static const char *const rcpt[] = { "1.0", "1.1", "1.2", "1.3", "1.4",
	    "1.5", "1.6", "1.3", "1.2" };
	const char *fit = "0.0";
	int detail;

	snprintf(out, 16, "%s", dsn);
	if (strncmp(dsn + 1, ".1.", 3) != 0)
		return;
	detail = atoi(dsn + 4);
	if (class == CLASS_SENDER)
		fit = detail <= 8 ? sender[detail] :
		    detail == 10 ? "1.10" : "1.0";
	else if (class == CLASS_RCPT)
		fit = detail <= 8 ? rcpt[detail] :
		    detail == 10 ? "1.10" : "1.0";
	if (strcmp(dsn + 2, fit) == 0)
		return;
	snprintf(out, 16, "%c.%s", dsn[0], fit);
	log_info("mapping DSN status %s into %s status %s", dsn,
	    class_texts[class], out);
}

static void
add_address(struct buf *line, const char *what, const char *address)
{
	struct buf text = BUF_INIT;

	if (address == NULL)
		return;
	if (address[0] != '\0')
		address_quote(&text, address);
	buf_addf(line, " %s=<%s>", what, text.ptr);
	buf_done(&text);
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "reject", "milter-reject", "proxy-reject" refuse; "reject_warning" does not. */
static const char *
event_of(const char *what)
{
	size_t len = strlen(what);

	if (len >= 6 && strcmp(what + len - 6, "reject") == 0)
		return "reject";
	return begins(what, "milter-") ? "milter" : "policy";
}

static void
tell_programs(struct session *s, const char *what, const char *text,
    const char *rcpt)
{
	const char *event = event_of(what);
	char dsn[DSN_STATUS_SIZE];
	struct log_json e;

	if (strcmp(event, "reject") == 0)
		counters_rejected(s->where, text);
	if (!log_json_begin(&e, event))
		return;
	log_json_text(&e, "queue_id", s->queue_id);
	log_json_text(&e, "client", s->peer.name);
	log_json_text(&e, "client_addr", s->peer.addr);
	log_json_text(&e, "sasl", s->sasl_username);
	log_json_text(&e, "helo", s->helo);
	log_json_text(&e, "sender", s->sender);
	log_json_text(&e, "rcpt", rcpt);
	log_json_text(&e, "stage", s->where);
	log_json_text(&e, "status", what);
	reply_event(&e, text, dsn);
	log_json_end(&e);
}

/* Whose mail it is about stands at the end of the line. */
static void
log_mail(struct session *s, struct buf *line, const char *rcpt)
{
	add_address(line, "from", s->sender);
	add_address(line, "to", rcpt);
	buf_addf(line, " proto=%s", s->protocol);
	if (s->helo != NULL)
		buf_addf(line, " helo=<%s>", s->helo);
	log_info("%s", line->ptr);
}

void
restrict_log(struct session *s, const char *what, const char *text)
{
	const char *rcpt = s->rcpt != NULL ? s->rcpt : s->rcpt_count == 1 ?
	    s->first_rcpt : NULL;
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s: %s from %s: %s;",
	    s->queue_id != NULL ? s->queue_id : "NOQUEUE", what, s->where,
	    s->peer.namaddr, text);
	log_mail(s, &line, rcpt);
	tell_programs(s, what, text, rcpt);
	buf_done(&line);
}

void
restrict_log_verdict(struct session *s, const char *what, const char *text)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s: %s;", what, s->where, text);
	log_mail(s, &line, s->first_rcpt);
	tell_programs(s, what, text, s->first_rcpt);
	buf_done(&line);
}

void
restrict_log_permit(struct session *s, const char *action,
    enum restrict_class class, const char *reply_name, const char *table)
{
	struct buf text = BUF_INIT;

	/* What waits for a judgement is not let through yet. */
	if (s->lets_nobody_in || s->if_permit.is_active || s->env->permit_actions == NULL || match_list_find(
	    s->env->permit_actions, action, NULL) != TABLE_FOUND)
		return;
	buf_addf(&text, "action=%s for %s=%s %s%s", action,
	    restrict_class_text(class), reply_name,
	    table != NULL ? "from " : "", table != NULL ? table : "");
	restrict_log(s, "permit", text.ptr);
	buf_done(&text);
}

/* Refuse with what is in s->reject after "CODE DSN ". */
static enum restrict_result
refuse(struct session *s, enum fault fault, int code, const char *dsn,
    const char *text)
{
	struct buf reply = BUF_INIT;
	char status[16];

	session_fault(s, fault);
	snprintf(status, sizeof(status), "%s", dsn);
	if (s->if_reject.is_active && s->warn_depth == 0 && code / 100 == 5) {
		code = s->if_reject.code;
		snprintf(status, sizeof(status), "%s", s->if_reject.dsn);
		text = s->if_reject.text;
	}
	if (params.soft_bounce && code / 100 == 5) {
		code -= 100;
		status[0] = '4';
	}
	/* Code and status must not contradict each other (RFC 2034 4). */
	if ((code / 100 == 4 || code / 100 == 5) &&
	    status[0] != '0' + code / 100)
		status[0] = (char)('0' + code / 100);
	buf_addf(&reply, "%d %s ", code, status);
	text_printable(&reply, text, strlen(text), params.smtputf8_enable);
	restrict_log(s, s->warn_depth > 0 ? "reject_warning" : "reject",
	    reply.ptr);
	if (s->warn_depth > 0) {
		buf_done(&reply);
		return RESTRICT_DUNNO;
	}
	buf_swap(&s->reject, &reply);
	buf_done(&reply);
	return RESTRICT_REJECT;
}

enum restrict_result
restrict_reject(struct session *s, int code, const char *dsn, const char *fmt,
    ...)
{
	struct buf text = BUF_INIT;
	enum restrict_result result;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	result = refuse(s, FAULT_POLICY, code, dsn, text.ptr);
	buf_done(&text);
	return result;
}

enum restrict_result
restrict_reject_for(struct session *s, enum fault fault, int code,
    const char *dsn, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	enum restrict_result result;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	result = refuse(s, fault, code, dsn, text.ptr);
	buf_done(&text);
	return result;
}

static enum restrict_result
remember(struct session *s, struct deferral *d, int code, const char *dsn,
    const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT;

	buf_vaddf(&text, fmt, ap);
	if (s->warn_depth > 0) {
		struct buf line = BUF_INIT;

		buf_setf(&line, "%d %s %s", code, dsn, text.ptr);
		restrict_log(s, "reject_warning", line.ptr);
		buf_done(&line);
	} else if (!d->is_active) {	/* the first problem is reported */
		d->is_active = true;
		d->code = code;
		snprintf(d->dsn, sizeof(d->dsn), "%s", dsn);
		free(d->text);
		d->text = buf_take(&text);
	}
	buf_done(&text);
	return RESTRICT_DUNNO;
}

enum restrict_result
restrict_defer_if_permit(struct session *s, int code, const char *dsn,
    const char *fmt, ...)
{
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	r = remember(s, &s->if_permit, code, dsn, fmt, ap);
	va_end(ap);
	return r;
}

enum restrict_result
restrict_defer_if_reject(struct session *s, int code, const char *dsn,
    const char *fmt, ...)
{
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	r = remember(s, &s->if_reject, code, dsn, fmt, ap);
	va_end(ap);
	return r;
}

enum restrict_result
restrict_server_error(struct session *s)
{
	return refuse(s, FAULT_SOFTWARE, 451, "4.3.5",
	    "Server configuration error");
}
