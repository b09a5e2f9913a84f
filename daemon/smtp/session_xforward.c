/*
 * session_xforward.c - tell a filter behind us who our client was
 *
 * The names that a server offers are remembered, and only those are sent.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include "lib/base/text.h"
#include "lib/mail/address.h"

#define XFORWARD_MAX	512	/* of a command line, RFC 5321 4.5.3.1.4 */
#define UNAVAILABLE	"[UNAVAILABLE]"

static const struct {
	const char	*name;
	unsigned	 bit;
} xforwards[] = {
	{ "NAME", SMTP_XF_NAME }, { "ADDR", SMTP_XF_ADDR },
	{ "PORT", SMTP_XF_PORT }, { "PROTO", SMTP_XF_PROTO },
	{ "HELO", SMTP_XF_HELO }, { "IDENT", SMTP_XF_IDENT },
	{ "SOURCE", SMTP_XF_SOURCE }
};

void
session_take_xforward(struct smtp_session *s, struct span words)
{
	struct span word;
	size_t i;

	while ((word = span_word(&words)).len > 0)
		for (i = 0; i < sizeof(xforwards) / sizeof(xforwards[0]); i++)
			if (span_ieq(word, xforwards[i].name))
				s->xforward |= xforwards[i].bit;
}

static void
put_xtext(struct buf *out, const char *text)
{
	xtext_encode(out, text[0] != '\0' ? text : UNAVAILABLE);
}

void
session_put_xforward(struct smtp_session *s)
{
	const struct smtp_message *m = s->msg;
	const char *values[] = { m->client_name, m->client_addr,
	    m->client_port, m->client_proto, m->client_helo, m->log_ident,
	    m->is_local ? "LOCAL" : "REMOTE" };
	struct buf part = BUF_INIT, line = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(xforwards) / sizeof(xforwards[0]); i++) {
		if ((s->xforward & xforwards[i].bit) == 0)
			continue;
		buf_setf(&part, " %s=", xforwards[i].name);
		put_xtext(&part, values[i]);
		/* What does not fit is left out rather than cut. */
		if (line.len + part.len + sizeof("XFORWARD\r\n") <=
		    XFORWARD_MAX)
			buf_add(&line, part.ptr, part.len);
	}
	buf_addf(&s->out, "XFORWARD%s\r\n", line.ptr);
	buf_done(&part);
	buf_done(&line);
}
