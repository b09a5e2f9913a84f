/*
 * cleanup.c - one message on its way to disk
 *
 * Records arrive in three segments; each has its file. What comes out goes
 * through cleanup_out into one queue writer, which keeps it in memory until it
 * is large or done: an ordinary message is one write and one fsync. The size
 * record in front is patched when everything is known.
 *
 * A message that has failed goes on being parsed, without being written, when
 * its sender is to get a bounce: the recipients are needed for that.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/cleanup/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/serve.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/service_line.h"
#include "lib/ipc/endpoint.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

#define LOG_NAME	"cleanup"	/* log readers look for our lines there */

struct cleanup_tables cleanup_tables;

static struct cleanup *spare;	/* the last message's, empty, buffers and all */
static bool is_open;
static bool asks_service;		/* its line in master.cf is not the plain one */

void
cleanup_init(void)
{
	if (is_open)
		return;
	asks_service = !service_line_is_plain(params.cleanup_service_name,
	    "cleanup", "cleanup");
	if (asks_service)
		is_open = true;
	else
		cleanup_init_service();
}

void
cleanup_init_service(void)
{
	if (is_open)
		return;
	is_open = true;
	rewrite_init();
	cleanup_map_init();
	cleanup_header_init();
	cleanup_check_init();
}

/* ---- writing ---- */

void
cleanup_out(struct cleanup *c, int type, const void *data, size_t len)
{
	if (!cleanup_is_good(c))
		return;
	/* The limit is on the file, envelope included. */
	if (params.message_size_limit > 0 && queue_writer_tell(c->out) +
	    (off_t)len > params.message_size_limit) {
		log_warning("%s: queue file size limit exceeded", c->id.ptr);
		cleanup_fail(c, CLEANUP_SIZE, NULL);
	} else if (queue_writer_rec(c->out, type, data, len) == -1) {
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	}
}

void
cleanup_outs(struct cleanup *c, int type, const char *text)
{
	cleanup_out(c, type, text, strlen(text));
}

void
cleanup_outf(struct cleanup *c, int type, const char *fmt, ...)
{
	va_list ap;

	buf_reset(&c->text);
	va_start(ap, fmt);
	buf_vaddf(&c->text, fmt, ap);
	va_end(ap);
	cleanup_out(c, type, c->text.ptr, c->text.len);
}

void
cleanup_fail(struct cleanup *c, unsigned status, const char *text)
{
	c->status |= status;
	if (text != NULL && c->reason.len == 0)
		buf_sets(&c->reason, text);
}

void
cleanup_note_utf8(struct cleanup *c, const char *text)
{
	if ((c->flags & CLEANUP_AUTOUTF8) != 0 && !text_is_ascii(text) &&
	    text_is_utf8(text, strlen(text)))
		c->sendopts |= SENDOPT_REQUESTED;
}

/* ---- one message's life ---- */

/* state_new - an empty struct, with the buffers of the last message if there are any */
static struct cleanup *
state_new(void)
{
	struct cleanup *c, old;

	if ((c = spare) == NULL) {
		c = xcalloc(1, sizeof(*c));
#define INIT(name) buf_init(&c->name);
		CLEANUP_BUFS(INIT)
		c->seen_rcpts = rcpt_dups_new();
		return c;
	}
	spare = NULL;
	old = *c;
	memset(c, 0, sizeof(*c));
#define KEEP(name) c->name = old.name; buf_reset(&c->name);
	CLEANUP_BUFS(KEEP)
	c->mime = old.mime;
	c->seen_rcpts = old.seen_rcpts;
	return c;
}

