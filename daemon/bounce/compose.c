/*
 * compose.c - a notice as lines of text: multipart/report (RFC 3462, 3464)
 *
 * Structure and field names are those that Postfix uses, since programs read
 * them: X-NAME-Queue-ID and X-NAME-Sender carry $mail_name.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/compose.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/base/text_wrap.h"
#include "lib/conf/params.h"

#define FOLD_AT		79
#define FOLD_INDENT	4

static void put(const struct compose_out *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(const struct compose_out *out, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	out->line(out->ctx, line.ptr, line.len, false);
	buf_done(&line);
}

static void
fold_line(void *ctx, const char *text, size_t len)
{
	const struct compose_out *out = ctx;

	out->line(out->ctx, text, len, false);
}

void
compose_fold(const struct compose_out *out, const char *text)
{
	struct compose_out copy = *out;

	text_wrap(text, FOLD_AT, FOLD_INDENT, fold_line, &copy);
}

/* Every line of a text that ends its lines with LF. */
static void
put_text(const struct compose_out *out, const char *text)
{
	const char *end;

	for (; *text != '\0'; text = end + (*end == '\n')) {
		end = text + strcspn(text, "\n");
		out->line(out->ctx, text, (size_t)(end - text), false);
	}
}

static void
make_boundary(struct buf *b, const struct compose_notice *n)
{
	buf_addf(b, "%s.%lld/%s", n->original->queue_id, (long long)n->now,
	    params.myhostname);
}

static void
put_header(const struct compose_notice *n, const struct compose_out *out,
    const char *boundary)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_rfc5322(n->now, date);
	put(out, "Received: by %s (%s)", params.myhostname,
	    params.mail_name);
	put(out, "\tid %s; %s", n->new_id, date);
	put(out, "Date: %s", date);
	put(out, "From: %s", n->wording->from);
	put(out, "Subject: %s", n->for_postmaster ?
	    n->wording->postmaster_subject : n->wording->subject);
	put(out, "To: %s", n->to);
	if (n->original->message_id[0] != '\0') {
		put(out, "References: %s", n->original->message_id);
		put(out, "In-Reply-To: %s", n->original->message_id);
	}
	put(out, "Auto-Submitted: %s", n->for_postmaster ? "auto-generated" :
	    "auto-replied");
	put(out, "MIME-Version: 1.0");
	put(out, "Content-Type: multipart/report; "
	    "report-type=delivery-status;");
	put(out, "\tboundary=\"%s\"", boundary);
	put(out, "Content-Transfer-Encoding: 8bit");
	put(out, "%s", "");
	put(out, "This is a MIME-encapsulated message.");
	put(out, "%s", "");
}

/* ---- the part for people ---- */

static bool
was_expanded(const struct queue_rcpt *r)
{
	return r->orig[0] != '\0' && strcasecmp(r->orig, r->address) != 0;
}

static void
put_reasons(const struct compose_notice *n, const struct compose_out *out)
{
	struct queue_log_entry e;
	struct buf text = BUF_INIT;

	n->entries->rewind(n->entries->ctx);
	while (n->entries->next(n->entries->ctx, &e) == 1) {
		put(out, "%s", "");
		buf_setf(&text, "<%s>", e.rcpt.address);
		if (was_expanded(&e.rcpt))
			buf_addf(&text, " (expanded from <%s>)", e.rcpt.orig);
		buf_addf(&text, ": %s", e.dsn.reason);
		compose_fold(out, text.ptr);
	}
	buf_done(&text);
}

static void
put_notification(const struct compose_notice *n,
    const struct compose_out *out, const char *boundary)
{
	struct buf text = BUF_INIT;

	put(out, "--%s", boundary);
	put(out, "Content-Description: Notification");
	/* Reasons may be UTF-8 whatever the template says. */
	put(out, "Content-Type: text/plain; charset=%s",
	    strcasecmp(n->wording->charset, "us-ascii") == 0 ? "utf-8" :
	    n->wording->charset);
	put(out, "Content-Transfer-Encoding: 8bit");
	put(out, "%s", "");
	if (!n->for_postmaster) {
		wording_expand(&text, n->wording);
		put_text(out, text.ptr);
	}
	put_reasons(n, out);
	put(out, "%s", "");
	buf_done(&text);
}

/* ---- the part for programs ---- */

