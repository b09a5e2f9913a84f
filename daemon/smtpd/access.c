/*
 * access.c - access tables: what a result does
 *
 * Which keys are looked up is in access_search.c.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/access.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/mail/header.h"

/* ---- results ---- */

struct action {			/* one table result, taken apart */
	const char	*table, *key, *word, *text, *reply_name;
	enum restrict_class class;
};

static enum restrict_result
reply_with(struct session *s, const struct action *a, int code,
    const char *default_dsn, const char *default_text)
{
	char status[DSN_STATUS_SIZE], fit[16];
	const char *text = dsn_split(a->text, default_dsn, status);

	if (*text == '\0')
		text = default_text;
	restrict_dsn(fit, status, a->class);
	return restrict_reject(s, code, fit, "<%s>: %s rejected: %s",
	    a->reply_name, restrict_class_text(a->class), text);
}

static enum restrict_result
defer_if(struct session *s, const struct action *a, bool is_permit)
{
	char status[DSN_STATUS_SIZE], fit[16];
	const char *text = dsn_split(a->text, "4.7.1", status);

	if (*text == '\0')
		text = "Service unavailable";
	restrict_dsn(fit, status, a->class);
	if (is_permit)
		return restrict_defer_if_permit(s,
		    params.access_map_defer_code, fit, "<%s>: %s rejected: %s",
		    a->reply_name, restrict_class_text(a->class), text);
	return restrict_defer_if_reject(s, params.access_map_defer_code, fit,
	    "<%s>: %s rejected: %s", a->reply_name,
	    restrict_class_text(a->class), text);
}

/* verb is what stands in the log when the table has no text, or before it. */
static void
log_action(struct session *s, const struct action *a, const char *what,
    const char *verb)
{
	struct buf text = BUF_INIT;
	bool has_target = strcmp(what, "hold") != 0 &&
	    strcmp(what, "discard") != 0;

	buf_setf(&text, "<%s>: %s ", a->reply_name,
	    restrict_class_text(a->class));
	if (has_target)
		buf_addf(&text, "%s %s", verb, a->text);
	else
		buf_adds(&text, *a->text != '\0' ? a->text : verb);
	restrict_log(s, what, text.ptr);
	buf_done(&text);
}

static bool
lacks_mail(const struct session *s, const struct action *a)
{
	if (s->sender == NULL)
		log_warning("access table %s: with smtpd_delay_reject=no, "
		    "action %s is always skipped in Client host or Helo "
		    "command restrictions", a->table, a->word);
	return s->sender == NULL;
}

/* Actions that change the message need one that is still to come. */
static bool
is_unavailable(const struct session *s, const struct action *a)
{
	if (params.smtpd_proxy_filter[0] != '\0') {
		log_warning("access table %s: with smtpd_proxy_filter "
		    "specified, action %s is unavailable", a->table, a->word);
		return true;
	}
	if (s->stage == CLASS_ETRN) {
		log_warning("access table %s: action %s is unavailable in "
		    "smtpd_etrn_restrictions", a->table, a->word);
		return true;
	}
	return lacks_mail(s, a);
}

static void
replace(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

static enum restrict_result
do_filter(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a))
		return RESTRICT_DUNNO;
	if (*a->text == '\0') {
		log_warning("access table %s entry \"%s\" has FILTER entry "
		    "without value", a->table, a->key);
	} else if (strchr(a->text, ':') == NULL) {
		log_warning("access table %s entry \"%s\" requires "
		    "transport:destination", a->table, a->key);
	} else {
		log_action(s, a, "filter", "triggers FILTER");
		replace(&s->filter, a->text);
	}
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_hold(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a))
		return RESTRICT_DUNNO;
	if ((s->access_flags & CLEANUP_HOLD) == 0)
		log_action(s, a, "hold", "triggers HOLD action");
	s->access_flags |= CLEANUP_HOLD;
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_discard(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a))
		return RESTRICT_DUNNO;
	log_action(s, a, "discard", "triggers DISCARD action");
	s->access_flags |= CLEANUP_DISCARD;
	return RESTRICT_PERMIT;
}

static bool
is_target(const struct action *a)
{
	if (strchr(a->text, '@') != NULL)
		return true;
	log_warning("access table %s entry \"%s\" requires user@domain target",
	    a->table, a->key);
	return false;
}

