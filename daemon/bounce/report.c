/*
 * report.c - who hears what became of a message
 *
 * A report is one or two new messages: to the sender, and to the postmaster
 * if notify_classes asks for it. Only when the sender's is safe in the queue
 * the log goes.
 *
 *	sender		failure report		if that fails
 *	somebody	to the sender		kept, tried again
 *	empty		to 2bounce recipient	kept, tried again
 *	double-bounce	nowhere: the end	-
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/bounce/compose.h"
#include "daemon/bounce/original.h"
#include "daemon/bounce/selection.h"
#include "daemon/bounce/wording.h"
#include "daemon/cleanup/cleanup.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/notice.h"
#include "daemon/serve/verp.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"

struct report {
	const struct notice *n;
	struct original	 original;
	const struct wordings *wordings;
};

/* ---- one new message ---- */

struct mail {			/* what to send, and to whom */
	enum wording_kind wording;
	const char	*what;	/* for the log: "sender delay notification" */
	const char	*from, *to;	/* internal */
	bool		 for_postmaster, headers_only, is_delivered;
};

static void
put_line(void *ctx, const char *text, size_t len, bool is_part)
{
	cleanup_rec(ctx, is_part ? QUEUE_REC_PART : QUEUE_REC_TEXT, text,
	    len);
}

static unsigned
cleanup_flags(const struct original *o)
{
	unsigned flags = CLEANUP_INTERNAL;

	if (text_list_has(params.internal_mail_filter_classes, "bounce"))
		flags |= CLEANUP_FILTER | CLEANUP_MILTER;
	if (o->view.is_utf8)
		flags |= CLEANUP_SMTPUTF8;
	return flags;
}

static void
put_envelope(struct cleanup *c, const struct mail *mail)
{
	struct timeval now = clock_timeval();

	cleanup_recf(c, QUEUE_REC_TIME, "%ld %ld", (long)now.tv_sec,
	    (long)now.tv_usec);
	cleanup_recs(c, QUEUE_REC_ATTR, "log_message_origin=local");
	cleanup_recs(c, QUEUE_REC_ATTR, "trace_flags=0");
	cleanup_recs(c, QUEUE_REC_FROM, mail->from);
	cleanup_recs(c, QUEUE_REC_ORCPT, mail->to);
	cleanup_recs(c, QUEUE_REC_RCPT, mail->to);
	cleanup_recs(c, QUEUE_REC_MESG, "");
}

static void
log_sent(const struct notice *n, const struct mail *mail, const char *id)
{
	struct log_json e;

	log_info("%s: %s: %s", n->queue_id, mail->what, id);
	if (!log_json_begin(&e, "notified"))
		return;
	log_json_text(&e, "queue_id", n->queue_id);
	log_json_text(&e, "child_queue_id", id);
	log_json_text(&e, "sender", mail->from);
	log_json_text(&e, "rcpt", mail->to);
	log_json_text(&e, "status", mail->what);
	log_json_end(&e);
}

static int
send_mail(const struct report *r, struct selection *s,
    const struct mail *mail)
{
	struct compose_entries entries = { selection_rewind, selection_next,
	    s };
	struct compose_notice cn = {
		.wording = &r->wordings->kind[mail->wording],
		.original = &r->original.view, .entries = &entries,
		.for_postmaster = mail->for_postmaster,
		.headers_only = mail->headers_only ||
		    r->original.size > params.bounce_size_limit,
		.is_delivered = mail->is_delivered, .now = clock_now() };
	struct compose_out out = { put_line, NULL };
	struct buf id = BUF_INIT, to = BUF_INIT, reason = BUF_INIT;
	struct err err = ERR_INIT;
	struct cleanup *c;
	unsigned status;

	if ((c = cleanup_open(cleanup_flags(&r->original), &err)) == NULL) {
		log_warning("%s: %s not sent: %s", r->n->queue_id, mail->what,
		    err.text);
		return -1;
	}
	buf_sets(&id, cleanup_id(c));
	address_quote(&to, mail->to);
	cn.new_id = id.ptr;
	cn.to = to.ptr;
	if (mail->wording == WORDING_DELAY && r->original.view.arrival > 0)
		cn.retry_until = r->original.view.arrival +
		    params.maximal_queue_lifetime;
	put_envelope(c, mail);
	out.ctx = c;
	compose(&cn, &out);
	cleanup_recs(c, QUEUE_REC_XTRA, "");
	cleanup_recs(c, QUEUE_REC_END, "");
	status = cleanup_commit(c, &reason);
	if (status == 0)
		log_sent(r->n, mail, id.ptr);
	else
		log_warning("%s: %s not sent: %s", r->n->queue_id, mail->what,
		    reason.len > 0 ? reason.ptr :
		    cleanup_status_text(status, NULL, NULL));
	buf_done(&id);
	buf_done(&to);
	buf_done(&reason);
	return status == 0 ? 0 : -1;
}

