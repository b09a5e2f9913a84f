/*
 * role.c - the services bounce, defer and trace: one request a client
 *
 * The service's own name is the directory of its logs. A report is one or
 * two new messages: to the sender, and to the postmaster if notify_classes
 * asks for it. Only when the sender's is safe in the queue the log goes.
 *
 *	sender		failure report		if that fails
 *	somebody	to the sender		kept, tried again
 *	empty		to 2bounce recipient	kept, tried again
 *	double-bounce	nowhere: the end	-
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/bounce/compose.h"
#include "daemon/bounce/original.h"
#include "daemon/bounce/wording.h"
#include "daemon/cleanup/cleanup.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/notice.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/verp.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/mail/address.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"

#define REQUEST_MAX		(1024 * 1024)
#define TEMPLATE_FILE_MAX	(1024 * 1024)
#define SERVICE_EXPAND		"expand_templates"	/* postconf -b */
#define SERVICE_DUMP		"dump_templates"	/* postconf -t */

static struct wordings wordings;

/* ---- which recipients are reported ---- */

/* The entries of a log, or just one; some may not want to be reported. */
struct selection {
	const char	*log;		/* NULL: only single */
	const char	*queue_id;
	unsigned	 wanted;	/* DSN_NOTIFY_*; 0: everybody */
	struct queue_log_entry single;
	struct queue_log *file;
	bool		 gave_single;
	bool		 is_unreadable;	/* the log is there, and cannot be read now */
};

static bool
is_wanted(const struct selection *s, const struct queue_log_entry *e)
{
	/* No NOTIFY at all means the default: failure and delay. */
	return s->wanted == 0 || (e->rcpt.dsn_notify & s->wanted) != 0 ||
	    (e->rcpt.dsn_notify == 0 &&
	    (s->wanted & (DSN_NOTIFY_FAILURE | DSN_NOTIFY_DELAY)) != 0);
}

static void
selection_rewind(void *ctx)
{
	struct selection *s = ctx;
	struct err err = ERR_INIT;

	s->gave_single = false;
	if (s->log == NULL)
		return;
	if (s->file != NULL)
		queue_log_close(s->file);
	s->file = queue_log_open(s->log, s->queue_id, &err);
	if (s->file == NULL && err.kind != ERR_NOT_FOUND) {
		log_warning("%s", err.text);
		s->is_unreadable = true;
	}
}

static int
selection_next(void *ctx, struct queue_log_entry *e)
{
	struct selection *s = ctx;

	if (s->log == NULL) {
		if (s->gave_single)
			return 0;
		s->gave_single = true;
		*e = s->single;
		return is_wanted(s, e);
	}
	while (s->file != NULL && queue_log_next(s->file, e) == 1)
		if (is_wanted(s, e))
			return 1;
	return 0;
}

static void
selection_done(struct selection *s)
{
	if (s->file != NULL)
		queue_log_close(s->file);
	s->file = NULL;
}

static bool
selection_is_empty(struct selection *s)
{
	struct queue_log_entry e;

	selection_rewind(s);
	return selection_next(s, &e) == 0;
}

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

