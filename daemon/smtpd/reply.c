/*
 * reply.c - what the client is told, and what administrators make of refusals
 *
 * smtpd_reject_filter_maps may word a refusal anew, smtpd_reject_footer_maps
 * and smtpd_reject_footer add to it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/session.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/serve/reply_text.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/macros.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"

/* Another refusal in place of this one; anything else would let mail in. */
static void
filter(struct session *s, struct buf *text)
{
	struct buf other = BUF_INIT;

	if (maps_is_empty(s->env->reject_filter) || maps_find(
	    s->env->reject_filter, text->ptr, false, &other) != TABLE_FOUND) {
		buf_done(&other);
		return;
	}
	if (other.len > 4 && strchr("45", other.ptr[0]) != NULL &&
	    isdigit((unsigned char)other.ptr[1]) &&
	    isdigit((unsigned char)other.ptr[2]) && other.ptr[3] == ' ' &&
	    strpbrk(other.ptr, "\r\n") == NULL)
		buf_swap(text, &other);
	else
		log_warning("smtpd_reject_filter_maps: bad reply \"%.100s\" "
		    "for \"%.100s\"", other.ptr, text->ptr);
	buf_done(&other);
}

static void
add_footer(struct session *s, struct buf *text, const char *template)
{
	struct buf footer = BUF_INIT;

	if (macros_expand(&footer, template, "smtpd_reject_footer", s, NULL))
		reply_add_footer(text, footer.ptr);
	buf_done(&footer);
}

static void
find_footer(struct session *s, struct buf *text)
{
	struct buf found = BUF_INIT;

	if (!maps_is_empty(s->env->footers) && maps_find(s->env->footers,
	    text->ptr, false, &found) == TABLE_FOUND)
		add_footer(s, text, found.ptr);
	else if (params.smtpd_reject_footer[0] != '\0')
		add_footer(s, text, params.smtpd_reject_footer);
	buf_done(&found);
}

void
session_reply(struct session *s, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (s->is_silent)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (params.soft_bounce)
		reply_soften(&text);
	if ((text.ptr[0] == '4' || text.ptr[0] == '5') && text.len > 4) {
		filter(s, &text);
		find_footer(s, &text);
	}
	session_said(s, "Out: ", text.ptr, text.len);
	buf_add(&s->out, text.ptr, text.len);
	buf_adds(&s->out, "\r\n");
	/* RFC 5321 3.8: 421 announces the end, and 521 (RFC 7504) as well. */
	if (strncmp(text.ptr, "421", 3) == 0 ||
	    strncmp(text.ptr, "521", 3) == 0)
		s->is_closing = true;
	if (s->errors >= params.smtpd_soft_error_limit)
		s->sleep_s += params.smtpd_error_sleep_time;
	buf_done(&text);
}