/* ---- who gets it ---- */

static bool
is_double_bounce(const char *sender)
{
	const char *domain = address_domain(sender);
	size_t len = domain != NULL ? (size_t)(domain - 1 - sender) :
	    strlen(sender);

	return len == strlen(params.double_bounce_sender) &&
	    strncasecmp(sender, params.double_bounce_sender, len) == 0 &&
	    (domain == NULL || strcasecmp(domain, params.myorigin) == 0 ||
	    strcasecmp(domain, params.myhostname) == 0);
}

/* A copy that fails is not worth sending the sender's report again. */
static void
tell_postmaster(const struct report *r, struct selection *s,
    const char *class, const char *recipient, enum wording_kind kind,
    const char *what)
{
	struct mail mail = { .wording = kind, .what = what,
	    .from = params.double_bounce_sender, .to = recipient,
	    .for_postmaster = true, .headers_only = true };

	if (text_list_has(params.notify_classes, class))
		send_mail(r, s, &mail);
}

/* A notice that could not be delivered: the last one to ask is the postmaster. */
static int
second_bounce(const struct report *r, struct selection *s)
{
	struct mail mail = { .wording = WORDING_FAILURE,
	    .what = "postmaster non-delivery notification",
	    .from = params.double_bounce_sender,
	    .to = params.p_2bounce_notice_recipient,
	    .for_postmaster = true };

	if (!text_list_has(params.notify_classes, "2bounce"))
		return 0;
	return send_mail(r, s, &mail);
}

static int
report_failure(const struct report *r, struct selection *s,
    const char *sender)
{
	struct mail mail = { .wording = WORDING_FAILURE,
	    .what = "sender non-delivery notification", .from = "",
	    .to = sender, .headers_only = r->n->ret_flags == DSN_RET_HDRS };
	bool is_wanted = !selection_is_empty(s);

	/* NOTIFY is the sender's choice; the postmaster's is notify_classes. */
	s->wanted = 0;
	if (selection_is_empty(s))
		return 0;
	if (r->n->sender[0] == '\0')
		return second_bounce(r, s);
	if (is_double_bounce(r->n->sender)) {
		log_warning("%s: undeliverable postmaster notification "
		    "discarded", r->n->queue_id);
		return 0;
	}
	s->wanted = DSN_NOTIFY_FAILURE;
	if (is_wanted && send_mail(r, s, &mail) == -1)
		return -1;
	s->wanted = 0;
	tell_postmaster(r, s, "bounce", params.bounce_notice_recipient,
	    WORDING_FAILURE, "postmaster non-delivery notification");
	return 0;
}

static int
report_delay(const struct report *r, struct selection *s)
{
	struct mail mail = { .wording = WORDING_DELAY,
	    .what = "sender delay notification", .from = "",
	    .to = r->n->sender, .headers_only = true };	/* RFC 3461 4.3 */
	bool is_wanted = !selection_is_empty(s);

	if (r->n->sender[0] == '\0' || is_double_bounce(r->n->sender))
		return 0;
	if (is_wanted && send_mail(r, s, &mail) == -1)
		return -1;
	s->wanted = 0;
	if (selection_is_empty(s))
		return 0;
	tell_postmaster(r, s, "delay", params.delay_notice_recipient,
	    WORDING_DELAY, "postmaster delay notification");
	return 0;
}

static int
report_trace(const struct report *r, struct selection *s)
{
	bool was_asked = (r->n->flags & (AGENT_USER_PROBE | AGENT_RECORD)) != 0;
	struct mail mail = {
	    .wording = was_asked ? WORDING_VERIFY : WORDING_SUCCESS,
	    .what = "sender delivery status notification", .from = "",
	    .to = r->n->sender, .headers_only = true, .is_delivered = true };

	s->wanted = was_asked ? 0 : DSN_NOTIFY_SUCCESS;
	if ((r->n->flags & AGENT_REC_DELAY) != 0)
		s->wanted |= DSN_NOTIFY_DELAY;
	if (selection_is_empty(s))
		return 0;
	if (r->n->sender[0] == '\0' && text_list_has(params.notify_classes,
	    "2bounce")) {
		mail.from = params.double_bounce_sender;
		mail.to = params.p_2bounce_notice_recipient;
	} else if (r->n->sender[0] == '\0' || is_double_bounce(r->n->sender)) {
		log_info("%s: not sending trace/success notification for "
		    "%s-bounce message", r->n->queue_id,
		    r->n->sender[0] == '\0' ? "single" : "double");
		return 0;
	}
	return send_mail(r, s, &mail);
}

