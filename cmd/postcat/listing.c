/*
 * listing.c - a queue file as lines that can be compared
 *
 * Records by name and without offsets, then header fields, one to a line, then
 * the text: what differs between two messages, not between two files.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/postcat/view.h"
#include "lib/base/err.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

static void
put_line(struct buf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf_addc(out, text[i] == '\n' ? ' ' : text[i]);
	buf_addc(out, '\n');
}

/* Header fields as they are, each on one line. */
static void
put_headers(struct queue_view *v, struct buf *out)
{
	struct queue_content *c = queue_view_content(v, NULL);
	const struct queue_content_part *p;
	const struct queue_content_header *h;
	size_t i;

	if (c == NULL)
		return;
	p = queue_content_part(c, 0);
	for (i = 0; i < p->header_count; i++) {
		h = queue_content_header(c, p->first_header + i);
		put_line(out, h->raw, h->len);
	}
	buf_addc(out, '\n');
}

static bool
add(void *ctx, const char *data, size_t len)
{
	buf_add(ctx, data, len);
	return true;
}

int
view_listing(struct queue_view *v, struct buf *out, struct err *err)
{
	struct buf records = BUF_INIT;
	const char *value;
	size_t len;
	int type, got;
	bool in_content = false;

	if (queue_file_seek(v->qf, 0, err) == -1)
		return -1;
	while ((got = queue_file_next(v->qf, &type, &value, &len,
	    err)) == 1) {
		if (type == QUEUE_REC_XTRA)
			in_content = false;
		if (!in_content && type != QUEUE_REC_MESG &&
		    type != QUEUE_REC_XTRA && type != QUEUE_REC_END) {
			buf_addf(&records, "%s: ", queue_rec_name(type));
			put_line(&records, value, len);
		}
		in_content |= type == QUEUE_REC_MESG;
		if (type == QUEUE_REC_END)
			break;
	}
	buf_add(out, records.ptr, records.len);
	buf_done(&records);
	if (got == -1)
		return -1;
	put_headers(v, out);
	if (v->content != NULL)
		return queue_content_get(v->content, 0, CONTENT_RAW, add, out,
		    err);
	return 0;
}
