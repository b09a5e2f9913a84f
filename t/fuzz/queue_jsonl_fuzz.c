/*
 * queue_jsonl_fuzz.c - fuzz lines of snapshots: a message that was read is
 * written as JSON, and that line gives the same line again
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_message.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int	LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	params.empty_address_recipient = "MAILER-DAEMON";
	params.double_bounce_sender = "double-bounce";
	params.smtputf8_enable = true;
	return 0;
}

static void
put(struct queue_message *m, struct buf *out)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	const struct queue_field *more[2] = { queue_field_find("subject",
	    false), queue_field_find("to", false) };

	c.m = m;
	c.now = 1795250000;
	queue_jsonl_put(out, &c, more, 2);
	queue_field_context_done(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct queue_message m;

	queue_message_init(&m);
	if (queue_jsonl_parse((const char *)data, size, &m, NULL) == 0) {
		put(&m, &one);
		if (queue_jsonl_parse(one.ptr, one.len, &m, NULL) == -1)
			abort();
		put(&m, &two);
		if (strcmp(one.ptr, two.ptr) != 0)
			abort();
	}
	queue_message_done(&m);
	buf_done(&one);
	buf_done(&two);
	return 0;
}
