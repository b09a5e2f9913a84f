/*
 * explain_accept.c - what cleanup makes of an address: the first stage
 *
 *	given -> completed -> canonical, masqueraded -> virtual aliases, copies
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/route/rcpt_dups.h"
#include "lib/route/rewrite.h"
#include "lib/route/route_trace.h"

#define WHO	"explain"	/* what warnings of address_map.c begin with */
#define NO_TABLE "a table cannot answer: mail is not accepted"

static void
fail(struct explanation *x, enum explain_verdict verdict, const char *text)
{
	free(x->problem);
	x->problem = xstrdup(text);
	x->verdict = explain_worse(x->verdict, verdict);
}

static bool
maps_addresses(void)
{
	return !text_list_has(params.receive_override_options,
	    "no_address_mappings");
}

/* An envelope address, from what was typed to what cleanup goes on with. */
static int
rewrite_envelope(struct address_map *m, enum address_class class,
    const char *given, struct buf *out)
{
	struct buf internal = BUF_INIT;
	size_t len = strlen(given);
	char *bare;
	int rc = 0;

	/* "<>" and "<user@domain>", as SMTP has them. */
	bare = len > 1 && given[0] == '<' && given[len - 1] == '>' ?
	    xstrndup(given + 1, len - 2) : xstrdup(given);
	address_unquote(&internal, bare);
	free(bare);
	buf_reset(out);
	if (internal.len == 0 && class == CLASS_ENV_RCPT)
		buf_sets(&internal, params.empty_address_recipient);
	if (internal.len > 0) {
		rewrite_internal(REWRITE_LOCAL, internal.ptr, out);
		if (maps_addresses())
			rc = address_map_apply(m, class, WHO, out);
	}
	buf_done(&internal);
	return rc;
}

static int
rewrite_header(struct address_map *m, const struct explain_question *q,
    const char *given, struct buf *out)
{
	struct buf completed = BUF_INIT, internal = BUF_INIT;
	int rc = 0;

	/* Strangers' headers are left alone, unless there is a domain for them. */
	if (q->is_remote && *params.remote_header_rewrite_domain == '\0') {
		buf_sets(out, given);
		return 0;
	}
	rewrite_address(q->is_remote ? REWRITE_REMOTE : REWRITE_LOCAL, given,
	    &completed);
	address_unquote(&internal, completed.ptr);
	if (maps_addresses())
		rc = address_map_apply(m, q->class, WHO, &internal);
	buf_reset(out);
	address_quote(out, internal.ptr);
	buf_done(&completed);
	buf_done(&internal);
	return rc;
}

/* The aliases of the node at the top, and which of them are there already. */
static void
expand(const struct explain_question *q, struct address_map *m,
    struct explanation *x, size_t top, struct rcpt_dups *dups,
    const char *orcpt, unsigned notify, const char *orig)
{
	struct address_items list = ADDRESS_ITEMS_INIT;
	struct explain_node *n;
	size_t i;

	explain_listen(q, &x->rewriting, x, top);
	if (!maps_addresses()) {
		x->nodes[top].is_duplicate = !rcpt_dups_is_new(dups, orcpt,
		    notify, orig, x->nodes[top].address);
		return;
	}
	switch (address_map_expand(m, WHO, x->nodes[top].address, &list)) {
	case ALIAS_DONE:
		break;
	case ALIAS_UNREASONABLE:
		fail(x, EXPLAIN_NO_ROUTE, "virtual aliases go too far: "
		    "4.6.0 Alias expansion error");
		break;
	case ALIAS_RETRY:
		fail(x, EXPLAIN_FAILED, NO_TABLE);
		break;
	}
	for (i = 0; x->problem == NULL && i < list.count; i++) {
		n = &x->nodes[explain_node_of(i)];
		n->is_duplicate = !rcpt_dups_is_new(dups, orcpt, notify, orig,
		    list.items[i]);
	}
	address_items_done(&list);
}

