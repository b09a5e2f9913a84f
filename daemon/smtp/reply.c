/*
 * reply.c - put the lines of a server's reply together
 *
 * RFC 5321 4.2: three digits, then '-' when more lines follow. Servers are
 * not to be trusted: lines are cut and replies bounded. A line that does not
 * start with three digits is kept as text, and the reply goes on: some servers
 * have such lines in their greeting.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <stdio.h>
#include <string.h>

void
smtp_reply_init(struct smtp_reply *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->text);
}

void
smtp_reply_done(struct smtp_reply *r)
{
	buf_done(&r->text);
}

void
smtp_reply_reset(struct smtp_reply *r)
{
	r->code = 0;
	r->has_status = false;
	r->has_nonsense = false;
	r->status[0] = '\0';
	buf_reset(&r->text);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The enhanced status of the last line, if it goes with the code (RFC 2034 4). */
static void
take_status(struct smtp_reply *r, const char *text)
{
	size_t len = dsn_status_len(text);

	if (len > 0 && len < DSN_STATUS_SIZE && text[0] - '0' ==
	    r->code / 100 && (text[len] == '\0' || text[len] == ' ')) {
		memcpy(r->status, text, len);
		r->status[len] = '\0';
		r->has_status = true;
	} else {
		r->has_status = false;
		snprintf(r->status, sizeof(r->status), "%d.0.0",
		    r->code / 100 % 10);
	}
}

static bool
is_reply(struct span line)
{
	return line.len >= 3 && is_digit(line.ptr[0]) &&
	    is_digit(line.ptr[1]) && is_digit(line.ptr[2]) &&
	    (line.len == 3 || line.ptr[3] == ' ' || line.ptr[3] == '-');
}

int
smtp_reply_line(struct smtp_reply *r, struct span line)
{
	size_t at = r->text.len;

	line.len = strnlen(line.ptr, line.len);	/* text is a C string from here on */
	while (line.len > 0 && (line.ptr[line.len - 1] == '\n' ||
	    line.ptr[line.len - 1] == '\r'))
		line.len--;
	if (line.len > SMTP_LINE_MAX)
		line.len = SMTP_LINE_MAX;
	if (r->text.len + line.len >= SMTP_REPLY_MAX)
		return -1;
	if (at > 0)
		buf_addc(&r->text, '\n');
	at = r->text.len;
	buf_add(&r->text, line.ptr, line.len);
	if (!is_reply(line)) {
		r->has_nonsense = true;
		return 0;
	}
	r->code = (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 +
	    (line.ptr[2] - '0');
	take_status(r, line.len > 4 ? r->text.ptr + at + 4 : "");
	return line.len > 3 && line.ptr[3] == '-' ? 0 : 1;
}
