/*
 * showq.c - list the queue for whoever may not read it
 *
 * A client connects, sends nothing, and gets one attribute list a message:
 * first every entry of its defer log, then the recipients that the log does
 * not name (spec/services.md 3.1). The form is that of Postfix 3.5 to 3.10,
 * which readers of either side understand. Several threads read; the client gets
 * the messages in the order of the directories.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/role.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_listing.h"
#include "lib/queue/queue_scan.h"

static void
put_message(const struct queue_listing_message *m, struct buf *out, void *own)
{
	struct buf *clean = own;
	const char *reason;
	size_t i;

	attr_put_str(out, "queue_name", m->queue);
	attr_put_str(out, "queue_id", m->id);
	attr_put_long(out, "time", m->arrival);
	attr_put_long(out, "size", m->size);
	attr_put_int(out, "forced_expire", m->is_expired);
	attr_put_str(out, "sender", m->sender);
	for (i = 0; i < m->rcpt_count; i++) {
		attr_put_str(out, "recipient", m->rcpts[i].address);
		reason = m->rcpts[i].reason;
		buf_reset(clean);
		text_printable(clean, reason, strlen(reason),
		    params.smtputf8_enable);
		attr_put_str(out, "reason", clean->ptr);
	}
	attr_put_end(out);
}

/* Each piece at once: whoever asks sees the first messages soon. */
static bool
send_piece(struct buf *out, void *ctx)
{
	return stream_write(ctx, out->ptr, out->len) == 0 &&
	    stream_flush(ctx) == 0;
}

static void
serve_listing(struct stream *client, const char *service, char **argv)
{
	unsigned i, n = queue_scan_threads();
	struct buf out = BUF_INIT, *clean = xcalloc(n, sizeof(*clean));
	struct queue_listing_job job = { .put = put_message,
	    .text = send_piece, .ctx = client, .threads = n, .own = clean,
	    .own_size = sizeof(*clean) };

	(void)service;
	if (argv != NULL && argv[0] != NULL)
		log_fatal("unexpected command-line argument: %s", argv[0]);
	for (i = 0; i < n; i++)
		buf_init(&clean[i]);
	attr_put_greeting(&out, "mail_queue_list_protocol");
	stream_write(client, out.ptr, out.len);
	queue_listing_from_queue(&job);
	buf_reset(&out);
	attr_put_end(&out);
	stream_write(client, out.ptr, out.len);
	stream_flush(client);
	for (i = 0; i < n; i++)
		buf_done(&clean[i]);
	free(clean);
	buf_done(&out);
}

const struct role showq_role = {
	.name = "showq",
	.summary = "list the queue for postqueue and mailq",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_NOTHING,
	.serve = serve_listing,
};
