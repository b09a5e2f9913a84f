/*
 * session_hello.c - greeting, EHLO, and what the server offers
 *
 * Without ESMTP in the greeting, or when EHLO is refused, HELO has to do.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/table/maps.h"

static const struct {
	const char	*keyword;
	unsigned	 feature;
} keywords[] = {
	{ "8BITMIME", SMTP_HAS_8BITMIME }, { "AUTH", SMTP_HAS_AUTH },
	{ "ETRN", SMTP_HAS_ETRN }, { "PIPELINING", SMTP_HAS_PIPELINING },
	{ "SIZE", SMTP_HAS_SIZE }, { "VRFY", SMTP_HAS_VRFY },
	{ "XFORWARD", SMTP_HAS_XFORWARD },
	{ "STARTTLS", SMTP_HAS_STARTTLS },
	{ "ENHANCEDSTATUSCODES", SMTP_HAS_ENHANCED },
	{ "DSN", SMTP_HAS_DSN }, { "SMTPUTF8", SMTP_HAS_SMTPUTF8 },
	{ "CHUNKING", SMTP_HAS_CHUNKING }
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

/* A PIX that "fixes" SMTP leaves nothing of a greeting but its stars, zeros and twos. */
static bool
is_pix(const struct smtp_reply *r)
{
	const char *text = r->text.ptr;

	return strncmp(text, "220 ", 4) == 0 &&
	    text[4 + strspn(text + 4, "*02 ")] == '\0';
}

/* What main.cf or a table has for it; a dot is only held back when mail got stuck before. */
static void
find_pix(struct smtp_session *s, const struct smtp_reply *r)
{
	struct buf value = BUF_INIT;
	const char *list = s->cfg->pix;

	if (!is_pix(r))
		return;
	if (s->cfg->pix_maps != NULL && maps_find(s->cfg->pix_maps, s->addr,
	    false, &value) == TABLE_FOUND)
		list = value.ptr;
	if (list[0] != '\0') {
		s->pix = smtp_config_pix(list);
		if (s->msg != NULL && s->msg->age_s < s->cfg->pix_threshold_s)
			s->pix &= ~(unsigned)SMTP_PIX_DELAY_DOT;
		log_info("%s: enabling PIX workarounds: %s%s for %s",
		    smtp_session_queue_id(s),
		    (s->pix & SMTP_PIX_NO_ESMTP) != 0 ? "disable_esmtp" : "",
		    (s->pix & SMTP_PIX_DELAY_DOT) == 0 ? "" :
		    (s->pix & SMTP_PIX_NO_ESMTP) != 0 ? " delay_dotcrlf" :
		    "delay_dotcrlf", s->relay);
	}
	buf_done(&value);
}

/* RFC 821 has no word for it; 1425 wanted ESMTP in the greeting. */
static bool
says_esmtp(const struct smtp_reply *r)
{
	const char *p = r->text.ptr;
	size_t n;

	for (; *p != '\0'; p += n) {
		p += strspn(p, " \t\n");
		n = strcspn(p, " \t\n");
		if (span_ieq((struct span){ p, n }, "ESMTP"))
			return true;
	}
	return false;
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
	if (s->cfg->always_ehlo || says_esmtp(r))
		return session_say_hello(s, SMTP_EHLO);
	return session_say_hello(s, SMTP_HELO);
}

static void
take_size(struct smtp_session *s, struct span words)
{
	struct span word = span_word(&words);
	char text[24];
	int64_t n;

	if (word.len == 0)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)word.len, word.ptr);
	if (text[strspn(text, "0123456789")] != '\0')
		log_warning("bad EHLO SIZE limit \"%s\" from %s", text,
		    s->relay);
	else if (num_parse_int(text, 0, INT64_MAX / 2, &n, NULL) == 0)
		s->size_limit = (long)n;
}

/* One line of the EHLO reply, without its code: "SIZE 10", "SIZE=10". */
static void
take_keyword(struct smtp_session *s, struct span line)
{
	struct span word;
	size_t i;

	line = span_trim(line);
	word = line;
	word.len = 0;
	while (word.len < line.len && strchr(" \t=", line.ptr[word.len]) == NULL)
		word.len++;
	line.ptr += word.len;
	line.len -= word.len;
	if (line.len > 0) {		/* the separator */
		line.ptr++;
		line.len--;
	}
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!span_ieq(word, keywords[i].keyword) ||
		    (keywords[i].feature & s->discard) != 0)
			continue;
		s->features |= keywords[i].feature;
		if (keywords[i].feature == SMTP_HAS_SIZE)
			take_size(s, line);
		else if (keywords[i].feature == SMTP_HAS_AUTH)
			session_take_auth(s, line);
		else if (keywords[i].feature == SMTP_HAS_XFORWARD)
			session_take_xforward(s, line);
	}
}

/* Which keywords count for nothing with this server? false: a table cannot say. */
static bool
find_discards(struct smtp_session *s)
{
	struct buf value = BUF_INIT, names = BUF_INIT;
	const char *list = s->cfg->discard;
	bool is_good = true;
	size_t i;

	if (s->cfg->discard_maps != NULL)
		switch (maps_find(s->cfg->discard_maps, s->addr, false,
		    &value)) {
		case TABLE_FOUND:
			list = value.ptr;
			break;
		case TABLE_NOT_FOUND:
			break;
		case TABLE_RETRY:
		case TABLE_BROKEN:
			log_warning("%s: %s map lookup error for %s",
			    smtp_session_queue_id(s),
			    maps_title(s->cfg->discard_maps), s->addr);
			is_good = false;
			break;
		}
	s->discard = is_good ? smtp_config_discards(list) : 0;
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if ((s->discard & keywords[i].feature) != 0)
			buf_addf(&names, " %s", keywords[i].keyword);
	if (names.len > 0 && (s->discard & SMTP_DISCARD_SILENTLY) == 0)
		log_info("discarding EHLO keywords:%s", names.ptr);
	buf_done(&names);
	buf_done(&value);
	return is_good;
}

static void
take_features(struct smtp_session *s, const struct smtp_reply *r)
{
	const char *line = strchr(r->text.ptr, '\n');
	size_t n;

	s->features = SMTP_HAS_ESMTP;
	buf_reset(&s->mechanisms);
	while (line != NULL) {
		line++;
		n = strcspn(line, "\n");
		if (n > 4)
			take_keyword(s, (struct span){ line + 4, n - 4 });
		line = strchr(line, '\n');
	}
	/* RFC 6531 3.1 (8): there is no SMTPUTF8 without it. */
	if ((s->features & (SMTP_HAS_SMTPUTF8 | SMTP_HAS_8BITMIME)) ==
	    SMTP_HAS_SMTPUTF8)
		log_info("host %s offers SMTPUTF8 support, but not 8BITMIME",
		    s->host_addr);
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
	if (s->state == SMTP_EHLO) {
		if (!find_discards(s)) {
			smtp_session_lost(s, SMTP_LOST_LOCAL);
			return SMTP_STEP_FAILED;
		}
		take_features(s, r);
	}
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
