/*
 * transcript.c - what was said in an SMTP session, for the postmaster
 *
 * The cleanup service takes the mail: neither server nor client has to be able
 * to write to the queue for it, and it is as rare as it is small.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/transcript.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/text_wrap.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_rec.h"

#define WRAP_AT		78	/* behind the blank that each line begins with */
#define WRAP_INDENT	4

void
transcript_init(struct transcript *t)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->lines);
}

void
transcript_done(struct transcript *t)
{
	buf_done(&t->lines);
}

void
transcript_add(struct transcript *t, const char *label, const char *text,
    size_t len)
{
	const char *end = text + len, *lf;

	for (;; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		buf_adds(&t->lines, label);
		text_printable(&t->lines, text, (size_t)((lf != NULL ? lf :
		    end) - text) - (lf != NULL && lf > text &&
		    lf[-1] == '\r'), params.smtputf8_enable);
		buf_trim_right(&t->lines);
		buf_addc(&t->lines, '\n');
		t->count++;
		if (lf == NULL || lf + 1 == end)
			return;
	}
}

/* ---- the mail ---- */

struct out {
	void		(*line)(void *ctx, const char *text, size_t len);
	void		*ctx;
	struct buf	 text;
};

static void put(struct out *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct out *out, const char *fmt, ...)
{
	va_list ap;

	buf_reset(&out->text);
	va_start(ap, fmt);
	buf_vaddf(&out->text, fmt, ap);
	va_end(ap);
	out->line(out->ctx, out->text.ptr, out->text.len);
}

static void
put_mailbox(struct out *out, const char *header, const char *address,
    const char *name)
{
	if (strcasecmp(params.header_from_format, "obsolete") == 0)
		put(out, "%s: %s (%s)", header, address, name);
	else
		put(out, "%s: %s <%s>", header, name, address);
}

static void
put_indented(void *ctx, const char *text, size_t len)
{
	put(ctx, " %.*s", (int)len, text);
}

static void
put_lines(struct out *out, const struct transcript *t)
{
	struct buf line = BUF_INIT;
	const char *p, *lf;

	for (p = t->lines.ptr; (lf = strchr(p, '\n')) != NULL; p = lf + 1) {
		buf_set(&line, p, (size_t)(lf - p));
		text_wrap(line.ptr, WRAP_AT, WRAP_INDENT, put_indented, out);
	}
	buf_done(&line);
}

void
transcript_compose(const struct transcript *t,
    const struct transcript_notice *n,
    void (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct out out = { line, ctx, BUF_INIT };

	put_mailbox(&out, "From", "MAILER-DAEMON", "Mail Delivery System");
	put_mailbox(&out, "To", params.error_notice_recipient, "Postmaster");
	put(&out, "Subject: %s %s: errors from %s", params.mail_name, n->role,
	    n->peer);
	put(&out, "%s", "");
	if (!n->is_server) {
		put(&out, "Unexpected response from %s.", n->peer);
		put(&out, "%s", "");
	}
	put(&out, "Transcript of session follows.");
	put(&out, "%s", "");
	put_lines(&out, t);
	put(&out, "%s", "");
	if (n->aborted != NULL)
		put(&out, "Session aborted, reason: %s", n->aborted);
	if (n->is_server)
		put(&out, "%s", "");
	put(&out, "For other details, see the local mail logfile");
	buf_done(&out.text);
}

/* ---- sending it ---- */

static unsigned
wanted(void)
{
	static const struct {
		const char	*word;
		unsigned	 bit;
	} words[] = {
		{ "bounce", FAULT_BOUNCE }, { "policy", FAULT_POLICY },
		{ "protocol", FAULT_PROTOCOL }, { "resource", FAULT_RESOURCE },
		{ "software", FAULT_SOFTWARE }
	};
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_list_has(params.notify_classes, words[i].word))
			bits |= words[i].bit;
	return bits;
}

/* What cannot be written is told by the status in the end. */
static void
rec_line(void *ctx, const char *text, size_t len)
{
	(void)cleanup_client_rec(ctx, QUEUE_REC_TEXT, text, len);
}

static void
put_head(struct cleanup_client *c, const char *to)
{
	struct timeval now = clock_timeval();
	char date[CLOCK_RFC5322_SIZE];

	clock_rfc5322(now.tv_sec, date);
	cleanup_client_recf(c, QUEUE_REC_TIME, "%ld %ld", (long)now.tv_sec,
	    (long)now.tv_usec);
	cleanup_client_recf(c, QUEUE_REC_ATTR, "log_message_origin=local");
	cleanup_client_recf(c, QUEUE_REC_ATTR, "trace_flags=0");
	cleanup_client_recf(c, QUEUE_REC_FROM, "%s",
	    params.double_bounce_sender);
	cleanup_client_recf(c, QUEUE_REC_ORCPT, "%s", to);
	cleanup_client_recf(c, QUEUE_REC_RCPT, "%s", to);
	cleanup_client_recf(c, QUEUE_REC_MESG, "%s", "");
	cleanup_client_recf(c, QUEUE_REC_TEXT, "Received: by %s (%s)",
	    params.myhostname, params.mail_name);
	cleanup_client_recf(c, QUEUE_REC_TEXT, "\tid %s; %s",
	    cleanup_client_id(c), date);
	cleanup_client_recf(c, QUEUE_REC_TEXT, "Date: %s", date);
}

static void
send_mail(const struct transcript *t, const struct transcript_notice *n,
    const char *to)
{
	unsigned flags = CLEANUP_INTERNAL, status;
	struct buf reason = BUF_INIT;
	struct err err = ERR_INIT;
	struct cleanup_client *c;

	if (text_list_has(params.internal_mail_filter_classes, "notify"))
		flags |= CLEANUP_FILTER | CLEANUP_MILTER;
	if ((c = cleanup_client_open(flags, &err)) == NULL) {
		log_warning("postmaster notice about %s not sent: %s", n->peer,
		    err.text);
		return;
	}
	put_head(c, to);
	transcript_compose(t, n, rec_line, c);
	cleanup_client_recf(c, QUEUE_REC_XTRA, "%s", "");
	cleanup_client_recf(c, QUEUE_REC_END, "%s", "");
	if ((status = cleanup_client_commit(c, &reason)) != 0)
		log_warning("postmaster notice about %s not sent: %s", n->peer,
		    reason.len > 0 ? reason.ptr :
		    cleanup_status_text(status, NULL, NULL));
	buf_done(&reason);
}

void
transcript_flush(struct transcript *t, const struct transcript_notice *n)
{
	unsigned faults = t->faults & wanted();

	if (faults != 0 && t->count > 0)
		send_mail(t, n, (faults & FAULT_BOUNCE) != 0 ?
		    params.bounce_notice_recipient :
		    params.error_notice_recipient);
	buf_reset(&t->lines);
	t->count = 0;
	t->faults = 0;
}
