/*
 * cleanup_missing.c - header fields that a message should have and has not
 *
 * RFC 5322 3.6 asks for them, RFC 6409 8 lets a submission server add them.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"

/* Unique: queue-format.md 2.3. */
static void
add_message_id(struct cleanup *c, const char *prefix)
{
	char stamp[32];
	time_t now = clock_now();
	struct tm tm;

	buf_reset(&c->value);
	if (!params.enable_long_queue_ids) {
		gmtime_r(&now, &tm);
		strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S.", &tm);
		buf_adds(&c->value, stamp);
	}
	buf_addf(&c->value, "%s@%s", c->id.ptr, params.myhostname);
	buf_setf(&c->work, "%sMessage-Id: <%s>", prefix, c->value.ptr);
	cleanup_put_header(c, c->work.ptr);
	if (*prefix == '\0')
		buf_setf(&c->msgid, "<%s>", c->value.ptr);
	log_info("%s: %smessage-id=<%s>", c->id.ptr,
	    *prefix != '\0' ? "resent-" : "", c->value.ptr);
}

static void
add_date(struct cleanup *c, const char *prefix)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_rfc5322(c->arrival.tv_sec, date);
	buf_setf(&c->work, "%sDate: %s", prefix, date);
	cleanup_put_header(c, c->work.ptr);
}

/* An encoded word of RFC 2047, Q form. */
static void
add_encoded(struct buf *out, const char *text)
{
	const unsigned char *p;

	buf_addf(out, "=?%s?Q?", params.full_name_encoding_charset);
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == ' ')
			buf_addc(out, '_');
		else if (*p < 0x80 && (strchr("!*+-/", *p) != NULL ||
		    (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= 'a' && *p <= 'z')))
			buf_addc(out, *p);
		else
			buf_addf(out, "=%02X", *p);
	}
	buf_adds(out, "?=");
}

/* Words with one blank between them. */
static void
one_blank(struct buf *out, const char *text)
{
	struct span rest = span_of(text), word;

	while ((word = span_word(&rest)).len > 0) {
		if (out->len > 0)
			buf_addc(out, ' ');
		buf_add(out, word.ptr, word.len);
	}
}

/* The full name as RFC 5322 3.2.5 wants it. */
static void
add_phrase(struct buf *out, const char *name)
{
	const char *p;

	if (!text_is_ascii(name) && text_is_utf8(name, strlen(name)) &&
	    *params.full_name_encoding_charset != '\0') {
		add_encoded(out, name);
		return;
	}
	if (strpbrk(name, "()<>@,;:\\\"[].") == NULL) {
		buf_adds(out, name);
		return;
	}
	buf_addc(out, '"');
	for (p = name; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

/* "(Full Name)", the obsolete form. */
static void
add_comment(struct buf *out, const char *name)
{
	buf_adds(out, " (");
	for (; *name != '\0'; name++) {
		if (strchr("()\\", *name) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *name);
	}
	buf_addc(out, ')');
}

static void
add_from(struct cleanup *c, const char *prefix)
{
	struct buf *out = &c->work;
	struct buf address = BUF_INIT, mapped = BUF_INIT;

	buf_reset(&c->value);
	if (c->sender.len > 0) {
		one_blank(&c->value, c->fullname.ptr);
		address_quote(&address, c->sender.ptr);
		cleanup_rewrite_header(c, CLASS_HDR_FROM, address.ptr,
		    &mapped);
	} else {
		buf_sets(&mapped, params.empty_address_recipient);
	}
	buf_setf(out, "%sFrom: ", prefix);
	if (c->value.len == 0) {
		buf_adds(out, mapped.ptr);
	} else if (strcasecmp(params.header_from_format, "obsolete") == 0) {
		buf_adds(out, mapped.ptr);
		add_comment(out, c->value.ptr);
	} else {
		add_phrase(out, c->value.ptr);
		buf_addf(out, " <%s>", mapped.ptr);
	}
	cleanup_put_header(c, out->ptr);
	buf_done(&address);
	buf_done(&mapped);
}

void
cleanup_add_missing(struct cleanup *c)
{
	const char *prefix = c->is_resent ? "Resent-" : "";

	if ((c->seen & (c->is_resent ? SEEN(HEADER_RESENT_MESSAGE_ID) :
	    SEEN(HEADER_MESSAGE_ID))) == 0)
		add_message_id(c, prefix);
	if ((c->seen & (c->is_resent ? SEEN(HEADER_RESENT_DATE) :
	    SEEN(HEADER_DATE))) == 0)
		add_date(c, prefix);
	if ((c->seen & (c->is_resent ? SEEN(HEADER_RESENT_FROM) :
	    SEEN(HEADER_FROM))) == 0)
		add_from(c, prefix);
	if (c->is_resent && (c->seen & SEEN(HEADER_MESSAGE_ID)) == 0)
		log_info("%s: message-id=<>", c->id.ptr);
}
