/*
 * cleanup_client.c - hand a message to the cleanup service
 *
 * For roles that hold rights which the text of a message must not come near.
 * Records are sent as they come; the service reads on after an error, so that
 * the status can be read at the end in any case. Protocol: spec/services.md
 * 3.10.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/cleanup.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

#define LIST_MAX	10000	/* bytes of one attribute list */

struct cleanup_client {
	struct stream	*stream;
	struct buf	 id, rec;
};

/* greet - read protocol and queue_id, send the flags */
static int
greet(struct cleanup_client *c, unsigned flags, struct err *err)
{
	struct attrs a;
	const char *id, *protocol;
	int rc;

	attrs_init(&a);
	if ((rc = attrs_read(c->stream, &a, LIST_MAX, err)) == 0)
		rc = err_set(err, ERR_EOF, "the cleanup service hung up");
	if (rc == 1) {
		id = attrs_get(&a, "queue_id", 0);
		protocol = attrs_get(&a, "protocol", 0);
		if (id == NULL || !queue_id_is_valid(id) || (protocol != NULL &&
		    strcmp(protocol, "cleanup_protocol") != 0))
			rc = err_set(err, ERR_SYNTAX,
			    "unexpected greeting from the cleanup service");
		else
			buf_sets(&c->id, id);
	}
	attrs_done(&a);
	if (rc != 1)
		return -1;
	attr_put_int(&c->rec, "flags", (int32_t)flags);
	attr_put_end(&c->rec);
	return stream_write(c->stream, c->rec.ptr, c->rec.len);
}

struct cleanup_client *
cleanup_client_open(unsigned flags, struct err *err)
{
	struct cleanup_client *c;
	struct stream *s;

	s = endpoint_connect("public", params.cleanup_service_name, err);
	if (s == NULL)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	buf_init(&c->id);
	buf_init(&c->rec);
	c->stream = s;
	if (greet(c, flags, err) == -1) {
		cleanup_client_abort(c);
		return NULL;
	}
	return c;
}

const char *
cleanup_client_id(const struct cleanup_client *c)
{
	return c->id.ptr;
}

int
cleanup_client_rec(struct cleanup_client *c, int type, const void *data,
    size_t len)
{
	buf_reset(&c->rec);
	queue_rec_put(&c->rec, type, data, len);
	return stream_write(c->stream, c->rec.ptr, c->rec.len);
}

int
cleanup_client_recf(struct cleanup_client *c, int type, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	rc = cleanup_client_rec(c, type, text.ptr, text.len);
	buf_done(&text);
	return rc;
}

unsigned
cleanup_client_commit(struct cleanup_client *c, struct buf *reason)
{
	struct attrs a;
	struct err err = ERR_INIT;
	int32_t status = CLEANUP_WRITE;
	const char *text;

	attrs_init(&a);
	if (stream_flush(c->stream) == -1 ||
	    attrs_read(c->stream, &a, LIST_MAX, &err) != 1 ||
	    !attrs_int(&a, "status", 0, &status)) {
		log_warning("%s: no status from the cleanup service: %s",
		    c->id.ptr, err.text);
		status = CLEANUP_WRITE;
	}
	if (reason != NULL) {
		text = attrs_get(&a, "reason", 0);
		buf_sets(reason, text != NULL ? text : "");
	}
	attrs_done(&a);
	cleanup_client_abort(c);
	return (unsigned)status;
}

void
cleanup_client_abort(struct cleanup_client *c)
{
	if (c == NULL)
		return;
	stream_free(c->stream);		/* without E the service drops the file */
	buf_done(&c->id);
	buf_done(&c->rec);
	free(c);
}
