/*
 * table_explain.c - which key was tried where, and which line matched
 *
 * maps_trace tells what the function of a class (explain_class.h) did.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/explain_class.h"
#include "lib/table/mapped.h"
#include "lib/table/search.h"
#include "lib/table/table_report.h"
#include "lib/table/table_story.h"

/* ---- the result ---- */

static void
add_address(const char *address, void *ctx)
{
	struct buf *list = ctx;

	if (list->len > 0)
		buf_adds(list, ", ");
	buf_adds(list, address);
}

/* What a mapping makes of the address; what completes it is the daemon's. */
static void
tell_addresses(struct table_story *s, const struct explain_class *class,
    const struct explain_question *q, const char *value, struct buf *out)
{
	struct buf list = BUF_INIT, copy = BUF_INIT;
	const struct mapped m = { mapped_propagates(class->propagates), NULL,
	    add_address, &list };

	buf_sets(&copy, value);
	mapped_result(q->address.ptr, q->extension->ptr, &copy, &m);
	if (s->r->is_json)
		table_report_members(out, "addresses", list.ptr, NULL);
	else if (strcmp(list.ptr, value) != 0) {
		buf_setf(&copy, "address %s", list.ptr);
		table_report(s->r, copy.ptr, NULL);
	}
	buf_done(&copy);
	buf_done(&list);
}

static void
tell_result(struct table_story *s, const struct explain_class *class, const char *title,
    const char *tables, const struct explain_question *q, enum table_result rc,
    const char *value)
{
	struct buf text = BUF_INIT;

	if (s->r->is_json) {
		buf_adds(&text, "{\"v\": 1");
		table_report_members(&text, "class", class->name,
		    "parameter", title, "tables", tables, "key", q->text,
		    "answer", table_story_answers[rc],
		    "result", rc == TABLE_FOUND ? value : NULL, NULL);
		if (rc == TABLE_FOUND && class->propagates != NULL)
			tell_addresses(s, class, q, value, &text);
		buf_addf(&text, ", \"steps\": [%s]}", s->steps.ptr);
		fprintf(s->r->out, "%s\n", text.ptr);
	} else {
		if (rc == TABLE_FOUND)
			buf_setf(&text, "result %s", value);
		else
			buf_sets(&text, rc == TABLE_NOT_FOUND ? "no result" :
			    "no result: a table failed");
		table_report(s->r, text.ptr, NULL);
		if (rc == TABLE_FOUND && class->propagates != NULL)
			tell_addresses(s, class, q, value, NULL);
	}
	buf_done(&text);
}

/* One search: 0 found, 1 not found, or -1 with err. */
static int
explain(const struct explain_class *class, const char *title, const char *tables,
    const struct explain_question *q, const struct table_report *r, struct err *err)
{
	struct buf value = BUF_INIT, line = BUF_INIT;
	struct table_story story;
	enum table_result rc;
	struct maps *maps;

	table_story_init(&story, r);
	buf_setf(&line, "%s = %s", title, tables);
	if (!r->is_json)
		table_report(r, line.ptr, NULL);
	maps = maps_open(title, tables, class->flags);
	maps_trace(table_story_tell, &story);
	rc = class->ask(q, maps, &value);
	maps_trace(NULL, NULL);
	tell_result(&story, class, title, tables, q, rc, value.ptr);
	maps_free(maps);
	buf_done(&value);
	buf_done(&line);
	table_story_done(&story);
	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		return err_set(err, ERR_RETRY, "%s: table lookup failed",
		    class->name);
	return rc == TABLE_NOT_FOUND;
}

/* ---- access tables: where the restrictions name them ---- */

static const struct {
	const char	*parameter;
	const char	*bare;		/* class of a table without a check_ */
} restriction_lists[] = {
	{ "smtpd_client_restrictions", "access-client" },
	{ "smtpd_helo_restrictions", "access-helo" },
	{ "smtpd_sender_restrictions", "access-sender" },
	{ "smtpd_relay_restrictions", "access-recipient" },
	{ "smtpd_recipient_restrictions", "access-recipient" },
	{ "smtpd_data_restrictions", "" },
	{ "smtpd_end_of_data_restrictions", "" },
	{ "smtpd_etrn_restrictions", "access-etrn" },
};

