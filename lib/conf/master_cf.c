/*
 * master_cf.c - master.cf: one struct a service
 *
 * Each logical line is cut into words in place, then the eight fields are
 * converted one by one, so that a mistake is named by its field and line.
 * The whole file is read before anything is returned: a supervisor that
 * reloads goes on with the old services when the new file is broken.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/master_cf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/cf_lines.h"
#include "lib/conf/params.h"

#define MASTER_CF_MAX	(16 * 1024 * 1024)

static const char *const type_names[] = {
	[MASTER_INET] = "inet", [MASTER_UNIX] = "unix",
	[MASTER_FIFO] = "fifo", [MASTER_PASS] = "pass",
	[MASTER_UNIX_DGRAM] = "unix-dgram",
};

#define TYPE_COUNT	(sizeof(type_names) / sizeof(type_names[0]))

enum { F_NAME, F_TYPE, F_PRIVATE, F_UNPRIV, F_CHROOT, F_WAKEUP, F_MAXPROC,
	F_COMMAND };

/* Field names as error texts call them (spec/master.md 1.2). */
static const char *const field_names[] = {
	"name", "transport type", "private", "unprivileged", "chroot",
	"wakeup_time", "max_proc", "command",
};

/* What all helpers need: the service under construction and where it stands. */
struct entry {
	struct master_service	*s;
	const char		*file;
	struct err		*err;
};

const char *
master_type_name(enum master_type type)
{
	return (size_t)type < TYPE_COUNT ? type_names[type] : "unknown";
}

