/*
 * wording.c - the texts of notices, built in or from bounce_template_file
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/wording.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"

const char *const wording_names[WORDING_KINDS] = { "failure", "delay",
	"success", "verify" };

static const struct {
	const char *subject, *postmaster_subject, *text;
} built_in[WORDING_KINDS] = {
	[WORDING_FAILURE] = {
	    "Undelivered Mail Returned to Sender",
	    "Postmaster Copy: Undelivered Mail",
	    "This is the mail system at host $myhostname.\n"
	    "\n"
	    "Your message did not reach the recipients listed below, and it\n"
	    "will not be tried again. The reason stands beside each address;\n"
	    "your message, or its first part, is attached.\n"
	    "\n"
	    "If you need help, write to <postmaster> and send this report\n"
	    "along. You may remove your own text from it.\n"
	    "\n"
	    "                   The mail system\n" },
	[WORDING_DELAY] = {
	    "Delayed Mail (still being retried)",
	    "Postmaster Warning: Delayed Mail",
	    "This is the mail system at host $myhostname.\n"
	    "\n"
	    "  This is only a warning. There is no need to send again.\n"
	    "\n"
	    "Your message has not reached the recipients listed below for\n"
	    "more than ${delay_warning_time_text}. Delivery will be tried "
	    "until the message\n"
	    "is ${maximal_queue_lifetime_text} old.\n"
	    "\n"
	    "If you need help, write to <postmaster> and send this report\n"
	    "along. You may remove your own text from it.\n"
	    "\n"
	    "                   The mail system\n" },
	[WORDING_SUCCESS] = {
	    "Successful Mail Delivery Report", NULL,
	    "This is the mail system at host $myhostname.\n"
	    "\n"
	    "Your message was delivered to the recipients listed below.\n"
	    "Where it went into a mailbox this is the last report. Where it\n"
	    "was passed on, the next system may still report a failure.\n"
	    "\n"
	    "                   The mail system\n" },
	[WORDING_VERIFY] = {
	    "Mail Delivery Status Report", NULL,
	    "This is the mail system at host $myhostname.\n"
	    "\n"
	    "Here is the delivery report that you asked for.\n"
	    "\n"
	    "                   The mail system\n" },
};

/* ---- life ---- */

void
wording_init(struct wording *t, enum wording_kind kind)
{
	const char *postmaster = built_in[kind].postmaster_subject;

	t->charset = xstrdup("us-ascii");
	t->from = xstrdup("Mail Delivery System <MAILER-DAEMON>");
	t->subject = xstrdup(built_in[kind].subject);
	t->postmaster_subject = postmaster != NULL ? xstrdup(postmaster) :
	    NULL;
	t->text = xstrdup(built_in[kind].text);
}

void
wording_done(struct wording *t)
{
	free(t->charset);
	free(t->from);
	free(t->subject);
	free(t->postmaster_subject);
	free(t->text);
}

void
wordings_init(struct wordings *t)
{
	int i;

	for (i = 0; i < WORDING_KINDS; i++)
		wording_init(&t->kind[i], (enum wording_kind)i);
}

void
wordings_done(struct wordings *t)
{
	int i;

	for (i = 0; i < WORDING_KINDS; i++)
		wording_done(&t->kind[i]);
}

/* ---- expansion ---- */

static const struct unit {
	const char	*suffix, *one;
	long		 seconds;
} units[] = {
	{ "_weeks", "week", 7 * 86400 }, { "_days", "day", 86400 },
	{ "_hours", "hour", 3600 }, { "_minutes", "minute", 60 },
	{ "_seconds", "second", 1 },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

/* "5 days": the largest unit from days down that loses nothing. */
static void
put_period(struct buf *out, long seconds)
{
	size_t i;
	long n;

	for (i = 1; i < UNITS - 1 && (seconds < units[i].seconds ||
	    seconds % units[i].seconds != 0); i++)
		;
	n = seconds / units[i].seconds;
	buf_addf(out, "%ld %s%s", n, units[i].one, n == 1 ? "" : "s");
}

static bool
seconds_of(const char *name, size_t len, long *seconds)
{
	char *base = xstrndup(name, len);
	const char *text = params_lookup(base);
	int64_t value = 0;
	char unit = 's';
	bool ok;

	/* Parameters without a unit in their default count in theirs. */
	if (strcmp(base, "delay_warning_time") == 0)
		unit = 'h';
	else if (strstr(base, "queue_lifetime") != NULL)
		unit = 'd';
	ok = text != NULL && num_parse_time(text, unit, &value, NULL) == 0;
	*seconds = (long)value;
	free(base);
	return ok;
}

static const char *
lookup(const char *name, void *ctx)
{
	struct buf *result = ctx;
	size_t len = strlen(name), n, i;
	long seconds;

	buf_reset(result);
	for (i = 0; i < UNITS; i++) {
		n = strlen(units[i].suffix);
		if (len <= n || strcmp(name + len - n, units[i].suffix) != 0 ||
		    !seconds_of(name, len - n, &seconds))
			continue;
		buf_addf(result, "%ld", seconds / units[i].seconds);
		return result->ptr;
	}
	if (len > 5 && strcmp(name + len - 5, "_text") == 0 &&
	    seconds_of(name, len - 5, &seconds)) {
		put_period(result, seconds);
		return result->ptr;
	}
	return params_lookup(name);
}

void
wording_expand(struct buf *out, const struct wording *t)
{
	struct buf value = BUF_INIT;
	struct err err = ERR_INIT;

	if (macro_expand(out, t->text, 0, NULL, lookup, &value, &err) == -1) {
		log_warning("bounce template: %s", err.text);
		buf_adds(out, t->text);
	}
	buf_done(&value);
}

void
wordings_print(struct buf *out, const struct wordings *t)
{
	const struct wording *k;
	int i;

	for (i = 0; i < WORDING_KINDS; i++) {
		k = &t->kind[i];
		buf_addf(out, "%s%s_template = <<EOF\nCharset: %s\nFrom: %s\n"
		    "Subject: %s\n", i > 0 ? "\n" : "", wording_names[i],
		    k->charset, k->from, k->subject);
		if (k->postmaster_subject != NULL)
			buf_addf(out, "Postmaster-Subject: %s\n",
			    k->postmaster_subject);
		buf_addf(out, "\n%sEOF\n", k->text);
	}
}

void
wordings_print_expanded(struct buf *out, const struct wordings *t)
{
	int i;

	for (i = 0; i < WORDING_KINDS; i++) {
		buf_addf(out, "%sexpanded_%s_text = <<EOF\n",
		    i > 0 ? "\n" : "", wording_names[i]);
		wording_expand(out, &t->kind[i]);
		buf_adds(out, "EOF\n");
	}
}
