/*
 * services.c - postconf -M, -F and -P: select entries of master.cf and show them
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

/* A copy of the entry with its -o values expanded, as -x shows it. */
static void
expand_entry(struct postconf *pc, const struct pc_service *s,
    struct pc_service *out)
{
	struct buf word = BUF_INIT;
	struct scope scope;
	size_t i;

	*out = *s;
	out->argv = xcalloc(s->argc + 1, sizeof(*out->argv));
	pc_scope_of(pc, s, &scope);
	for (i = 0; i < s->argc; i++) {
		out->argv[i] = s->argv[i];
		if (i == 0 || i >= s->options_end ||
		    strcmp(s->argv[i - 1], "-o") != 0 ||
		    strchr(s->argv[i], '=') == NULL)
			continue;
		pc_expand(&scope, &word, s->argv[i]);
		out->argv[i] = buf_take(&word);
	}
	pc_scope_done(pc, &scope);
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
		pc_service_format_command(&line, shown, false);
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

/* A command has its layout already: blanks in braces, lines with -f. */
static void
show_command(struct postconf *pc, const struct pc_service *s,
    const char *name)
{
	struct pc_service copy;
	const struct pc_service *shown = s;
	struct buf out = BUF_INIT;

	if (pc->expand) {
		expand_entry(pc, s, &copy);
		shown = &copy;
	}
	if (!pc->json && !pc->no_values) {
		if (!pc->no_names)
			buf_addf(&out, "%s = ", name);
		pc_service_format_command(&out, shown, pc->fold);
		puts(out.ptr);
	} else {
		pc_service_format_command(&out, shown, false);
		pc_print(pc, name, out.ptr);
	}
	if (shown == &copy)
		expanded_done(s, &copy);
	buf_done(&out);
}

static bool
show_field(struct postconf *pc, const struct pc_service *s, const char *third,
    void *ctx)
{
	struct buf name = BUF_INIT;
	int i;

	(void)ctx;
	for (i = 0; i < PC_FIELDS; i++) {
		if (!pc_request_match(third, pc_field_name(i)))
			continue;
		buf_setf(&name, "%s/%s", s->key, pc_field_name(i));
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
