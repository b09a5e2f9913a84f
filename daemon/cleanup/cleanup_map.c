/*
 * cleanup_map.c - what happens to addresses on their way in
 *
 *	as given -> completed -> canonical maps -> masquerade
 *	                    (envelope recipients) -> virtual aliases -> bcc
 *
 * Tables are opened once per process; without tables an address costs one
 * look at its form. Spec: tables.md 15.6, 16.1 to 16.3, 16.10.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/verify_client.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_log.h"
#include "lib/table/mapped.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

#define CANONICAL_DEPTH	10	/* rounds of one canonical table */
#define ADDRESS_SHOWN	300	/* bytes of an address that grows without end */

/* A growing list of addresses. */
struct list {
	char		**items;
	size_t		 count, room;
};

/* ---- opening ---- */

/* parse_words - a list of known words as bits; an unknown one is fatal */
static unsigned
parse_words(const char *param, const char *value, const char *const *words)
{
	char *copy = xstrdup(value), *rest = copy, *word;
	unsigned bits = 0;
	size_t i;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; words[i] != NULL; i++)
			if (strcasecmp(words[i], word) == 0)
				break;
		if (words[i] == NULL)
			log_fatal("unknown %s value \"%s\" in \"%s\"", param,
			    word, value);
		bits |= 1u << i;
	}
	free(copy);
	return bits;
}

static const char *const class_words[] = { "envelope_sender",
	"envelope_recipient", "header_sender", "header_recipient", NULL };
/* Those that matter elsewhere are known here, too. */
static const char *const propagate_words[] = { "canonical", "virtual",
	"alias", "forward", "include", "generic", NULL };

static char **
split_list(const char *value)
{
	char *copy = xstrdup(value), *rest = copy, *word, **list = NULL;
	size_t n = 0;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		list = xreallocarray(list, n + 2, sizeof(*list));
		list[n++] = text_lower(xstrdup(word));
		list[n] = NULL;
	}
	free(copy);
	return list;
}

static struct maps *
open_maps(const char *title, const char *value)
{
	return maps_open(title, value, SEARCH_ADDRESSES);
}

void
cleanup_map_init(void)
{
	struct cleanup_tables *t = &cleanup_tables;

	t->sender_canonical = open_maps("sender_canonical_maps",
	    params.sender_canonical_maps);
	t->rcpt_canonical = open_maps("recipient_canonical_maps",
	    params.recipient_canonical_maps);
	t->canonical = open_maps("canonical_maps", params.canonical_maps);
	t->virtual_alias = open_maps("virtual_alias_maps",
	    params.virtual_alias_maps);
	t->sender_bcc = open_maps("sender_bcc_maps", params.sender_bcc_maps);
	t->rcpt_bcc = open_maps("recipient_bcc_maps",
	    params.recipient_bcc_maps);
	t->sender_canonical_classes = parse_words("sender_canonical_classes",
	    params.sender_canonical_classes, class_words);
	t->rcpt_canonical_classes = parse_words("recipient_canonical_classes",
	    params.recipient_canonical_classes, class_words);
	t->canonical_classes = parse_words("canonical_classes",
	    params.canonical_classes, class_words);
	t->masquerade_classes = parse_words("masquerade_classes",
	    params.masquerade_classes, class_words);
	t->propagate = parse_words("propagate_unmatched_extensions",
	    params.propagate_unmatched_extensions, propagate_words);
	t->masquerade_domains = split_list(params.masquerade_domains);
	if (*params.masquerade_exceptions != '\0')
		t->masquerade_exceptions = match_list_new(
		    "masquerade_exceptions", MATCH_STRING,
		    params.masquerade_exceptions);
	t->has_rewriting = t->masquerade_domains != NULL ||
	    !maps_is_empty(t->sender_canonical) ||
	    !maps_is_empty(t->rcpt_canonical) || !maps_is_empty(t->canonical);
}

/* ---- one lookup that yields addresses ---- */

static void
list_add(struct list *l, const char *item)
{
	if (l->count == l->room) {
		l->room = l->room * 2 + 4;
		l->items = xreallocarray(l->items, l->room,
		    sizeof(*l->items));
	}
	l->items[l->count++] = xstrdup(item);
}

static void
list_done(struct list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
}

static void
note_address(const char *address, void *ctx)
{
	list_add(ctx, address);
}

