/*
 * queue_select.c - evaluate a selection against a message; print it
 *
 * Three values after Kleene: "and" is false when one side is, "or" is true
 * when one side is, whatever the other may be. So a tree is tried with what
 * the directory entry tells while all else counts as unknown, then with the
 * envelope, and so on, and stops as soon as the outcome is certain.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select_internal.h"
#include "lib/table/table.h"

#define NTH_MAX		1000	/* fields of one name in a header */
#define TIER_QUEUE	(-1)	/* only the name of the queue is known */

/* How far evaluation may go, and where it stands. */
struct walk {
	const struct queue_select *s;
	struct queue_field_context *c;
	int		 tier;
	bool		 in_rcpt;
	size_t		 rcpt;
	const size_t	*only;		/* this recipient alone is asked about */
	struct buf	 folded;
};

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
				return SELECT_YES;
		return SELECT_NO;
	default:
		return yes_if(compare(have, t->op, t->values[0].number));
	}
}

/* What the test's operator says of one value, "not" forms included. */
static enum queue_select_result
test_value(struct walk *w, const struct test *t, const struct queue_value *v)
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

/* ---- one test ---- */

static void
get(struct walk *w, const struct test *t, size_t rcpt, size_t nth,
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
		get(w, t, rcpt, nth, &v);
		if (v.kind == VALUE_ABSENT)
			break;
		r = test_value(w, t, &v);
		if (r == SELECT_YES)
			return SELECT_YES;
		if (r == SELECT_UNKNOWN)
			sum = SELECT_UNKNOWN;
		if (v.kind == VALUE_UNKNOWN)
			break;
	}
	/* A header that is not there is different from any text. */
	if (nth == 0 && v.kind == VALUE_ABSENT && (t->field == NULL ||
	    t->field->tier == TIER_HEADERS) && (t->op == OP_NE ||
	    t->op == OP_NMATCH || t->op == OP_NOT_IN))
		return SELECT_YES;
	return sum;
}

/* May recipients be counted now? */
static bool
knows_rcpts(struct walk *w)
{
	if (w->tier < TIER_ENVELOPE)
		return false;
	if (!w->c->m->is_told)
		queue_message_want(w->c->m, QUEUE_MESSAGE_ENVELOPE, NULL);
	return !w->c->m->is_gone && !w->c->m->is_damaged;
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
		return test_value(w, t, &v);
	}
	if (n->tier > w->tier)
		return SELECT_UNKNOWN;
	if (t->field == NULL || t->field->inner == NULL)
		return test_one(w, t, 0);
	if (!knows_rcpts(w))
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

static enum queue_select_result eval(struct walk *w, const struct node *n);

static enum queue_select_result
negate(enum queue_select_result r)
{
	return r == SELECT_UNKNOWN ? r : yes_if(r == SELECT_NO);
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
	for (tier = TIER_ENTRY; tier <= TIER_HEADERS; tier++) {
		for (i = 0; i < n->kid_count; i++) {
			if (n->kids[i]->tier != tier)
				continue;
			r = eval(w, n->kids[i]);
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

	if (!knows_rcpts(w))
		return SELECT_UNKNOWN;
	w->in_rcpt = true;
	for (i = 0; i < w->c->m->rcpt_count && sum != SELECT_YES; i++) {
		if (w->only != NULL && *w->only != i)
			continue;
		w->rcpt = i;
		r = eval(w, kid);
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

	if (!knows_rcpts(w))
		return SELECT_UNKNOWN;
	if (w->c->m->rcpt_count == 0)
		return SELECT_NO;
	w->in_rcpt = true;
	for (i = 0; i < w->c->m->rcpt_count && sum != SELECT_NO; i++) {
		w->rcpt = i;
		r = eval(w, kid);
		if (r != SELECT_YES)
			sum = r;
	}
	w->in_rcpt = false;
	return sum;
}

static enum queue_select_result
eval(struct walk *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_AND:
		return eval_joined(w, n, SELECT_NO);
	case NODE_OR:
		return eval_joined(w, n, SELECT_YES);
	case NODE_NOT:
		return negate(eval(w, n->kids[0]));
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
		r = eval(&w, s->root);
		if (c->m->is_gone)
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
	may = eval(&w, s->root) != SELECT_NO;
	buf_done(&w.folded);
	queue_message_done(&m);
	return may;
}

int
queue_select_tier(const struct queue_select *s)
{
	return s->root->top_tier;
}

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

/* ---- why ---- */

static void
why_values(struct walk *w, const struct test *t, struct buf *out)
{
	struct queue_value v;
	size_t i, n = t->field != NULL && t->field->inner != NULL &&
	    knows_rcpts(w) ? w->c->m->rcpt_count : 1;

	for (i = 0; i < n; i++) {
		get(w, t, i, 0, &v);
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
		    in_rcpt ? "" : answers[eval(w, n)]);
		print_test(out, &n->test, in_rcpt);
		buf_adds(out, "    [");
		why_values(w, &n->test, out);
		buf_adds(out, "]\n");
		return;
	}
	buf_addf(out, "%*s%-8s%s\n", depth * 2, "", in_rcpt ? "" :
	    answers[eval(w, n)], n->kind == NODE_AND ? "and" :
	    n->kind == NODE_OR ? "or" : n->kind == NODE_NOT ? "not" :
	    n->kind == NODE_ANY ? "any rcpt" : n->kind == NODE_ALL ?
	    "all rcpt" : "no rcpt");
	for (i = 0; i < n->kid_count; i++)
		why_node(w, n->kids[i], in_rcpt || (n->kind >= NODE_ANY &&
		    n->kind <= NODE_NONE), depth + 1, out);
}

void
queue_select_why(const struct queue_select *s, struct queue_field_context *c,
    struct buf *out)
{
	struct walk w = { .s = s, .c = c, .tier = TIER_HEADERS,
	    .folded = BUF_INIT };

	why_node(&w, s->root, false, 0, out);
	buf_done(&w.folded);
}

int
queue_select_setup(const char *home, struct err *err)
{
	struct buf path = BUF_INIT;
	int rc = 0;

	if (params.posthorn_reasons_file[0] != '\0' &&
	    queue_reason_load(params.posthorn_reasons_file, err) == -1)
		return -1;
	if (params.posthorn_selections[0] != '\0' &&
	    queue_select_saved(params.posthorn_selections, err) == -1)
		return -1;
	if (home == NULL)
		return 0;
	buf_setf(&path, "%s/.config/posthorn/selections", home);
	if (access(path.ptr, R_OK) == 0)
		rc = queue_select_saved(path.ptr, err);
	buf_done(&path);
	return rc;
}

void
queue_select_queues(const struct queue_select *s,
    const char *queues[QUEUE_SELECT_QUEUES])
{
	static const char *const all[] = { "maildrop", "active", "incoming",
	    "deferred", "hold" };
	struct buf normal = BUF_INIT;
	size_t i, n = 0;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (s == NULL || queue_select_may_match(s, all[i]))
			queues[n++] = all[i];
	if (s != NULL) {
		queue_select_print(s, &normal);
		if (strstr(normal.ptr, "\"corrupt\"") != NULL &&
		    queue_select_may_match(s, "corrupt"))
			queues[n++] = "corrupt";
	}
	queues[n] = NULL;
	buf_done(&normal);
}
