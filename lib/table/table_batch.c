/*
 * table_batch.c - answer many keys, as "postmap -q -" does
 *
 * A table that is sorted by key is asked for all keys that are there without
 * waiting, in the order of the keys, so that one page after the other is read
 * and stays in the processor's cache; the answers wait and are printed in the
 * order of the questions.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_batch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/table/rank.h"
#include "lib/table/table_lines.h"
#include "lib/table/table_tool.h"

#define SORT_MIN	1000		/* with fewer keys there is nothing to gain */
#define AHEAD		8		/* what is needed so much later is fetched now */
#define OUT_BYTES	65536

struct question {
	const char	*key;
	size_t		 answer;	/* where in answers; 0: there is none */
};

struct batch {
	struct table_tool_list *list;
	FILE		*out;
	struct question	*questions;
	size_t		 count, room;
	struct buf	 answers;	/* each with its NUL, behind a first NUL */
	struct buf	 value;		/* of one lookup */
	struct buf	 text;		/* a line to be printed */
	bool		 any;		/* something was found */
};

static void
add_question(struct batch *b, const char *key)
{
	if (b->count == b->room) {
		b->room = b->room * 2 + 64;
		b->questions = xreallocarray(b->questions, b->room,
		    sizeof(*b->questions));
	}
	b->questions[b->count++] = (struct question){ key, 0 };
}

/* Ask the table in its order, and keep the answers; -1 when one failed. */
static int
ask_sorted(struct batch *b)
{
	struct ranked *order = xreallocarray(NULL, b->count, sizeof(*order));
	struct question *q;
	size_t i;
	int found = 0;

	buf_reset(&b->answers);
	buf_addc(&b->answers, '\0');
	for (i = 0; i < b->count; i++) {
		const char *key = b->questions[i].key;

		order[i].rank = rank_text(key, strlen(key));
		order[i].position = (uint32_t)i;
	}
	rank_sort(order, b->count);
	for (i = 0; i < b->count && found != -1; i++) {
		if (i + AHEAD < b->count)
			__builtin_prefetch(b->questions +
			    order[i + AHEAD].position);
		q = &b->questions[order[i].position];
		found = table_tool_find(b->list, q->key, &b->value, NULL);
		if (found == 1) {
			q->answer = b->answers.len;
			buf_add(&b->answers, b->value.ptr, b->value.len + 1);
		}
	}
	free(order);
	return found == -1 ? -1 : 0;
}

static void
put(struct batch *b, const char *key, const char *value)
{
	b->any = true;
	buf_reset(&b->text);
	table_tool_put(b->list->tool, &b->text, key, value);
	fwrite_unlocked(b->text.ptr, 1, b->text.len, b->out);
}

static int
ask_one(struct batch *b, const char *key, struct err *err)
{
	int found = table_tool_find(b->list, key, &b->value, err);

	if (found == 1)
		put(b, key, b->value.ptr);
	return found == -1 ? -1 : 0;
}

/* Print the answers, which lie in the order of the table. */
static void
put_answers(struct batch *b)
{
	const struct question *q, *end = b->questions + b->count;

	for (q = b->questions; q < end; q++) {
		if (end - q > AHEAD)
			__builtin_prefetch(b->answers.ptr + q[AHEAD].answer);
		if (q->answer > 0)
			put(b, q->key, b->answers.ptr + q->answer);
	}
}

/* A failure is met again at its place, behind the answers before it. */
static int
answer(struct batch *b, struct err *err)
{
	size_t i;
	int rc = 0;

	if (b->count >= SORT_MIN && ask_sorted(b) == 0)
		put_answers(b);
	else
		for (i = 0; i < b->count && rc == 0; i++)
			rc = ask_one(b, b->questions[i].key, err);
	b->count = 0;
	return rc;
}

/* Only a sorted table gains from being asked for many keys at once. */
static int
take_key(struct batch *b, const char *key, struct table_lines *lines,
    struct err *err)
{
	int is_sorted = table_tool_list_is_sorted(b->list, err);

	if (is_sorted == -1)
		return -1;
	if (!is_sorted)
		return ask_one(b, key, err);
	lines->wants_many = true;
	add_question(b, key);
	return table_lines_has_more(lines) ? 0 : answer(b, err);
}

int
table_batch_query(struct table_tool_list *list, int in, FILE *out,
    struct err *err)
{
	struct batch b = { .list = list, .out = out, .answers = BUF_INIT,
	    .value = BUF_INIT, .text = BUF_INIT };
	struct table_lines lines;
	struct err read_err = ERR_INIT;
	const char *key;
	int rc = 0;

	setvbuf(out, NULL, _IOFBF, OUT_BYTES);
	table_lines_init(&lines, in, out, list);
	while (rc == 0 && (key = table_lines_next(&lines, &read_err)) != NULL)
		rc = take_key(&b, key, &lines, err);
	if (rc == 0 && read_err.kind != ERR_NONE) {
		*err = read_err;
		rc = -1;
	}
	table_lines_done(&lines);
	free(b.questions);
	buf_done(&b.answers);
	buf_done(&b.value);
	buf_done(&b.text);
	return rc == -1 ? -1 : !b.any;
}
