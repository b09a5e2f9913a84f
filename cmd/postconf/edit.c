/*
 * edit.c - change main.cf: set, comment out, delete
 *
 * The file is copied line by line; only entries that a request names change,
 * and comments, blank lines and order stay (spec/postconf.md 6).
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"

struct request {
	char		*text;		/* what both point into */
	char		*name, *value;
	int		 seen;		/* entries of this name met so far */
};

struct edit {
	struct postconf	*pc;
	enum pc_edit	 how;
	struct request	*requests;
	size_t		 count;
};

static struct request *
find_request(const struct edit *e, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < e->count; i++)
		if (strlen(e->requests[i].name) == len &&
		    memcmp(e->requests[i].name, name, len) == 0)
			return &e->requests[i];
	return NULL;
}

/* One argument, already a copy of our own, as name and value. */
static void
split_request(const struct edit *e, char *arg, char **name, char **value)
{
	const char *bad;
	char *shown;

	while (isspace((unsigned char)*arg))
		arg++;
	shown = xstrdup(arg);
	if (e->how == PC_EDIT_SET) {
		if ((bad = main_cf_split(arg, name, value)) != NULL)
			log_fatal("%s: \"%s\"", bad, shown);
	} else {
		if (strchr(arg, '=') != NULL)
			log_fatal("-X or -# requires parameter names without "
			    "value");
		*name = text_trim(arg);
		if (**name == '\0')
			log_fatal("-X or -# requires non-blank parameter "
			    "names");
		*value = *name + strlen(*name);
	}
	free(shown);
}

static void
read_requests(struct edit *e, char **args)
{
	for (; *args != NULL; args++) {
		struct request *old;
		char *text, *name, *value;

		pc_edit_check(*args, "-e, -X, or -# accepts");
		text = xstrdup(*args);
		split_request(e, text, &name, &value);
		old = find_request(e, name, strlen(name));
		if (old != NULL) {
			if (e->how == PC_EDIT_SET)
				log_warning("ignoring earlier request: "
				    "'%s = %s'", name, old->value);
			free(old->text);
			*old = (struct request){ text, name, value, 0 };
			continue;
		}
		e->requests = xreallocarray(e->requests, e->count + 1,
		    sizeof(*e->requests));
		e->requests[e->count++] = (struct request){ text, name, value,
		    0 };
	}
}

static void
free_requests(struct edit *e)
{
	size_t i;

	for (i = 0; i < e->count; i++)
		free(e->requests[i].text);
	free(e->requests);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct request *)a)->name,
	    ((const struct request *)b)->name);
}

/* The request for the entry that this line begins, and the first change it makes. */
static struct request *
begin_entry(const struct edit *e, const char *line, FILE *out)
{
	struct request *r;

	if ((r = find_request(e, line, strcspn(line, "= \t\r\n\f\v"))) == NULL)
		return NULL;
	if (++r->seen == 2)
		log_warning("%s: multiple entries for \"%s\"",
		    e->pc->main_file, r->name);
	if (e->how == PC_EDIT_SET)
		fprintf(out, "%s = %s\n", r->name, r->value);
	return r;
}

static void
copy_lines(const struct edit *e, struct pc_edit_file *f)
{
	struct request *current = NULL;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, f->in)) != -1) {
		bool is_entry = !pc_edit_says_nothing(line);

		if (is_entry && !isspace((unsigned char)*line))
			current = begin_entry(e, line, f->out);
		if (is_entry && current != NULL) {
			if (e->how != PC_EDIT_COMMENT)
				continue;
			putc('#', f->out);
		}
		fwrite(line, 1, (size_t)n, f->out);
		if (line[n - 1] != '\n')
			putc('\n', f->out);
	}
	free(line);
}

/* Write the edited file; it is locked already. */
static void
write_main(struct edit *e, struct pc_edit_file *f)
{
	size_t i;

	copy_lines(e, f);
	if (e->how != PC_EDIT_SET)
		return;
	if (e->count > 1)
		qsort(e->requests, e->count, sizeof(*e->requests), by_name);
	for (i = 0; i < e->count; i++)
		if (e->requests[i].seen == 0)
			fprintf(f->out, "%s = %s\n", e->requests[i].name,
			    e->requests[i].value);
}

/*
 * A person who mistypes a name is told; a script sees what it has always seen.
 * Names of one's own are like no other and pass.
 */
static void
warn_misspelt(const struct edit *e)
{
	const char *near;
	size_t i;

	for (i = 0; i < e->count && isatty(STDERR_FILENO); i++) {
		const char *name = e->requests[i].name;

		if (params_row_find(name) == NULL &&
		    params_service_row(name) == NULL &&
		    (near = params_doc_nearest(name)) != NULL)
			log_warning("%s: unknown parameter; did you mean "
			    "\"%s\"?", name, near);
	}
}

void
pc_edit_main(struct postconf *pc, enum pc_edit how, char **args)
{
	struct edit e = { pc, how, NULL, 0 };
	struct pc_edit_file f;

	read_requests(&e, args);
	pc_edit_open(&f, pc->main_file);
	write_main(&e, &f);
	pc_edit_commit(&f);
	if (how == PC_EDIT_SET)
		warn_misspelt(&e);
	free_requests(&e);
}

void
pc_edit_main_locked(struct postconf *pc, struct pc_edit_file *f, char **args)
{
	struct edit e = { pc, PC_EDIT_SET, NULL, 0 };

	read_requests(&e, args);
	write_main(&e, f);
	free_requests(&e);
}
