/*
 * edit_master.c - change master.cf: entries, fields, -o parameters
 *
 * The file is read as a list of entries, each with the lines it came from;
 * what no request touches is written back as it was (spec/postconf.md 8).
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

struct request {
	char		*text;		/* as given, for messages */
	char		*parts[3];
	char		*value;		/* right of '='; NULL for -X and -# */
	struct pc_service entry;	/* -Me: the new entry */
	bool		 matched;
};

struct edit {
	struct postconf	*pc;
	int		 mode;
	enum pc_edit	 how;
	struct request	*requests;
	size_t		 count;
	FILE		*out;
};

/* ---- requests ----------------------------------------------------------- */

static void
bad_request(const struct edit *e)
{
	log_fatal("%s", e->mode == 'M' ?
	    "-Me, -MX or -M# requires service_name/type" : e->mode == 'F' ?
	    "-Fe or -FX requires service_name/type/field_name" :
	    "-Pe or -PX requires service_name/type/parameter");
}

static void
check_field_request(const struct request *r)
{
	int field;

	if (strcmp(r->parts[2], "*") == 0)
		log_fatal("-Fe does not accept wild-card field name");
	if ((field = pc_field_number(r->parts[2])) == -1)
		log_fatal("invalid service attribute name: \"%s\"",
		    r->parts[2]);
	if (field != PC_F_COMMAND &&
	    r->value[strcspn(r->value, " \t")] != '\0')
		log_fatal("-Fe does not accept whitespace in non-command "
		    "field");
}

static void
check_parameter_request(const struct request *r)
{
	if (strcmp(r->parts[2], "*") == 0)
		log_fatal("-Pe does not accept wild-card parameter name");
	if (r->value != NULL && r->value[strcspn(r->value, " \t")] != '\0')
		log_fatal("-Pe does not accept whitespace in parameter "
		    "value");
}

static void
read_request(struct edit *e, const char *arg, struct request *r)
{
	int want = e->mode == 'M' ? 2 : 3;
	char *copy = xstrdup(arg), *key = text_trim(copy);
	const char *bad;

	pc_edit_check(arg, "-Me, -Fe, -Pe, -X, or -# accept");
	*r = (struct request){ .text = xstrdup(arg) };
	if (e->how == PC_EDIT_SET &&
	    (bad = main_cf_split(copy, &key, &r->value)) != NULL)
		log_fatal("%s: \"%s\"", bad, arg);
	else if (e->how != PC_EDIT_SET && strchr(key, '=') != NULL)
		log_fatal("-X or -# requires names without value");
	if (pc_request_split(key, r->parts, want) != want)
		bad_request(e);
	if (e->mode == 'F')
		check_field_request(r);
	else if (e->mode == 'P')
		check_parameter_request(r);
}

/* -Me: what the entry shall be. */
static void
read_entry(struct request *r)
{
	const char *bad = pc_service_parse(&r->entry, r->value);

	if (bad != NULL && strcmp(bad, "bad field count") == 0)
		log_fatal("%s: \"%s\"", bad, r->text);
	if (bad != NULL)
		log_fatal("%s", bad);
}

/* Every request is understood before the first is looked into. */
static void
read_requests(struct edit *e, char **args)
{
	size_t i;

	for (; *args != NULL; args++) {
		e->requests = xreallocarray(e->requests, e->count + 1,
		    sizeof(*e->requests));
		read_request(e, *args, &e->requests[e->count++]);
	}
	for (i = 0; e->mode == 'M' && e->how == PC_EDIT_SET &&
	    i < e->count; i++)
		read_entry(&e->requests[i]);
}

/* ---- one entry ---------------------------------------------------------- */

/* The physical lines of an entry; comments inside belong to it. */
struct lines {
	struct buf	text;		/* as it stands in the file */
	struct buf	comments;	/* blank and comment lines inside */
	struct buf	logical;
	int		first;		/* number of the first line */
};

static bool
matches_key(const struct request *r, const char *name, const char *type)
{
	return pc_request_match(r->parts[0], name) &&
	    pc_request_match(r->parts[1], type);
}

static void
put(const struct edit *e, const struct buf *text)
{
	fwrite(text->ptr, 1, text->len, e->out);
}

static void
write_entry(const struct edit *e, const struct pc_service *s)
{
	struct buf text = BUF_INIT;

	pc_service_format(&text, s, true);
	fprintf(e->out, "%s\n", text.ptr);
	buf_done(&text);
}

