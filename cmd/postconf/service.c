/*
 * service.c - a master.cf entry as text: cut, and put together again
 *
 * The supervisor wants values; postconf wants the words back as they were,
 * so it cuts lines by itself and keeps every field as text.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define BLANKS		" \t\r\n\f\v"
#define FOLD_WIDTH	80	/* lines stay below it (spec/postconf.md 5.4) */

static const char *const field_names[PC_FIELDS] = {
	"service", "type", "private", "unprivileged", "chroot", "wakeup",
	"process_limit", "command",
};

/* Where each field starts in -M output. */
static const size_t columns[] = { 0, 11, 17, 25, 33, 41, 49, 57 };

const char *
pc_field_name(int field)
{
	return field_names[field];
}

int
pc_field_number(const char *name)
{
	int i;

	for (i = 0; i < PC_FIELDS; i++)
		if (strcmp(name, field_names[i]) == 0)
			return i;
	return -1;
}

bool
pc_field_check(int field, const char *value)
{
	static const char *const types[] = { "inet", "unix", "fifo", "pass",
	    "unix-dgram" };
	size_t i, n;

	switch (field) {
	case PC_F_TYPE:
		for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (strcmp(value, types[i]) == 0)
				return true;
		return false;
	case PC_F_PRIVATE:
	case PC_F_UNPRIV:
	case PC_F_CHROOT:
		return strcmp(value, "-") == 0 || strcmp(value, "y") == 0 ||
		    strcmp(value, "n") == 0;
	case PC_F_WAKEUP:
		n = *value == '-' ? 1 : strspn(value, "0123456789");
		return strcmp(value + n, "?") == 0 ||
		    (n > 0 && value[n] == '\0');
	case PC_F_MAXPROC:
		return strcmp(value, "-") == 0 || (*value != '\0' &&
		    value[strspn(value, "0123456789")] == '\0');
	default:
		return *value != '\0';
	}
}

static const char *
skip_space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static void
add_word(struct pc_service *s, char *word)
{
	s->argv = xreallocarray(s->argv, s->argc + 2, sizeof(*s->argv));
	s->argv[s->argc++] = word;
	s->argv[s->argc] = NULL;
}

char *
pc_strip_braces(char *word, const char *where)
{
	char *copy, *inner, *p;
	const char *why;
	int depth;

	if (*word != '{')
		return word;
	copy = xstrdup(word);
	if ((why = text_brace_strip(copy, &inner)) != NULL) {
		if (where != NULL)
			log_warning("%s: %s in \"%s\"", where, why, word);
		/* What there is has to do. */
		for (p = copy, depth = 0; *p != '\0'; p++)
			if (*p == '{')
				depth++;
			else if (*p == '}' && --depth == 0)
				break;
		*p = '\0';
		inner = text_trim(copy + 1);
	}
	free(word);
	word = xstrdup(inner);
	free(copy);
	return word;
}

static char *
strip_braces(char *word)
{
	return pc_strip_braces(word, "master.cf");
}

/* Blanks inside braces do not end a word. */
static void
split_words(struct pc_service *s, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word;

	while ((word = text_split_braced(&rest, BLANKS)) != NULL)
		add_word(s, xstrdup(word));
	free(copy);
}

static void
insert_word(struct pc_service *s, size_t at, char *word)
{
	add_word(s, NULL);
	memmove(s->argv + at + 1, s->argv + at,
	    (s->argc - 1 - at) * sizeof(*s->argv));
	s->argv[at] = word;
	s->argv[s->argc] = NULL;
}

/*
 * "{ name = value }" and "name=value" to the latter and into overrides. What
 * is neither stays as it is; only in braces it was surely meant.
 */
static char *
note_override(struct pc_service *s, char *word)
{
	bool is_braced = *word == '{';
	struct buf joined = BUF_INIT;
	char *copy, *name, *value;
	const char *bad;

	word = strip_braces(word);
	copy = xstrdup(word);
	if ((bad = main_cf_split(copy, &name, &value)) != NULL) {
		if (is_braced)
			log_warning("master.cf: %s: \"%s\"", bad, word);
	} else {
		main_cf_set(&s->overrides, name, value, 0);
		buf_setf(&joined, "%s=%s", name, value);
		free(word);
		word = buf_take(&joined);
	}
	free(copy);
	return word;
}

/*
 * Options come first. "-vo name=value" and "-oname=value" become "-v", "-o"
 * and "name=value", so that everything else finds "-o" as a word. What is in
 * braces loses them; the command is taken as it is.
 */
