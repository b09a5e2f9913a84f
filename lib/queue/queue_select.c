/*
 * queue_select.c - evaluate a selection against a message
 *
 * Three values after Kleene: "and" is false when one side is, "or" is true
 * when one side is, whatever the other may be. So a tree is tried with what
 * the directory entry tells while all else counts as unknown, then with the
 * envelope, and so on, and stops as soon as the outcome is certain.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <string.h>

#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select_eval.h"

#define NTH_MAX		1000	/* fields of one name in a header */
#define TIER_QUEUE	(-1)	/* only the name of the queue is known */

/* ---- one test ---- */

void
eval_value(struct walk *w, const struct test *t, size_t rcpt, size_t nth,
    struct queue_value *v)
{
	if (t->field != NULL)
		queue_field_get(t->field, w->c, rcpt, nth, v);
	else
		queue_field_header(w->c, t->header, nth, v);
}

/* True when it holds for one of the values: headers may have several. */
static enum queue_select_result
test_one(struct walk *w, const struct test *t, size_t rcpt)
{
	enum queue_select_result r, sum = SELECT_NO;
	struct queue_value v;
	size_t nth;

	for (nth = 0; nth < NTH_MAX; nth++) {
		eval_value(w, t, rcpt, nth, &v);
		if (v.kind == VALUE_ABSENT)
			break;
		r = eval_compare(w, t, &v);
		if (r == SELECT_YES)
			return SELECT_YES;
		if (r == SELECT_UNKNOWN)
			sum = SELECT_UNKNOWN;
		if (v.kind == VALUE_UNKNOWN)
			break;
	}
	/* A header that is not there is different from any text. */
	if (nth == 0 && v.kind == VALUE_ABSENT && (t->field == NULL ||
	    t->field->tier >= TIER_HEADERS) && (t->op == OP_NE ||
	    t->op == OP_NMATCH || t->op == OP_NOT_IN))
		return SELECT_YES;
	return sum;
}

/* May recipients be counted now? */
bool
eval_knows_rcpts(struct walk *w)
{
	if (w->tier < TIER_ENVELOPE)
		return false;
	if (!w->c->m->is_told)
		queue_message_want(w->c->m, QUEUE_MESSAGE_ENVELOPE, NULL);
	return !w->c->m->is_gone && !w->c->m->is_damaged &&
	    !queue_message_is_arriving(w->c->m);
}

static enum queue_select_result
eval_test(struct walk *w, const struct node *n)
{
	const struct test *t = &n->test;
	enum queue_select_result r, sum = SELECT_NO;
	struct queue_value v = { VALUE_UNKNOWN, NULL, 0 };
	size_t i;

	if (w->tier == TIER_QUEUE) {
		if (t->field == NULL || t->field->type != FIELD_QUEUE)
			return SELECT_UNKNOWN;
		queue_field_get(t->field, w->c, 0, 0, &v);
		return eval_compare(w, t, &v);
	}
	if (n->tier > w->tier)
		return SELECT_UNKNOWN;
	if (t->field == NULL || t->field->inner == NULL)
		return test_one(w, t, 0);
	if (!eval_knows_rcpts(w))
		return SELECT_UNKNOWN;
	if (w->in_rcpt)
		return test_one(w, t, w->rcpt);
	if (w->only != NULL)
		return test_one(w, t, *w->only);
	for (i = 0; i < w->c->m->rcpt_count; i++) {
		r = test_one(w, t, i);
		if (r == SELECT_YES)
			return SELECT_YES;
		if (r == SELECT_UNKNOWN)
			sum = SELECT_UNKNOWN;
	}
	return sum;
}

/* ---- the tree ---- */

static enum queue_select_result
negate(enum queue_select_result r)
{
	if (r == SELECT_UNKNOWN)
		return SELECT_UNKNOWN;
	return r == SELECT_NO ? SELECT_YES : SELECT_NO;
}

/* "or" of the kids; "and" is the same with the values turned round. */
static enum queue_select_result
eval_joined(struct walk *w, const struct node *n,
    enum queue_select_result decides)
{
	enum queue_select_result r, sum = negate(decides);
	int tier;
	size_t i;

	/* Cheap kids first, whatever order they were written in. */
	for (tier = TIER_ENTRY; tier <= TIER_CONTENT; tier++) {
		for (i = 0; i < n->kid_count; i++) {
			if (n->kids[i]->tier != tier)
				continue;
			r = eval_node(w, n->kids[i]);
			if (r == decides)
				return r;
			if (r == SELECT_UNKNOWN)
				sum = SELECT_UNKNOWN;
		}
	}
	return sum;
}

/* any: one recipient for which the kid holds. */
static enum queue_select_result
eval_any(struct walk *w, const struct node *kid)
{
	enum queue_select_result r, sum = SELECT_NO;
	size_t i;

	if (!eval_knows_rcpts(w))
		return SELECT_UNKNOWN;
	w->in_rcpt = true;
	for (i = 0; i < w->c->m->rcpt_count && sum != SELECT_YES; i++) {
		if (w->only != NULL && *w->only != i)
			continue;
		w->rcpt = i;
		r = eval_node(w, kid);
		if (r != SELECT_NO)
			sum = r;
	}
	w->in_rcpt = false;
	return sum;
}

