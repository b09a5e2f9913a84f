/*
 * queue_select_compare.c - what a test's operator says of one value
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select_eval.h"

#include <fnmatch.h>
#include <pthread.h>
#include <string.h>

#include "lib/queue/queue_select_internal.h"
#include "lib/table/table.h"

static enum queue_select_result
yes_if(bool is_so)
{
	return is_so ? SELECT_YES : SELECT_NO;
}

/* ---- one value ---- */

static bool
compare(int64_t have, enum test_op op, int64_t want)
{
	switch (op) {
	case OP_EQ: return have == want;
	case OP_NE: return have != want;
	case OP_LT: return have < want;
	case OP_LE: return have <= want;
	case OP_GT: return have > want;
	case OP_GE: return have >= want;
	default: return false;
	}
}

static bool
is_in_network(const struct literal *ip, const struct literal *net)
{
	unsigned bytes = net->prefix / 8, bits = net->prefix % 8;

	if (ip->family != net->family || ip->family == 0 ||
	    memcmp(ip->ip, net->ip, bytes) != 0)
		return false;
	return bits == 0 || ((ip->ip[bytes] ^ net->ip[bytes]) >>
	    (8 - bits)) == 0;
}

static bool
is_under(const char *domain, const char *parent)
{
	size_t have = strlen(domain), want = strlen(parent);

	if (have < want || strcmp(domain + have - want, parent) != 0)
		return false;
	return have == want || domain[have - want - 1] == '.';
}

static bool
equals(const struct literal *v, const char *folded)
{
	if (v->is_glob)
		return fnmatch(v->text, folded, 0) == 0;
	return strcmp(v->text, folded) == 0;
}

static enum queue_select_result
matches(const struct walk *w, const struct test *t, const char *text)
{
	int rc;

	if (w->c->match == NULL)
		w->c->match = pcre2_match_data_create(1, NULL);
	rc = pcre2_match(t->regex, (PCRE2_SPTR)text, strlen(text), 0, 0,
	    w->c->match, w->s->limits);
	if (rc >= 0)
		return SELECT_YES;
	return rc == PCRE2_ERROR_NOMATCH ? SELECT_NO : SELECT_UNKNOWN;
}

static enum queue_select_result
is_in_texts(const struct test *t, const char *folded)
{
	static pthread_mutex_t map_lock = PTHREAD_MUTEX_INITIALIZER;
	struct literal *found;
	enum table_result answer;
	size_t i;

	if (t->map != NULL) {
		/* A table serves one thread. */
		pthread_mutex_lock(&map_lock);
		answer = table_lookup(t->map, folded, NULL, NULL);
		pthread_mutex_unlock(&map_lock);
		switch (answer) {
		case TABLE_FOUND: return SELECT_YES;
		case TABLE_NOT_FOUND: return SELECT_NO;
		default: return SELECT_UNKNOWN;
		}
	}
	HASH_FIND_STR(t->set, folded, found);
	if (found != NULL)
		return SELECT_YES;
	for (i = 0; i < t->value_count; i++)
		if (t->values[i].is_glob && equals(&t->values[i], folded))
			return SELECT_YES;
	return SELECT_NO;
}

static enum queue_select_result
test_ip(const struct test *t, const char *text)
{
	struct literal ip = { .family = 0 };
	bool is_in = false;
	size_t i;

	if (t->map != NULL)
		return is_in_texts(t, text);
	literal_ip(text, &ip);
	for (i = 0; i < t->value_count; i++)
		is_in |= is_in_network(&ip, &t->values[i]);
	return yes_if(is_in);
}

static enum queue_select_result
test_text(struct walk *w, const struct test *t, const char *text)
{
	enum queue_field_type type = t->field != NULL ? t->field->type :
	    FIELD_TEXT;

	if (t->op == OP_MATCH || t->op == OP_NMATCH)
		return matches(w, t, type == FIELD_ADDRESS &&
		    text[0] == '\0' ? "<>" : text);
	if (type == FIELD_IP)
		return test_ip(t, text);
	buf_reset(&w->folded);
	literal_fold(&w->folded, type, test_is_id(t), text);
	switch (t->op) {
	case OP_IN:
	case OP_NOT_IN:
		return is_in_texts(t, w->folded.ptr);
	case OP_UNDER:
		return yes_if(is_under(w->folded.ptr, t->values[0].text));
	default:
		return yes_if(equals(&t->values[0], w->folded.ptr));
	}
}

static enum queue_select_result
test_number(const struct test *t, int64_t have)
{
	size_t i;

	switch (t->op) {
	case OP_FLAG:
		return yes_if(have != 0);
	case OP_BETWEEN:
		return yes_if(have >= t->values[0].number &&
		    have <= t->values[1].number);
	case OP_IN:
	case OP_NOT_IN:
		for (i = 0; i < t->value_count; i++)
			if (t->values[i].number == have)
				return yes_if(t->op == OP_IN);
		return yes_if(t->op == OP_NOT_IN);
	default:
		return yes_if(compare(have, t->op, t->values[0].number));
	}
}

enum queue_select_result
eval_compare(struct walk *w, const struct test *t, const struct queue_value *v)
{
	enum queue_select_result r;

	if (v->kind == VALUE_UNKNOWN)
		return SELECT_UNKNOWN;
	if (v->kind == VALUE_NUMBER)
		return test_number(t, v->number);
	r = test_text(w, t, v->text);
	if (r != SELECT_UNKNOWN && (t->op == OP_NE || t->op == OP_NMATCH ||
	    t->op == OP_NOT_IN))
		r = yes_if(r == SELECT_NO);
	return r;
}
