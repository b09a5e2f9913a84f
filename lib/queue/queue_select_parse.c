/*
 * queue_select_parse.c - text of a selection -> tree
 *
 * Recursive descent over the grammar, one token ahead. Values are made
 * comparable here, once, by the type of their field, so that evaluation only
 * compares.
 *
 *	or -> and -> not -> prim -> ( ... ) | quantifier | test | flag | @name | word
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_select_lex.h"
#include "lib/queue/queue_total.h"

#define DEPTH_MAX	100		/* parentheses, not, saved selections */
#define MATCH_LIMIT	200000		/* steps of one regex match */
#define MATCH_DEPTH	10000

static struct node *parse_or(struct parser *p);

/* ---- tests ---- */

static bool
operator_follows(const struct parser *p)
{
	const char *s = p->next + strspn(p->next, " \t\r\n");

	if (strchr("=~<>", *s) != NULL && *s != '\0')
		return true;
	if (*s == '!' && (s[1] == '=' || s[1] == '~'))
		return true;
	return lex_next_is_word(p, "under") || lex_next_is_word(p, "between") ||
	    lex_next_is_word(p, "in") || (lex_next_is_word(p, "not") &&
	    strncasecmp(s + 3 + strspn(s + 3, " \t\r\n"), "in", 2) == 0 &&
	    !lex_is_word_char((unsigned char)s[3 + strspn(s + 3, " \t\r\n") + 2]));
}

static struct node *
unknown_field(struct parser *p, const char *at, const char *name)
{
	const char *near = p->is_total ? NULL : queue_field_nearest(name);
	struct buf hint = BUF_INIT;

	if (near != NULL)
		buf_addf(&hint, "did you mean \"%s\"?", near);
	lex_fail_named(p, at, p->is_total ? "unknown total" : "unknown field",
	    name, near != NULL ? hint.ptr : p->is_total ? "known are total, "
	    "the queues, bytes, rcpts, oldest, oldest.active, due, "
	    "class.NAME, free.bytes, free.inodes" : NULL);
	buf_done(&hint);
	return NULL;
}

static struct node *
finish_test(struct parser *p, struct node *n, const char *name,
    const char *at)
{
	struct buf what = BUF_INIT;
	const char *op_at = p->at;
	int op = test_take_operator(p);

	if (op == -1) {
		buf_addf(&what, "field \"%.60s\" needs an operator", name);
		lex_fail_at(p, at, what.ptr, NULL);
	} else {
		n->test.op = (enum test_op)op;
		if (!test_may_apply(n->test.field != NULL ? n->test.field->type :
		    FIELD_TEXT, n->test.op)) {
			buf_addf(&what, "operator does not fit \"%.60s\"",
			    name);
			lex_fail_at(p, op_at, what.ptr, n->test.field->type ==
			    FIELD_FLAG ? "a flag stands alone" : NULL);
		} else if (test_take_operands(p, &n->test)) {
			return n;
		}
	}
	buf_done(&what);
	node_free(n);
	return NULL;
}

/* name op value; the name is the current token */
static struct node *
parse_test(struct parser *p)
{
	const struct queue_field *f;
	struct node *n;
	const char *at = p->at;
	char *name = xstrdup(p->value.ptr);

	f = p->is_total ? queue_total_find(name) :
	    queue_field_find(name, p->in_rcpt);
	if (f == NULL) {
		n = unknown_field(p, at, name);
	} else {
		n = node_new(NODE_TEST);
		n->test.field = f;
		lex_advance(p);
		n = finish_test(p, n, name, at);
	}
	free(name);
	return n;
}

/* header("Name") op value; the current token is the parenthesis' word */
static struct node *
parse_header(struct parser *p)
{
	struct node *n;
	const char *at = p->at;

	lex_advance(p);
	if (p->token != T_OPEN)
		return lex_fail(p, "\"(\" is missing after \"header\"");
	lex_advance(p);
	if (p->token != T_STRING && p->token != T_WORD)
		return lex_fail(p, "a header name is missing");
	n = node_new(NODE_TEST);
	n->test.header = xstrdup(p->value.ptr);
	lex_advance(p);
	if (p->token != T_CLOSE) {
		node_free(n);
		return lex_fail(p, "\")\" is missing");
	}
	lex_advance(p);
	return finish_test(p, n, "header", at);
}

static struct node *
flag_node(const struct queue_field *f)
{
	struct node *n = node_new(NODE_TEST);

	n->test.field = f;
	n->test.op = OP_FLAG;
	return n;
}

static struct node *
parse_flag(struct parser *p)
{
	const struct queue_field *f;

	lex_advance(p);			/* is */
	if (p->token != T_WORD)
		return lex_fail(p, "a flag is missing after \"is\"");
	f = queue_field_find(p->value.ptr, p->in_rcpt);
	if (f != NULL && f->type != FIELD_FLAG)	/* "local" is both */
		f = queue_field_find(p->value.ptr, false);
	if (f == NULL || f->type != FIELD_FLAG)
		return lex_fail_named(p, p->at, "unknown flag", p->value.ptr,
		    NULL);
	lex_advance(p);
	return flag_node(f);
}