static void
remove_words(struct pc_service *s, size_t at, size_t n)
{
	size_t i;

	for (i = at; i < at + n; i++)
		free(s->argv[i]);
	memmove(s->argv + at, s->argv + at + n,
	    (s->argc - at - n + 1) * sizeof(*s->argv));
	s->argc -= n;
	s->options_end -= n;
}

static void
insert_words(struct pc_service *s, size_t at, const char *a, const char *b)
{
	s->argv = xreallocarray(s->argv, s->argc + 3, sizeof(*s->argv));
	memmove(s->argv + at + 2, s->argv + at,
	    (s->argc - at + 1) * sizeof(*s->argv));
	s->argv[at] = xstrdup(a);
	s->argv[at + 1] = xstrdup(b);
	s->argc += 2;
	s->options_end += 2;
}

/* Set -o name=value, or remove it when value is NULL; each place it stands. */
static void
set_parameter(struct pc_service *s, const char *name, const char *value)
{
	struct buf word = BUF_INIT;
	size_t n = strlen(name), i;
	bool found = false;

	buf_setf(&word, "%s=%s", name, value != NULL ? value : "");
	for (i = 1; i + 1 < s->options_end; i++) {
		if (strcmp(s->argv[i], "-o") != 0)
			continue;
		if (strncmp(s->argv[i + 1], name, n) != 0 ||
		    s->argv[i + 1][n] != '=') {
			i++;
			continue;
		}
		found = true;
		if (value == NULL)
			remove_words(s, i--, 2);
		else {
			free(s->argv[i + 1]);
			s->argv[i + 1] = xstrdup(word.ptr);
			i++;
		}
	}
	if (!found && value != NULL)
		insert_words(s, s->options_end, "-o", word.ptr);
	buf_done(&word);
}

static void
set_field(struct pc_service *s, const char *name, const char *value)
{
	int field = pc_field_number(name);
	const char *bad;

	if (field == PC_F_COMMAND) {
		if ((bad = pc_service_set_command(s, value)) != NULL)
			log_fatal("%s: \"%s\"", bad, value);
		return;
	}
	if (!pc_field_check(field, value))
		log_fatal("invalid %s field \"%s\" in \"%s\"", name, value,
		    value);
	free(s->fields[field]);
	s->fields[field] = xstrdup(value);
}

/* The entry cut into words. The error shows it in one line. */
static void
parse_entry(const struct edit *e, const struct lines *l, struct pc_service *s)
{
	const char *bad = pc_service_parse(s, l->logical.ptr);
	char *shown;

	if (bad == NULL)
		return;
	if (strcmp(bad, "bad field count") == 0)
		log_fatal("file %s: line %d: %s", e->pc->master_file,
		    l->first, bad);
	for (shown = xstrdup(bad); (shown[strcspn(shown, "\n")]) != '\0'; )
		shown[strcspn(shown, "\n")] = ' ';
	log_fatal("%s", shown);
}

/*
 * -F and -P: apply every request that names this entry. One that nobody asks
 * for is not looked into, whatever is wrong with it.
 */
static void
edit_parts(struct edit *e, const struct lines *l, const char *name,
    const char *type)
{
	struct pc_service s;
	bool is_parsed = false;
	size_t i;

	for (i = 0; i < e->count; i++) {
		struct request *r = &e->requests[i];

		if (!matches_key(r, name, type))
			continue;
		if (!is_parsed)
			parse_entry(e, l, &s);
		r->matched = is_parsed = true;
		if (e->mode == 'F')
			set_field(&s, r->parts[2], r->value);
		else
			set_parameter(&s, r->parts[2], r->value);
	}
	if (!is_parsed) {
		put(e, &l->text);
		return;
	}
	put(e, &l->comments);
	write_entry(e, &s);
	pc_service_done(&s);
}

static void
comment_out(const struct edit *e, const struct buf *text)
{
	const char *p = text->ptr, *end = text->ptr + text->len, *next;

	for (; p < end; p = next) {
		next = memchr(p, '\n', (size_t)(end - p));
		next = next != NULL ? next + 1 : end;
		if (!pc_edit_says_nothing(p))
			putc('#', e->out);
		fwrite(p, 1, (size_t)(next - p), e->out);
	}
}

