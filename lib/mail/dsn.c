/*
 * dsn.c - delivery status codes and the DSN options of SMTP
 *
 * Small pure parsers. A status that does not parse never becomes an error: the
 * caller says what it falls back to, since a remote server's reply without a
 * code is still a reply.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/dsn.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"

/* digits - how many digits stand at text, at most three (RFC 3463 2) */
static size_t
digits(const char *text)
{
	size_t n = 0;

	while (n < 3 && isdigit((unsigned char)text[n]))
		n++;
	return n;
}

void
dsn_keep(struct dsn *to, const struct dsn *from, struct buf *texts)
{
	const char *const all[] = { from->status, from->action, from->reason,
	    from->diag_type, from->diag_text, from->mta_type,
	    from->mta_name };
	const char **kept[] = { &to->status, &to->action, &to->reason,
	    &to->diag_type, &to->diag_text, &to->mta_type, &to->mta_name };
	size_t at[sizeof(all) / sizeof(all[0])], i;

	buf_reset(texts);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		at[i] = texts->len;
		buf_add(texts, all[i], strlen(all[i]) + 1);
	}
	/* Only now it moves no more. */
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*kept[i] = texts->ptr + at[i];
}

size_t
dsn_status_len(const char *text)
{
	size_t subject, detail;

	if (text[0] != '2' && text[0] != '4' && text[0] != '5')
		return 0;
	if (text[1] != '.' || (subject = digits(text + 2)) == 0)
		return 0;
	if (text[2 + subject] != '.' ||
	    (detail = digits(text + 3 + subject)) == 0)
		return 0;
	text += 3 + subject + detail;
	if (*text != '\0' && !isspace((unsigned char)*text))
		return 0;
	return 3 + subject + detail;
}

const char *
dsn_split(const char *text, const char *fallback, char status[DSN_STATUS_SIZE])
{
	size_t n = dsn_status_len(text);

	if (n == 0) {
		snprintf(status, DSN_STATUS_SIZE, "%s", fallback);
		return text;
	}
	memcpy(status, text, n);
	status[n] = '\0';
	text += n;
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

unsigned
dsn_notify_parse(const char *text)
{
	static const struct {
		const char	*word;
		unsigned	 bit;
	} words[] = {			/* RFC 3461 4.1 */
		{ "NEVER",	DSN_NOTIFY_NEVER },
		{ "SUCCESS",	DSN_NOTIFY_SUCCESS },
		{ "FAILURE",	DSN_NOTIFY_FAILURE },
		{ "DELAY",	DSN_NOTIFY_DELAY },
	};
	unsigned notify = 0;
	size_t len, i;

	for (;;) {
		len = strcspn(text, ",");
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i].word) == len &&
			    strncasecmp(words[i].word, text, len) == 0)
				break;
		if (i == sizeof(words) / sizeof(words[0]))
			return 0;
		notify |= words[i].bit;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	if ((notify & DSN_NOTIFY_NEVER) != 0 && notify != DSN_NOTIFY_NEVER)
		return 0;
	return notify;
}

unsigned
dsn_ret_parse(const char *text)
{
	if (strcasecmp(text, "FULL") == 0)
		return DSN_RET_FULL;
	if (strcasecmp(text, "HDRS") == 0)
		return DSN_RET_HDRS;
	return 0;
}

void
xtext_encode(struct buf *out, const char *text)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p < 33 || *p > 126 || *p == '+' || *p == '=')
			buf_addf(out, "+%02X", *p);
		else
			buf_addc(out, *p);
	}
}

static int
hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')	/* RFC 3461 4 says upper case only */
		return c - 'a' + 10;
	return -1;
}

bool
xtext_decode(struct buf *out, const char *text)
{
	int hi, lo;

	for (; *text != '\0'; text++) {
		if (*text != '+') {
			buf_addc(out, *text);
			continue;
		}
		if ((hi = hex_value((unsigned char)text[1])) == -1 ||
		    (lo = hex_value((unsigned char)text[2])) == -1)
			return false;
		/* A NUL would cut the string that everybody reads. */
		if (hi == 0 && lo == 0)
			return false;
		buf_addc(out, hi * 16 + lo);
		text += 2;
	}
	return true;
}