static struct node *
parse_quantifier(struct parser *p, enum node_kind kind)
{
	struct node *n, *kid;

	if (p->in_rcpt)
		return lex_fail(p, "a quantifier inside a quantifier");
	lex_advance(p);			/* any, all, no */
	lex_advance(p);			/* rcpt */
	if (p->token != T_OPEN)
		return lex_fail(p, "\"(\" is missing after \"rcpt\"");
	lex_advance(p);
	p->in_rcpt = true;
	kid = parse_or(p);
	p->in_rcpt = false;
	if (kid == NULL)
		return NULL;
	if (p->token != T_CLOSE) {
		node_free(kid);
		return lex_fail(p, "\")\" is missing");
	}
	lex_advance(p);
	n = node_new(kind);
	node_add(n, kid);
	return n;
}

/* A test made here and not written by anybody. */
static struct node *
own_test(struct parser *p, const char *field, enum test_op op,
    const char *value)
{
	struct node *n = node_new(NODE_TEST);
	struct literal v;

	n->test.field = queue_field_find(field, false);
	n->test.op = op;
	if (op == OP_MATCH) {
		test_compile(p, &n->test, value, false);
	} else {
		literal_make(p, &n->test, value, true, &v);
		test_add_literal(&n->test, &v);
	}
	return n;
}

/* Could this word be somebody's queue ID? */
static bool
looks_like_id(const char *word)
{
	size_t len = strlen(word), digits = strspn(word, "0123456789ABCDEF");
	const char *z = strrchr(word, 'z');

	if (digits == len && len >= 8 && len <= 24 &&
	    strpbrk(word, "0123456789") != NULL)
		return true;
	return z != NULL && z - word >= 10 && len >= 14 && len <= 24 &&
	    strspn(word, "0123456789BCDFGHJKLMNPQRSTVWXYZ"
	    "bcdfghjklmnpqrstvwxyz") == len && isdigit((unsigned char)*word);
}