static void
state_free(struct cleanup *c)
{
	size_t i;

	for (i = 0; i < c->bounce_count; i++) {
		free(c->bounce_rcpts[i].orcpt);
		free(c->bounce_rcpts[i].orig);
		free(c->bounce_rcpts[i].rcpt);
	}
	free(c->bounce_rcpts);
	c->bounce_rcpts = NULL;
	c->bounce_count = 0;
	rcpt_dups_reset(c->seen_rcpts);
	if (spare == NULL) {
		spare = c;
		return;
	}
#define DONE(name) buf_done(&c->name);
	CLEANUP_BUFS(DONE)
	mime_free(c->mime);
	rcpt_dups_free(c->seen_rcpts);
	free(c);
}

/* remove_logs - an ID may have been used before (spec/queue-format.md 1.6) */
static void
remove_logs(const char *id)
{
	static const char *const logs[] = { "defer", "bounce", "trace" };
	struct buf path = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		queue_path(&path, logs[i], id);
		if (unlink(path.ptr) == 0)
			log_warning("%s: removed spurious %s log", logs[i], id);
		else if (errno != ENOENT)
			log_warning("%s: remove %s log: %s", logs[i], id,
			    strerror(errno));
	}
	buf_done(&path);
}

unsigned
cleanup_intake_flags(bool *checks_rcpt)
{
	char *copy = xstrdup(params.receive_override_options), *rest = copy;
	unsigned flags = CLEANUP_EXTERNAL;
	bool checks = true;
	char *word;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strcasecmp(word, "no_unknown_recipient_checks") == 0)
			checks = false;
		else if (strcasecmp(word, "no_address_mappings") == 0)
			flags &= ~(unsigned)(CLEANUP_BCC | CLEANUP_MAP);
		else if (strcasecmp(word, "no_header_body_checks") == 0)
			flags &= ~(unsigned)CLEANUP_FILTER;
		else if (strcasecmp(word, "no_milters") == 0)
			flags &= ~(unsigned)CLEANUP_MILTER;
		else
			log_fatal("unknown receive_override_options value "
			    "\"%s\"", word);
	}
	free(copy);
	if (checks_rcpt != NULL)
		*checks_rcpt = checks;
	return flags;
}

bool
cleanup_is_from_line(const char *line, size_t len)
{
	while (len > 0 && *line == '>')
		line++, len--;
	return len >= 5 && memcmp(line, "From ", 5) == 0;
}

/* open_service - a message that the service takes */
static struct cleanup *
open_service(unsigned flags, struct err *err)
{
	struct cleanup_client *service;
	struct cleanup *c;

	if ((service = cleanup_client_open(flags, err)) == NULL)
		return NULL;
	c = state_new();
	c->service = service;
	buf_sets(&c->id, cleanup_client_id(service));
	return c;
}

struct cleanup *
cleanup_open(unsigned flags, struct err *err)
{
	struct queue_rec_size none = { .fields = 6 };
	struct queue_writer *out;
	struct cleanup *c;
	struct buf size = BUF_INIT;

	cleanup_init();
	if (asks_service)
		return open_service(flags, err);
	/* Mail that comes faster than the queue manager takes it has to wait
	   a little (spec/master.md 5). */
	if (params.in_flow_delay > 0 && !serve_flow_token_get())
		sleep((unsigned)params.in_flow_delay);
	if ((out = queue_writer_create("incoming", 0, err)) == NULL)
		return NULL;
	c = state_new();
	c->out = out;
	c->flags = flags;
	c->rule = REWRITE_LOCAL;
	if ((flags & CLEANUP_SMTPUTF8) != 0)
		c->sendopts |= SENDOPT_REQUESTED;
	buf_sets(&c->id, queue_writer_id(out));
	remove_logs(c->id.ptr);
	queue_rec_size_put(&size, &none);
	/* The writer puts type and length (two bytes) in front itself. */
	cleanup_out(c, QUEUE_REC_SIZE, size.ptr + 2, size.len - 2);
	buf_done(&size);
	return c;
}

void
cleanup_set_milters(struct cleanup *c, struct milters *milters)
{
	c->milters = milters;
}

bool
cleanup_is_elsewhere(void)
{
	cleanup_init();
	return asks_service;
}

