/*
 * queue_select_operand.c - the operator and the operands of one test
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_select_lex.h"
#include "lib/table/table.h"

#define SET_FILE_MAX	(256 * 1024 * 1024)

void
test_add_literal(struct test *t, const struct literal *v)
{
	/* Doubling by powers of two: a file may hold millions. */
	if ((t->value_count & (t->value_count - 1)) == 0)
		t->values = xreallocarray(t->values, t->value_count == 0 ? 1 :
		    t->value_count * 2, sizeof(*t->values));
	t->values[t->value_count++] = *v;
}

static bool
take_value(struct parser *p, struct test *t)
{
	struct literal v;
	struct buf hint = BUF_INIT;

	if (p->token != T_WORD && p->token != T_STRING) {
		lex_fail(p, "a value is missing");
		return false;
	}
	if (!literal_make(p, t, p->value.ptr, p->token == T_STRING, &v)) {
		buf_addf(&hint, "%s needs %s", t->field->name,
		    literal_type_name(t->field->type));
		lex_fail_named(p, p->at, "bad value", p->value.ptr, hint.ptr);
		buf_done(&hint);
		return false;
	}
	test_add_literal(t, &v);
	lex_advance(p);
	return !p->has_failed;
}

static bool
has_order(enum queue_field_type type)
{
	return type == FIELD_NUMBER || type == FIELD_SIZE ||
	    type == FIELD_DURATION || type == FIELD_TIME;
}

bool
test_may_apply(enum queue_field_type type, enum test_op op)
{
	switch (op) {
	case OP_EQ: case OP_NE: case OP_IN: case OP_NOT_IN:
		return type != FIELD_FLAG;
	case OP_MATCH: case OP_NMATCH:
		return type == FIELD_ADDRESS || type == FIELD_DOMAIN ||
		    type == FIELD_TEXT;
	case OP_LT: case OP_LE: case OP_GT: case OP_GE: case OP_BETWEEN:
		return has_order(type);
	case OP_UNDER:
		return type == FIELD_DOMAIN;
	case OP_FLAG:
		return type == FIELD_FLAG;
	}
	return false;
}

bool
test_compile(struct parser *p, struct test *t, const char *pattern,
    bool is_case_sensitive)
{
	struct buf what = BUF_INIT;
	PCRE2_UCHAR why[128];
	PCRE2_SIZE offset;
	int number;

	t->pattern = xstrdup(pattern);
	t->is_case_sensitive = is_case_sensitive;
	t->regex = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
	    (is_case_sensitive ? 0 : PCRE2_CASELESS), &number, &offset, NULL);
	if (t->regex == NULL) {
		pcre2_get_error_message(number, why, sizeof(why));
		buf_addf(&what, "bad pattern (%s)", (char *)why);
		lex_fail(p, what.ptr);
		buf_done(&what);
		return false;
	}
	pcre2_jit_compile(t->regex, PCRE2_JIT_COMPLETE);
	return true;
}

/* "\/" means '/' in either way of writing a pattern. */
static void
normal_pattern(struct buf *b)
{
	struct buf out = BUF_INIT;
	const char *s;

	for (s = b->ptr; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			if (*s != '/')
				buf_addc(&out, '\\');
		}
		buf_addc(&out, *s);
	}
	buf_swap(b, &out);
	buf_done(&out);
}

static bool
take_pattern(struct parser *p, struct test *t)
{
	bool is_good;

	if (p->token != T_REGEX && p->token != T_WORD &&
	    p->token != T_STRING) {
		lex_fail(p, "a pattern is missing");
		return false;
	}
	if (p->token != T_REGEX) {
		p->is_case_sensitive = false;
		normal_pattern(&p->value);
	}
	is_good = test_compile(p, t, p->value.ptr, p->is_case_sensitive);
	if (is_good)
		lex_advance(p);
	return is_good && !p->has_failed;
}

