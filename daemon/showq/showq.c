/*
 * showq.c - list the queue for whoever may not read it
 *
 * A client connects, sends nothing, and gets one attribute list a message:
 * first every entry of its defer log, then the recipients that the log does
 * not name (spec/services.md 3.1). The form is that of Postfix 3.5 to 3.10,
 * which readers of either side understand.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>

#include "daemon/role.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_message.h"

/* Queues in the order of the listing. */
static const char *const listed[] = { "maildrop", "active", "incoming",
    "deferred", "hold", NULL };

static void
put_rcpt(struct buf *out, const char *address, const char *reason)
{
	struct buf clean = BUF_INIT;

	attr_put_str(out, "recipient", address);
	text_printable(&clean, reason, strlen(reason), params.smtputf8_enable);
	attr_put_str(out, "reason", clean.ptr);
	buf_done(&clean);
}

static void
put_message(struct buf *out, const struct queue_message *m)
{
	size_t i;

	attr_put_str(out, "queue_name", m->queue);
	attr_put_str(out, "queue_id", m->id);
	attr_put_long(out, "time", m->arrival.tv_sec);
	attr_put_long(out, "size", m->size);
	attr_put_int(out, "forced_expire", m->is_expired);
	attr_put_str(out, "sender", m->sender_shown);
	for (i = 0; i < m->entry_count; i++)
		put_rcpt(out, m->entries[i].shown, m->entries[i].reason);
	for (i = 0; i < m->rcpt_count; i++)
		if (!queue_message_was_logged(m, m->rcpts[i].shown))
			put_rcpt(out, m->rcpts[i].shown, "");
	attr_put_end(out);
}

/* Returns -1 when the client went away. */
static int
list_queue(struct stream *client, const char *queue, struct queue_message *m,
    struct buf *out)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;
	const char *id;
	int rc = 0;

	if ((qd = queue_dir_open(queue, &err)) == NULL) {
		log_warning("%s", err.text);
		return 0;
	}
	while (rc == 0 && (id = queue_dir_next(qd)) != NULL) {
		rc = queue_message_read(m, queue, id, QUEUE_MESSAGE_REASONS,
		    &err);
		if (rc == -1)
			log_warning("%s", err.text);
		if (m->note != NULL)
			log_warning("%s", m->note);
		if (rc != 0 && m->has_sender) {
			buf_reset(out);
			put_message(out, m);
			rc = stream_write(client, out->ptr, out->len);
		} else {
			rc = 0;
		}
	}
	queue_dir_close(qd);
	return rc;
}

static void
serve_listing(struct stream *client, const char *service, char **argv)
{
	struct queue_message m;
	struct buf out = BUF_INIT;
	size_t i;

	(void)service;
	if (argv != NULL && argv[0] != NULL)
		log_fatal("unexpected command-line argument: %s", argv[0]);
	queue_message_init(&m);
	attr_put_greeting(&out, "mail_queue_list_protocol");
	stream_write(client, out.ptr, out.len);
	for (i = 0; listed[i] != NULL; i++)
		if (list_queue(client, listed[i], &m, &out) == -1)
			break;
	buf_reset(&out);
	attr_put_end(&out);
	stream_write(client, out.ptr, out.len);
	stream_flush(client);
	buf_done(&out);
	queue_message_done(&m);
}

const struct role showq_role = {
	.name = "showq",
	.summary = "list the queue for postqueue and mailq",
	.skeleton = ROLE_SINGLE,
	.serve = serve_listing,
};
