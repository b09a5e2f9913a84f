/*
 * services.c - master.cf entries as text: cut, print, select
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

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define BLANKS		" \t\r\n\f\v"
#define FOLD_WIDTH	80	/* lines stay below it (spec/postconf.md 5.4) */

static const char *const field_names[PC_FIELDS] = {
	"service", "type", "private", "unprivileged", "chroot", "wakeup",
	"process_limit", "command",
};

/* Where each field starts in -M output. */
static const size_t columns[] = { 0, 11, 17, 25, 33, 41, 49, 57 };

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
		return true;
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

/* "{ text }" without braces, with a warning where it is not closed well. */
static char *
strip_braces(char *word)
{
	char *copy, *inner, *p;
	const char *why;

	if (*word != '{')
		return word;
	copy = xstrdup(word);
	if ((why = text_brace_strip(copy, &inner)) != NULL) {
		log_warning("master.cf: %s in \"%s\"", why, word);
		/* What there is has to do. */
		inner = copy + 1 + strspn(copy + 1, BLANKS);
		if ((p = strrchr(inner, '}')) != NULL &&
		    strcmp(why, "missing '}'") != 0)
			*p = '\0';
		for (p = inner + strlen(inner); p > inner &&
		    isspace((unsigned char)p[-1]); p--)
			p[-1] = '\0';
	}
	free(word);
	word = xstrdup(inner);
	free(copy);
	return word;
}