struct access {
	const struct explain_class *class;
	const struct explain_question *q;
	const struct table_report *r;
	int		 searches, found;
};

/* The class that "check_client_access" and the like ask; NULL for others. */
static const char *
checked_class(const char *word)
{
	static const char *const checks[][2] = {
		{ "check_client_access", "access-client" },
		{ "check_reverse_client_hostname_access", "access-client" },
		{ "check_helo_access", "access-helo" },
		{ "check_sender_access", "access-sender" },
		{ "check_recipient_access", "access-recipient" },
		{ "check_etrn_access", "access-etrn" },
	};
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strcasecmp(word, checks[i][0]) == 0)
			return checks[i][1];
	return NULL;
}

/* Explain each table of our class that a list of restrictions names. */
static int
explain_list(struct access *a, const char *parameter, const char *bare,
    struct err *err)
{
	const char *list = params_lookup(parameter), *class;
	char *copy = xstrdup(list != NULL ? list : ""), *rest = copy, *word;
	struct buf title = BUF_INIT;
	int rc = 0;

	while (rc != -1 &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		buf_sets(&title, parameter);
		if ((class = checked_class(word)) != NULL) {
			buf_addf(&title, ": %s", word);
			word = text_split_braced(&rest, TEXT_LIST_SEP);
		} else if (strchr(word, ':') != NULL && *word != '[') {
			class = bare;
		}
		if (word == NULL || class == NULL ||
		    strcmp(class, a->class->name) != 0)
			continue;
		a->searches++;
		rc = explain(a->class, title.ptr, word, a->q, a->r, err);
		a->found += rc == 0;
	}
	buf_done(&title);
	free(copy);
	return rc == -1 ? -1 : 0;
}

static int
explain_restrictions(const struct explain_class *class, const struct explain_question *q,
    const struct table_report *r, struct err *err)
{
	struct access a = { .class = class, .q = q, .r = r };
	const size_t count = sizeof(restriction_lists) /
	    sizeof(restriction_lists[0]);
	char *names = xstrdup(params.smtpd_restriction_classes),
	    *rest = names, *name;
	size_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++)
		rc = explain_list(&a, restriction_lists[i].parameter,
		    restriction_lists[i].bare, err);
	while (rc == 0 && (name = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		rc = explain_list(&a, name, "", err);
	free(names);
	if (rc == -1)
		return -1;
	if (a.searches == 0)
		return err_set(err, ERR_CONFIG, "no restriction in main.cf "
		    "asks a table of class %s; --tables names one",
		    class->name);
	return a.found == 0;
}

int
table_explain(const struct table_explain *x, const char *key,
    const struct table_report *r, struct err *err)
{
	const struct explain_class *class = explain_class_find(x->class);
	struct buf extension = BUF_INIT;
	struct explain_question q = { .text = key, .sender = x->sender,
	    .extension = &extension };
	const char *tables = x->tables, *title;
	int rc;

	if (class == NULL)
		return err_set(err, ERR_CONFIG, "unknown class \"%s\"; "
		    "--explain help lists them", x->class);
	title = class->parameter != NULL && *class->parameter != '\0' ?
	    class->parameter : class->name;
	if (tables == NULL && title == class->parameter)
		tables = params_lookup(class->parameter);
	if (tables == NULL && class->parameter != NULL &&
	    *class->parameter == '\0')
		return err_set(err, ERR_CONFIG, "class %s needs --tables",
		    class->name);
	buf_init(&q.address);
	if (strcmp(key, "<>") != 0)
		address_unquote(&q.address, key);
	rc = tables == NULL && class->parameter == NULL ?
	    explain_restrictions(class, &q, r, err) :
	    explain(class, title, tables != NULL ? tables : "", &q, r, err);
	buf_done(&q.address);
	buf_done(&extension);
	return rc;
}
