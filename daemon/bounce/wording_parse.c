/*
 * wording_parse.c - read bounce_template_file
 *
 * The file is a list of "name_template = text"; a long text stands between
 * "<<WORD" and a line that is WORD. Each text begins with header lines, as
 * long as they look like some, then an empty line.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/wording.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

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

/* ---- one template ---- */

static char **
header_field(struct wording *t, const char *name, size_t len)
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
		if (strlen(fields[i].name) == len &&
		    strncasecmp(name, fields[i].name, len) == 0)
			return fields[i].field;
	return NULL;
}

/* What is wrong with "name: value", or NULL; its value is in t then. */
static const char *
take_header(struct wording *t, const char *line, size_t name_len)
{
	char **field = header_field(t, line, name_len);
	const char *value = text_skip_blank(strchr(line, ':') + 1);

	if (field == NULL)
		return "unknown \"%.*s\" header label in %s template";
	if (*value == '\0')
		return "empty \"%.*s\" header value in %s template";
	if (!text_is_ascii(value))
		return "non-ASCII \"%.*s\" header value in %s template";
	free(*field);
	*field = xstrdup(value);
	return NULL;
}

/* The header lines at the start of *text, which moves on to the text proper. */
static bool
take_headers(const struct source *file, const char *kind, struct wording *t,
    const char **text)
{
	struct source s = { file->name, *text, 0 };
	struct buf line = BUF_INIT, more = BUF_INIT, what = BUF_INIT;
	const char *wrong = NULL;
	size_t len = 0;

	while (wrong == NULL && next_line(&s, &line)) {
		if ((len = header_name_len(line.ptr, line.len)) == 0)
			break;
		while (*s.at == ' ' || *s.at == '\t') {
			next_line(&s, &more);
			buf_addf(&line, " %s", text_skip_blank(more.ptr));
		}
		wrong = take_header(t, line.ptr, len);
		*text = s.at;
	}
	if (wrong == NULL && **text == '\n')
		++*text;
	if (wrong != NULL) {
		buf_addf(&what, wrong, (int)len, line.ptr, kind);
		log_warning("%s: %s -- ignoring this template", file->name,
		    what.ptr);
	}
	buf_done(&line);
	buf_done(&more);
	buf_done(&what);
	return wrong == NULL;
}

static bool
fill(const struct source *s, enum wording_kind kind, struct wording *t,
    const char *text)
{
	const char *name = wording_names[kind];

	if (!take_headers(s, name, t, &text))
		return false;
	if (*text == '\0') {
		log_warning("%s: missing message text in %s template -- "
		    "ignoring this template", s->name, name);
		return false;
	}
	if (!text_is_ascii(text) && strcasecmp(t->charset, "us-ascii") == 0) {
		log_warning("%s: 8-bit message text in %s template -- "
		    "ignoring this template", s->name, name);
		log_warning("please specify a charset value other than "
		    "us-ascii");
		return false;
	}
	free(t->text);
	t->text = xstrdup(text);
	return true;
}

static int
take_template(const struct source *s, struct wordings *t, const char *name,
    size_t len, const char *text)
{
	struct wording w;
	size_t n;
	int i;

	for (i = 0; i < WORDING_KINDS; i++) {
		n = strlen(wording_names[i]);
		if (len == n + strlen("_template") &&
		    strncmp(name, wording_names[i], n) == 0 &&
		    strncmp(name + n, "_template", len - n) == 0)
			break;
	}
	if (i == WORDING_KINDS) {
		log_warning("%s, line %d: unknown template name: %.*s -- "
		    "ignoring this template", s->name, s->line, (int)len,
		    name);
		return -1;
	}
	wording_init(&w, (enum wording_kind)i);
	if (!fill(s, (enum wording_kind)i, &w, text)) {
		wording_done(&w);
		return -1;
	}
	wording_done(&t->kind[i]);
	t->kind[i] = w;
	return 0;
}

/* ---- the file ---- */

/* The lines up to the one that is end_word. */
static int
take_lines(struct source *s, const char *end_word, struct buf *text)
{
	struct buf line = BUF_INIT;
	bool is_complete = false;

	while (!is_complete && next_line(s, &line)) {
		is_complete = strcmp(line.ptr, end_word) == 0;
		if (!is_complete)
			buf_addf(text, "%s\n", line.ptr);
	}
	buf_done(&line);
	if (!is_complete)
		log_warning("%s, line %d: missing \"%s\" end marker", s->name,
		    s->line, end_word);
	return is_complete ? 0 : -1;
}

/* "name = value", or the first line of one whose value follows. */
static int
take_definition(struct source *s, struct wordings *t, const char *line)
{
	const char *name = text_skip_blank(line), *value = strchr(name, '=');
	struct buf text = BUF_INIT;
	size_t len;
	int rc = 0;

	if (value == NULL) {
		log_warning("%s, line %d: missing '=' after attribute name: "
		    "\"%s\"", s->name, s->line, name);
		return -1;
	}
	for (len = (size_t)(value - name); len > 0 &&
	    (name[len - 1] == ' ' || name[len - 1] == '\t'); len--)
		;
	value = text_skip_blank(value + 1);
	if (strncmp(value, "<<", 2) != 0)
		buf_setf(&text, "%s\n", value);
	else if (*(value = text_skip_blank(value + 2)) != '\0')
		rc = take_lines(s, value, &text);
	else {
		log_warning("%s, line %d: missing end marker after <<",
		    s->name, s->line);
		return -1;
	}
	if (take_template(s, t, name, len, text.ptr) == -1)
		rc = -1;
	buf_done(&text);
	return rc;
}

int
wordings_parse(struct wordings *t, const char *name, const char *text)
{
	struct source s = { name, text, 0 };
	struct buf line = BUF_INIT;
	int rc = 0;

	while (next_line(&s, &line)) {
		buf_trim_right(&line);
		if (line.len > 0 && *text_skip_blank(line.ptr) != '#' &&
		    take_definition(&s, t, line.ptr) == -1)
			rc = -1;
	}
	buf_done(&line);
	return rc;
}