static const char *
address_type(const struct compose_notice *n, const char *address)
{
	return n->original->is_utf8 && !text_is_ascii(address) ? "utf-8" :
	    "rfc822";
}

static void
put_status_of(const struct compose_notice *n, const struct compose_out *out,
    const struct queue_log_entry *e)
{
	struct buf line = BUF_INIT;
	char date[CLOCK_RFC5322_SIZE];

	put(out, "%s", "");
	put(out, "Final-Recipient: %s; %s",
	    address_type(n, e->rcpt.address), e->rcpt.address);
	if (e->rcpt.dsn_orcpt[0] != '\0')
		put(out, "Original-Recipient: %s", e->rcpt.dsn_orcpt);
	else if (was_expanded(&e->rcpt))
		put(out, "Original-Recipient: %s; %s",
		    address_type(n, e->rcpt.orig), e->rcpt.orig);
	put(out, "Action: %s", e->dsn.action);
	put(out, "Status: %s", e->dsn.status);
	if (e->dsn.mta_type[0] != '\0' && e->dsn.mta_name[0] != '\0')
		put(out, "Remote-MTA: %s; %s", e->dsn.mta_type,
		    e->dsn.mta_name);
	if (e->dsn.diag_type[0] != '\0' && e->dsn.diag_text[0] != '\0')
		buf_addf(&line, "Diagnostic-Code: %s; %s", e->dsn.diag_type,
		    e->dsn.diag_text);
	else
		buf_addf(&line, "Diagnostic-Code: X-%s; %s",
		    params.mail_name, e->dsn.reason);
	compose_fold(out, line.ptr);
	if (n->retry_until != 0) {
		clock_rfc5322(n->retry_until, date);
		put(out, "Will-Retry-Until: %s", date);
	}
	buf_done(&line);
}

static void
put_status(const struct compose_notice *n, const struct compose_out *out,
    const char *boundary)
{
	const struct compose_original *o = n->original;
	struct queue_log_entry e;
	char date[CLOCK_RFC5322_SIZE];

	put(out, "--%s", boundary);
	put(out, "Content-Description: Delivery report");
	put(out, "Content-Type: message/%sdelivery-status",
	    o->is_utf8 ? "global-" : "");
	if (o->is_utf8)
		put(out, "Content-Transfer-Encoding: 8bit");
	put(out, "%s", "");
	put(out, "Reporting-MTA: dns; %s", params.myhostname);
	if (o->envelope_id[0] != '\0')
		put(out, "Original-Envelope-Id: %s", o->envelope_id);
	put(out, "X-%s-Queue-ID: %s", params.mail_name, o->queue_id);
	put(out, "X-%s-Sender: %s; %s", params.mail_name,
	    address_type(n, o->sender), o->sender);
	if (o->arrival > 0) {
		clock_rfc5322(o->arrival, date);
		put(out, "Arrival-Date: %s", date);
	}
	n->entries->rewind(n->entries->ctx);
	while (n->entries->next(n->entries->ctx, &e) == 1)
		put_status_of(n, out, &e);
	put(out, "%s", "");
}

/* ---- the message itself ---- */

static const char *
original_type(const struct compose_notice *n)
{
	if (n->original->is_utf8)
		return n->headers_only ? "message/global-headers" :
		    "message/global";
	return n->headers_only ? "text/rfc822-headers" : "message/rfc822";
}

static void
put_original(const struct compose_notice *n, const struct compose_out *out,
    const char *boundary)
{
	if (n->original->copy == NULL)
		return;
	put(out, "--%s", boundary);
	put(out, "Content-Description: %sMessage%s",
	    n->is_delivered ? "" : "Undelivered ",
	    n->headers_only ? " Headers" : "");
	put(out, "Content-Type: %s", original_type(n));
	put(out, "Content-Transfer-Encoding: 8bit");
	put(out, "%s", "");
	put(out, "Return-Path: <%s>", n->original->sender);
	n->original->copy(n->original->ctx, out, n->headers_only);
	put(out, "%s", "");
}

void
compose(const struct compose_notice *n, const struct compose_out *out)
{
	struct buf boundary = BUF_INIT;

	make_boundary(&boundary, n);
	put_header(n, out, boundary.ptr);
	put_notification(n, out, boundary.ptr);
	put_status(n, out, boundary.ptr);
	put_original(n, out, boundary.ptr);
	put(out, "--%s--", boundary.ptr);
	buf_done(&boundary);
}