/* find_addresses - the addresses that maps has for one; nothing is added unless TABLE_FOUND */
static enum table_result
find_addresses(struct maps *maps, const char *address, bool propagates,
    struct list *out)
{
	const struct mapped m = { propagates, rewrite_local, note_address,
	    out };

	return mapped_addresses(maps, address, &m);
}

static void
lookup_problem(struct cleanup *c, struct maps *maps, const char *address)
{
	log_warning("%s: %s map lookup problem for %s -- message not "
	    "accepted, try again later", c->id.ptr, maps_title(maps),
	    address);
	cleanup_fail(c, CLEANUP_WRITE, NULL);
}

/* ---- canonical maps and masquerading ---- */

/* map_canonical - apply one table until it has nothing more to say (16.1) */
static void
map_canonical(struct cleanup *c, struct maps *maps, struct buf *address)
{
	struct list list;
	enum table_result found;
	bool is_same;
	int round;

	if (maps_is_empty(maps))
		return;
	for (round = 0; round < CANONICAL_DEPTH; round++) {
		list = (struct list){ NULL, 0, 0 };
		found = find_addresses(maps, address->ptr,
		    (cleanup_tables.propagate & PROPAGATE_CANONICAL) != 0,
		    &list);
		if (found != TABLE_FOUND) {
			if (found != TABLE_NOT_FOUND)
				lookup_problem(c, maps, address->ptr);
			list_done(&list);
			return;
		}
		if (list.count > 1)
			log_warning("%s: multi-valued %s entry for %s",
			    c->id.ptr, maps_title(maps), address->ptr);
		is_same = strcasecmp(list.items[0], address->ptr) == 0;
		buf_sets(address, list.items[0]);
		list_done(&list);
		if (is_same || address->len == 0)
			return;
	}
	log_warning("%s: unreasonable %s map nesting for %s -- message not "
	    "accepted, try again later", c->id.ptr, maps_title(maps),
	    address->ptr);
}

/* masquerade - cut subdomains off, by the first entry that fits (16.10) */
static void
masquerade(struct cleanup *c, struct buf *address)
{
	const char *at = strrchr(address->ptr, '@'), *name;
	char **entry, *local;
	size_t domain_len, name_len;
	enum table_result found;
	bool keeps;

	if (at == NULL)
		return;
	if (cleanup_tables.masquerade_exceptions != NULL) {
		local = xstrndup(address->ptr, (size_t)(at - address->ptr));
		found = match_list_find(cleanup_tables.masquerade_exceptions,
		    local, NULL);
		free(local);
		if (found == TABLE_FOUND)
			return;
		if (found != TABLE_NOT_FOUND) {
			log_warning("%s: masquerade_exceptions lookup problem "
			    "for %s -- message not accepted, try again later",
			    c->id.ptr, address->ptr);
			cleanup_fail(c, CLEANUP_WRITE, NULL);
			return;
		}
	}
	domain_len = strlen(at + 1);
	for (entry = cleanup_tables.masquerade_domains; *entry != NULL;
	    entry++) {
		name = *entry;
		if ((keeps = *name == '!'))
			name++;
		name_len = strlen(name);
		if (domain_len < name_len ||
		    strcasecmp(at + 1 + domain_len - name_len, name) != 0)
			continue;
		if (domain_len == name_len)
			return;
		if (at[domain_len - name_len] != '.')
			continue;
		if (!keeps) {
			buf_truncate(address,
			    (size_t)(at + 1 - address->ptr));
			buf_adds(address, name);
		}
		return;
	}
}

/* map_address - canonical maps and masquerading of a complete address */
static void
map_address(struct cleanup *c, enum address_class class, struct buf *address)
{
	const struct cleanup_tables *t = &cleanup_tables;

	if (!t->has_rewriting || (c->flags & CLEANUP_MAP) == 0 ||
	    address->len == 0)
		return;
	/* One table is for senders, one for recipients, whatever its classes. */
	if ((class & t->sender_canonical_classes) != 0 &&
	    (class & (CLASS_ENV_FROM | CLASS_HDR_FROM)) != 0)
		map_canonical(c, t->sender_canonical, address);
	if ((class & t->rcpt_canonical_classes) != 0 &&
	    (class & (CLASS_ENV_RCPT | CLASS_HDR_RCPT)) != 0)
		map_canonical(c, t->rcpt_canonical, address);
	if ((class & t->canonical_classes) != 0)
		map_canonical(c, t->canonical, address);
	if (t->masquerade_domains != NULL &&
	    (class & t->masquerade_classes) != 0)
		masquerade(c, address);
}

