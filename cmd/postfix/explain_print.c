/*
 * explain_print.c - the explanation of an address, for a person at 80 columns
 *
 * Three columns: what, its value, and what made it so. Only what holds in the
 * end is shown; --steps and --json have the rest.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/route/rewrite.h"

#define WIDTH		79
#define VALUE_AT	13	/* columns before the value */
#define WHY_AT		32	/* ... and before the reason, if the value leaves room */
#define FOLD_AT		15
#define DEPTH_SHOWN	10	/* of aliases in aliases */

/* How much of a word fits; what is longer than a line is cut, but no character is. */
static size_t
word_len(const char *text, size_t room)
{
	size_t len = strcspn(text, " ");

	if (len <= room)
		return len;
	while (room > 1 && ((unsigned char)text[room] & 0xc0) == 0x80)
		room--;
	return room;
}

/* Fold text between these columns; col is where the cursor is. */
static void
put_folded(FILE *out, const char *text, size_t col, size_t indent)
{
	size_t len;

	while (*text != '\0') {
		len = word_len(text, indent + 1 < WIDTH ? WIDTH - indent : 1);
		if (col > indent && col + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			col = indent;
		} else if (col > indent) {
			putc(' ', out);
			col++;
		}
		fwrite(text, 1, len, out);
		col += len;
		text += len;
		text += strspn(text, " ");
	}
}

void
explain_line(FILE *out, const char *label, const char *value, const char *why)
{
	struct buf v = BUF_INIT, w = BUF_INIT;
	size_t col, blanks;

	text_visible(&v, value, 0);
	fprintf(out, "  %-*s", VALUE_AT - 2, label);
	if (why == NULL) {
		blanks = strspn(v.ptr, " ");
		fprintf(out, "%*s", (int)blanks, "");
		put_folded(out, v.ptr + blanks, VALUE_AT + blanks,
		    VALUE_AT + blanks);
	} else {
		text_visible(&w, why, 0);
		fputs(v.ptr, out);
		col = VALUE_AT + v.len;
		if (col < WHY_AT - 1 && WHY_AT + w.len <= WIDTH) {
			fprintf(out, "%*s%s", (int)(WHY_AT - col), "", w.ptr);
		} else if (col + 2 + w.len <= WIDTH) {
			fprintf(out, "  %s", w.ptr);
		} else {
			fprintf(out, "\n%*s", FOLD_AT, "");
			put_folded(out, w.ptr, FOLD_AT, FOLD_AT);
		}
	}
	putc('\n', out);
	buf_done(&v);
	buf_done(&w);
}

/* ---- why ---- */

/*
 * "lmdb:transport line 3", or the key where there are no lines. A name is told
 * as it is usually written: from the configuration directory; a table that
 * stands in main.cf itself without what is in it.
 */
static void
put_table(struct buf *out, const struct explain_step *s)
{
	const char *colon = strchr(s->table, ':'), *name;
	size_t dir = strlen(params.config_directory);

	name = colon != NULL ? colon + 1 : s->table;
	buf_add(out, s->table, (size_t)(name - s->table));
	if (*name == '{')
		buf_adds(out, "{...}");
	else if (strncmp(name, params.config_directory, dir) == 0 &&
	    name[dir] == '/')
		buf_adds(out, name + dir + 1);
	else
		buf_adds(out, name);
	if (s->line != 0)
		buf_addf(out, " line %d", s->line);
	else
		buf_addf(out, " \"%s\"", s->key);
}

static void
put_why(struct buf *out, const struct explain_step *s)
{
	if (s->table != NULL) {
		buf_addf(out, "%s: ", s->parameter);
		put_table(out, s);
	} else if (s->parameter != NULL) {
		buf_addf(out, "%s (%s)", s->parameter, s->source);
	}
	if (s->note != NULL)
		buf_addf(out, "%s%s", out->len > 0 ? ": " : "", s->note);
}

static void
put_step(FILE *out, const char *label, const char *value,
    const struct explain_step *s)
{
	struct buf why = BUF_INIT;

	put_why(&why, s);
	explain_line(out, label, value, why.ptr);
	buf_done(&why);
}

static const char *
label_of(const char *what)
{
	return strcmp(what, "nexthop") == 0 ? "next hop" :
	    strcmp(what, "bcc") == 0 ? "copy to" : what;
}

/* ---- aliases ---- */

static bool
has_tree(const struct explanation *x)
{
	size_t i;

	for (i = 0; i < x->node_count; i++)
		if (x->nodes[i].has_children)
			return true;
	return false;
}

