/*
 * queue_message_content.c - what a lister may want to know of the content
 *
 * The fingerprint is a digest of the sender, the recipients in order of the
 * alphabet, the subject, and the decoded bytes of each part: what a program
 * makes anew each time it sends the same thing (dates, message IDs,
 * boundaries) is not in it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/sha256.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_message_internal.h"

#define BODY_MAX	(1024 * 1024)	/* bytes of text that are looked at */
#define DIGEST_SHOWN	16		/* bytes of the digest that are enough */

static void
take_parts(struct queue_message *m, const struct queue_content *c)
{
	const struct queue_content_part *p;
	struct buf names = BUF_INIT;
	size_t i;

	m->part_count = queue_content_leaves(c);
	for (i = 0; (p = queue_content_attachment(c, i)) != NULL; i++)
		if (p->file_name[0] != '\0')
			buf_add(&names, p->file_name, strlen(p->file_name) +
			    1);
	buf_addc(&names, '\0');
	m->attachments = queue_message_keep_len(m, names.ptr, names.len);
	buf_done(&names);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_rcpts(struct sha256 *md, const struct queue_message *m)
{
	const char **list = xreallocarray(NULL, m->rcpt_count + 1,
	    sizeof(*list));
	size_t i;

	for (i = 0; i < m->rcpt_count; i++)
		list[i] = m->rcpts[i].address;
	if (m->rcpt_count > 1)
		qsort(list, m->rcpt_count, sizeof(*list), by_text);
	for (i = 0; i < m->rcpt_count; i++)
		sha256_add(md, list[i], strlen(list[i]) + 1);
	sha256_add(md, "", 1);
	free(list);
}

static bool
add_bytes(void *ctx, const char *data, size_t len)
{
	sha256_add(ctx, data, len);
	return true;
}

/* Some messages say all they have to say there. */
static void
add_subject(struct sha256 *md, const struct queue_content *c)
{
	const struct queue_content_part *top = queue_content_part(c, 0);
	const struct queue_content_header *h;
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; top != NULL && i < top->header_count; i++) {
		h = queue_content_header(c, top->first_header + i);
		if (strcasecmp(h->name, "Subject") == 0)
			queue_content_header_text(h, &text);
	}
	sha256_add(md, text.ptr, text.len + 1);
	buf_done(&text);
}

static bool
take_fingerprint(struct queue_message *m, struct queue_content *c)
{
	unsigned char digest[SHA256_BYTES];
	char text[2 * DIGEST_SHOWN + 1];
	const struct queue_content_part *p;
	struct sha256 md;
	size_t i;

	sha256_init(&md);
	sha256_add(&md, m->sender, strlen(m->sender) + 1);
	add_rcpts(&md, m);
	add_subject(&md, c);
	for (i = 0; (p = queue_content_part(c, i)) != NULL; i++) {
		if (p->is_multipart)
			continue;
		sha256_add(&md, p->type, strlen(p->type) + 1);
		if (queue_content_get(c, i, CONTENT_DECODED, add_bytes, &md,
		    NULL) == -1)
			return false;
	}
	sha256_end(&md, digest);
	for (i = 0; i < DIGEST_SHOWN; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	m->fingerprint = queue_message_keep(m, text);
	return true;
}

void
queue_message_read_content(struct queue_message *m, unsigned want)
{
	struct queue_content *c = queue_content_open(m->path, NULL);
	struct buf body = BUF_INIT;

	m->has_content = c != NULL && queue_content_damage(c) == NULL;
	if (m->has_content && (want & QUEUE_MESSAGE_PARTS) != 0)
		take_parts(m, c);
	if (m->has_content && (want & QUEUE_MESSAGE_BODY) != 0) {
		m->has_content = queue_content_text(c, BODY_MAX, &body,
		    NULL) != -1 && take_fingerprint(m, c);
		m->body = queue_message_keep_len(m, body.ptr, strlen(body.ptr));
	}
	queue_content_free(c);
	buf_done(&body);
}
