/*
 * talk.c - one conversation: replies in, commands and the content out
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/job.h"

#include <string.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/smtp/conn.h"
#include "lib/base/log.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define WIRE_CHUNK		32768

/* The queue file is damaged: nobody gets half a message. */
static enum smtp_step
content_is_bad(struct job *j, struct smtp_session *s)
{
	struct smtp_rcpt *r;
	size_t i;

	for (i = 0; i < j->msg.rcpt_count; i++) {
		r = &j->msg.rcpts[i];
		if (r->fate != SMTP_LEFT)
			continue;
		strcpy(r->status, "5.3.0");
		buf_sets(&r->reason, "unreadable mail queue entry");
		buf_reset(&r->diag);
		r->fate = SMTP_BOUNCE;
	}
	j->is_corrupt = true;
	return smtp_session_body_failed(s);
}

/* An old PIX stops at a dot that comes in the same packet as the text before it. */
static void
pix_pause(const struct job *j, const struct conn *c)
{
	if ((c->session.pix & SMTP_PIX_DELAY_DOT) == 0)
		return;
	stream_flush(c->stream);
	sleep((unsigned)j->cfg->pix_delay_s);
}

/* What flags= of master.cf puts in front; it is checked like the message's own headers. */
static int
put_head(struct job *j, struct smtp_content *content, struct buf *wire)
{
	const struct {
		unsigned	 flag;
		const char	*name, *address;
		bool		 is_path;
	} lines[] = {
		{ SMTP_RETURN_PATH, "Return-Path: ", j->rq->sender, true },
		{ SMTP_ORIGINAL_TO, "X-Original-To: ", j->rq->rcpts[0].orig,
		    false },
		{ SMTP_DELIVERED_TO, "Delivered-To: ",
		    j->rq->rcpts[0].address, false },
	};
	struct buf line = BUF_INIT, mapped = BUF_INIT;
	const char *address;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]) && rc == 0; i++) {
		address = lines[i].address;
		if ((j->cfg->flags & lines[i].flag) == 0 ||
		    (*address == '\0' && !lines[i].is_path))
			continue;
		if (j->cfg->generic != NULL && *address != '\0' &&
		    smtp_generic(j->cfg->generic, address, &mapped))
			address = mapped.ptr;
		buf_sets(&line, lines[i].name);
		if (lines[i].is_path)
			buf_addc(&line, '<');
		if (*address != '\0')
			address_quote(&line, address);
		if (lines[i].is_path)
			buf_addc(&line, '>');
		rc = smtp_content_record(content, true, line.ptr, line.len,
		    wire);
	}
	buf_done(&mapped);
	buf_done(&line);
	return rc;
}

/* Records to lines, up to the one that is no content; got as queue_file_next has it. */
static int
send_records(struct job *j, struct conn *c, struct smtp_content *content,
    int *type, struct err *err)
{
	static struct buf wire = BUF_INIT;	/* kept from message to message */
	const char *text;
	size_t len;
	int got = 0;

	buf_reset(&wire);
	if (put_head(j, content, &wire) == -1)
		return got;
	while ((got = queue_file_next(j->rq->file, type, &text, &len,
	    err)) == 1 && (*type == QUEUE_REC_TEXT ||
	    *type == QUEUE_REC_PART)) {
		if (smtp_content_record(content, *type == QUEUE_REC_TEXT, text,
		    len, &wire) == -1)
			return got;
		if (wire.len < WIRE_CHUNK)
			continue;
		if (conn_write(c, &wire) == -1)
			return got;
		buf_reset(&wire);
	}
	/* Of a damaged message the server gets no more. */
	if (got == 1 && *type == QUEUE_REC_XTRA &&
	    smtp_content_end(content, &wire) == 0)
		conn_write(c, &wire);
	return got;
}

static enum smtp_step
send_content(struct job *j, struct conn *c)
{
	struct smtp_session *s = &c->session;
	struct smtp_content content;
	struct err err = ERR_INIT;
	int type = 0, got;

	conn_start_content(c);
	smtp_content_init(&content, j->rq->queue_id, j->cfg, j->msg.is_8bit &&
	    j->cfg->converts_8bit && (s->features & SMTP_HAS_8BITMIME) == 0);
	got = send_records(j, c, &content, &type, &err);
	smtp_content_done(&content);
	if (stream_status(c->stream) != STREAM_OK)
		return conn_lost(c);
	if (content.has_failed) {
		smtp_session_lost(s, SMTP_LOST_LOCAL);
		return SMTP_STEP_FAILED;
	}
	if (got != 1 || type != QUEUE_REC_XTRA) {
		if (got == 1)
			log_warning("%s/%s: bad record type: %d in message"
			    " content", j->rq->queue_name, j->rq->queue_id,
			    type);
		else
			log_warning("%s", got == -1 ? err.text :
			    "unexpected end of queue file");
		return content_is_bad(j, s);
	}
	pix_pause(j, c);
	return smtp_session_body_sent(s);
}

enum smtp_step
job_talk(struct job *j, struct conn *c, enum smtp_step step)
{
	struct err err = ERR_INIT;

	for (;;) {
		switch (step) {
		case SMTP_STEP_READ:
			step = conn_exchange(c);
			/* LMTP: whoever has the message keeps it, whatever comes. */
			if (c->session.state == SMTP_DOT)
				job_dispose_decided(j, &c->session);
			break;
		case SMTP_STEP_TLS:
			step = conn_start_tls(c);
			break;
		case SMTP_STEP_BODY:
			if (queue_file_seek(j->rq->file, j->rq->data_offset,
			    &err) == -1)
				step = content_is_bad(j, &c->session);
			else
				step = send_content(j, c);
			break;
		case SMTP_STEP_HELLO:
		case SMTP_STEP_END:
		case SMTP_STEP_FAILED:
		case SMTP_STEP_CLOSE:
			return step;
		}
	}
}