static void
quote_pattern(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\^$.[]|()?*+{}#", *text) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

static struct node *
parse_saved(struct parser *p, const char *name)
{
	struct parser inner = { .now = p->now, .in_rcpt = p->in_rcpt,
	    .depth = p->depth + 1, .value = BUF_INIT };
	const char *text = saved_find(name);
	struct buf what = BUF_INIT;
	struct err err = ERR_INIT;
	struct node *n;

	if (text == NULL)
		return lex_fail_named(p, p->at, "unknown saved selection", name,
		    NULL);
	if (inner.depth > DEPTH_MAX)
		return lex_fail_named(p, p->at, "saved selection refers to itself:",
		    name, NULL);
	inner.text = inner.next = text;
	inner.err = &err;
	lex_advance(&inner);
	n = parse_or(&inner);
	if (n != NULL && inner.token != T_END) {
		lex_fail(&inner, "unexpected text");
		node_free(n);
		n = NULL;
	}
	buf_done(&inner.value);
	if (n == NULL) {
		buf_addf(&what, "saved selection \"%.40s\": %.300s,", name,
		    err.text);
		lex_fail(p, what.ptr);
		buf_done(&what);
	}
	return n;
}

/* A word or string alone: an address, a domain, an ID, or text anywhere. */
static struct node *
parse_shorthand(struct parser *p)
{
	static const char *const anywhere[] = { "sender", "rcpt", "subject",
	    "reason" };
	struct buf pattern = BUF_INIT;
	const char *word = p->value.ptr;
	struct node *n;
	size_t i;

	if (p->token == T_WORD && word[0] == '@' &&
	    strchr(word, '.') == NULL)
		return parse_saved(p, word + 1);
	if (p->token == T_WORD && looks_like_id(word))
		return own_test(p, "id", OP_EQ, word);
	n = node_new(NODE_OR);
	if (p->token == T_WORD && word[0] == '@') {
		node_add(n, own_test(p, "sender.domain", OP_UNDER, word + 1));
		node_add(n, own_test(p, "rcpt.domain", OP_UNDER, word + 1));
		return n;
	}
	if (p->token == T_WORD && strchr(word, '@') != NULL) {
		node_add(n, own_test(p, "sender", OP_EQ, word));
		node_add(n, own_test(p, "rcpt", OP_EQ, word));
		return n;
	}
	quote_pattern(&pattern, word);
	for (i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		node_add(n, own_test(p, anywhere[i], OP_MATCH, pattern.ptr));
	buf_done(&pattern);
	return n;
}

/* ---- the grammar ---- */

static struct node *
parse_prim(struct parser *p)
{
	const struct queue_field *f;
	struct node *n;

	if (p->token == T_OPEN) {
		lex_advance(p);
		n = parse_or(p);
		if (n == NULL)
			return NULL;
		if (p->token != T_CLOSE) {
			node_free(n);
			return lex_fail(p, "\")\" is missing");
		}
		lex_advance(p);
		return n;
	}
	if (p->is_total) {
		if (p->token == T_WORD && operator_follows(p))
			return parse_test(p);
		return lex_fail(p, "a threshold such as \"deferred > 100\" "
		    "is missing");
	}
	if (p->token == T_STRING) {
		n = parse_shorthand(p);
		lex_advance(p);
		return n;
	}
	if (p->token != T_WORD)
		return lex_fail(p, p->token == T_END ? "a test is missing" :
		    "unexpected operator");
	if (lex_is_word(p, "any") && lex_next_is_word(p, "rcpt"))
		return parse_quantifier(p, NODE_ANY);
	if (lex_is_word(p, "all") && lex_next_is_word(p, "rcpt"))
		return parse_quantifier(p, NODE_ALL);
	if (lex_is_word(p, "no") && lex_next_is_word(p, "rcpt"))
		return parse_quantifier(p, NODE_NONE);
	if (lex_is_word(p, "is"))
		return parse_flag(p);
	if (lex_is_word(p, "header"))
		return parse_header(p);
	if (operator_follows(p))
		return parse_test(p);
	f = queue_field_find(p->value.ptr, p->in_rcpt);
	if (f != NULL && f->type == FIELD_FLAG) {
		lex_advance(p);
		return flag_node(f);
	}
	if (f != NULL)
		return lex_fail_named(p, p->at, "no operator after field", f->name,
		    "quote it to search for the word");
	if (lex_is_word(p, "and") || lex_is_word(p, "or") || lex_is_word(p, "in") ||
	    lex_is_word(p, "under") || lex_is_word(p, "between"))
		return lex_fail(p, "a test is missing");
	n = parse_shorthand(p);
	if (n != NULL)
		lex_advance(p);
	return n;
}

static struct node *
parse_not(struct parser *p)
{
	struct node *n, *kid;

	if (p->token != T_NOT && !lex_is_word(p, "not"))
		return parse_prim(p);
	if (++p->depth > DEPTH_MAX)
		return lex_fail(p, "nested too deeply");
	lex_advance(p);
	kid = parse_not(p);
	p->depth--;
	if (kid == NULL)
		return NULL;
	n = node_new(NODE_NOT);
	node_add(n, kid);
	return n;
}

/* kids joined by a word or a symbol */
static struct node *
parse_joined(struct parser *p, enum node_kind kind, const char *word,
    enum token symbol_token, struct node *(*parse_kid)(struct parser *p))
{
	struct node *first = parse_kid(p), *n, *kid;

	if (first == NULL || p->has_failed ||
	    (p->token != symbol_token && !lex_is_word(p, word)))
		return first;
	n = node_new(kind);
	node_add(n, first);
	while (p->token == symbol_token || lex_is_word(p, word)) {
		lex_advance(p);
		if ((kid = parse_kid(p)) == NULL) {
			node_free(n);
			return NULL;
		}
		node_add(n, kid);
	}
	return n;
}

static struct node *
parse_and(struct parser *p)
{
	return parse_joined(p, NODE_AND, "and", T_AND, parse_not);
}

static struct node *
parse_or(struct parser *p)
{
	struct node *n;

	if (++p->depth > DEPTH_MAX)
		return lex_fail(p, "nested too deeply");
	n = parse_joined(p, NODE_OR, "or", T_OR, parse_and);
	p->depth--;
	if (n != NULL && p->has_failed) {
		node_free(n);
		return NULL;
	}
	return n;
}

static struct queue_select *
parse(const char *text, bool is_total, time_t now, struct err *err)
{
	struct parser p = { .text = text, .next = text, .at = text,
	    .value = BUF_INIT, .is_total = is_total, .now = now, .err = err };
	struct queue_select *s;
	struct node *root;

	lex_advance(&p);
	root = p.has_failed ? NULL : parse_or(&p);
	if (root != NULL && p.token != T_END)
		lex_fail(&p, "unexpected text");
	buf_done(&p.value);
	if (root == NULL || p.has_failed) {
		node_free(root);
		return NULL;
	}
	node_set_tiers(root);
	s = xcalloc(1, sizeof(*s));
	s->root = root;
	s->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(s->limits, MATCH_DEPTH);
	return s;
}

struct queue_select *
queue_select_parse(const char *text, time_t now, struct err *err)
{
	return parse(text, false, now, err);
}

struct queue_select *
queue_total_parse(const char *text, time_t now, struct err *err)
{
	return parse(text, true, now, err);
}

void
queue_select_free(struct queue_select *s)
{
	if (s == NULL)
		return;
	node_free(s->root);
	pcre2_match_context_free(s->limits);
	free(s);
}