static void
find_options(struct pc_service *s)
{
	size_t i, n;

	for (i = 1; i < s->argc; i++) {
		char *word = s->argv[i] = strip_braces(s->argv[i]), *o;

		if (word[0] != '-' || word[1] == '\0' ||
		    strcmp(word, "--") == 0)
			break;
		if ((o = strchr(word, 'o')) == NULL)
			continue;
		if (o[1] != '\0')
			insert_word(s, i + 1, xstrdup(o + 1));
		if (o > word + 1) {
			*o = '\0';
			insert_word(s, ++i, xstrdup("-o"));
		} else
			o[1] = '\0';
		if (i + 1 == s->argc)
			continue;
		i++;
		s->argv[i] = note_override(s, s->argv[i]);
	}
	s->options_end = i;
	for (n = i + 1; n < s->argc; n++)
		s->argv[n] = strip_braces(s->argv[n]);
}

const char *
pc_service_set_command(struct pc_service *s, const char *text)
{
	size_t i;

	for (i = 0; i < s->argc; i++)
		free(s->argv[i]);
	s->argc = 0;
	main_cf_done(&s->overrides);
	split_words(s, text);
	if (s->argc == 0)
		return "bad field count";
	find_options(s);
	return NULL;
}

const char *
pc_service_parse(struct pc_service *s, const char *line)
{
	static struct buf why = BUF_INIT;
	const char *p = skip_space(line), *start;
	struct buf key = BUF_INIT;
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < PC_F_COMMAND; i++) {
		if (*p == '\0')
			return "bad field count";
		for (start = p; *p != '\0' && !isspace((unsigned char)*p); p++)
			;
		s->fields[i] = xstrndup(start, (size_t)(p - start));
		p = skip_space(p);
	}
	if (*p == '\0')
		return "bad field count";
	for (i = 0; i < PC_F_COMMAND; i++)
		if (!pc_field_check(i, s->fields[i])) {
			buf_setf(&why, "invalid %s field \"%s\" in \"%s\"",
			    field_names[i], s->fields[i], line);
			return why.ptr;
		}
	buf_setf(&key, "%s/%s", s->fields[PC_F_NAME], s->fields[PC_F_TYPE]);
	s->key = buf_take(&key);
	return pc_service_set_command(s, p);
}

void
pc_service_done(struct pc_service *s)
{
	size_t i;

	for (i = 0; i < s->argc; i++)
		free(s->argv[i]);
	for (i = 0; i < PC_F_COMMAND; i++)
		free(s->fields[i]);
	free(s->argv);
	free(s->key);
	main_cf_done(&s->overrides);
	for (i = 0; i < s->names.count; i++)
		free(s->names.list[i].name);
	free(s->names.list);
	memset(s, 0, sizeof(*s));
}

/* A word as it has to be written to be read as one word. */
static void
add_quoted(struct buf *out, const char *word)
{
	if (*word != '\0' && word[strcspn(word, " \t\r\n\f\v")] == '\0' &&
	    *word != '{')
		buf_adds(out, word);
	else
		buf_addf(out, "{%s}", word);
}

struct folder {
	struct buf	*out;
	size_t		 start;		/* offset of the current line in out */
	bool		 is_folding;
	bool		 at_start;	/* nothing but indentation is in the line */
};

static void
new_line(struct folder *f)
{
	buf_adds(f->out, "\n    ");
	f->start = f->out->len - 4;
	f->at_start = true;
}

/* Add a word to the line, or to a new one when it does not fit. */
static void
flow(struct folder *f, const char *word)
{
	struct buf text = BUF_INIT;

	add_quoted(&text, word);
	/* The braces of a word do not count for that word. */
	if (!f->at_start && f->is_folding &&
	    f->out->len - f->start + 1 + strlen(word) >= FOLD_WIDTH)
		new_line(f);
	else if (!f->at_start)
		buf_addc(f->out, ' ');
	buf_add(f->out, text.ptr, text.len);
	f->at_start = false;
	buf_done(&text);
}

static void
add_arguments(struct folder *f, const struct pc_service *s)
{
	bool after_override = false;
	size_t i;

	for (i = 1; i < s->argc; i++) {
		bool is_override = f->is_folding && i < s->options_end &&
		    strcmp(s->argv[i], "-o") == 0 && i + 1 < s->argc;

		if (is_override || after_override)
			new_line(f);
		if (is_override) {
			buf_adds(f->out, "-o ");
			add_quoted(f->out, s->argv[++i]);
			f->at_start = false;
		} else
			flow(f, s->argv[i]);
		after_override = is_override;
	}
}

void
pc_service_format(struct buf *out, const struct pc_service *s, bool fold)
{
	struct folder f = { out, out->len, fold, false };
	int i;

	for (i = 0; i < PC_FIELDS; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		while (out->len - f.start < columns[i])
			buf_addc(out, ' ');
		buf_adds(out, i == PC_F_COMMAND ? s->argv[0] : s->fields[i]);
	}
	add_arguments(&f, s);
}

void
pc_service_format_command(struct buf *out, const struct pc_service *s, bool fold)
{
	struct folder f = { out, 0, fold, false };

	buf_adds(out, s->argv[0]);
	add_arguments(&f, s);
}