static enum restrict_result
do_redirect(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a) || !is_target(a))
		return RESTRICT_DUNNO;
	log_action(s, a, "redirect", "triggers REDIRECT");
	replace(&s->redirect, a->text);
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_bcc(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a) || !is_target(a))
		return RESTRICT_DUNNO;
	log_action(s, a, "bcc", "triggers BCC");
	buf_add(&s->bcc, a->text, strlen(a->text) + 1);
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_prepend(struct session *s, const struct action *a)
{
	size_t at = s->prepend.len;
	char *p;

	if (lacks_mail(s, a))
		return RESTRICT_DUNNO;
	if (s->stage == CLASS_EOD) {
		log_warning("access table %s: action PREPEND must be used "
		    "before smtpd_end_of_data_restrictions", a->table);
	} else if (*a->text == '\0' ||
	    header_name_len(a->text, strlen(a->text)) == 0) {
		log_warning("access table %s entry \"%s\" requires header: "
		    "text", a->table, a->key);
	} else {
		buf_add(&s->prepend, a->text, strlen(a->text) + 1);
		/* A line break would start another header, or the body. */
		for (p = s->prepend.ptr + at; *p != '\0'; p++)
			if (*p == '\r' || *p == '\n')
				*p = ' ';
	}
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_action(struct session *s, const struct action *a, bool *is_known)
{
	*is_known = true;
	if (strcasecmp(a->word, "REJECT") == 0)
		return reply_with(s, a, params.access_map_reject_code, "5.7.1",
		    "Access denied");
	if (strcasecmp(a->word, "DEFER") == 0)
		return reply_with(s, a, params.access_map_defer_code, "4.7.1",
		    "Access denied");
	if (strcasecmp(a->word, "DEFER_IF_REJECT") == 0)
		return defer_if(s, a, false);
	if (strcasecmp(a->word, "DEFER_IF_PERMIT") == 0)
		return defer_if(s, a, true);
	if (strcasecmp(a->word, "OK") == 0 || strcasecmp(a->word, "RELAY") == 0)
		return RESTRICT_PERMIT;
	if (strcasecmp(a->word, "DUNNO") == 0)
		return RESTRICT_DUNNO;
	if (strcasecmp(a->word, "FILTER") == 0)
		return do_filter(s, a);
	if (strcasecmp(a->word, "HOLD") == 0)
		return do_hold(s, a);
	if (strcasecmp(a->word, "DISCARD") == 0)
		return do_discard(s, a);
	if (strcasecmp(a->word, "REDIRECT") == 0)
		return do_redirect(s, a);
	if (strcasecmp(a->word, "BCC") == 0)
		return do_bcc(s, a);
	if (strcasecmp(a->word, "PREPEND") == 0)
		return do_prepend(s, a);
	if (strcasecmp(a->word, "WARN") == 0) {
		restrict_log(s, "warn", a->text);
		return RESTRICT_DUNNO;
	}
	if (strcasecmp(a->word, "INFO") == 0) {
		restrict_log(s, "info", a->text);
		return RESTRICT_DUNNO;
	}
	if (strcasecmp(a->word, "HANGUP") == 0) {
		restrict_log(s, "hangup", a->text);
		s->is_closing = s->is_silent = true;
		return RESTRICT_REJECT;
	}
	*is_known = false;
	return RESTRICT_DUNNO;
}

static bool
is_code(const char *word)
{
	return strlen(word) == 3 && (word[0] == '4' || word[0] == '5') &&
	    isdigit((unsigned char)word[1]) && isdigit((unsigned char)word[2]);
}

enum restrict_result
access_apply(struct session *s, const char *table, const char *key,
    const char *value, const char *reply_name, enum restrict_class class)
{
	char *word, *copy = xstrdup(value);
	struct action a = { .table = table, .key = key, .class = class,
	    .reply_name = reply_name };
	size_t len;
	enum restrict_result r;
	bool is_known = false;

	if (*value == '\0') {
		log_warning("access table %s entry %s has empty value", table,
		    key);
		free(copy);
		return RESTRICT_DUNNO;
	}
	word = copy + strspn(copy, " \t\r\n");
	len = strcspn(word, " \t\r\n");
	a.text = text_skip_blank(word + len);
	word[len] = '\0';
	a.word = word;
	if (*word != '\0' && *a.text == '\0' &&
	    strspn(word, "0123456789") == len) {
		r = RESTRICT_PERMIT;	/* any number, as in other programs' tables */
		is_known = true;
	} else if (is_code(word)) {
		r = reply_with(s, &a, atoi(word), *word == '4' ? "4.7.1" :
		    "5.7.1", "Access denied");
	} else {
		r = do_action(s, &a, &is_known);
		if (!is_known)
			r = restrict_text(s, table, value, reply_name, class);
	}
	if (r == RESTRICT_PERMIT && is_known)
		restrict_log_permit(s, word, class, reply_name, table);
	free(copy);
	return r;
}