/*
 * -M: replace, comment out or delete the entry when a request names it. Only
 * name and type are looked at, so that a broken entry can be repaired so.
 */
static void
edit_whole(struct edit *e, const struct lines *l, const char *name,
    const char *type)
{
	struct request *r = NULL;
	bool is_replaced = false;
	size_t i;

	for (i = 0; i < e->count; i++) {
		const struct pc_service *new = &e->requests[i].entry;

		if (!matches_key(&e->requests[i], name, type) &&
		    (e->how != PC_EDIT_SET ||
		    strcmp(new->fields[PC_F_NAME], name) != 0 ||
		    strcmp(new->fields[PC_F_TYPE], type) != 0))
			continue;
		r = &e->requests[i];	/* of several, the last counts */
		is_replaced = r->matched;
		r->matched = true;
	}
	if (r == NULL) {
		put(e, &l->text);
		return;
	}
	if (e->how == PC_EDIT_COMMENT)
		comment_out(e, &l->text);
	else {
		if (e->how == PC_EDIT_SET && !is_replaced)
			write_entry(e, &r->entry);
		put(e, &l->comments);
	}
}

static void
end_entry(struct edit *e, struct lines *l)
{
	char *copy, *rest, *name, *type;

	if (l->logical.len == 0)
		return;
	copy = rest = xstrdup(l->logical.ptr);
	name = text_split(&rest, BLANKS);
	type = text_split(&rest, BLANKS);
	if (e->mode == 'M')
		edit_whole(e, l, name, type);
	else
		edit_parts(e, l, name, type);
	free(copy);
	buf_reset(&l->text);
	buf_reset(&l->comments);
	buf_reset(&l->logical);
}

/* An entry's first line must hold what requests select by. */
static void
check_first_line(const struct edit *e, const char *line, int number)
{
	const char *type = line + strcspn(line, BLANKS);

	if (type[strspn(type, BLANKS)] == '\0')
		log_fatal("file %s: line %d: specify service name and type "
		    "on the same line", e->pc->master_file, number);
}

static void
add_line(struct buf *out, const char *line, size_t n)
{
	buf_add(out, line, n);
	buf_addc(out, '\n');
}

/*
 * Comments belong to an entry only when a continuation line follows them, so
 * they wait in pending until that is known.
 */
static void
copy_entries(struct edit *e, FILE *in)
{
	struct lines l = { BUF_INIT, BUF_INIT, BUF_INIT, 0 };
	struct buf pending = BUF_INIT;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int number = 0;

	while ((n = getline(&line, &size, in)) != -1) {
		number++;
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (pc_edit_says_nothing(line)) {
			add_line(&pending, line, (size_t)n);
			continue;
		}
		if (!isspace((unsigned char)*line)) {
			end_entry(e, &l);
			put(e, &pending);
			check_first_line(e, line, number);
			l.first = number;
		} else if (l.logical.len == 0) {
			add_line(&pending, line, (size_t)n);
			put(e, &pending);
			buf_reset(&pending);
			continue;
		} else {
			buf_add(&l.text, pending.ptr, pending.len);
			buf_add(&l.comments, pending.ptr, pending.len);
		}
		buf_reset(&pending);
		add_line(&l.text, line, (size_t)n);
		/* Line ends within braces stay where they are. */
		buf_adds(&l.logical, line);
		buf_addc(&l.logical, '\n');
	}
	end_entry(e, &l);
	put(e, &pending);
	buf_done(&l.text);
	buf_done(&l.comments);
	buf_done(&l.logical);
	buf_done(&pending);
	free(line);
}

void
pc_edit_master(struct postconf *pc, int mode, enum pc_edit how, char **args)
{
	struct edit e = { pc, mode, how, NULL, 0, NULL };
	struct pc_edit_file f;
	size_t i;

	read_requests(&e, args);
	pc_edit_open(&f, pc->master_file);
	e.out = f.out;
	copy_entries(&e, f.in);
	for (i = 0; i < e.count; i++) {
		struct request *r = &e.requests[i];

		if (r->matched)
			continue;
		if (mode == 'M' && how == PC_EDIT_SET)
			write_entry(&e, &r->entry);
		else if (mode != 'M')
			log_warning("unmatched service_name/type: \"%s\"",
			    r->text);
	}
	pc_edit_commit(&f);
}
