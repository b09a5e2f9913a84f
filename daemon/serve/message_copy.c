/*
 * message_copy.c - a queued message as mailboxes and commands want it
 *
 * The content records are read once more for each recipient, from the page
 * cache; output is collected in one buffer, so that a small message is one
 * write.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/message_copy.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "daemon/serve/agent.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define WRITE_SIZE	65536

static const char *
eol_of(const struct message_copy *how)
{
	return how->eol != NULL ? how->eol : "\n";
}

static void
put_address_header(struct buf *out, const struct message_copy *how,
    const char *name, const char *address, bool in_brackets)
{
	buf_adds(out, name);
	if (in_brackets)
		buf_addc(out, '<');
	address_quote(out, address);
	if (in_brackets)
		buf_addc(out, '>');
	buf_adds(out, eol_of(how));
}

/* "From sender  Sat Nov 21 10:50:12 2026": two blanks, as mail readers know it. */
static void
put_from_line(struct buf *out, const struct message_copy *how)
{
	time_t now = clock_now();
	char date[32];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
	buf_adds(out, "From ");
	if (how->sender[0] == '\0')
		buf_adds(out, how->null_sender != NULL &&
		    *how->null_sender != '\0' ? how->null_sender :
		    "MAILER-DAEMON");
	else
		address_quote(out, how->sender);
	buf_addf(out, "  %s%s", date, eol_of(how));
}

int
message_copy_start(struct message_copier *c, struct agent_request *rq,
    const struct message_copy *how, struct buf *out)
{
	struct err err = ERR_INIT;

	*c = (struct message_copier){ rq, how, true, false };
	if (queue_file_seek(rq->file, rq->data_offset, &err) == -1) {
		log_warning("%s", err.text);
		return -1;
	}
	if ((how->flags & COPY_FROM) != 0)
		put_from_line(out, how);
	if ((how->flags & COPY_RETURN_PATH) != 0)
		put_address_header(out, how, "Return-Path: ", how->sender,
		    true);
	if ((how->flags & COPY_ORIGINAL_TO) != 0 && how->original[0] != '\0')
		put_address_header(out, how, "X-Original-To: ",
		    how->original, false);
	if ((how->flags & COPY_DELIVERED_TO) != 0 && how->delivered[0] != '\0')
		put_address_header(out, how, "Delivered-To: ",
		    how->delivered, false);
	return 0;
}

static void
put_line(struct message_copier *c, struct buf *out, const char *text,
    size_t len)
{
	if (c->at_start && (c->how->flags & COPY_QUOTE_FROM) != 0 &&
	    len >= 5 && memcmp(text, "From ", 5) == 0)
		buf_addc(out, '>');
	if (c->at_start && (c->how->flags & COPY_DOT) != 0 && len > 0 &&
	    text[0] == '.')
		buf_addc(out, '.');
	buf_add(out, text, len);
}

static void
put_end(struct message_copier *c, struct buf *out)
{
	if (!c->at_start && (c->how->flags & COPY_BLANK_END) != 0)
		buf_adds(out, eol_of(c->how));
	if ((c->how->flags & COPY_BLANK_END) != 0)
		buf_adds(out, eol_of(c->how));
	c->is_done = true;
}

int
message_copy_more(struct message_copier *c, struct buf *out)
{
	struct err err = ERR_INIT;
	size_t until = out->len + WRITE_SIZE / 2, len;
	const char *text;
	int type, rc;

	while (!c->is_done && out->len < until) {
		rc = queue_file_next(c->rq->file, &type, &text, &len, &err);
		if (rc == -1) {
			log_warning("%s: %s", c->rq->queue_id, err.text);
			return -1;
		}
		if (rc == 1 && (type == QUEUE_REC_TEXT || type == QUEUE_REC_PART)) {
			put_line(c, out, text, len);
			c->at_start = type == QUEUE_REC_TEXT;
			if (c->at_start)
				buf_adds(out, eol_of(c->how));
			continue;
		}
		if (rc == 0 || type != QUEUE_REC_XTRA) {
			log_warning("%s: bad record type: %d in message "
			    "content", c->rq->queue_id, rc == 0 ? -1 : type);
			return -1;
		}
		put_end(c, out);
	}
	return c->is_done ? 0 : 1;
}

enum message_copy_end
message_copy(struct agent_request *rq, const struct message_copy *how, int fd)
{
	enum message_copy_end end = COPY_DONE;
	struct buf out = BUF_INIT;
	struct message_copier c;
	int more;

	if (message_copy_start(&c, rq, how, &out) == -1)
		end = COPY_CORRUPT;
	do {
		if (end != COPY_DONE)
			break;
		more = message_copy_more(&c, &out);
		if (more == -1)
			end = COPY_CORRUPT;
		else if (file_write_all(fd, out.ptr, out.len) == -1)
			end = COPY_FAILED;
		buf_reset(&out);
	} while (more == 1);
	buf_done(&out);
	return end;
}

/* ---- how one delivery ended ---- */

void
delivery_set(struct delivery *d, const char *status, const char *fmt, ...)
{
	size_t n = strlen(status);
	va_list ap;

	if (n >= sizeof(d->status))
		n = sizeof(d->status) - 1;
	memcpy(d->status, status, n);
	d->status[n] = '\0';
	d->kind = status[0] == '2' ? OUTCOME_SENT : status[0] == '4' ?
	    OUTCOME_DEFERRED : OUTCOME_BOUNCED;
	buf_reset(&d->reason);
	va_start(ap, fmt);
	buf_vaddf(&d->reason, fmt, ap);
	va_end(ap);
}

void
delivery_done(struct delivery *d)
{
	buf_done(&d->reason);
	buf_done(&d->diagnostic);
}

bool
delivery_report(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct delivery *d)
{
	struct dsn dsn = { d->status, d->kind == OUTCOME_SENT ? d->action :
	    "", d->reason.ptr, d->diagnostic.len > 0 ? "x-unix" : "",
	    d->diagnostic.len > 0 ? d->diagnostic.ptr : "", "", "" };
	bool had_left = rq->has_left, is_left;

	/* soft_bounce or a filter may keep in the queue what seems to be done. */
	rq->has_left = false;
	switch (d->kind) {
	case OUTCOME_SENT:
		agent_sent(rq, rcpt, relay, &dsn);
		break;
	case OUTCOME_BOUNCED:
		agent_bounced(rq, rcpt, relay, &dsn);
		break;
	case OUTCOME_DEFERRED:
		agent_deferred(rq, rcpt, relay, &dsn);
		break;
	case OUTCOME_CORRUPT:
		agent_corrupt(rq);
		break;
	}
	is_left = rq->has_left;
	rq->has_left = had_left || is_left;
	return !is_left;
}
