/*
 * table_source.c - text files of entries: logical lines and their grammars
 *
 * Reading keeps one physical line ahead, since only the next line tells
 * whether this one is complete. A NUL ends the text of its logical line; the
 * rest is not looked at, so that no key can hide behind it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/alias_token.h"

#define SHOWN_CHARS	30	/* spec/tables.md 12.1 rule 5 */

struct table_source {
	char	*name;
	int	 fd;		/* -1: inline rules */
	char	*bytes;		/* read, but not yet given */
	size_t	 start, end;
	struct buf ahead;	/* the physical line after the last one given */
	bool	 has_ahead;	/* else nothing is left */
	int	 line_number;	/* of ahead */
	bool	 is_primed, is_quiet;
	uint64_t digest;	/* of all bytes read */
	char	*rules, *rest;	/* inline rules, cut up as we go */
};

#define READ_BUFFER	65536
#define SPACES		" \t\n\v\f\r"
#define KEY_SPECIALS	SPACES "\"\\"	/* what is not just a part of a key */

/* White space of the C locale, without a call: every byte comes by here. */
static inline bool
is_space(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') < 5;
}

struct table_source *
table_source_open(const char *path, int fd, struct err *err)
{
	struct table_source *s;

	if (fd == -1 && (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		err_sys(err, "open %s", path);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(path);
	s->fd = fd;
	s->bytes = xmalloc(READ_BUFFER);
	buf_init(&s->ahead);
	return s;
}

struct table_source *
table_source_inline(const char *text, struct err *err)
{
	struct table_source *s = xcalloc(1, sizeof(*s));
	const char *reason;

	s->fd = -1;
	buf_init(&s->ahead);
	s->name = xstrdup(text);
	s->rules = xstrdup(text);
	if ((reason = text_brace_strip(s->rules, &s->rest)) != NULL) {
		err_set(err, ERR_CONFIG, "%s in \"%s\"", reason, text);
		table_source_close(s);
		return NULL;
	}
	return s;
}

void
table_source_close(struct table_source *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		close(s->fd);
	free(s->bytes);
	buf_done(&s->ahead);
	free(s->rules);
	free(s->name);
	free(s);
}

uint64_t
table_source_digest(const struct table_source *s)
{
	return s->digest;
}

void
table_source_be_quiet(struct table_source *s)
{
	s->is_quiet = true;
}

const char *
table_source_name(const struct table_source *s)
{
	return s->name;
}

int
table_source_fd(const struct table_source *s)
{
	return s->fd;
}

static uint64_t
digest_word(uint64_t digest, const char *bytes, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, bytes, len);
	digest = (digest ^ word ^ len) * 0x9fb21c651e98df25u;
	return digest ^ digest >> 35;
}

#define WORD	sizeof(uint64_t)
#define LANES	4	/* words that do not wait for each other */

/* Files are read in pieces of the same size each time, so this is repeatable. */
static uint64_t
digest_more(uint64_t digest, const char *bytes, size_t len)
{
	uint64_t lane[LANES] = { digest };
	size_t i, n;

	for (; len >= LANES * WORD; len -= LANES * WORD)
		for (i = 0; i < LANES; i++, bytes += WORD)
			lane[i] = digest_word(lane[i], bytes, WORD);
	digest = lane[0];
	for (i = 1; i < LANES; i++)
		digest = digest_word(digest, (const char *)&lane[i], WORD);
	for (; len > 0; bytes += n, len -= n) {
		n = len < WORD ? len : WORD;
		digest = digest_word(digest, bytes, n);
	}
	return digest;
}

/* Read on; 1, 0 at the end, -1 with err. */
static int
read_more(struct table_source *s, struct err *err)
{
	ssize_t n;

	do {
		n = read(s->fd, s->bytes, READ_BUFFER);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_sys(err, "read %s", s->name);
	s->digest = digest_more(s->digest, s->bytes, (size_t)n);
	s->start = 0;
	s->end = (size_t)n;
	return n > 0;
}

/* The next physical line into ahead; 1, 0 at the end, -1 with err. */
static int
read_line(struct table_source *s, struct err *err)
{
	const char *from, *eol = NULL;
	bool any = false;
	size_t n;
	int rc;

	buf_reset(&s->ahead);
	while (eol == NULL) {
		if (s->start == s->end) {
			if ((rc = read_more(s, err)) == -1)
				return -1;
			if (rc == 0)
				return any;
		}
		any = true;
		from = s->bytes + s->start;
		n = s->end - s->start;
		if ((eol = memchr(from, '\n', n)) != NULL)
			n = (size_t)(eol - from);
		buf_add(&s->ahead, from, n);
		s->start += n + (eol != NULL);
	}
	return 1;
}

/* The next line that says something; comments and empty lines are left out. */
static int
read_ahead(struct table_source *s, struct err *err)
{
	const char *p, *end;
	int rc;

	do {
		if ((rc = read_line(s, err)) != 1)
			break;
		s->line_number++;
		end = s->ahead.ptr + s->ahead.len;
		for (p = s->ahead.ptr; p < end && is_space(*p); p++)
			;
	} while (p == end || *p == '#');
	s->has_ahead = rc == 1;
	return rc == -1 ? -1 : 0;
}

static int
next_rule(struct table_source *s, struct buf *line, int *first_line,
    struct err *err)
{
	const char *reason;
	char *rule, *inner;

	if ((rule = text_split_braced(&s->rest, TEXT_LIST_SEP)) == NULL)
		return 0;
	*first_line = ++s->line_number;
	buf_sets(line, rule);
	if ((reason = text_brace_strip(rule, &inner)) != NULL)
		return err_set(err, ERR_CONFIG, "%s in \"%s\"", reason,
		    line->ptr);
	buf_sets(line, inner);
	return 1;
}

/* Add the lines that go on with the one in line; a NUL ends all of it. */
static int
take_continued(struct table_source *s, struct buf *line, struct err *err)
{
	while (s->has_ahead && is_space(s->ahead.ptr[0])) {
		buf_add(line, s->ahead.ptr, s->ahead.len);
		if (read_ahead(s, err) == -1)
			return -1;
	}
	buf_truncate(line, strlen(line->ptr));
	return 0;
}

/* Lines that go on with nothing: at the start of a file they are one, lost. */
static int
skip_orphan(struct table_source *s, struct err *err)
{
	struct buf line = BUF_INIT;
	int rc = 0;

	if (s->has_ahead && is_space(s->ahead.ptr[0])) {
		rc = take_continued(s, &line, err);
		if (!s->is_quiet)
			log_warning("%s: logical line must not start with "
			    "whitespace: \"%.*s%s\"", s->name, SHOWN_CHARS,
			    line.ptr, line.len > SHOWN_CHARS ? "..." : "");
	}
	buf_done(&line);
	return rc;
}

int
table_source_next(struct table_source *s, struct buf *line, int *first_line,
    struct err *err)
{
	if (s->fd == -1)
		return next_rule(s, line, first_line, err);
	if (!s->is_primed) {
		s->is_primed = true;
		if (read_ahead(s, err) == -1 || skip_orphan(s, err) == -1)
			return -1;
	}
	if (!s->has_ahead)
		return 0;
	*first_line = s->line_number;
	buf_swap(line, &s->ahead);
	if (read_ahead(s, err) == -1 || take_continued(s, line, err) == -1)
		return -1;
	return 1;
}

static void complain(const char *name, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "NAME, line N: ...", as long as anybody wants to know. */
static void
complain(const char *name, int line, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (name == NULL)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	log_warning("%s, line %d: %s", name, line, text.ptr);
	buf_done(&text);
}

static bool
is_bad_utf8(const char *line, size_t len, const char *name, int line_number)
{
	struct buf shown = BUF_INIT;

	if (text_is_utf8(line, len))
		return false;
	text_printable(&shown, line, len, true);
	complain(name, line_number, "non-UTF-8 input \"%s\" -- ignoring this "
	    "line", shown.ptr);
	buf_done(&shown);
	return true;
}

enum table_entry
table_source_pair(char *line, const char *name, int line_number,
    bool is_texthash, bool has_utf8, char **key, char **value)
{
	bool is_quoted = false;
	char *p, *end, last;

	end = line + strlen(line);
	if (has_utf8 && is_bad_utf8(line, (size_t)(end - line), name,
	    line_number))
		return TABLE_ENTRY_SKIP;
	while (end > line && is_space(end[-1]))
		end--;
	last = *end;
	*end = '\0';
	for (p = line; *(p += strcspn(p, KEY_SPECIALS)) != '\0'; p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		else if (*p == '\\')
			p += p[1] != '\0';
		else if (!is_quoted)
			break;
	}
	if (is_quoted) {
		*end = last;		/* as it was written */
		complain(name, line_number, "unbalanced '\"' in '%s' -- "
		    "ignoring this line", line);
		return TABLE_ENTRY_SKIP;
	}
	*key = line;
	end = p;
	if (*p != '\0')
		*p++ = '\0';
	while (is_space(*p))
		p++;
	*value = p;
	if (**key == '\0' || **value == '\0') {
		complain(name, line_number, "expected format: key whitespace "
		    "value%s", is_texthash ? " -- ignoring this line" : "");
		return TABLE_ENTRY_SKIP;
	}
	if (end[-1] == ':')
		complain(name, line_number, "record is in \"key: value\" "
		    "format; is this an alias file?");
	return TABLE_ENTRY_OK;
}

enum table_entry
table_source_alias(const char *line, const char *name, int line_number,
    bool has_utf8, struct buf *key, struct buf *value)
{
	bool has_colon = false, is_list = false, has_domain = false;
	enum alias_token kind, previous = ALIAS_TOKEN_END;
	size_t key_tokens = 0, value_tokens = 0;
	struct buf text = BUF_INIT;

	if (has_utf8 && is_bad_utf8(line, strlen(line), name, line_number))
		return TABLE_ENTRY_SKIP;
	buf_reset(key);
	buf_reset(value);
	while ((kind = alias_token_next(&line, &text)) != ALIAS_TOKEN_END) {
		if (!has_colon && kind == ALIAS_TOKEN_OPERATOR &&
		    text.ptr[0] == ':') {
			has_colon = true;
			previous = ALIAS_TOKEN_END;
			continue;
		}
		if (has_colon) {
			alias_token_put(value, kind, &text, &previous, true);
			value_tokens++;
			continue;
		}
		if (kind == ALIAS_TOKEN_OPERATOR) {
			is_list |= text.ptr[0] == ',';
			has_domain |= text.ptr[0] == '@' || text.ptr[0] == '%';
		}
		alias_token_put(key, kind, &text, &previous, false);
		key_tokens++;
	}
	buf_done(&text);
	if (key_tokens == 0 || value_tokens == 0 || is_list) {
		complain(name, line_number, "need name:value pair");
		return TABLE_ENTRY_SKIP;
	}
	if (has_domain) {
		complain(name, line_number, "name must be local");
		return TABLE_ENTRY_SKIP;
	}
	return TABLE_ENTRY_OK;
}

int
table_source_entry(struct table_source *s, struct source_entry *e,
    struct err *err)
{
	const char *name = s->is_quiet ? NULL : s->name;
	enum table_entry what;
	int got;

	if (e->text.ptr == NULL) {
		buf_init(&e->text);
		buf_init(&e->name);
		buf_init(&e->list);
	}
	while ((got = table_source_next(s, &e->text, &e->line, err)) == 1) {
		if (e->is_alias) {
			what = table_source_alias(e->text.ptr, name, e->line,
			    e->has_utf8, &e->name, &e->list);
			e->key = e->name.ptr;
			e->value = e->list.ptr;
		} else {
			what = table_source_pair(e->text.ptr, name, e->line,
			    e->is_texthash, e->has_utf8, &e->key, &e->value);
		}
		if (what == TABLE_ENTRY_OK)
			return 1;
		e->skipped++;
	}
	return got;
}

void
source_entry_done(struct source_entry *e)
{
	if (e->text.ptr == NULL)
		return;
	buf_done(&e->text);
	buf_done(&e->name);
	buf_done(&e->list);
}