void
cleanup_rewrite(struct cleanup *c, enum address_class class,
    const char *address, struct buf *out)
{
	if (*address == '\0') {
		buf_reset(out);
		return;
	}
	rewrite_internal(REWRITE_LOCAL, address, out);
	map_address(c, class, out);
}

void
cleanup_rewrite_header(struct cleanup *c, enum address_class class,
    const char *external, struct buf *out)
{
	struct buf completed = BUF_INIT, internal = BUF_INIT;

	rewrite_address(c->rule, external, &completed);
	if (cleanup_tables.has_rewriting && (c->flags & CLEANUP_MAP) != 0) {
		address_unquote(&internal, completed.ptr);
		map_address(c, class, &internal);
		address_quote(out, internal.ptr);
	} else {
		buf_add(out, completed.ptr, completed.len);
	}
	buf_done(&completed);
	buf_done(&internal);
}

/* ---- virtual aliases ---- */

/* expansion_failed - say what was unreasonable about which address; "..." when that may be cut */
static bool
expansion_failed(struct cleanup *c, const char *what, const char *address,
    const char *more)
{
	log_warning("%s: unreasonable virtual_alias_maps %s %.*s%s -- message "
	    "not accepted, try again later", c->id.ptr, what, ADDRESS_SHOWN,
	    address, more);
	cleanup_fail(c, CLEANUP_DEFER, "4.6.0 Alias expansion error");
	return false;
}

/*
 * expand_one - replace item i by what it stands for, until that is final
 *
 * The first result takes its place, the others wait at the end of the list.
 * Returns false when a limit was hit or a table failed.
 */
static bool
expand_one(struct cleanup *c, struct list *list, size_t i, const char *rcpt)
{
	struct list results;
	enum table_result found;
	bool is_final = false;
	size_t r;
	long depth;

	for (depth = 0; !is_final; depth++) {
		if (depth >= params.virtual_alias_recursion_limit)
			return expansion_failed(c, "map nesting for", rcpt, "");
		if (strlen(list->items[i]) >
		    (size_t)params.virtual_alias_address_length_limit)
			return expansion_failed(c, "result", list->items[i],
			    "...");
		results = (struct list){ NULL, 0, 0 };
		found = find_addresses(cleanup_tables.virtual_alias,
		    list->items[i],
		    (cleanup_tables.propagate & PROPAGATE_VIRTUAL) != 0,
		    &results);
		if (found != TABLE_FOUND) {
			list_done(&results);
			if (found == TABLE_NOT_FOUND)
				return true;
			lookup_problem(c, cleanup_tables.virtual_alias,
			    list->items[i]);
			return false;
		}
		/* An address that is among its own results is final. */
		for (r = 0; r < results.count; r++)
			if (strcasecmp(results.items[r],
			    list->items[i]) == 0)
				is_final = true;
		for (r = 0; r < results.count; r++) {
			if (is_final && strcasecmp(results.items[r],
			    list->items[i]) == 0)
				continue;
			if (!is_final && r == 0)
				continue;
			if (list->count >=
			    (size_t)params.virtual_alias_expansion_limit) {
				list_done(&results);
				return expansion_failed(c,
				    "map expansion size for", rcpt, "");
			}
			list_add(list, results.items[r]);
		}
		if (!is_final) {
			free(list->items[i]);
			list->items[i] = xstrdup(results.items[0]);
		}
		list_done(&results);
	}
	return true;
}

/* report_expansion - the sender asked to hear of success: the alias is as far as it goes */
static void
report_expansion(struct cleanup *c, const char *rcpt, const char *orig,
    const char *orcpt)
{
	struct queue_rcpt r = { rcpt, orig, orcpt, DSN_NOTIFY_SUCCESS, -1 };
	struct dsn dsn = { "2.0.0", "expanded", "alias expanded", "", "", "",
	    "" };
	struct err err = ERR_INIT;

	if (queue_log_append("trace", c->id.ptr, &r, &dsn, &err) == -1) {
		log_warning("%s: %s", c->id.ptr, err.text);
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	}
}

/* answer_probe - an alias for many has no server to ask: it exists, and that is all */
static void
answer_probe(struct cleanup *c, const char *rcpt, const char *orig)
{
	struct queue_rcpt r = { rcpt, orig, "", 0, -1 };
	struct dsn dsn = { "2.0.0", "", "aliased to multiple recipients", "",
	    "", "", "" };
	struct agent_times times = { .arrival = c->arrival };

	times.active = times.handoff = times.connected = times.delivered =
	    clock_timeval();
	agent_log(c->id.ptr, &r, "none", &times, verify_report(&r,
	    VERIFY_DELIVERABLE, dsn.reason), &dsn, 0);
	c->flags |= CLEANUP_DISCARD;
}

