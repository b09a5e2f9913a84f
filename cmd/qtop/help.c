/*
 * help.c - the help page, written by the tables that drive the rest
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "cmd/qtop/do.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_reason.h"

static void
put_keys(struct buf *out, unsigned places, unsigned without)
{
	const struct key_binding *b;
	size_t i;

	for (i = 0; (b = keys_at(i)) != NULL; i++)
		if (b->keys_text != NULL && (b->places & places) != 0 &&
		    (without == 0 || (b->places & without) == 0))
			buf_addf(out, "  %-12s %s\n", b->keys_text, b->help);
}

static void
put_fields(struct buf *out)
{
	const struct queue_field *f;
	size_t i;

	for (i = 0; (f = queue_field_at(i)) != NULL; i++)
		buf_addf(out, "  %-14s %-9s %s\n", f->name,
		    queue_field_type_name(f->type), f->meaning);
}

static void
put_classes(struct buf *out)
{
	const char *advice;
	unsigned i, class;

	for (class = 1; class < REASON_COUNT; class++) {
		advice = "";
		for (i = 0; i < queue_reason_row_count; i++)
			if (strcmp(queue_reason_rows[i].class,
			    queue_reason_class_name(class)) == 0) {
				advice = queue_reason_rows[i].advice;
				break;
			}
		buf_addf(out, "  %-15s %s\n", queue_reason_class_name(class),
		    advice);
	}
}

void
help_open(struct model *m)
{
	unsigned place = m->reader.is_open ? IN_READER : 1u << m->screen;
	struct buf *out = &m->pager.text;

	m->pager.is_open = true;
	m->pager.top = 0;
	snprintf(m->pager.title, sizeof(m->pager.title), "Help");
	buf_sets(out, "Keys of this screen\n\n");
	put_keys(out, place, 0);
	buf_adds(out, "\nKeys of other screens\n\n");
	put_keys(out, ~0u, place);
	buf_adds(out, "\nFilter, tag: expressions\n\n"
	    "  sender = news@example.org and age > 2h\n"
	    "  any rcpt (domain under example.net and class = throttle)\n"
	    "  is bounce and not subject ~ \"delivery\"\n"
	    "  nrcpt > 50 or size between 1M and 20M\n"
	    "  user@dom, @dom.tld, a queue ID, a word: shorthands\n"
	    "  @stuck @bounces @backscatter @local-trouble @giants @dying: "
	    "saved\n\n"
	    "  operators: = != ~ (pattern) !~ < <= > >= under in between\n"
	    "  and or not ( )   any rcpt (...)   all rcpt (...)   no rcpt "
	    "(...)\n\nFields\n\n");
	put_fields(out);
	buf_adds(out, "\nClasses of reasons\n\n");
	put_classes(out);
}
