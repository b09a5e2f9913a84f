/*
 * queue_select_print.c - a selection as text: its normal form; why it is so
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select_eval.h"

/* ---- printing ---- */

static void
print_string(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else if (*text == '\n')
			buf_adds(out, "\\n");
		else if (*text == '\t')
			buf_adds(out, "\\t");
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			buf_addf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

static void
print_pattern(struct buf *out, const struct test *t)
{
	const char *s;

	buf_addc(out, '/');
	for (s = t->pattern; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			buf_addc(out, *s++);
		else if (*s == '/')
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_addc(out, '/');
	buf_addc(out, t->is_case_sensitive ? 'c' : 'i');
}

static void
print_literal(struct buf *out, const struct test *t, const struct literal *v)
{
	char text[80];
	const void *ip = v->ip;
	struct tm tm;
	time_t when = (time_t)v->number;

	switch (t->field != NULL ? t->field->type : FIELD_TEXT) {
	case FIELD_NUMBER:
	case FIELD_SIZE:
		buf_addf(out, "%lld", (long long)v->number);
		break;
	case FIELD_DURATION:
		buf_addf(out, "%llds", (long long)v->number);
		break;
	case FIELD_TIME:
		gmtime_r(&when, &tm);
		strftime(text, sizeof(text), "\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
		buf_adds(out, text);
		break;
	case FIELD_IP:
		inet_ntop(v->family, ip, text, sizeof(text));
		buf_adds(out, text);
		if (v->prefix != (v->family == AF_INET ? 32u : 128u))
			buf_addf(out, "/%u", v->prefix);
		break;
	default:
		if (v->is_glob)
			buf_adds(out, v->text);
		else if (t->field != NULL && t->field->type == FIELD_ADDRESS &&
		    v->text[0] == '\0')
			buf_adds(out, "<>");
		else
			print_string(out, v->text);
		break;
	}
}

static void
print_test(struct buf *out, const struct test *t, bool in_rcpt)
{
	static const char *const ops[] = { "=", "!=", "~", "!~", "<", "<=",
	    ">", ">=", "under", "between", "in", "not in", "" };
	size_t i;

	if (t->op == OP_FLAG) {
		buf_addf(out, "is %s", t->field->name);
		return;
	}
	if (t->field == NULL) {
		buf_adds(out, "header(");
		print_string(out, t->header);
		buf_addc(out, ')');
	} else {
		buf_adds(out, in_rcpt && t->field->inner != NULL ?
		    t->field->inner : t->field->name);
	}
	buf_addf(out, " %s ", ops[t->op]);
	if (t->op == OP_MATCH || t->op == OP_NMATCH) {
		print_pattern(out, t);
	} else if (t->source != NULL) {
		buf_adds(out, t->source);
	} else if (t->op == OP_IN || t->op == OP_NOT_IN) {
		for (i = 0; i < t->value_count; i++) {
			buf_adds(out, i == 0 ? "(" : ", ");
			print_literal(out, t, &t->values[i]);
		}
		buf_addc(out, ')');
	} else {
		print_literal(out, t, &t->values[0]);
		if (t->op == OP_BETWEEN) {
			buf_adds(out, " and ");
			print_literal(out, t, &t->values[1]);
		}
	}
}

static void
print_node(struct buf *out, const struct node *n, bool in_rcpt, int binding)
{
	/* or binds least, then and, then not */
	int own = n->kind == NODE_OR ? 0 : n->kind == NODE_AND ? 1 : 2;
	size_t i;

	if (own < binding)
		buf_addc(out, '(');
	switch (n->kind) {
	case NODE_AND:
	case NODE_OR:
		for (i = 0; i < n->kid_count; i++) {
			if (i > 0)
				buf_adds(out, own == 0 ? " or " : " and ");
			print_node(out, n->kids[i], in_rcpt, own + 1);
		}
		break;
	case NODE_NOT:
		buf_adds(out, "not ");
		print_node(out, n->kids[0], in_rcpt, 2);
		break;
	case NODE_ANY:
	case NODE_ALL:
	case NODE_NONE:
		buf_adds(out, n->kind == NODE_ANY ? "any rcpt (" :
		    n->kind == NODE_ALL ? "all rcpt (" : "no rcpt (");
		print_node(out, n->kids[0], true, 0);
		buf_addc(out, ')');
		break;
	case NODE_TEST:
		print_test(out, &n->test, in_rcpt);
		break;
	}
	if (own < binding)
		buf_addc(out, ')');
}

void
queue_select_print(const struct queue_select *s, struct buf *out)
{
	print_node(out, s->root, false, 0);
}

/* ---- explain ---- */

static const char *const kinds[] = { [NODE_AND] = "and", [NODE_OR] = "or",
    [NODE_NOT] = "not", [NODE_ANY] = "any rcpt", [NODE_ALL] = "all rcpt",
    [NODE_NONE] = "no rcpt" };

static void
explain_node(struct buf *out, const struct node *n, bool in_rcpt, int depth)
{
	size_t i;

	if (n->tier == n->top_tier)
		buf_addf(out, "tier %d    ", n->tier);
	else
		buf_addf(out, "tier %d-%d  ", n->tier, n->top_tier);
	buf_addf(out, "%*s", depth * 2, "");
	if (n->kind == NODE_TEST)
		print_test(out, &n->test, in_rcpt);
	else
		buf_adds(out, kinds[n->kind]);
	buf_addc(out, '\n');
	for (i = 0; i < n->kid_count; i++)
		explain_node(out, n->kids[i], in_rcpt ||
		    (n->kind >= NODE_ANY && n->kind <= NODE_NONE), depth + 1);
}

void
queue_select_explain(const struct queue_select *s, struct buf *out)
{
	explain_node(out, s->root, false, 0);
}

/* ---- why ---- */

static void
why_values(struct walk *w, const struct test *t, struct buf *out)
{
	struct queue_value v;
	size_t i, n = t->field != NULL && t->field->inner != NULL &&
	    eval_knows_rcpts(w) ? w->c->m->rcpt_count : 1;

	for (i = 0; i < n; i++) {
		eval_value(w, t, i, 0, &v);
		if (i > 0)
			buf_adds(out, ", ");
		if (v.kind == VALUE_ABSENT)
			buf_adds(out, "none");
		else if (t->field != NULL)
			queue_field_text(t->field, &v, out);
		else
			buf_adds(out, v.kind == VALUE_TEXT ? v.text : "?");
	}
}

static void
why_node(struct walk *w, const struct node *n, bool in_rcpt, int depth,
    struct buf *out)
{
	static const char *const answers[] = { "false", "true", "unknown" };
	size_t i;

	if (n->kind == NODE_TEST) {
		buf_addf(out, "%*s%-8s", depth * 2, "",
		    in_rcpt ? "" : answers[eval_node(w, n)]);
		print_test(out, &n->test, in_rcpt);
		buf_adds(out, "    [");
		why_values(w, &n->test, out);
		buf_adds(out, "]\n");
		return;
	}
	buf_addf(out, "%*s%-8s%s\n", depth * 2, "", in_rcpt ? "" :
	    answers[eval_node(w, n)], kinds[n->kind]);
	for (i = 0; i < n->kid_count; i++)
		why_node(w, n->kids[i], in_rcpt || (n->kind >= NODE_ANY &&
		    n->kind <= NODE_NONE), depth + 1, out);
}

void
queue_select_why(const struct queue_select *s, struct queue_field_context *c,
    struct buf *out)
{
	struct walk w = { .s = s, .c = c, .tier = TIER_CONTENT,
	    .folded = BUF_INIT };

	why_node(&w, s->root, false, 0, out);
	buf_done(&w.folded);
}