/* Does it stand for itself by way of others? */
static bool
is_loop(const struct explanation *x, size_t i)
{
	size_t up;

	for (up = x->nodes[i].parent; up != EXPLAIN_TOP;
	    up = x->nodes[up].parent)
		if (strcasecmp(x->nodes[up].address, x->nodes[i].address) == 0)
			return true;
	return false;
}

static void
add_word(struct buf *out, const char *text)
{
	buf_addf(out, "%s%s", out->len > 0 ? "; " : "", text);
}

static void
put_node(FILE *out, const struct explanation *x, size_t i)
{
	const struct explain_node *n = &x->nodes[i];
	bool is_end = n->depth == DEPTH_SHOWN || is_loop(x, i);
	struct buf text = BUF_INIT, why = BUF_INIT;
	size_t k;

	for (k = i + 1; k < x->node_count; k++)
		if (x->nodes[k].parent == i)
			break;
	buf_addf(&text, "%*s%s%s", (int)n->depth * 2, "",
	    n->depth > 0 ? "> " : "", n->address);
	if (k < x->node_count)
		put_table(&why, &x->nodes[k].origin);
	if (n->is_self)
		add_word(&why, "and itself");
	if (n->is_duplicate)
		add_word(&why, "delivered once, see above");
	if (is_loop(x, i))
		buf_sets(&why, "a loop");
	explain_line(out, n->parent == EXPLAIN_TOP ? "aliases" : "", text.ptr,
	    why.len > 0 ? why.ptr : NULL);
	for (; !is_end && k < x->node_count; k++)
		if (x->nodes[k].parent == i)
			put_node(out, x, k);
	buf_done(&text);
	buf_done(&why);
}

/* ---- one way ---- */

static void
add_unit(struct buf *out, int n, const char *none, const char *fmt)
{
	if (out->len > 0)
		buf_adds(out, ", ");
	if (n == 0)
		buf_adds(out, none);
	else
		buf_addf(out, "%d %s", n, fmt);
}

void
explain_limits(const struct explain_agent *a, struct buf *out)
{
	int parallel = a->rate_delay_s > 0 ? 1 : a->concurrency;

	add_unit(out, parallel, "any number at a time",
	    parallel == 1 ? "delivery at a time" : "deliveries at a time");
	add_unit(out, a->recipients, "any number of recipients each",
	    a->recipients == 1 ? "recipient each" : "recipients each");
	if (a->rate_delay_s > 0)
		add_unit(out, a->rate_delay_s, "", "s between deliveries");
	if (a->transport_delay_s > 0)
		add_unit(out, a->transport_delay_s, "",
		    "s between deliveries of the transport");
	if (a->processes > 0)
		buf_addf(out, ", up to %d process%s", a->processes,
		    a->processes == 1 ? "" : "es");
}

static void
put_agent(FILE *out, const struct explain_agent *a, const char *transport)
{
	struct buf text = BUF_INIT;

	explain_limits(a, &text);
	explain_line(out, "limits", text.ptr, NULL);
	if (a->is_put_off) {
		buf_setf(&text, "until a flush: defer_transports has \"%s\"",
		    transport);
		explain_line(out, "waits", text.ptr, NULL);
	}
	if (a->has_client) {
		put_step(out, "TLS", a->tls.ptr, &a->tls_step);
		put_step(out, "login", a->login.ptr, &a->login_step);
	}
	buf_done(&text);
}

/* What is no route says what becomes of mail instead. */
static const char *
fate(const struct explain_way *w)
{
	if ((w->flags & RESOLVE_FAIL) != 0)
		return "a table cannot answer: mail waits";
	if (w->agent.is_unknown)
		return "master.cf has no such service: mail waits, \"mail "
		    "transport unavailable\"";
	if (strcmp(w->transport.ptr, "retry") == 0)
		return "mail waits, and is returned when it is too old";
	return w->verdict == EXPLAIN_NO_ROUTE ? "mail is returned" : NULL;
}

/* "=> transport:nexthop recipient" */
static void
put_result(FILE *out, const struct explain_way *w)
{
	struct buf text = BUF_INIT, safe = BUF_INIT;

	buf_addf(&text, "%s:%s ", w->transport.ptr, w->nexthop.ptr);
	address_quote(&text, w->recipient.ptr);
	text_visible(&safe, text.ptr, 0);
	fprintf(out, "  => %s\n", safe.ptr);
	if (fate(w) != NULL)
		fprintf(out, "     %s\n", fate(w));
	buf_done(&text);
	buf_done(&safe);
}

