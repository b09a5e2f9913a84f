/*
 * header.c - names of message header fields
 *
 * One table, in the order of enum header_id, says what each field means to a
 * mail system. Lookups go by length and first letter before they compare, so
 * that the common "no field that we know" is cheap.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/header.h"

#include <strings.h>

#define FROM	HEADER_IS_SENDER
#define RCPT	HEADER_IS_RECIPIENT
#define EXTR	HEADER_IS_EXTRACT
#define RESENT	HEADER_IS_RESENT
#define MIME	HEADER_IS_MIME

#define ROW(id, name, flags) [id] = { name, sizeof(name) - 1, flags }

static const struct row {
	const char	*name;
	unsigned char	 len;
	unsigned char	 flags;
} rows[] = {
	ROW(HEADER_OTHER,		"", 0),
	ROW(HEADER_APPARENTLY_TO,	"Apparently-To", RCPT),
	ROW(HEADER_BCC,			"Bcc", RCPT | EXTR),
	ROW(HEADER_CC,			"Cc", RCPT | EXTR),
	ROW(HEADER_CONTENT_DISPOSITION,	"Content-Disposition", MIME),
	ROW(HEADER_CONTENT_ID,		"Content-Id", MIME),
	ROW(HEADER_CONTENT_DESCRIPTION,	"Content-Description", MIME),
	ROW(HEADER_CONTENT_LENGTH,	"Content-Length", 0),
	ROW(HEADER_CONTENT_TRANSFER_ENCODING, "Content-Transfer-Encoding", MIME),
	ROW(HEADER_CONTENT_TYPE,	"Content-Type", MIME),
	ROW(HEADER_DATE,		"Date", 0),
	ROW(HEADER_DELIVERED_TO,	"Delivered-To", 0),
	ROW(HEADER_DISPOSITION_NOTIFICATION_TO,
	    "Disposition-Notification-To", FROM),
	ROW(HEADER_ERRORS_TO,		"Errors-To", FROM),
	ROW(HEADER_FROM,		"From", FROM),
	ROW(HEADER_MAIL_FOLLOWUP_TO,	"Mail-Followup-To", FROM),
	ROW(HEADER_MESSAGE_ID,		"Message-Id", 0),
	ROW(HEADER_MIME_VERSION,	"MIME-Version", MIME),
	ROW(HEADER_RECEIVED,		"Received", 0),
	ROW(HEADER_REPLY_TO,		"Reply-To", FROM),
	ROW(HEADER_RESENT_BCC,		"Resent-Bcc", RCPT | EXTR | RESENT),
	ROW(HEADER_RESENT_CC,		"Resent-Cc", RCPT | EXTR | RESENT),
	ROW(HEADER_RESENT_DATE,		"Resent-Date", RESENT),
	ROW(HEADER_RESENT_FROM,		"Resent-From", FROM | RESENT),
	ROW(HEADER_RESENT_MESSAGE_ID,	"Resent-Message-Id", RESENT),
	ROW(HEADER_RESENT_REPLY_TO,	"Resent-Reply-To", FROM | RESENT),
	ROW(HEADER_RESENT_SENDER,	"Resent-Sender", FROM | RESENT),
	ROW(HEADER_RESENT_TO,		"Resent-To", RCPT | EXTR | RESENT),
	ROW(HEADER_RETURN_PATH,		"Return-Path", FROM),
	ROW(HEADER_RETURN_RECEIPT_TO,	"Return-Receipt-To", FROM),
	ROW(HEADER_SENDER,		"Sender", FROM),
	ROW(HEADER_SUBJECT,		"Subject", 0),
	ROW(HEADER_TO,			"To", RCPT | EXTR),
};

size_t
header_name_len(const char *line, size_t len)
{
	size_t n = 0, colon;

	while (n < len && line[n] > 32 && line[n] < 127 && line[n] != ':')
		n++;
	for (colon = n; colon < len &&
	    (line[colon] == ' ' || line[colon] == '\t'); )
		colon++;
	return colon < len && line[colon] == ':' ? n : 0;
}

bool
header_cut(struct buf *text, size_t limit)
{
	size_t i;

	if (text->len <= limit)
		return false;
	buf_truncate(text, limit);
	for (i = limit; i > limit - limit / 10; i--)
		if (text->ptr[i - 1] == '\n') {
			buf_truncate(text, i - 1);
			break;
		}
	return true;
}

enum header_id
header_lookup(struct span name)
{
	size_t i;

	for (i = 1; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].len == name.len &&
		    (rows[i].name[0] | 0x20) == (name.ptr[0] | 0x20) &&
		    strncasecmp(rows[i].name, name.ptr, name.len) == 0)
			return (enum header_id)i;
	return HEADER_OTHER;
}

unsigned
header_flags_of(enum header_id id)
{
	return rows[id].flags;
}