/* deliver_to - one recipient, rewritten: through the aliases into the file */
static void
deliver_to(struct cleanup *c, const char *orcpt, unsigned notify,
    const char *orig, const char *rcpt)
{
	struct list list = { NULL, 0, 0 };
	size_t i;
	bool ok = true;

	if ((c->flags & CLEANUP_MAP) == 0 ||
	    maps_is_empty(cleanup_tables.virtual_alias)) {
		cleanup_add_rcpt(c, orcpt, notify, orig, rcpt);
		return;
	}
	list_add(&list, rcpt);
	for (i = 0; ok && i < list.count; i++)
		ok = expand_one(c, &list, i, rcpt);
	/* A bounce goes to the address that could not be expanded. */
	if (!ok) {
		cleanup_add_rcpt(c, orcpt, notify, orig, rcpt);
		list_done(&list);
		return;
	}
	if (c->is_probe && list.count > 1) {
		answer_probe(c, rcpt, orig);
		list_done(&list);
		return;
	}
	if ((notify & DSN_NOTIFY_SUCCESS) != 0 &&
	    (list.count > 1 || strcasecmp(list.items[0], rcpt) != 0)) {
		report_expansion(c, rcpt, orig, orcpt);
		notify &= ~(unsigned)DSN_NOTIFY_SUCCESS;
		if (notify == 0)
			notify = DSN_NOTIFY_NEVER;
	}
	for (i = 0; i < list.count; i++)
		cleanup_add_rcpt(c, orcpt, notify, orig, list.items[i]);
	list_done(&list);
}

/* ---- recipients, all the way ---- */

void
cleanup_extra_rcpt(struct cleanup *c, const char *rcpt, const char *orcpt,
    unsigned notify)
{
	struct buf address = BUF_INIT;

	cleanup_rewrite(c, CLASS_ENV_RCPT, *rcpt != '\0' ? rcpt :
	    params.empty_address_recipient, &address);
	deliver_to(c, orcpt, notify, address.ptr, address.ptr);
	buf_done(&address);
}

void
cleanup_bcc_rcpt(struct cleanup *c, const char *rcpt)
{
	cleanup_extra_rcpt(c, rcpt, "", DSN_NOTIFY_NEVER);
}

/* find_bcc - one of the *_bcc_maps (16.3) */
static void
find_bcc(struct cleanup *c, struct maps *maps, const char *address)
{
	struct buf value = BUF_INIT;

	if ((c->flags & CLEANUP_BCC) == 0 || maps_is_empty(maps) ||
	    *address == '\0')
		return;
	switch (search_person(maps, address, &value)) {
	case TABLE_FOUND:
		cleanup_bcc_rcpt(c, value.ptr);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		lookup_problem(c, maps, address);
		break;
	}
	buf_done(&value);
}

void
cleanup_sender_bcc(struct cleanup *c)
{
	find_bcc(c, cleanup_tables.sender_bcc, c->sender.ptr);
}

void
cleanup_new_rcpt(struct cleanup *c, const char *rcpt)
{
	struct buf address = BUF_INIT;

	cleanup_rewrite(c, CLASS_ENV_RCPT, *rcpt != '\0' ? rcpt :
	    params.empty_address_recipient, &address);
	cleanup_note_utf8(c, address.ptr);
	buf_sets(&c->last_rcpt, address.ptr);
	if ((c->flags & CLEANUP_MILTER) != 0 && c->milters == NULL &&
	    *params.non_smtpd_milters != '\0')
		buf_add(&c->seen_by_milters, address.ptr, address.len + 1);
	if (c->dsn_orcpt.len == 0)
		buf_setf(&c->dsn_orcpt, "%s;%s",
		    (c->sendopts & SENDOPT_REQUESTED) != 0 &&
		    !text_is_ascii(address.ptr) ? "utf-8" : "rfc822",
		    address.ptr);
	deliver_to(c, c->dsn_orcpt.ptr, c->notify,
	    c->has_orig ? c->orig_rcpt.ptr : rcpt, address.ptr);
	find_bcc(c, cleanup_tables.rcpt_bcc, address.ptr);
	buf_done(&address);
}