const char *
cleanup_id(const struct cleanup *c)
{
	return c->id.ptr;
}

void
cleanup_set_flags(struct cleanup *c, unsigned flags)
{
	if (c->service != NULL)
		cleanup_recf(c, QUEUE_REC_FLAGS, "%u", flags);
	c->flags |= flags;
	if ((flags & CLEANUP_SMTPUTF8) != 0)
		c->sendopts |= SENDOPT_REQUESTED;
}

/* may_bounce - is it this kind of error that the sender hears of by mail? */
static bool
may_bounce(const struct cleanup *c)
{
	return (c->flags & CLEANUP_BOUNCE) != 0 && (c->status &
	    (CLEANUP_BAD | CLEANUP_WRITE | CLEANUP_DEFER | CLEANUP_PROXY)) == 0;
}

unsigned
cleanup_rec(struct cleanup *c, int type, const void *data, size_t len)
{
	if (c->service != NULL) {
		if (cleanup_client_rec(c->service, type, data, len) == -1)
			c->status |= CLEANUP_WRITE;
		return c->status;
	}
	if ((c->status != 0 && !may_bounce(c)) ||
	    (c->flags & CLEANUP_DISCARD) != 0)
		return c->status;
	log_as(LOG_NAME);
	switch (c->segment) {
	case IN_ENVELOPE:
		cleanup_envelope(c, type, data, len);
		break;
	case IN_MESSAGE:
		cleanup_message(c, type, data, len);
		break;
	case IN_EXTRACTED:
		cleanup_extracted(c, type, data, len);
		break;
	case IS_DONE:
		log_warning("%s: message rejected: record type %d behind the "
		    "end record", c->id.ptr, type);
		cleanup_fail(c, CLEANUP_BAD, NULL);
		break;
	}
	log_as(NULL);
	return c->status;
}

unsigned
cleanup_recs(struct cleanup *c, int type, const char *text)
{
	return cleanup_rec(c, type, text, strlen(text));
}

unsigned
cleanup_recf(struct cleanup *c, int type, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	unsigned status;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	status = cleanup_rec(c, type, text.ptr, text.len);
	buf_done(&text);
	return status;
}

/* ---- the end ---- */

void
cleanup_patch_size(struct cleanup *c)
{
	struct queue_rec_size size = {
		.content_size = (long)(c->xtra_offset - c->data_offset),
		.data_offset = (long)c->data_offset,
		.rcpt_count = c->rcpt_count,
		.qmgr_flags = (long)c->qmgr_flags,
		.content_length = (long)(c->xtra_offset - c->data_offset),
		.sendopts = (long)c->sendopts,
		.fields = 6
	};
	struct buf text = BUF_INIT;

	queue_rec_size_put(&text, &size);
	if (queue_writer_patch(c->out, 0, text.ptr, text.len) == -1)
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	buf_done(&text);
}

/* report_write - say what went wrong with the file */
static void
report_write(struct cleanup *c, const struct err *err)
{
	if (err->errnum == EFBIG) {
		log_warning("%s: queue file size limit exceeded", c->id.ptr);
		cleanup_fail(c, CLEANUP_SIZE, NULL);
		return;
	}
	log_warning("%s: write queue file: %s", c->id.ptr, err->text);
	cleanup_fail(c, CLEANUP_WRITE, err->errnum == ENOSPC ||
	    err->errnum == EDQUOT ?
	    "4.3.1 Insufficient system storage" : NULL);
}

/* wake_qmgr - tell the queue manager; it looks by itself in a while, so that failure is no error */
static void
wake_qmgr(void)
{
	struct err err = ERR_INIT;

	if (endpoint_trigger("public", params.queue_service_name, "W", 1, 1, 0,
	    &err) == -1)
		log_warning("%s", err.text);
}

