/*
 * reply_text.c - what is made of the replies of an SMTP server
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/reply_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/log_json.h"

void
reply_soften(struct buf *reply)
{
	if (reply->ptr[0] != '5')
		return;
	reply->ptr[0] = '4';
	if (reply->len > 4 && reply->ptr[4] == '5')
		reply->ptr[4] = '4';
}

/* Another line behind the last one, which says from now on that there is more. */
static void
start_line(struct buf *out, size_t head)
{
	size_t start = out->len;

	while (start > 0 && out->ptr[start - 1] != '\n')
		start--;
	out->ptr[start + 3] = '-';
	buf_adds(out, "\r\n");
	buf_reserve(out, head);		/* it is copied from the same buffer */
	buf_add(out, out->ptr, head);
	out->ptr[out->len - head + 3] = ' ';
	if (head > 4)
		buf_addc(out, ' ');
}

void
reply_add_footer(struct buf *reply, const char *footer)
{
	size_t head;
	const char *nl;
	bool joins = strncmp(footer, "\\c", 2) == 0;

	if (reply->len < 4)
		return;
	head = 4 + dsn_status_len(reply->ptr + 4);
	if (joins)
		footer += 2;
	else
		start_line(reply, head);
	while ((nl = strstr(footer, "\\n")) != NULL) {
		buf_add(reply, footer, (size_t)(nl - footer));
		start_line(reply, head);
		footer = nl + 2;
	}
	buf_adds(reply, footer);
}

void
reply_event(struct log_json *e, const char *reply, char dsn[DSN_STATUS_SIZE])
{
	size_t len;

	if (strspn(reply, "0123456789") == 3 && reply[3] == ' ') {
		log_json_int(e, "code", atoi(reply));
		reply += 4;
	}
	if ((len = dsn_status_len(reply)) > 0) {
		memcpy(dsn, reply, len);
		dsn[len] = '\0';
		log_json_text(e, "dsn", dsn);
		reply += len + strspn(reply + len, " ");
	}
	log_json_some(e, "reason", reply);
}
