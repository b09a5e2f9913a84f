/*
 * qmqp.c - the quick mail queueing protocol, server side, without I/O
 *
 *	 HEADER --"N:"--> MESSAGE --","--> SENDER --","--> RCPT --","--> RCPT ...
 *	                                                    |
 *	                                                    +-- "," --> the end
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmqpd/qmqp.h"

#include <limits.h>
#include <string.h>

#define VERP_END	"-@[]"

void
qmqp_init(struct qmqp *q, size_t message_max, size_t address_max)
{
	*q = (struct qmqp){ .message_max = message_max != 0 ? message_max :
	    INT_MAX, .address_max = address_max };
	buf_init(&q->text);
}

void
qmqp_done(struct qmqp *q)
{
	buf_done(&q->text);
}

static void
enter(struct qmqp *q, enum qmqp_part part)
{
	q->part = part;
	q->in_text = q->has_length = false;
	q->left = 0;
}

static size_t
limit(const struct qmqp *q)
{
	switch (q->part) {
	case QMQP_IN_HEADER:
		return INT_MAX;
	case QMQP_IN_MESSAGE:
		return q->message_max;
	default:
		return q->address_max;
	}
}

/* One byte of a length, or what stands in its place. */
static enum qmqp_event
take_length(struct qmqp *q, char c)
{
	if (c == ',' && q->part == QMQP_IN_RCPT && !q->has_length)
		return QMQP_END;
	if (c == ':') {
		if (q->part == QMQP_IN_HEADER)
			enter(q, QMQP_IN_MESSAGE);
		else
			q->in_text = true;
		buf_reset(&q->text);
		return QMQP_MORE;
	}
	if (c < '0' || c > '9')
		return QMQP_BAD;
	q->has_length = true;
	q->left = q->left * 10 + (size_t)(c - '0');
	return q->left > limit(q) ? QMQP_TOO_LONG : QMQP_MORE;
}

/* It would break the line or the string that it becomes a part of. */
static bool
is_bad_address(const struct buf *text)
{
	return memchr(text->ptr, '\0', text->len) != NULL ||
	    strpbrk(text->ptr, "\r\n") != NULL;
}

/* The byte behind the text. */
static enum qmqp_event
take_comma(struct qmqp *q, char c)
{
	static const enum qmqp_event events[] = {
		[QMQP_IN_MESSAGE] = QMQP_MESSAGE,
		[QMQP_IN_SENDER] = QMQP_SENDER, [QMQP_IN_RCPT] = QMQP_RCPT,
	};
	enum qmqp_event event = events[q->part];

	if (c != ',' || (q->part != QMQP_IN_MESSAGE &&
	    is_bad_address(&q->text)))
		return QMQP_BAD;
	enter(q, q->part == QMQP_IN_MESSAGE ? QMQP_IN_SENDER : QMQP_IN_RCPT);
	return event;
}

enum qmqp_event
qmqp_feed(struct qmqp *q, const char *data, size_t len, size_t *used)
{
	enum qmqp_event event = QMQP_MORE;
	size_t at = 0, n;

	while (event == QMQP_MORE && at < len) {
		if (!q->in_text) {
			event = take_length(q, data[at++]);
		} else if (q->left > 0) {
			n = len - at < q->left ? len - at : q->left;
			buf_add(&q->text, data + at, n);
			q->left -= n;
			at += n;
		} else {
			event = take_comma(q, data[at++]);
		}
	}
	*used = at;
	return event;
}

const char *
qmqp_part_text(const struct qmqp *q)
{
	static const char *const texts[] = { "QMQP packet header",
	    "message content", "sender address", "recipient address" };

	return texts[q->part];
}

void
qmqp_put_reply(struct buf *out, char class, const char *text)
{
	buf_addf(out, "%zu:%c%s,", strlen(text) + 1, class, text);
}

bool
qmqp_verp(struct buf *sender, const char *filter, char delimiters[3])
{
	size_t end = strlen(VERP_END);
	char *at;

	if (sender->len <= end ||
	    strcmp(sender->ptr + sender->len - end, VERP_END) != 0)
		return false;
	for (at = sender->ptr + sender->len - end - 1; at > sender->ptr &&
	    *at != '@'; at--)
		;
	/* A local part, the delimiter, and the '@'. */
	if (at < sender->ptr + 2 || strchr(filter, at[-1]) == NULL)
		return false;
	delimiters[0] = at[-1];
	delimiters[1] = '=';
	delimiters[2] = '\0';
	buf_truncate(sender, sender->len - end);
	buf_delete(sender, (size_t)(at - 1 - sender->ptr), 1);
	return true;
}
