/*
 * queue_header.c - header fields of a queued message, decoded for people
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/mail/encoded_word.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_message.h"

bool
queue_message_header(const struct queue_message *m, const char *name,
    size_t nth, struct buf *out)
{
	struct buf raw = BUF_INIT;
	const char *p = m->headers, *end = p + m->headers_len, *nl, *colon;
	size_t len = strlen(name), have;
	bool is_ours = false, found = false;

	for (; p < end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			break;
		if (*p == ' ' || *p == '\t') {
			if (is_ours) {	/* folded: one blank instead */
				p = text_skip_blank(p);
				buf_addc(&raw, ' ');
				buf_add(&raw, p, p < nl ?
				    (size_t)(nl - p) : 0);
			}
			continue;
		}
		if (is_ours)
			break;
		have = header_name_len(p, (size_t)(nl - p));
		if (have != len || strncasecmp(p, name, len) != 0 ||
		    nth-- > 0)
			continue;
		is_ours = found = true;
		colon = memchr(p, ':', (size_t)(nl - p));
		p = text_skip_blank(colon + 1);
		buf_add(&raw, p, p < nl ? (size_t)(nl - p) : 0);
	}
	if (found) {
		buf_trim_right(&raw);
		encoded_word_decode(out, raw.ptr);
	}
	buf_done(&raw);
	return found;
}
