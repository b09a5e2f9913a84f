/*
 * delivered_to.c - was a message at this address before?
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/delivered_to.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/serve/agent.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define HEADER_LINES_MAX 20000		/* where a header must have ended */
#define COUNT_MAX	1000

static void
note(struct delivered_to *dt, const char *line)
{
	static const char name[] = "Delivered-To:";
	struct buf address = BUF_INIT, folded = BUF_INIT;
	struct span value;

	if (strncasecmp(line, name, sizeof(name) - 1) != 0 ||
	    dt->count >= COUNT_MAX)
		return;
	line += sizeof(name) - 1;
	value = span_trim((struct span){ line, strcspn(line, "\r\n") });
	buf_set(&folded, value.ptr, value.len);
	address_unquote(&address, folded.ptr);
	buf_reset(&folded);
	text_fold(&folded, address.ptr);
	dt->list = xreallocarray(dt->list, dt->count + 1, sizeof(*dt->list));
	dt->list[dt->count++] = buf_take(&folded);
	buf_done(&address);
}

static void
read_header(struct delivered_to *dt, struct agent_request *rq)
{
	struct queue_file *qf = rq->file;
	const char *text;
	size_t len;
	int type, lines = 0;

	dt->is_read = true;
	if (queue_file_seek(qf, rq->data_offset, NULL) == -1)
		return;
	while (lines++ < HEADER_LINES_MAX &&
	    queue_file_next(qf, &type, &text, &len, NULL) == 1 &&
	    (type == QUEUE_REC_TEXT || type == QUEUE_REC_PART) && len > 0) {
		if (text[0] != ' ' && text[0] != '\t' &&
		    header_name_len(text, len) == 0)
			break;
		note(dt, text);
	}
}

bool
delivered_to_has(struct delivered_to *dt, struct agent_request *rq,
    const char *address)
{
	struct buf folded = BUF_INIT;
	bool found = false;
	size_t i;

	if (!dt->is_read)
		read_header(dt, rq);
	text_fold(&folded, address);
	for (i = 0; i < dt->count && !found; i++)
		found = strcmp(dt->list[i], folded.ptr) == 0;
	buf_done(&folded);
	return found;
}

void
delivered_to_done(struct delivered_to *dt)
{
	size_t i;

	for (i = 0; i < dt->count; i++)
		free(dt->list[i]);
	free(dt->list);
}