static bool
has_word(const char *list, const char *word)
{
	char *copy = xstrdup(list), *rest = copy, *w;
	bool found = false;

	while (!found && (w = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcasecmp(w, word) == 0;
	free(copy);
	return found;
}

static unsigned
cleanup_flags(const struct original *o)
{
	unsigned flags = CLEANUP_INTERNAL;

	if (has_word(params.internal_mail_filter_classes, "bounce"))
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

static int
send_mail(const struct notice *n, const struct original *o,
    struct selection *s, const struct mail *mail)
{
	struct compose_entries entries = { selection_rewind, selection_next,
	    s };
	struct compose_notice cn = {
		.wording = &wordings.kind[mail->wording],
		.original = &o->view, .entries = &entries,
		.for_postmaster = mail->for_postmaster,
		.headers_only = mail->headers_only ||
		    o->size > params.bounce_size_limit,
		.is_delivered = mail->is_delivered, .now = clock_now() };
	struct compose_out out = { put_line, NULL };
	struct buf id = BUF_INIT, to = BUF_INIT, reason = BUF_INIT;
	struct err err = ERR_INIT;
	struct cleanup *c;
	unsigned status;

	if ((c = cleanup_open(cleanup_flags(o), &err)) == NULL) {
		log_warning("%s: %s not sent: %s", n->queue_id, mail->what,
		    err.text);
		return -1;
	}
	buf_sets(&id, cleanup_id(c));
	address_quote(&to, mail->to);
	cn.new_id = id.ptr;
	cn.to = to.ptr;
	if (mail->wording == WORDING_DELAY && o->view.arrival > 0)
		cn.retry_until = o->view.arrival +
		    params.maximal_queue_lifetime;
	put_envelope(c, mail);
	out.ctx = c;
	compose(&cn, &out);
	cleanup_recs(c, QUEUE_REC_XTRA, "");
	cleanup_recs(c, QUEUE_REC_END, "");
	status = cleanup_commit(c, &reason);
	if (status == 0)
		log_info("%s: %s: %s", n->queue_id, mail->what, id.ptr);
	else
		log_warning("%s: %s not sent: %s", n->queue_id, mail->what,
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
tell_postmaster(const struct notice *n, const struct original *o,
    struct selection *s, const char *class, const char *recipient,
    enum wording_kind kind, const char *what)
{
	struct mail mail = { .wording = kind, .what = what,
	    .from = params.double_bounce_sender, .to = recipient,
	    .for_postmaster = true, .headers_only = true };

	if (has_word(params.notify_classes, class))
		send_mail(n, o, s, &mail);
}

/* A notice that could not be delivered: the last one to ask is the postmaster. */
static int
second_bounce(const struct notice *n, const struct original *o,
    struct selection *s)
{
	struct mail mail = { .wording = WORDING_FAILURE,
	    .what = "postmaster non-delivery notification",
	    .from = params.double_bounce_sender,
	    .to = params.p_2bounce_notice_recipient,
	    .for_postmaster = true };

	if (!has_word(params.notify_classes, "2bounce"))
		return 0;
	return send_mail(n, o, s, &mail);
}

static int
report_failure(const struct notice *n, const struct original *o,
    struct selection *s, const char *sender)
{
	struct mail mail = { .wording = WORDING_FAILURE,
	    .what = "sender non-delivery notification", .from = "",
	    .to = sender, .headers_only = n->ret_flags == DSN_RET_HDRS };
	bool is_wanted = !selection_is_empty(s);

	/* NOTIFY is the sender's choice; the postmaster's is notify_classes. */
	s->wanted = 0;
	if (selection_is_empty(s))
		return 0;
	if (n->sender[0] == '\0')
		return second_bounce(n, o, s);
	if (is_double_bounce(n->sender)) {
		log_warning("%s: undeliverable postmaster notification "
		    "discarded", n->queue_id);
		return 0;
	}
	s->wanted = DSN_NOTIFY_FAILURE;
	if (is_wanted && send_mail(n, o, s, &mail) == -1)
		return -1;
	s->wanted = 0;
	tell_postmaster(n, o, s, "bounce", params.bounce_notice_recipient,
	    WORDING_FAILURE, "postmaster non-delivery notification");
	return 0;
}

static int
report_delay(const struct notice *n, const struct original *o,
    struct selection *s)
{
	struct mail mail = { .wording = WORDING_DELAY,
	    .what = "sender delay notification", .from = "",
	    .to = n->sender, .headers_only = true };	/* RFC 3461 4.3 */
	bool is_wanted = !selection_is_empty(s);

	if (n->sender[0] == '\0' || is_double_bounce(n->sender))
		return 0;
	if (is_wanted && send_mail(n, o, s, &mail) == -1)
		return -1;
	s->wanted = 0;
	if (selection_is_empty(s))
		return 0;
	tell_postmaster(n, o, s, "delay", params.delay_notice_recipient,
	    WORDING_DELAY, "postmaster delay notification");
	return 0;
}

static int
report_trace(const struct notice *n, const struct original *o,
    struct selection *s)
{
	bool was_asked = (n->flags & (AGENT_USER_PROBE | AGENT_RECORD)) != 0;
	struct mail mail = {
	    .wording = was_asked ? WORDING_VERIFY : WORDING_SUCCESS,
	    .what = "sender delivery status notification", .from = "",
	    .to = n->sender, .headers_only = true, .is_delivered = true };

	s->wanted = was_asked ? 0 : DSN_NOTIFY_SUCCESS;
	if ((n->flags & AGENT_REC_DELAY) != 0)
		s->wanted |= DSN_NOTIFY_DELAY;
	if (selection_is_empty(s))
		return 0;
	if (n->sender[0] == '\0' && has_word(params.notify_classes,
	    "2bounce")) {
		mail.from = params.double_bounce_sender;
		mail.to = params.p_2bounce_notice_recipient;
	} else if (n->sender[0] == '\0' || is_double_bounce(n->sender)) {
		log_info("%s: not sending trace/success notification for "
		    "%s-bounce message", n->queue_id,
		    n->sender[0] == '\0' ? "single" : "double");
		return 0;
	}
	return send_mail(n, o, s, &mail);
}

/* One report a recipient, each to an address that names it. */
static int
report_verp(const struct notice *n, const struct original *o,
    struct selection *list)
{
	struct selection one = { .wanted = list->wanted };
	struct buf rcpt = BUF_INIT, sender = BUF_INIT;
	int rc = 0;

	if (n->sender[0] == '\0' || is_double_bounce(n->sender))
		return report_failure(n, o, list, n->sender);
	selection_rewind(list);
	while (rc == 0 && selection_next(list, &one.single) == 1) {
		buf_reset(&rcpt);
		address_unquote(&rcpt, one.single.rcpt.orig[0] != '\0' ?
		    one.single.rcpt.orig : one.single.rcpt.address);
		verp_sender(&sender, n->sender, n->verp_delimiters, rcpt.ptr);
		rc = report_failure(n, o, &one, sender.ptr);
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

static int
finish(const struct notice *n, const char *log, int rc)
{
	struct err err = ERR_INIT;

	if (rc == 0 && (n->flags & NOTICE_DELRCPT) != 0)
		mark_recipients(n, log);
	if ((rc == 0 || (n->flags & NOTICE_CLEAN) != 0) &&
	    queue_log_remove(log, n->queue_id, &err) == -1)
		log_warning("%s", err.text);
	return rc;
}

/* ---- requests ---- */

static int
append(const struct notice *n, const char *log)
{
	struct err err = ERR_INIT;

	if (queue_log_append(log, n->queue_id, &n->rcpt, &n->dsn,
	    &err) == 0)
		return 0;
	log_warning("%s: %s", n->queue_id, err.text);
	return -1;
}

/* The entry of a "one" request in the form that log entries have: quoted. */
static int
bounce_one(const struct notice *n, const struct original *o)
{
	struct selection s = { .wanted = DSN_NOTIFY_FAILURE };
	struct buf address = BUF_INIT, orig = BUF_INIT;
	int rc;

	address_quote(&address, n->rcpt.address);
	address_quote(&orig, n->rcpt.orig);
	s.single.rcpt = n->rcpt;
	s.single.rcpt.address = address.ptr;
	s.single.rcpt.orig = orig.ptr;
	s.single.dsn = n->dsn;
	if (s.single.dsn.action[0] == '\0')
		s.single.dsn.action = "failed";
	rc = report_failure(n, o, &s, n->sender);
	buf_done(&address);
	buf_done(&orig);
	return rc;
}

static int
report(const struct notice *n, const char *log)
{
	struct selection s = { .log = log, .queue_id = n->queue_id,
	    .wanted = DSN_NOTIFY_FAILURE };
	struct original o;
	int rc = -1;

	original_open(&o, n);
	switch (n->kind) {
	case NOTICE_FLUSH:
		rc = report_failure(n, &o, &s, n->sender);
		break;
	case NOTICE_VERP:
		rc = report_verp(n, &o, &s);
		break;
	case NOTICE_WARN:
		s.wanted = DSN_NOTIFY_DELAY;
		rc = report_delay(n, &o, &s);
		break;
	case NOTICE_TRACE:
		rc = report_trace(n, &o, &s);
		break;
	case NOTICE_ONE:
		rc = bounce_one(n, &o);
		break;
	case NOTICE_APPEND:
		break;
	}
	/* What could not be read is not told: the log must stay. */
	if (s.is_unreadable)
		rc = -1;
	if (n->kind == NOTICE_FLUSH || n->kind == NOTICE_VERP)
		rc = finish(n, log, rc);
	else if (n->kind == NOTICE_TRACE && rc == 0)
		queue_log_remove(log, n->queue_id, NULL);
	selection_done(&s);
	original_close(&o);
	return rc;
}

static int
check(const struct notice *n, struct err *err)
{
	bool has_queue = n->kind != NOTICE_APPEND;

	if (!queue_id_is_valid(n->queue_id) ||
	    (has_queue && !queue_name_is_valid(n->queue_name)))
		return err_set(err, ERR_SYNTAX,
		    "bad queue name or ID: \"%.100s\", \"%.100s\"",
		    n->queue_name, n->queue_id);
	if (n->kind == NOTICE_VERP && strlen(n->verp_delimiters) != 2)
		return err_set(err, ERR_SYNTAX,
		    "bad VERP delimiters: \"%.100s\"", n->verp_delimiters);
	return 0;
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	struct err err = ERR_INIT;
	struct buf reply = BUF_INIT;
	struct attrs attrs;
	struct notice n;
	int got, rc = -1;

	(void)argv;
	attrs_init(&attrs);
	got = attrs_read(client, &attrs, REQUEST_MAX, &err);
	if (got != 1 || notice_get(&n, &attrs, &err) == -1 ||
	    check(&n, &err) == -1) {
		if (got != 0)
			log_warning("%s: malformed request: %s", service,
			    err.text);
	} else if (n.kind == NOTICE_APPEND) {
		rc = append(&n, service);
	} else {
		rc = report(&n, service);
	}
	if (got != 0) {
		notice_put_reply(&reply, rc);
		stream_write(client, reply.ptr, reply.len);
		stream_flush(client);
	}
	buf_done(&reply);
	attrs_done(&attrs);
}

static void
read_templates(void)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	wordings_init(&wordings);
	if (params.bounce_template_file[0] == '\0')
		return;
	if (file_read(params.bounce_template_file, &text, TEMPLATE_FILE_MAX,
	    &err) == -1)
		log_warning("%s -- using the built-in texts", err.text);
	else
		wordings_parse(&wordings, params.bounce_template_file,
		    text.ptr);
	buf_done(&text);
}

/* postconf -b and -t run this role by hand for its texts alone. */
static void
print_templates(bool is_expanded)
{
	struct buf out = BUF_INIT;

	if (is_expanded)
		wordings_print_expanded(&out, &wordings);
	else
		wordings_print(&out, &wordings);
	exit(file_write_all(STDOUT_FILENO, out.ptr, out.len) == 0 ? 0 : 1);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)argv;
	read_templates();
	if (serve_standalone() && (strcmp(service, SERVICE_EXPAND) == 0 ||
	    strcmp(service, SERVICE_DUMP) == 0))
		print_templates(strcmp(service, SERVICE_EXPAND) == 0);
	cleanup_init();
}

const struct role bounce_role = {
	.name = "bounce",
	.summary = "report failed, delayed and traced deliveries",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_MAXPROC_0 | ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.greeting = NOTICE_PROTOCOL,
	.pre_jail = pre_jail,
	.serve = serve
};