/* none: said of the message, whichever recipient is asked about. */
static enum queue_select_result
eval_none(struct walk *w, const struct node *kid)
{
	const size_t *only = w->only;
	enum queue_select_result r;

	w->only = NULL;
	r = negate(eval_any(w, kid));
	w->only = only;
	return r;
}

static enum queue_select_result
eval_all(struct walk *w, const struct node *kid)
{
	enum queue_select_result r, sum = SELECT_YES;
	size_t i;

	if (!eval_knows_rcpts(w))
		return SELECT_UNKNOWN;
	if (w->c->m->rcpt_count == 0)
		return SELECT_NO;
	w->in_rcpt = true;
	for (i = 0; i < w->c->m->rcpt_count && sum != SELECT_NO; i++) {
		w->rcpt = i;
		r = eval_node(w, kid);
		if (r != SELECT_YES)
			sum = r;
	}
	w->in_rcpt = false;
	return sum;
}

enum queue_select_result
eval_node(struct walk *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_AND:
		return eval_joined(w, n, SELECT_NO);
	case NODE_OR:
		return eval_joined(w, n, SELECT_YES);
	case NODE_NOT:
		return negate(eval_node(w, n->kids[0]));
	case NODE_ANY:
		return eval_any(w, n->kids[0]);
	case NODE_NONE:
		return eval_none(w, n->kids[0]);
	case NODE_ALL:
		return eval_all(w, n->kids[0]);
	case NODE_TEST:
		return eval_test(w, n);
	}
	return SELECT_UNKNOWN;
}

static enum queue_select_result
eval_for(const struct queue_select *s, struct queue_field_context *c,
    const size_t *only)
{
	struct walk w = { .s = s, .c = c, .only = only, .folded = BUF_INIT };
	enum queue_select_result r = SELECT_UNKNOWN;

	for (w.tier = s->root->tier; r == SELECT_UNKNOWN &&
	    w.tier <= s->root->top_tier; w.tier++) {
		r = eval_node(&w, s->root);
		if (c->m != NULL && c->m->is_gone)
			break;
	}
	buf_done(&w.folded);
	return r;
}

enum queue_select_result
queue_select_eval(const struct queue_select *s, struct queue_field_context *c)
{
	return eval_for(s, c, NULL);
}

enum queue_select_result
queue_select_eval_rcpt(const struct queue_select *s,
    struct queue_field_context *c, size_t rcpt)
{
	return eval_for(s, c, &rcpt);
}

bool
queue_select_may_match(const struct queue_select *s, const char *queue)
{
	struct queue_message m;
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct walk w = { .s = s, .c = &c, .tier = TIER_QUEUE,
	    .folded = BUF_INIT };
	bool may;

	queue_message_init(&m);
	queue_message_begin(&m, queue, "", "", NULL);
	c.m = &m;
	may = eval_node(&w, s->root) != SELECT_NO;
	buf_done(&w.folded);
	queue_message_done(&m);
	return may;
}

static bool
node_uses(const struct node *n, const char *field)
{
	size_t i;

	if (n->kind == NODE_TEST)
		return n->test.field != NULL &&
		    strcmp(n->test.field->name, field) == 0;
	for (i = 0; i < n->kid_count; i++)
		if (node_uses(n->kids[i], field))
			return true;
	return false;
}

bool
queue_select_uses(const struct queue_select *s, const char *field)
{
	return node_uses(s->root, field);
}

/* Is there a test that asks for this queue? */
static bool
node_names(const struct node *n, const char *queue)
{
	size_t i;

	if (n->kind == NODE_TEST) {
		if (n->test.field == NULL ||
		    n->test.field->type != FIELD_QUEUE)
			return false;
		for (i = 0; i < n->test.value_count; i++)
			if (strcmp(n->test.values[i].text, queue) == 0)
				return true;
		return false;
	}
	for (i = 0; i < n->kid_count; i++)
		if (node_names(n->kids[i], queue))
			return true;
	return false;
}

int
queue_select_tier(const struct queue_select *s)
{
	return s->root->top_tier;
}

void
queue_select_queues(const struct queue_select *s,
    const char *queues[QUEUE_SELECT_QUEUES])
{
	static const char *const all[] = { "maildrop", "active", "incoming",
	    "deferred", "hold" };
	static const char *const by_name[] = { "corrupt", "trash" };
	size_t i, n = 0;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (s == NULL || queue_select_may_match(s, all[i]))
			queues[n++] = all[i];
	for (i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
		if (s != NULL && node_names(s->root, by_name[i]) &&
		    queue_select_may_match(s, by_name[i]))
			queues[n++] = by_name[i];
	queues[n] = NULL;
}
