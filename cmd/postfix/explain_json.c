/*
 * explain_json.c - the explanation of an address, one JSON object
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/mail/address.h"
#include "lib/route/rewrite.h"

/* A member that holds an address, in external form. */
static void
put_address(struct buf *out, const char *name, const char *internal)
{
	struct buf external = BUF_INIT;

	address_quote(&external, internal);
	json_member(out, name, external.ptr);
	buf_done(&external);
}

/* Members of a step, each after ", ". */
static void
put_origin(struct buf *out, const struct explain_step *s)
{
	table_report_members(out, "parameter", s->parameter, "source",
	    s->table == NULL ? s->source : NULL, "table", s->table, "key",
	    s->key, NULL);
	if (s->line != 0)
		table_report_members(out, "#line", (long long)s->line, NULL);
	table_report_members(out, "note", s->note, NULL);
}

static void
put_steps(struct buf *out, const char *name, const struct explain_steps *l)
{
	size_t i;

	buf_addf(out, ", \"%s\": [", name);
	for (i = 0; i < l->count; i++) {
		buf_adds(out, i > 0 ? ", {" : "{");
		json_member(out, "step", l->items[i].what);
		table_report_members(out, "value", l->items[i].value, NULL);
		put_origin(out, &l->items[i]);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static void
put_tree(struct buf *out, const struct explanation *x)
{
	const struct explain_node *n;
	size_t i;

	buf_adds(out, ", \"expansion\": [");
	for (i = 0; i < x->node_count; i++) {
		n = &x->nodes[i];
		buf_adds(out, i > 0 ? ", {" : "{");
		put_address(out, "address", n->address);
		buf_addf(out, ", \"depth\": %u", n->depth);
		if (n->parent != EXPLAIN_TOP)
			buf_addf(out, ", \"of\": %zu", n->parent);
		buf_addf(out, ", \"copy\": %s, \"duplicate\": %s, "
		    "\"final\": %s", n->is_copy ? "true" : "false",
		    n->is_duplicate ? "true" : "false",
		    !n->has_children || n->is_self ? "true" : "false");
		put_origin(out, &n->origin);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static void
put_agent(struct buf *out, const struct explain_agent *a)
{
	if (a->is_unknown) {
		buf_adds(out, ", \"known\": false");
		return;
	}
	table_report_members(out,
	    "#concurrency_limit", (long long)a->concurrency,
	    "#recipient_limit", (long long)a->recipients,
	    "#rate_delay", (long long)a->rate_delay_s,
	    "#transport_rate_delay", (long long)a->transport_delay_s,
	    "#process_limit", (long long)a->processes, NULL);
	buf_addf(out, ", \"known\": true, \"deferred\": %s",
	    a->is_put_off ? "true" : "false");
	if (!a->has_client)
		return;
	buf_adds(out, ", \"tls\": {");
	json_member(out, "policy", a->tls.ptr);
	put_origin(out, &a->tls_step);
	buf_adds(out, "}, \"login\": {");
	json_member(out, "password", a->login.ptr);
	put_origin(out, &a->login_step);
	buf_addc(out, '}');
}

static const char *
class_name(unsigned flags)
{
	return (flags & RESOLVE_LOCAL) != 0 ? "local" :
	    (flags & RESOLVE_ALIAS) != 0 ? "virtual alias" :
	    (flags & RESOLVE_MAILBOX) != 0 ? "virtual mailbox" :
	    (flags & RESOLVE_RELAY) != 0 ? "relay" : "default";
}

static const char *
verdict_name(enum explain_verdict v)
{
	return v == EXPLAIN_DECIDED ? "decided" : v == EXPLAIN_NO_ROUTE ?
	    "no route" : "error";
}

static void
put_way(struct buf *out, const struct explain_way *w)
{
	buf_addc(out, '{');
	put_address(out, "address", w->address);
	table_report_members(out, "verdict", verdict_name(w->verdict),
	    "class", class_name(w->flags), "transport", w->transport.ptr,
	    "nexthop", w->nexthop.ptr, NULL);
	buf_adds(out, ", ");
	put_address(out, "recipient", w->recipient.ptr);
	table_report_members(out, "#flags", (long long)w->flags, "live",
	    w->live, NULL);
	if ((w->flags & (RESOLVE_ERROR | RESOLVE_FAIL)) == 0)
		put_agent(out, &w->agent);
	put_steps(out, "steps", &w->steps);
	buf_addc(out, '}');
}

void
explain_print_json(const struct explain_question *q,
    const struct explanation *x, FILE *out)
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_adds(&text, "{\"v\": 1");
	table_report_members(&text, "address", x->given, "verdict",
	    verdict_name(x->verdict), "problem", x->problem, NULL);
	if (x->problem == NULL && (q->class & (CLASS_HDR_FROM |
	    CLASS_HDR_RCPT)) != 0) {
		table_report_members(&text, "rewritten", x->rewritten.ptr,
		    NULL);
	} else if (x->problem == NULL) {
		buf_adds(&text, ", ");
		put_address(&text, "rewritten", x->rewritten.ptr);
	}
	put_steps(&text, "rewriting", &x->rewriting);
	if (q->class == CLASS_ENV_RCPT) {
		buf_adds(&text, ", ");
		put_address(&text, "sender", q->sender_rewritten.ptr);
		put_tree(&text, x);
		buf_adds(&text, ", \"recipients\": [");
		for (i = 0; i < x->way_count; i++) {
			if (i > 0)
				buf_adds(&text, ", ");
			put_way(&text, &x->ways[i]);
		}
		buf_addc(&text, ']');
	}
	if (q->wants_steps)
		buf_addf(&text, ", \"lookups\": [%s]", x->lookups.ptr);
	fprintf(out, "%s}\n", text.ptr);
	buf_done(&text);
}