/* commit_file - make it safe, wake the queue manager */
static void
commit_file(struct cleanup *c)
{
	struct queue_writer *out = c->out;
	struct err err = ERR_INIT;
	bool is_held = (c->flags & CLEANUP_HOLD) != 0;

	cleanup_patch_size(c);
	if (c->status == 0 && is_held &&
	    queue_writer_move(out, "hold", &err) == -1) {
		log_warning("%s: %s", c->id.ptr, err.text);
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	}
	if (c->status != 0)
		return;
	c->out = NULL;
	if (queue_writer_commit(out, &err) == -1)
		report_write(c, &err);
	else {
		cleanup_event_accepted(c);
		if (!is_held)
			wake_qmgr();
	}
}

unsigned
cleanup_commit(struct cleanup *c, struct buf *reason)
{
	struct err err = ERR_INIT;
	unsigned status;

	if (c->service != NULL) {
		status = cleanup_client_commit(c->service, reason);
		state_free(c);
		return status;
	}
	log_as(LOG_NAME);
	if ((c->flags & CLEANUP_DISCARD) != 0)
		c->is_discarded = true;
	if (cleanup_is_good(c) && c->segment != IS_DONE) {
		log_warning("%s: message rejected: missing end record",
		    c->id.ptr);
		cleanup_fail(c, CLEANUP_BAD, NULL);
	}
	if (queue_writer_error(c->out, &err) == -1)
		report_write(c, &err);
	if (cleanup_is_good(c) && c->rcpt_count == 0)
		cleanup_fail(c, CLEANUP_RCPT, NULL);
	if (cleanup_is_good(c) && (c->flags & CLEANUP_MILTER) != 0)
		cleanup_milter(c);
	if (c->status != 0 && c->status != CLEANUP_RCPT && may_bounce(c))
		cleanup_bounce(c);
	else if (cleanup_is_good(c))
		commit_file(c);
	if (c->out != NULL) {
		queue_writer_abort(c->out);
		queue_log_remove("trace", c->id.ptr, NULL);
	}
	log_as(NULL);
	status = c->status;
	if (reason != NULL)
		buf_set(reason, c->reason.ptr, c->reason.len);
	state_free(c);
	return status;
}

void
cleanup_abort(struct cleanup *c)
{
	if (c == NULL)
		return;
	if (c->service != NULL)
		cleanup_client_abort(c->service);
	else
		queue_writer_abort(c->out);
	if (c->rcpt_count > 0)
		queue_log_remove("trace", c->id.ptr, NULL);
	state_free(c);
}

const char *
cleanup_status_text(unsigned status, int *smtp_code, const char **dsn)
{
	/* In order of priority: spec/services.md 3.10. */
	static const struct {
		unsigned	 bit;
		int		 code;
		const char	*dsn, *text;
	} rows[] = {
		{ CLEANUP_DEFER, 451, "4.7.1", "service unavailable" },
		{ CLEANUP_PROXY, 451, "4.3.0", "queue file write error" },
		{ CLEANUP_BAD, 451, "4.3.0", "internal protocol error" },
		{ CLEANUP_RCPT, 550, "5.1.0", "no recipients specified" },
		{ CLEANUP_HOPS, 554, "5.4.0", "too many hops" },
		{ CLEANUP_SIZE, 552, "5.3.4", "message file too big" },
		{ CLEANUP_CONTENT, 550, "5.7.1", "message content rejected" },
		{ CLEANUP_WRITE, 451, "4.3.0", "queue file write error" },
		{ CLEANUP_PERM, 550, "5.7.1", "service denied" },
		{ CLEANUP_BARE_LF, 521, "5.5.2", "bare <LF> received" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((status & rows[i].bit) != 0)
			break;
	if (i == sizeof(rows) / sizeof(rows[0]))
		i = 7;			/* a bit from a newer program */
	if (smtp_code != NULL)
		*smtp_code = rows[i].code;
	if (dsn != NULL)
		*dsn = rows[i].dsn;
	return rows[i].text;
}
