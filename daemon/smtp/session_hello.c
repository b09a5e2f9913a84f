/*
 * session_hello.c - greeting, EHLO, and what the server offers
 *
 * Without ESMTP in the greeting, or when EHLO is refused, HELO has to do.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

static const struct {
	const char	*keyword;
	unsigned	 feature;
} keywords[] = {
	{ "PIPELINING", SMTP_HAS_PIPELINING }, { "SIZE", SMTP_HAS_SIZE },
	{ "8BITMIME", SMTP_HAS_8BITMIME }, { "DSN", SMTP_HAS_DSN },
	{ "SMTPUTF8", SMTP_HAS_SMTPUTF8 }, { "STARTTLS", SMTP_HAS_STARTTLS },
	{ "AUTH", SMTP_HAS_AUTH }, { "XFORWARD", SMTP_HAS_XFORWARD },
	{ "CHUNKING", SMTP_HAS_CHUNKING },
	{ "ENHANCEDSTATUSCODES", SMTP_HAS_ENHANCED },
	{ "VRFY", SMTP_HAS_VRFY }, { "ETRN", SMTP_HAS_ETRN }
};

static const char *
hello_word(const struct smtp_session *s)
{
	return s->cfg->is_lmtp ? "LHLO" : s->state == SMTP_HELO ? "HELO" :
	    "EHLO";
}

enum smtp_step
session_say_hello(struct smtp_session *s, enum smtp_state state)
{
	session_enter(s, state);
	buf_addf(&s->out, "%s %s\r\n", hello_word(s), s->cfg->helo_name);
	return SMTP_STEP_READ;
}

/* The first word behind the code is the server's name for itself. */
static struct span
reply_host(const struct smtp_reply *r)
{
	struct span line = { r->text.ptr, strcspn(r->text.ptr, "\n") };

	if (line.len < 4)
		return SPAN_LIT("");
	line.ptr += 4;
	line.len -= 4;
	return span_word(&line);
}

static void
find_pix(struct smtp_session *s, const struct smtp_reply *r)
{
	if (s->pix == 0 || strstr(r->text.ptr, "***") == NULL) {
		s->pix = 0;
		return;
	}
	log_info("enabling PIX workarounds:%s%s for %s",
	    (s->pix & SMTP_PIX_NO_ESMTP) != 0 ? " disable_esmtp" : "",
	    (s->pix & SMTP_PIX_DELAY_DOT) != 0 ? " delay_dotcrlf" : "",
	    s->relay);
}

enum smtp_step
session_on_greeting(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 != 2)
		return session_fail_said(s, r);
	if (s->cfg->is_lmtp)
		return session_say_hello(s, SMTP_EHLO);
	if (s->detects_loops && span_ieq(reply_host(r), s->myhostname))
		log_warning("host %s greeted me with my own hostname %s",
		    s->relay, s->myhostname);
	find_pix(s, r);
	if ((s->pix & SMTP_PIX_NO_ESMTP) != 0 || s->cfg->never_ehlo)
		return session_say_hello(s, SMTP_HELO);
	if (s->cfg->always_ehlo || strcasestr(r->text.ptr, "ESMTP") != NULL)
		return session_say_hello(s, SMTP_EHLO);
	return session_say_hello(s, SMTP_HELO);
}

static void
take_size(struct smtp_session *s, struct span words)
{
	struct span word = span_word(&words);
	char text[24];
	int64_t n;

	if (word.len == 0 || word.len >= sizeof(text))
		return;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	if (num_parse_int(text, 0, INT64_MAX / 2, &n, NULL) == 0)
		s->size_limit = (long)n;
}

/* One line of the EHLO reply, without its code. */
static void
take_keyword(struct smtp_session *s, struct span line)
{
	struct span word = span_word(&line);
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!span_ieq(word, keywords[i].keyword) ||
		    (keywords[i].feature & s->discard) != 0)
			continue;
		s->features |= keywords[i].feature;
		if (keywords[i].feature == SMTP_HAS_SIZE)
			take_size(s, line);
		else if (keywords[i].feature == SMTP_HAS_XFORWARD)
			session_take_xforward(s, line);
	}
}

static void
take_features(struct smtp_session *s, const struct smtp_reply *r)
{
	const char *line = strchr(r->text.ptr, '\n');
	size_t n;

	s->features = SMTP_HAS_ESMTP;
	while (line != NULL) {
		line++;
		n = strcspn(line, "\n");
		if (n > 4)
			take_keyword(s, (struct span){ line + 4, n - 4 });
		line = strchr(line, '\n');
	}
}

enum smtp_step
session_on_hello(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 != 2) {
		/* An old server: it knows HELO. One that is busy does not want us at all. */
		if (s->state == SMTP_EHLO && !s->cfg->is_lmtp &&
		    r->code != 421)
			return session_say_hello(s, SMTP_HELO);
		return session_fail_said(s, r);
	}
	if (s->state == SMTP_EHLO)
		take_features(s, r);
	if (s->detects_loops && span_ieq(reply_host(r), s->myhostname)) {
		log_warning("host %s replied to HELO/EHLO with my own hostname"
		    " %s", s->relay, s->myhostname);
		smtp_failure_set(&s->failure, "5.4.6", "%s", "");
		s->failure.is_loop = s->failure.is_end = true;
		return SMTP_STEP_FAILED;
	}
	s->has_handshake = true;
	return session_after_hello(s);
}
