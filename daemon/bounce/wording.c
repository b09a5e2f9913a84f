/*
 * wording.c - the texts of notices, built in or from bounce_template_file
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/wording.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"

static const char *const kind_names[WORDING_KINDS] = { "failure", "delay",
	"success", "verify" };

#define FROM	"Mail Delivery System <MAILER-DAEMON>"

static const struct {
	const char *charset, *from, *subject, *postmaster_subject, *text;
} built_in[WORDING_KINDS] = {
	[WORDING_FAILURE] = { "utf-8", FROM,
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
	[WORDING_DELAY] = { "utf-8", FROM,
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
	[WORDING_SUCCESS] = { "utf-8", FROM,
	    "Successful Mail Delivery Report",
	    "Postmaster Copy: Successful Mail Delivery Report",
	    "This is the mail system at host $myhostname.\n"
	    "\n"
	    "Your message was delivered to the recipients listed below.\n"
	    "Where it went into a mailbox this is the last report. Where it\n"
	    "was passed on, the next system may still report a failure.\n"
	    "\n"
	    "                   The mail system\n" },
	[WORDING_VERIFY] = { "utf-8", FROM,
	    "Mail Delivery Status Report",
	    "Postmaster Copy: Mail Delivery Status Report",
	    "This is the mail system at host $myhostname.\n"
	    "\n"
	    "Here is the delivery report that you asked for.\n"
	    "\n"
	    "                   The mail system\n" },
};

/* ---- life ---- */

static void
wording_copy(struct wording *to, const struct wording *from)
{
	to->charset = xstrdup(from->charset);
	to->from = xstrdup(from->from);
	to->subject = xstrdup(from->subject);
	to->postmaster_subject = xstrdup(from->postmaster_subject);
	to->text = xstrdup(from->text);
}

static void
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

	for (i = 0; i < WORDING_KINDS; i++) {
		t->kind[i].charset = xstrdup(built_in[i].charset);
		t->kind[i].from = xstrdup(built_in[i].from);
		t->kind[i].subject = xstrdup(built_in[i].subject);
		t->kind[i].postmaster_subject =
		    xstrdup(built_in[i].postmaster_subject);
		t->kind[i].text = xstrdup(built_in[i].text);
	}
}

void
wordings_done(struct wordings *t)
{
	int i;

	for (i = 0; i < WORDING_KINDS; i++)
		wording_done(&t->kind[i]);
}

/* ---- parsing ---- */

struct source {
	const char	*name, *at;
	int		 line;
};

/* The next line without its LF; false at the end. */
static bool
next_line(struct source *s, struct buf *line)
{
	const char *end = strchr(s->at, '\n');
	size_t len = end != NULL ? (size_t)(end - s->at) : strlen(s->at);

	if (*s->at == '\0')
		return false;
	buf_set(line, s->at, len);
	s->at += len + (end != NULL);
	s->line++;
	return true;
}

static int
complain(const struct source *s, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, "%s, line %d: %s", s->name, s->line,
	    what);
}

/* "failure_template = <<EOF": the kind, and the word that ends it. */
static int
parse_start(const struct source *s, char *line, char **end_word,
    struct err *err)
{
	char *eq = strchr(line, '='), *value, *name_end;
	size_t i, n;

	if (eq == NULL)
		return complain(s, err, "expected \"name_template = <<WORD\"");
	value = eq + 1 + strspn(eq + 1, " \t");
	if (strncmp(value, "<<", 2) != 0)
		return complain(s, err, "missing \"<<\" after \"=\"");
	*end_word = value + 2 + strspn(value + 2, " \t");
	if (**end_word == '\0')
		return complain(s, err, "missing end word after \"<<\"");
	for (name_end = eq; name_end > line && isblank((unsigned char)
	    name_end[-1]); name_end--)
		;
	*name_end = '\0';
	for (i = 0; i < WORDING_KINDS; i++) {
		n = strlen(kind_names[i]);
		if (strncmp(line, kind_names[i], n) == 0 &&
		    strcmp(line + n, "_template") == 0)
			return (int)i;
	}
	return complain(s, err, "unknown template name");
}

static char **
header_field(struct wording *t, const char *line, size_t name_len)
{
	const struct {
		const char *name;
		char **field;
	} fields[] = {
		{ "Charset", &t->charset }, { "From", &t->from },
		{ "Subject", &t->subject },
		{ "Postmaster-Subject", &t->postmaster_subject },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == name_len &&
		    strncasecmp(line, fields[i].name, name_len) == 0)
			return fields[i].field;
	return NULL;
}

static int
parse_header(const struct source *s, struct wording *t, const char *line,
    struct err *err)
{
	const char *colon = strchr(line, ':'), *value;
	char **field;

	if (colon == NULL)
		return complain(s, err, "missing \":\" in header");
	field = header_field(t, line, (size_t)(colon - line));
	if (field == NULL)
		return complain(s, err, "unknown header name");
	value = colon + 1 + strspn(colon + 1, " \t");
	if (*value == '\0')
		return complain(s, err, "empty header");
	free(*field);
	*field = xstrdup(value);
	return 0;
}

/* From behind the start line to the end word. */
static int
parse_body(struct source *s, struct wording *t, const char *end_word,
    struct err *err)
{
	struct buf line = BUF_INIT, text = BUF_INIT;
	bool in_header = true, is_complete = false;
	int rc = 0;

	while (rc == 0 && !is_complete && next_line(s, &line)) {
		if (strcmp(line.ptr, end_word) == 0)
			is_complete = true;
		else if (!in_header)
			buf_addf(&text, "%s\n", line.ptr);
		else if (line.len == 0)
			in_header = false;
		else
			rc = parse_header(s, t, line.ptr, err);
	}
	if (rc == 0 && !is_complete)
		rc = complain(s, err, "end of file inside a template");
	free(t->text);
	t->text = buf_take(&text);
	buf_done(&line);
	return rc;
}

int
wordings_parse(struct wordings *t, const char *name, const char *text,
    struct err *err)
{
	struct source s = { name, text, 0 };
	struct buf line = BUF_INIT;
	struct wordings copy;
	char *end_word = NULL;
	int i, kind, rc = 0;

	for (i = 0; i < WORDING_KINDS; i++)
		wording_copy(&copy.kind[i], &t->kind[i]);
	while (rc == 0 && next_line(&s, &line)) {
		buf_trim_right(&line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		kind = parse_start(&s, line.ptr, &end_word, err);
		rc = kind == -1 ? -1 :
		    parse_body(&s, &copy.kind[kind], end_word, err);
	}
	buf_done(&line);
	if (rc == 0) {
		wordings_done(t);
		*t = copy;
	} else {
		wordings_done(&copy);
	}
	return rc;
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
		    "Subject: %s\n", i > 0 ? "\n" : "", kind_names[i],
		    k->charset, k->from, k->subject);
		buf_addf(out, "Postmaster-Subject: %s\n\n%sEOF\n",
		    k->postmaster_subject, k->text);
	}
}

void
wordings_print_expanded(struct buf *out, const struct wordings *t)
{
	int i;

	for (i = 0; i < WORDING_KINDS; i++) {
		buf_addf(out, "%sexpanded_%s_text = <<EOF\n",
		    i > 0 ? "\n" : "", kind_names[i]);
		wording_expand(out, &t->kind[i]);
		buf_adds(out, "EOF\n");
	}
}
