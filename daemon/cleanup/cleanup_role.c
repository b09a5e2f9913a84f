/*
 * cleanup_role.c - the cleanup service: the module for other programs
 *
 * One message per connection. The greeting names the queue file, so it comes
 * after that was made; the status comes after it is on stable storage.
 * Protocol: spec/services.md 3.10.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/role.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_rec.h"

#define LIST_MAX	1000	/* bytes of the client's attribute list */
#define REC_MAX		1000000	/* bytes of one record: clients split long lines */
#define LENGTH_BYTES_MAX 4	/* spec/queue-format.md 3.1 */

/* read_length - 7 bits per byte, least first; -1 when that is malformed */
static long
read_length(struct stream *s)
{
	long len = 0;
	int i, c;

	for (i = 0; i < LENGTH_BYTES_MAX; i++) {
		if ((c = stream_getc(s)) == -1)
			return -1;
		len |= (long)(c & 0x7f) << (7 * i);
		if ((c & 0x80) == 0)
			return len <= REC_MAX ? len : -1;
	}
	return -1;
}

/* read_record - true when a whole one came */
static bool
read_record(struct stream *s, int *type, struct buf *data)
{
	long len;

	if ((*type = stream_getc(s)) == -1 || (len = read_length(s)) == -1)
		return false;
	buf_reset(data);
	buf_reserve(data, (size_t)len);
	if (len > 0 && stream_read(s, data->ptr, (size_t)len) == -1)
		return false;
	data->len = (size_t)len;
	if (data->size > 0)
		data->ptr[len] = '\0';
	return true;
}

/* read_flags - the client's first list */
static bool
read_flags(struct stream *s, struct cleanup *c)
{
	struct attrs a;
	struct err err = ERR_INIT;
	int32_t flags;
	bool ok;

	attrs_init(&a);
	ok = attrs_read(s, &a, LIST_MAX, &err) == 1 &&
	    attrs_int(&a, "flags", 0, &flags);
	attrs_done(&a);
	if (ok)
		cleanup_set_flags(c, (unsigned)flags);
	else if (err.kind != ERR_NONE)
		log_warning("%s: %s", cleanup_id(c), err.text);
	return ok;
}

/* more_flags - what an access table asked for after the message was begun */
static void
more_flags(struct cleanup *c, const char *text)
{
	int64_t flags;

	if (num_parse_int(text, 0, INT32_MAX, &flags, NULL) == -1)
		log_warning("%s: ignoring bad flags: %s", cleanup_id(c), text);
	else
		cleanup_set_flags(c, (unsigned)flags);
}

static void
send_greeting(struct stream *s, const struct cleanup *c)
{
	struct buf out = BUF_INIT;

	attr_put_str(&out, "protocol", "cleanup_protocol");
	attr_put_str(&out, "queue_id", cleanup_id(c));
	attr_put_end(&out);
	stream_write(s, out.ptr, out.len);
	buf_done(&out);
}

static void
send_status(struct stream *s, unsigned status, const struct buf *reason)
{
	struct buf out = BUF_INIT;

	attr_put_int(&out, "status", (int32_t)status);
	attr_put_str(&out, "reason", reason->ptr);
	attr_put_end(&out);
	stream_write(s, out.ptr, out.len);
	stream_flush(s);
	buf_done(&out);
}

static void
cleanup_serve(struct stream *client, const char *service, char **argv)
{
	struct cleanup *c;
	struct err err = ERR_INIT;
	struct buf data = BUF_INIT, reason = BUF_INIT;
	unsigned status;
	int type = 0;

	(void)service;
	(void)argv;
	if ((c = cleanup_open(0, &err)) == NULL) {
		log_warning("%s", err.text);
		return;
	}
	send_greeting(client, c);
	if (!read_flags(client, c)) {
		cleanup_abort(c);
		return;
	}
	while (type != QUEUE_REC_END && read_record(client, &type, &data)) {
		if (type == QUEUE_REC_FLAGS)
			more_flags(c, data.ptr);
		else
			cleanup_rec(c, type, data.ptr, data.len);
	}
	if (type == QUEUE_REC_END) {
		status = cleanup_commit(c, &reason);
		send_status(client, status, &reason);
	} else {
		log_info("%s: canceled", cleanup_id(c));
		cleanup_abort(c);
	}
	buf_done(&data);
	buf_done(&reason);
}

static void
cleanup_pre_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	cleanup_init_service();
}

const struct role cleanup_role = {
	.name = "cleanup",
	.summary = "turn incoming records into a queue file",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.pre_jail = cleanup_pre_jail,
	.serve = cleanup_serve,
};