/* A copy goes to an address that is rewritten and expanded in its turn. */
static void
add_copy(const struct explain_question *q, struct address_map *m,
    struct explanation *x, struct rcpt_dups *dups, const char *to,
    const char *parameter)
{
	struct explain_step origin;
	struct buf address = BUF_INIT;
	size_t node;

	explain_step_hit(q, &origin, "bcc", to, parameter);
	explain_listen(q, &x->rewriting, x, EXPLAIN_TOP);
	rewrite_internal(REWRITE_LOCAL, to, &address);
	if (maps_addresses() &&
	    address_map_apply(m, CLASS_ENV_RCPT, WHO, &address) == -1)
		fail(x, EXPLAIN_FAILED, NO_TABLE);
	node = explain_node_add(x, address.ptr, EXPLAIN_TOP);
	x->nodes[node].origin = origin;
	x->nodes[node].is_copy = true;
	expand(q, m, x, node, dups, "", DSN_NOTIFY_NEVER, address.ptr);
	buf_done(&address);
}

/* A copy that a table wants of mail from, or to, this address. */
static void
add_copy_of(const struct explain_question *q, struct address_map *m,
    struct explanation *x, struct rcpt_dups *dups, enum address_bcc of,
    const char *address)
{
	struct buf value = BUF_INIT;

	if (!maps_addresses())
		return;
	explain_listen(q, &x->rewriting, x, EXPLAIN_TOP);
	switch (address_map_bcc(m, of, WHO, address, &value)) {
	case TABLE_FOUND:
		add_copy(q, m, x, dups, value.ptr, of == BCC_OF_SENDER ?
		    "sender_bcc_maps" : "recipient_bcc_maps");
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		fail(x, EXPLAIN_FAILED, NO_TABLE);
		break;
	}
	buf_done(&value);
}

/* A message with this one recipient, in the order of its records. */
static void
accept_recipient(const struct explain_question *q, struct address_map *m,
    struct explanation *x)
{
	struct rcpt_dups *dups = rcpt_dups_new();
	struct buf orcpt = BUF_INIT, orig = BUF_INIT;
	size_t top;

	address_unquote(&orig, x->given);
	buf_addf(&orcpt, "rfc822;%s", x->rewritten.ptr);
	top = explain_node_add(x, x->rewritten.ptr, EXPLAIN_TOP);
	add_copy_of(q, m, x, dups, BCC_OF_SENDER, q->sender_rewritten.ptr);
	expand(q, m, x, top, dups, orcpt.ptr, 0, orig.ptr);
	add_copy_of(q, m, x, dups, BCC_OF_RECIPIENT, x->rewritten.ptr);
	if (maps_addresses() && *params.always_bcc != '\0') {
		explain_listen(q, &x->rewriting, x, EXPLAIN_TOP);
		route_tell("bcc", params.always_bcc, "always_bcc", NULL);
		add_copy(q, m, x, dups, params.always_bcc, "always_bcc");
	}
	rcpt_dups_free(dups);
	buf_done(&orcpt);
	buf_done(&orig);
}

static void
accept_one(const struct explain_question *q, struct address_map *m,
    struct explanation *x)
{
	bool is_header = (q->class & (CLASS_HDR_FROM | CLASS_HDR_RCPT)) != 0;
	int rc;

	explain_listen(q, &x->rewriting, x, EXPLAIN_TOP);
	rc = is_header ? rewrite_header(m, q, x->given, &x->rewritten) :
	    rewrite_envelope(m, q->class, x->given, &x->rewritten);
	if (rc == -1)
		fail(x, EXPLAIN_FAILED, NO_TABLE);
	else if (q->class == CLASS_ENV_RCPT)
		accept_recipient(q, m, x);
	explain_listen(q, NULL, NULL, 0);
}

void
explain_accept(struct explain_question *q)
{
	struct err err = ERR_INIT;
	struct address_map *m;
	size_t i;

	explain_load(q, params.cleanup_service_name);
	if ((m = address_map_new(&err)) == NULL)
		log_fatal("%s", err.text);
	explain_listen(q, &q->sender_rewriting, NULL, 0);
	if (q->sender != NULL && rewrite_envelope(m, CLASS_ENV_FROM, q->sender,
	    &q->sender_rewritten) == -1)
		log_fatal(NO_TABLE);
	explain_listen(q, NULL, NULL, 0);
	for (i = 0; i < q->count; i++)
		accept_one(q, m, &q->asked[i]);
	address_map_free(m);
}