static bool
is_same_reason(const struct explain_step *a, const struct explain_step *b)
{
	return a != NULL && b != NULL && a->parameter != NULL &&
	    b->parameter != NULL && strcmp(a->parameter, b->parameter) == 0;
}

static void
put_way(FILE *out, const struct explain_way *w)
{
	const struct explain_steps *l = &w->steps;
	const struct explain_step *transport = explain_step_last(l,
	    "transport"), *nexthop = explain_step_last(l, "nexthop"), *s;
	bool is_refused = false;
	static const char *const ends[] = { "relocated", "error" };
	size_t i;

	if ((s = explain_step_last(l, "local")) != NULL)
		put_step(out, "local", s->value, s);
	if ((s = explain_step_last(l, "class")) != NULL)
		put_step(out, "class", s->value, s);
	for (i = 0; i < 2; i++) {
		if ((s = explain_step_last(l, ends[i])) == NULL)
			continue;
		put_step(out, ends[i], s->value, s);
		is_refused = true;
	}
	if (!is_refused && transport != NULL)
		put_step(out, "transport", transport->value, transport);
	if (!is_refused && is_same_reason(transport, nexthop))
		explain_line(out, "next hop", nexthop->value, NULL);
	else if (!is_refused && nexthop != NULL)
		put_step(out, "next hop", nexthop->value, nexthop);
	if (w->verdict != EXPLAIN_NO_ROUTE && (w->flags & RESOLVE_FAIL) == 0)
		put_agent(out, &w->agent, w->transport.ptr);
	put_result(out, w);
	if (w->live != NULL)
		explain_line(out, "LIVE", w->live, "the running service says "
		    "so: a table or main.cf has changed since it read it");
}

/* ---- the whole ---- */

static void
put_title(FILE *out, const char *text, const char *more)
{
	struct buf safe = BUF_INIT;

	text_visible(&safe, text, 0);
	fprintf(out, "%s%s\n", safe.ptr, more);
	buf_done(&safe);
}

/* What makes the answer another one than main.cf's routing alone would be. */
static void
put_notes(const struct explain_question *q, FILE *out)
{
	if (text_list_has(params.receive_override_options,
	    "no_address_mappings"))
		explain_line(out, "note", "receive_override_options has "
		    "no_address_mappings: canonical tables, masquerading, "
		    "aliases and copies are left out", NULL);
	if (*params.content_filter != '\0')
		explain_line(out, "filter", params.content_filter,
		    "content_filter: mail goes there first; what follows is for "
		    "when it comes back");
	if (q->sender == NULL &&
	    (*params.sender_dependent_relayhost_maps != '\0' ||
	    *params.sender_dependent_default_transport_maps != '\0'))
		explain_line(out, "note", "the way depends on the sender: "
		    "without --from this is that of the null sender", NULL);
}

void
explain_print(const struct explain_question *q, const struct explanation *x,
    FILE *out)
{
	bool is_rcpt = q->class == CLASS_ENV_RCPT;
	const struct explain_step *s;
	const struct explain_way *w;
	size_t i;

	if (x->lookups.len > 0)
		fprintf(out, "%s\n", x->lookups.ptr);
	put_title(out, x->given, "");
	if (is_rcpt)
		put_notes(q, out);
	for (i = 0; is_rcpt && i < q->sender_rewriting.count; i++)
		put_step(out, "sender", q->sender_rewriting.items[i].value,
		    &q->sender_rewriting.items[i]);
	for (i = 0; i < x->rewriting.count; i++) {
		s = &x->rewriting.items[i];
		put_step(out, label_of(s->what), s->value, s);
	}
	for (i = 0; i < x->node_count; i++)
		if (x->nodes[i].parent == EXPLAIN_TOP &&
		    x->nodes[i].has_children)
			put_node(out, x, i);
	if (x->problem != NULL)
		explain_line(out, "problem", x->problem, NULL);
	else if (!is_rcpt)
		put_title(out, x->rewritten.ptr, "");
	for (w = x->ways; w < x->ways + x->way_count; w++) {
		if (has_tree(x) || x->way_count > 1) {
			putc('\n', out);
			put_title(out, w->address, "");
		}
		put_way(out, w);
	}
	if (q->asked + q->count > x + 1)
		putc('\n', out);
}