/* One report a recipient, each to an address that names it. */
static int
report_verp(const struct report *r, struct selection *list)
{
	struct selection one = { .wanted = list->wanted };
	struct buf rcpt = BUF_INIT, sender = BUF_INIT;
	int rc = 0;

	if (r->n->sender[0] == '\0' || is_double_bounce(r->n->sender))
		return report_failure(r, list, r->n->sender);
	selection_rewind(list);
	while (rc == 0 && selection_next(list, &one.single) == 1) {
		buf_reset(&rcpt);
		address_unquote(&rcpt, one.single.rcpt.orig[0] != '\0' ?
		    one.single.rcpt.orig : one.single.rcpt.address);
		verp_sender(&sender, r->n->sender, r->n->verp_delimiters, rcpt.ptr);
		rc = report_failure(r, &one, sender.ptr);
	}
	buf_done(&rcpt);
	buf_done(&sender);
	return rc;
}

/* ---- after the report ---- */

static void
mark_recipients(const struct notice *n, const char *log)
{
	struct selection all = { .log = log, .queue_id = n->queue_id };
	struct queue_log_entry e;
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	int fd;

	queue_path(&path, n->queue_name, n->queue_id);
	fd = open(path.ptr, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		log_warning("open %s: %s", path.ptr, strerror(errno));
	selection_rewind(&all);
	while (fd != -1 && selection_next(&all, &e) == 1)
		if (e.rcpt.offset > 0 && queue_file_mark_done(fd,
		    e.rcpt.offset, &err) == -1)
			log_warning("%s: %s", n->queue_id, err.text);
	selection_done(&all);
	if (fd != -1)
		close(fd);
	buf_done(&path);
}

static void
remove_log(const struct notice *n, const char *log)
{
	struct err err = ERR_INIT;

	if (queue_log_remove(log, n->queue_id, &err) == -1)
		log_warning("%s", err.text);
}

/* ---- requests ---- */

/* The entry of a "one" request in the form that log entries have: quoted. */
static int
bounce_one(const struct report *r)
{
	struct selection s = { .wanted = DSN_NOTIFY_FAILURE };
	struct buf address = BUF_INIT, orig = BUF_INIT;
	int rc;

	address_quote(&address, r->n->rcpt.address);
	address_quote(&orig, r->n->rcpt.orig);
	s.single.rcpt = r->n->rcpt;
	s.single.rcpt.address = address.ptr;
	s.single.rcpt.orig = orig.ptr;
	s.single.dsn = r->n->dsn;
	if (s.single.dsn.action[0] == '\0')
		s.single.dsn.action = "failed";
	rc = report_failure(r, &s, r->n->sender);
	buf_done(&address);
	buf_done(&orig);
	return rc;
}

int
report_send(const struct notice *n, const char *log,
    const struct wordings *wordings)
{
	struct report r = { .n = n, .wordings = wordings };
	struct selection s = { .log = log, .queue_id = n->queue_id,
	    .wanted = DSN_NOTIFY_FAILURE };
	int rc = -1;

	original_open(&r.original, n);
	switch (n->kind) {
	case NOTICE_FLUSH:
		rc = report_failure(&r, &s, n->sender);
		break;
	case NOTICE_VERP:
		rc = report_verp(&r, &s);
		break;
	case NOTICE_WARN:
		s.wanted = DSN_NOTIFY_DELAY;
		rc = report_delay(&r, &s);
		break;
	case NOTICE_TRACE:
		rc = report_trace(&r, &s);
		break;
	case NOTICE_ONE:
		rc = bounce_one(&r);
		break;
	case NOTICE_APPEND:
		break;
	}
	/* What could not be read is not told: the log must stay. */
	if (s.is_unreadable)
		rc = -1;
	if (n->kind == NOTICE_FLUSH || n->kind == NOTICE_VERP) {
		if (rc == 0 && (n->flags & NOTICE_DELRCPT) != 0)
			mark_recipients(n, log);
		if (rc == 0 || (n->flags & NOTICE_CLEAN) != 0)
			remove_log(n, log);
	} else if (n->kind == NOTICE_TRACE && rc == 0) {
		remove_log(n, log);
	}
	selection_done(&s);
	original_close(&r.original);
	return rc;
}
