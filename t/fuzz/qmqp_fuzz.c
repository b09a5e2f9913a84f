/*
 * qmqp_fuzz.c - fuzz a QMQP request, in pieces of every size
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/qmqpd/qmqp.h"

#define MESSAGE_MAX	500
#define ADDRESS_MAX	50

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct qmqp *q, enum qmqp_event event)
{
	if (q->text.len > (event == QMQP_MESSAGE ? MESSAGE_MAX : ADDRESS_MAX))
		abort();
	if (event != QMQP_MESSAGE && strlen(q->text.ptr) != q->text.len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum qmqp_event event = QMQP_MORE;
	struct buf sender = BUF_INIT;
	size_t at, n, used, piece;
	char verp[3];
	struct qmqp q;

	if (size == 0)
		return 0;
	piece = data[0] % 16 + 1;
	qmqp_init(&q, MESSAGE_MAX, ADDRESS_MAX);
	for (at = 1; at < size && event < QMQP_END; at += used) {
		n = size - at < piece ? size - at : piece;
		event = qmqp_feed(&q, (const char *)data + at, n, &used);
		if (used > n || (event == QMQP_MORE && used != n))
			abort();
		if (event != QMQP_MORE && event < QMQP_END)
			check(&q, event);
		if (event == QMQP_SENDER) {
			buf_swap(&sender, &q.text);
			qmqp_verp(&sender, "-=+", verp);
		}
	}
	buf_done(&sender);
	qmqp_done(&q);
	return 0;
}
