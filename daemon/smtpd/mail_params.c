/*
 * mail_params.c - the ESMTP parameters of MAIL and RCPT
 *
 * Each keyword is one row: its name and the function that takes its value.
 * The first that is refused ends the work with the reply the client gets.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/mail_params.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/mail/dsn.h"

struct work {
	struct mail_params *mail;
	struct rcpt_params *rcpt;
	const struct mail_limits *limits;
};

#define NO_DSN	"501 5.7.1 DSN support is disabled"

void
mail_params_init(struct mail_params *p)
{
	memset(p, 0, sizeof(*p));
	buf_init(&p->envid);
	buf_init(&p->auth);
}

void
mail_params_done(struct mail_params *p)
{
	buf_done(&p->envid);
	buf_done(&p->auth);
	mail_params_init(p);
}

void
rcpt_params_init(struct rcpt_params *p)
{
	p->notify = 0;
	buf_init(&p->orcpt);
}

void
rcpt_params_done(struct rcpt_params *p)
{
	buf_done(&p->orcpt);
	rcpt_params_init(p);
}

static bool
is_printable(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if ((unsigned char)b->ptr[i] < 0x20 || b->ptr[i] == 0x7f)
			return false;
	return true;
}

static const char *
take_size(struct work *w, const char *value)
{
	if (*value == '\0' || strspn(value, "0123456789") != strlen(value))
		return "501 5.5.4 Bad message size syntax";
	if (num_parse_int(value, 0, INT64_MAX, &w->mail->size, NULL) == -1)
		return "552 5.3.4 Message size exceeds file system imposed "
		    "limit";
	return NULL;
}

static const char *
take_ret(struct work *w, const char *value)
{
	if (!w->limits->may_dsn)
		return NO_DSN;
	if (w->mail->ret != 0 ||
	    (w->mail->ret = dsn_ret_parse(value)) == 0)
		return "501 5.5.4 Bad RET parameter syntax";
	return NULL;
}

static const char *
take_envid(struct work *w, const char *value)
{
	struct buf *id = &w->mail->envid;

	if (!w->limits->may_dsn)
		return NO_DSN;
	if (id->len > 0 || !xtext_decode(id, value) || id->len == 0 ||
	    !is_printable(id) || !text_is_ascii(id->ptr))
		return "501 5.5.4 Bad ENVID parameter syntax";
	return NULL;
}

/* RFC 4954 5: whom another server saw log in; "<>" is nobody. It grants nothing. */
static const char *
take_auth(struct work *w, const char *value)
{
	if (w->mail->has_auth)
		return "503 5.5.4 Error: multiple AUTH= options";
	w->mail->has_auth = strcmp(value, "<>") != 0;
	buf_sets(&w->mail->auth, value);
	return NULL;
}

/* XVERP, XVERP=xy: one bounce address for each recipient. */
static const char *
take_verp(struct work *w, const char *value)
{
	if (value == NULL)
		value = w->limits->verp_default;
	if (strlen(value) != 2 ||
	    strchr(w->limits->verp_filter, value[0]) == NULL ||
	    strchr(w->limits->verp_filter, value[1]) == NULL)
		return "verp";
	memcpy(w->mail->verp, value, 3);
	return NULL;
}

static const char *
take_notify(struct work *w, char *value)
{
	size_t len = strlen(value);

	if (!w->limits->may_dsn)
		return NO_DSN;
	while (len > 0 && value[len - 1] == ',')	/* some clients' lists end so */
		value[--len] = '\0';
	if (w->rcpt->notify != 0 ||
	    (w->rcpt->notify = dsn_notify_parse(value)) == 0)
		return "501 5.5.4 Error: Bad NOTIFY parameter syntax";
	return NULL;
}

/* RFC 3461 4.2: address-type ";" xtext; UTF-8 may stand there as it is (RFC 6533 3). */
static const char *
take_orcpt(struct work *w, const char *value)
{
	struct buf *orcpt = &w->rcpt->orcpt;
	const char *semi;

	if (!w->limits->may_dsn)
		return NO_DSN;
	if (orcpt->len > 0 || (semi = strchr(value, ';')) == NULL || semi == value)
		return "501 5.5.4 Error: Bad ORCPT parameter syntax";
	buf_set(orcpt, value, (size_t)(semi + 1 - value));
	if (!xtext_decode(orcpt, semi + 1) || !is_printable(orcpt))
		return "501 5.5.4 Error: Bad ORCPT parameter syntax";
	return NULL;
}

static const char *
take_mail(struct work *w, const char *key, char *value, bool *is_known)
{
	*is_known = true;
	if (strcasecmp(key, "SIZE") == 0 && value != NULL)
		return take_size(w, value);
	if (strcasecmp(key, "BODY") == 0 && value != NULL) {
		if (strcasecmp(value, "8BITMIME") == 0) {
			w->mail->encoding = "8bit";
			return NULL;
		}
		if (strcasecmp(value, "7BIT") == 0) {
			w->mail->encoding = "7bit";
			return NULL;
		}
	}
	if (strcasecmp(key, "AUTH") == 0 && value != NULL)
		return take_auth(w, value);
	if (strcasecmp(key, "RET") == 0 && value != NULL)
		return take_ret(w, value);
	if (strcasecmp(key, "ENVID") == 0 && value != NULL)
		return take_envid(w, value);
	if (strcasecmp(key, "SMTPUTF8") == 0 && value == NULL &&
	    w->limits->may_utf8) {
		w->mail->is_utf8 = true;
		return NULL;
	}
	if (strcasecmp(key, "XVERP") == 0 && w->limits->may_verp)
		return take_verp(w, value);
	*is_known = false;
	return NULL;
}

static const char *
take_rcpt(struct work *w, const char *key, char *value, bool *is_known)
{
	*is_known = true;
	if (strcasecmp(key, "NOTIFY") == 0 && value != NULL)
		return take_notify(w, value);
	if (strcasecmp(key, "ORCPT") == 0 && value != NULL)
		return take_orcpt(w, value);
	*is_known = false;
	return NULL;
}

static const char *
parse(struct work *w, struct span text, struct buf *reply,
    const char *(*take)(struct work *, const char *, char *, bool *))
{
	const char *refusal = NULL;
	struct span word;
	bool is_known;

	buf_reset(reply);
	while (refusal == NULL && (word = span_word(&text)).len > 0) {
		char *copy = xstrndup(word.ptr, word.len);
		char *value = strchr(copy, '=');

		if (value != NULL)
			*value++ = '\0';
		refusal = take(w, copy, value, &is_known);
		if (!is_known) {
			buf_setf(reply, "555 5.5.4 Unsupported option: %.*s",
			    (int)word.len, word.ptr);
			refusal = reply->ptr;
		} else if (refusal != NULL && strcmp(refusal, "verp") == 0) {
			buf_setf(reply, "501 5.5.4 Error: XVERP needs two "
			    "characters from %s", w->limits->verp_filter);
			refusal = reply->ptr;
		} else if (refusal != NULL) {
			buf_sets(reply, refusal);
			refusal = reply->ptr;
		}
		free(copy);
	}
	return refusal;
}

const char *
mail_params_parse(struct mail_params *out, struct span text,
    const struct mail_limits *limits, struct buf *reply)
{
	struct work w = { .mail = out, .limits = limits };

	return parse(&w, text, reply, take_mail);
}

const char *
rcpt_params_parse(struct rcpt_params *out, struct span text,
    const struct mail_limits *limits, struct buf *reply)
{
	struct work w = { .rcpt = out, .limits = limits };

	return parse(&w, text, reply, take_rcpt);
}