static int
bad(const struct entry *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
bad(const struct entry *e, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	err_set(e->err, ERR_SYNTAX, "%s: line %d: %s", e->file, e->s->line,
	    text.ptr);
	buf_done(&text);
	return -1;
}

static int
bad_value(const struct entry *e, int field)
{
	return bad(e, "field \"%s\": bad value: \"%s\"", field_names[field],
	    e->s->fields[field]);
}

/* compatibility_level below 1: chroot used to be on by default. */
static bool
is_old_level(void)
{
	return params.compatibility_level == NULL ||
	    atoi(params.compatibility_level) < 1;
}

static int
get_bool(const struct entry *e, int field, bool standard, bool *out)
{
	const char *v = e->s->fields[field];

	if (strcmp(v, "-") == 0)
		*out = standard;
	else if (strcmp(v, "y") == 0 || strcmp(v, "n") == 0)
		*out = *v == 'y';
	else
		return bad_value(e, field);
	return 0;
}

/* Digits; what follows them is ignored, as it always has been. */
static int
get_number(const struct entry *e, int field, int standard, int *out)
{
	const char *v = e->s->fields[field];
	long n;

	if (strcmp(v, "-") == 0) {
		*out = standard;
		return 0;
	}
	if (!isdigit((unsigned char)*v))
		return bad_value(e, field);
	n = strtol(v, NULL, 10);
	if (n > INT_MAX)
		return bad_value(e, field);
	*out = (int)n;
	return 0;
}

static bool
is_host(const char *host)
{
	size_t label = 0;
	const char *p;

	for (p = host; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (isalnum((unsigned char)*p) || *p == '-' ||
		    *p == '_' || (unsigned char)*p >= 0x80)
			label++;
		else
			return false;
	}
	return label > 0;
}

/* Returns the text of an error that takes the whole name, or NULL. */
static const char *
split_inet(const char *name, struct buf *host, struct buf *port)
{
	const char *colon = strrchr(name, ':'), *end;
	unsigned char addr[16];

	buf_reset(host);
	if (name[0] == '[') {
		if ((end = strchr(name, ']')) == NULL)
			return "missing \"]\" in \"%s\"";
		if (end[1] != ':')
			return "garbage after \"]\" in \"%s\"";
		buf_add(host, name + 1, (size_t)(end - name - 1));
		buf_sets(port, end + 2);
		if (strchr(host->ptr, ':') != NULL) {
			if (strncasecmp(host->ptr, "ipv6:", 5) == 0)
				buf_delete(host, 0, 5);
			if (inet_pton(AF_INET6, host->ptr, addr) != 1)
				return "malformed IPv6 address in \"%s\"";
		} else if (!is_host(host->ptr))
			return "valid hostname or network address required "
			    "in \"%s\"";
	} else if (colon == NULL) {
		buf_sets(port, name);
	} else {
		buf_add(host, name, (size_t)(colon - name));
		buf_sets(port, colon + 1);
		if (host->len > 0 && !is_host(host->ptr))
			return "valid hostname or network address required "
			    "in \"%s\"";
	}
	if (port->len == 0)
		return "valid hostname or network address required in \"%s\"";
	if (isdigit((unsigned char)port->ptr[0]) &&
	    port->ptr[strspn(port->ptr, "0123456789")] != '\0')
		return "garbage after numerical service in \"%s\"";
	return NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
int
master_cf_split_inet(const char *name, struct buf *host, struct buf *port,
    struct err *err)
{
	const char *fmt = split_inet(name, host, port);

	return fmt == NULL ? 0 : err_set(err, ERR_SYNTAX, fmt, name);
}
#pragma GCC diagnostic pop

static int
check_inet(const struct entry *e)
{
	struct buf host = BUF_INIT, port = BUF_INIT;
	struct err why = ERR_INIT;
	int rc = 0;

	if (e->s->is_private)
		return bad(e, "inet service cannot be private");
	if (master_cf_split_inet(e->s->name, &host, &port, &why) == -1)
		rc = bad(e, "%s", why.text);
	buf_done(&host);
	buf_done(&port);
	return rc;
}

static int
get_type(const struct entry *e)
{
	const char *v = e->s->fields[F_TYPE];
	size_t i;

	if (strcmp(v, "-") == 0)
		return bad(e, "field \"%s\" has no default value",
		    field_names[F_TYPE]);
	for (i = 0; i < TYPE_COUNT; i++)
		if (strcmp(v, type_names[i]) == 0) {
			e->s->type = (enum master_type)i;
			return 0;
		}
	return bad(e, "bad transport type: %s", v);
}

/* Fields as text are there; make them values, in order. */
static int
convert(const struct entry *e)
{
	struct master_service *s = e->s;

	if (get_type(e) == -1 ||
	    get_bool(e, F_PRIVATE, true, &s->is_private) == -1 ||
	    (s->type == MASTER_INET && check_inet(e) == -1) ||
	    get_bool(e, F_UNPRIV, true, &s->is_unprivileged) == -1 ||
	    get_bool(e, F_CHROOT, is_old_level(), &s->is_chrooted) == -1)
		return -1;
	if (strcmp(s->fields[F_CHROOT], "-") == 0 && s->is_chrooted)
		log_info("%s: line %d: using backwards-compatible default "
		    "setting chroot=y", e->file, s->line);
	if (get_number(e, F_WAKEUP, 0, &s->wakeup_s) == -1 ||
	    get_number(e, F_MAXPROC, params.default_process_limit,
	    &s->maxproc) == -1)
		return -1;
	s->wakeup_is_conditional = strchr(s->fields[F_WAKEUP], '?') != NULL;
	if (strcmp(s->fields[F_COMMAND], "-") == 0)
		return bad(e, "field \"%s\" has no default value",
		    field_names[F_COMMAND]);
	s->command = xstrdup(s->fields[F_COMMAND]);
	return 0;
}

static void
add_argument(struct master_service *s, char *text)
{
	s->argv = xreallocarray(s->argv, s->argc + 2, sizeof(*s->argv));
	s->argv[s->argc++] = text;
	s->argv[s->argc] = NULL;
}

/*
 * Blanks inside braces do not end a word; around a whole word they go. whole
 * is the word with all that follows it, for messages.
 */
static int
add_word(const struct entry *e, char *word, const char *whole)
{
	const char *why;
	char *inner = word;

	if (*word == '{' && (why = text_brace_strip(word, &inner)) != NULL)
		return bad(e, "%s in \"%s\"", why, whole);
	add_argument(e->s, xstrdup(inner));
	return 0;
}

static int
add_words(const struct entry *e, char *text)
{
	char *whole = xstrdup(text), *rest = text, *word;
	int rc = 0;

	while (rc == 0 &&
	    (word = text_split_braced(&rest, " \t\r\n\f\v")) != NULL)
		rc = add_word(e, word, whole + (word - text));
	free(whole);
	return rc;
}

static char *
skip_space(char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static int
parse_entry(const struct entry *e, char *line)
{
	char *p = skip_space(line), *start;
	int i;

	for (i = 0; i < 8; i++) {
		if (*p == '\0')
			return bad(e, "missing \"%s\" field", field_names[i]);
		start = p;
		while (*p != '\0' && !isspace((unsigned char)*p))
			p++;
		e->s->fields[i] = xstrndup(start, (size_t)(p - start));
		p = skip_space(p);
	}
	e->s->name = xstrdup(e->s->fields[F_NAME]);
	if (convert(e) == -1)
		return -1;
	e->s->argv = xcalloc(1, sizeof(*e->s->argv));
	return add_words(e, p);
}

static void
service_done(struct master_service *s)
{
	size_t i;

	for (i = 0; i < s->argc; i++)
		free(s->argv[i]);
	for (i = 0; i < 8; i++)
		free(s->fields[i]);
	free(s->argv);
	free(s->name);
	free(s->command);
}

void
master_cf_done(struct master_cf *cf)
{
	size_t i;

	for (i = 0; i < cf->count; i++)
		service_done(&cf->services[i]);
	free(cf->services);
	cf->services = NULL;
	cf->count = 0;
}

int
master_cf_parse(struct master_cf *out, const char *name, const char *text,
    size_t len, struct err *err)
{
	struct master_service *s;
	struct buf line = BUF_INIT;
	struct cf_lines lines;
	int rc = 0;

	out->services = NULL;
	out->count = 0;
	cf_lines_init(&lines, name, text, len);
	while (rc == 0 && cf_lines_next(&lines, &line)) {
		out->services = xreallocarray(out->services, out->count + 1,
		    sizeof(*out->services));
		s = &out->services[out->count++];
		*s = (struct master_service){ .line = lines.line };
		rc = parse_entry(&(struct entry){ s, name, err }, line.ptr);
	}
	if (rc == -1)
		master_cf_done(out);
	buf_done(&line);
	return rc;
}

int
master_cf_read(struct master_cf *out, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc;

	out->services = NULL;
	out->count = 0;
	rc = file_read(path, &text, MASTER_CF_MAX, err);
	if (rc == 0)
		rc = master_cf_parse(out, path, text.ptr, text.len, err);
	buf_done(&text);
	return rc;
}