static bool
read_set_file(struct parser *p, struct test *t, const char *path)
{
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct literal v;
	char *rest, *line, *end, where[32];

	if (file_read(path, &file, SET_FILE_MAX, &err) == -1) {
		lex_fail(p, err.text);
		return false;
	}
	rest = file.ptr;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t\r");
		for (end = line + strlen(line); end > line &&
		    strchr(" \t\r", end[-1]) != NULL; )
			*--end = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		/* Times are read from p's token: not from files. */
		if ((t->field != NULL && t->field->type == FIELD_TIME) ||
		    !literal_make(p, t, line, true, &v)) {
			snprintf(where, sizeof(where), "%.30s", line);
			lex_fail_named(p, p->at, "bad value in file", where, NULL);
			buf_done(&file);
			return false;
		}
		test_add_literal(t, &v);
	}
	buf_done(&file);
	return true;
}

static void
keep_source(struct test *t, const char *kind, const char *name)
{
	struct buf b = BUF_INIT;
	const char *s;

	buf_addf(&b, "%s \"", kind);
	for (s = name; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, *s);
	}
	buf_addc(&b, '"');
	t->source = buf_take(&b);
}

/* Behind "in": a set, a file, a table, one value. */
static bool
take_set(struct parser *p, struct test *t)
{
	struct err err = ERR_INIT;
	struct literal *v, *old;
	bool is_text;
	size_t i;

	if (lex_is_word(p, "@file") || lex_is_word(p, "map")) {
		bool is_map = lex_is_word(p, "map");

		lex_advance(p);
		if (p->token != T_STRING && p->token != T_WORD) {
			lex_fail(p, is_map ? "a table name is missing" :
			    "a file name is missing");
			return false;
		}
		keep_source(t, is_map ? "map" : "@file", p->value.ptr);
		if (is_map) {
			t->map = table_open(p->value.ptr, TABLE_READ,
			    TABLE_FOLD, &err);
			if (t->map == NULL) {
				lex_fail(p, err.text);
				return false;
			}
		} else if (!read_set_file(p, t, p->value.ptr)) {
			return false;
		}
		lex_advance(p);
	} else if (p->token == T_OPEN) {
		do {
			lex_advance(p);
			if (!take_value(p, t))
				return false;
		} while (p->token == T_COMMA);
		if (p->token != T_CLOSE) {
			lex_fail(p, "\")\" is missing");
			return false;
		}
		lex_advance(p);
	} else if (!take_value(p, t)) {
		return false;
	}
	is_text = t->field == NULL || (!has_order(t->field->type) &&
	    t->field->type != FIELD_IP);
	for (i = 0; is_text && i < t->value_count; i++) {
		v = &t->values[i];
		if (v->is_glob)
			continue;
		HASH_FIND_STR(t->set, v->text, old);
		if (old == NULL)
			HASH_ADD_KEYPTR(hh, t->set, v->text, strlen(v->text),
			    v);
	}
	return !p->has_failed;
}

bool
test_take_operands(struct parser *p, struct test *t)
{
	switch (t->op) {
	case OP_MATCH:
	case OP_NMATCH:
		return take_pattern(p, t);
	case OP_IN:
	case OP_NOT_IN:
		return take_set(p, t);
	case OP_BETWEEN:
		if (!take_value(p, t))
			return false;
		if (!lex_accept_word(p, "and")) {
			lex_fail(p, "\"and\" is missing after \"between\"");
			return false;
		}
		return take_value(p, t);
	default:
		return take_value(p, t);
	}
}

/*
 * The operator at the current token, which is passed; -1 when there is none.
 */
int
test_take_operator(struct parser *p)
{
	static const enum test_op ops[] = { [T_EQ] = OP_EQ, [T_NE] = OP_NE,
	    [T_MATCH] = OP_MATCH, [T_NMATCH] = OP_NMATCH, [T_LT] = OP_LT,
	    [T_LE] = OP_LE, [T_GT] = OP_GT, [T_GE] = OP_GE };
	enum token token = p->token;

	if (token >= T_EQ && token <= T_GE) {
		if (token == T_MATCH || token == T_NMATCH)
			lex_pattern(p);
		else
			lex_advance(p);
		return (int)ops[token];
	}
	if (lex_accept_word(p, "under"))
		return OP_UNDER;
	if (lex_accept_word(p, "between"))
		return OP_BETWEEN;
	if (lex_accept_word(p, "in"))
		return OP_IN;
	if (lex_is_word(p, "not") && lex_next_is_word(p, "in")) {
		lex_advance(p);
		lex_advance(p);
		return OP_NOT_IN;
	}
	return -1;
}
