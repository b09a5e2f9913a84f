/*
 * cleanup_bounce.c - return a message that could not be accepted to its sender
 *
 * The unfinished file is completed as far as it goes, since the bounce service
 * copies its headers, and stays at mode 0600, so that nobody takes it for mail.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/notice.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/mail/dsn.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

#define REPLY_MAX	10000	/* bytes of an attribute list from a service */

/* log_bounced - a "status=bounced" line and a log entry per recipient; -1 when that fails */
static int
log_bounced(struct cleanup *c, const char *status, const char *text)
{
	struct agent_times times = { .arrival = c->arrival };
	struct dsn dsn = { status, "failed", text, "", "", "", "" };
	struct err err = ERR_INIT;
	const struct bounce_rcpt *b;
	struct queue_rcpt rcpt;
	size_t i;

	times.active = times.handoff = times.connected = times.delivered =
	    clock_timeval();
	for (i = 0; i < c->bounce_count; i++) {
		b = &c->bounce_rcpts[i];
		rcpt = (struct queue_rcpt){ b->rcpt, b->orig, b->orcpt,
		    b->notify, -1 };
		if (queue_log_append("bounce", c->id.ptr, &rcpt, &dsn,
		    &err) == -1) {
			log_warning("%s: %s", c->id.ptr, err.text);
			return -1;
		}
		agent_log(c->id.ptr, c->sender.ptr, &rcpt, "none", &times,
		    "bounced", &dsn, 0);
	}
	return 0;
}

/* ask_bounce - have the bounce service send what the log holds */
static int
ask_bounce(struct cleanup *c, struct err *err)
{
	struct notice n = {
		.kind = NOTICE_FLUSH, .flags = NOTICE_CLEAN,
		.queue_name = queue_writer_queue(c->out),
		.queue_id = c->id.ptr, .encoding = c->encoding.ptr,
		.sender = c->sender.ptr, .envelope_id = "",
		.verp_delimiters = "", .sendopts = (int)c->sendopts
	};
	struct buf request = BUF_INIT;
	struct stream *s;
	struct attrs reply;
	int rc = -1;

	s = endpoint_connect_greeted("private", params.bounce_service_name,
	    NOTICE_PROTOCOL, params.ipc_timeout, err);
	if (s == NULL)
		return -1;
	notice_put(&request, &n);
	attrs_init(&reply);
	if (stream_write(s, request.ptr, request.len) == -1 ||
	    attrs_read(s, &reply, REPLY_MAX, err) != 1)
		err_set(err, ERR_EOF, "no reply from the bounce service");
	else if ((rc = notice_get_reply(&reply)) != 0)
		err_set(err, ERR_RETRY, "the bounce service failed");
	attrs_done(&reply);
	stream_free(s);
	buf_done(&request);
	return rc == 0 ? 0 : -1;
}

void
cleanup_bounce(struct cleanup *c)
{
	struct err err = ERR_INIT;
	const char *dsn, *text;
	char status[DSN_STATUS_SIZE];
	int code;

	text = cleanup_status_text(c->status, &code, &dsn);
	text = dsn_split(c->reason.len > 0 ? c->reason.ptr : text, dsn,
	    status);
	if (c->data_offset == 0)
		return;
	if (c->xtra_offset == 0) {
		c->xtra_offset = queue_writer_tell(c->out);
		queue_writer_rec(c->out, QUEUE_REC_XTRA, "", 0);
	}
	queue_writer_rec(c->out, QUEUE_REC_END, "", 0);
	cleanup_patch_size(c);
	if (queue_writer_show(c->out) == -1 ||
	    log_bounced(c, status, text) == -1 || ask_bounce(c, &err) == -1) {
		log_warning("%s: cannot bounce: %s", c->id.ptr, err.text);
		cleanup_fail(c, CLEANUP_WRITE, NULL);
		queue_log_remove("bounce", c->id.ptr, NULL);
		return;
	}
	c->status = 0;
	c->is_discarded = true;
	buf_reset(&c->reason);
}