/* Blanks inside braces do not end a word. The command is taken as it is. */
static void
split_words(struct pc_service *s, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word;

	while ((word = text_split_braced(&rest, BLANKS)) != NULL)
		add_word(s, s->argc == 0 ? xstrdup(word) :
		    strip_braces(xstrdup(word)));
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

/* "name = value" to "name=value" and into overrides; what is none stays as it is. */
static char *
note_override(struct pc_service *s, char *word)
{
	struct buf joined = BUF_INIT;
	char *copy, *name, *value;
	const char *bad;

	if (strchr(word, '=') == NULL)
		return word;
	copy = xstrdup(word);
	if ((bad = main_cf_split(copy, &name, &value)) != NULL)
		log_warning("master.cf: %s: \"%s\"", bad, word);
	else {
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
 * and "name=value", so that everything else finds "-o" as a word.
 */
static void
find_options(struct pc_service *s)
{
	size_t i;

	for (i = 1; i < s->argc; i++) {
		char *word = s->argv[i], *o;

		if (word[0] != '-' || word[1] == '\0' ||
		    strcmp(word, "--") == 0)
			break;
		if ((o = strchr(word, 'o')) == NULL)
			continue;
		if (o[1] != '\0')
			insert_word(s, i + 1, strip_braces(xstrdup(o + 1)));
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
	if (!f->at_start && f->is_folding &&
	    f->out->len - f->start + 1 + text.len >= FOLD_WIDTH)
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

/* The command with its arguments; what is in out already is part of the line. */
static void
format_command(struct buf *out, const struct pc_service *s, bool fold)
{
	struct folder f = { out, 0, fold, false };

	buf_adds(out, s->argv[0]);
	add_arguments(&f, s);
}

/* A copy of the entry with its -o values expanded, as -x shows it. */
static void
expand_entry(struct postconf *pc, const struct pc_service *s,
    struct pc_service *out)
{
	struct buf value = BUF_INIT, word = BUF_INIT;
	struct scope scope;
	size_t i;
	char *eq;

	*out = *s;
	out->argv = xcalloc(s->argc + 1, sizeof(*out->argv));
	pc_scope_of(pc, s, &scope);
	for (i = 0; i < s->argc; i++) {
		out->argv[i] = s->argv[i];
		if (i == 0 || i >= s->options_end ||
		    strcmp(s->argv[i - 1], "-o") != 0 ||
		    (eq = strchr(s->argv[i], '=')) == NULL)
			continue;
		buf_reset(&value);
		pc_expand(&scope, &value, eq + 1);
		buf_setf(&word, "%.*s=%s", (int)(eq - s->argv[i]),
		    s->argv[i], value.ptr);
		out->argv[i] = buf_take(&word);
	}
	pc_scope_done(pc, &scope);
	buf_done(&value);
}

static void
expanded_done(const struct pc_service *s, struct pc_service *copy)
{
	size_t i;

	for (i = 0; i < s->argc; i++)
		if (copy->argv[i] != s->argv[i])
			free(copy->argv[i]);
	free(copy->argv);
}

int
pc_request_split(char *request, char **parts, int max)
{
	char *rest = request, *part;
	int n = 0;

	if (*request == '/')
		return -1;
	while ((part = text_split(&rest, "/")) != NULL) {
		if (n == max || (strchr(part, '*') != NULL && part[1] != '\0'))
			return -1;
		parts[n++] = part;
	}
	return n > 0 ? n : -1;
}

bool
pc_request_match(const char *pattern, const char *text)
{
	return pattern == NULL || strcmp(pattern, "*") == 0 ||
	    strcmp(pattern, text) == 0;
}

/* What -M, -F and -P do with each entry that a request selects; true when something was shown. */
typedef bool (*show_fn)(struct postconf *pc, const struct pc_service *s,
    const char *third, void *ctx);

/* A request cut into its parts; the parts point into copy. */
struct request {
	char		*copy, *parts[3];
	bool		 is_matched;
};

static bool
is_requested(const struct request *r, const struct pc_service *s)
{
	return pc_request_match(r->parts[0], s->fields[PC_F_NAME]) &&
	    pc_request_match(r->parts[1], s->fields[PC_F_TYPE]);
}

static struct request *
read_requests(char **texts, size_t count, int max, const char *usage,
    void (*check)(const char *third))
{
	struct request *list = xcalloc(count + 1, sizeof(*list));
	size_t i;

	for (i = 0; i < count; i++) {
		list[i].copy = xstrdup(texts[i]);
		if (pc_request_split(list[i].copy, list[i].parts, max) == -1)
			log_fatal("%s", usage);
		if (check != NULL && list[i].parts[2] != NULL)
			check(list[i].parts[2]);
	}
	return list;
}

/*
 * Every request is checked before the first is answered; then it is the file
 * that gives the order, and an entry is shown for each request that names it.
 */
static void
for_requests(struct postconf *pc, char **texts, int max, const char *usage,
    void (*check)(const char *third), show_fn show, void *ctx)
{
	struct request *list;
	size_t count, i, at;

	for (count = 0; texts[count] != NULL; count++)
		;
	list = read_requests(texts, count, max, usage, check);
	for (at = 0; at < pc->service_count; at++) {
		const struct pc_service *s = &pc->services[at];

		if (count == 0)
			show(pc, s, NULL, ctx);
		for (i = 0; i < count; i++)
			if (is_requested(&list[i], s) &&
			    show(pc, s, list[i].parts[2], ctx))
				list[i].is_matched = true;
	}
	for (i = 0; i < count; i++) {
		if (!list[i].is_matched)
			log_warning("unmatched request: \"%s\"", texts[i]);
		free(list[i].copy);
	}
	free(list);
}

static bool
show_entry(struct postconf *pc, const struct pc_service *s, const char *third,
    void *ctx)
{
	struct pc_service copy;
	const struct pc_service *shown = s;
	struct buf line = BUF_INIT;
	int i;

	(void)third;
	(void)ctx;
	if (pc->expand) {
		expand_entry(pc, s, &copy);
		shown = &copy;
	}
	if (pc->json) {
		for (i = 0; i < PC_F_COMMAND; i++)
			buf_addf(&line, "%s ", shown->fields[i]);
		format_command(&line, shown, false);
		pc_print(pc, s->key, line.ptr);
	} else {
		pc_service_format(&line, shown, pc->fold);
		puts(line.ptr);
	}
	if (shown == &copy)
		expanded_done(s, &copy);
	buf_done(&line);
	return true;
}

void
pc_show_entries(struct postconf *pc, char **requests)
{
	for_requests(pc, requests, 2,
	    "-M option requires service_name[/type]", NULL, show_entry, NULL);
}

static void
check_field(const char *name)
{
	if (strcmp(name, "*") != 0 && pc_field_number(name) == -1)
		log_fatal("invalid service attribute name: \"%s\"", name);
}

/* A folded command has its layout already: -o settings in lines of their own. */
static void
show_folded(const struct postconf *pc, const struct pc_service *s,
    const char *name)
{
	struct buf out = BUF_INIT;

	if (!pc->no_names)
		buf_addf(&out, "%s = ", name);
	format_command(&out, s, true);
	puts(out.ptr);
	buf_done(&out);
}

static void
show_command(struct postconf *pc, const struct pc_service *s,
    const char *name)
{
	struct pc_service copy;
	const struct pc_service *shown = s;
	struct buf value = BUF_INIT;

	if (pc->expand) {
		expand_entry(pc, s, &copy);
		shown = &copy;
	}
	if (pc->fold && !pc->json && !pc->no_values)
		show_folded(pc, shown, name);
	else {
		format_command(&value, shown, false);
		pc_print(pc, name, value.ptr);
	}
	if (shown == &copy)
		expanded_done(s, &copy);
	buf_done(&value);
}

static bool
show_field(struct postconf *pc, const struct pc_service *s, const char *third,
    void *ctx)
{
	struct buf name = BUF_INIT;
	int i;

	(void)ctx;
	for (i = 0; i < PC_FIELDS; i++) {
		if (!pc_request_match(third, field_names[i]))
			continue;
		buf_setf(&name, "%s/%s", s->key, field_names[i]);
		if (i < PC_F_COMMAND)
			pc_print(pc, name.ptr, s->fields[i]);
		else
			show_command(pc, s, name.ptr);
	}
	buf_done(&name);
	return true;
}

void
pc_show_fields(struct postconf *pc, char **requests)
{
	for_requests(pc, requests, 3,
	    "-F option requires service_name[/type[/field]]", check_field,
	    show_field, NULL);
}

static void
show_parameter(struct postconf *pc, const struct pc_service *s,
    struct scope *scope, const char *parameter, const char *raw)
{
	struct buf name = BUF_INIT, value = BUF_INIT;

	buf_setf(&name, "%s/%s", s->key, parameter);
	/* Here raw values are expanded, too; in main.cf mode they stay. */
	if (pc->expand)
		pc_expand(scope, &value, raw);
	else
		buf_sets(&value, raw);
	pc_print(pc, name.ptr, value.ptr);
	buf_done(&name);
	buf_done(&value);
}

static bool
show_set(struct postconf *pc, const struct pc_service *s, const char *third,
    void *ctx)
{
	struct scope scope;
	bool shown = false;
	size_t i;

	(void)ctx;
	pc_scope_of(pc, s, &scope);
	for (i = 0; i < s->overrides.count; i++) {
		const struct main_cf_entry *e = &s->overrides.entries[i];

		const struct params_row *row = params_row_find(e->name);

		if (!pc_request_match(third, e->name) ||
		    (row != NULL && row->class == PARAMS_READONLY))
			continue;
		show_parameter(pc, s, &scope, e->name, e->value);
		shown = true;
	}
	pc_scope_done(pc, &scope);
	return shown;
}

/* -PP: every parameter as it is within the service. */
static bool
show_all(struct postconf *pc, const struct pc_service *s, const char *third,
    void *ctx)
{
	struct scope scope;
	bool shown = false;
	size_t i, j = 0;

	(void)ctx;
	pc_scope_of(pc, s, &scope);
	for (i = 0; i < params_row_count || j < pc->names.count; ) {
		const char *name, *raw;

		if (j == pc->names.count || (i < params_row_count &&
		    strcmp(params_row_name(&params_rows[i]), pc->names.list[j].name) < 0))
			name = params_row_name(&params_rows[i++]);
		else
			name = pc->names.list[j++].name;
		if (i < params_row_count &&
		    strcmp(params_row_name(&params_rows[i]), name) == 0)
			i++;
		if (!pc_request_match(third, name) ||
		    pc_class(pc, name, NULL) == 0 ||
		    (raw = scope_lookup(name, &scope)) == NULL)
			continue;
		show_parameter(pc, s, &scope, name, raw);
		shown = true;
	}
	pc_scope_done(pc, &scope);
	return shown;
}

void
pc_show_overrides(struct postconf *pc, char **requests, bool all_parameters)
{
	for_requests(pc, requests, 3,
	    "-P option requires service_name[/type[/parameter]]", NULL,
	    all_parameters ? show_all : show_set, NULL);
}
