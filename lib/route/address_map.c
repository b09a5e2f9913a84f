/*
 * address_map.c - what tables make of an address on its way in
 *
 * Tables are opened once per process; without tables an address costs one
 * look at a few pointers. Each step that changes an address is told to
 * route_trace.h.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/address_map.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "lib/route/route_trace.h"
#include "lib/table/mapped.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

#define CANONICAL_DEPTH	10	/* rounds of one canonical table */
#define ADDRESS_SHOWN	300	/* bytes of an address that grows without end */

enum propagate { PROPAGATE_CANONICAL = 1, PROPAGATE_VIRTUAL = 2 };

struct address_map {
	struct maps	*sender_canonical, *rcpt_canonical, *canonical,
			*virtual_alias, *sender_bcc, *rcpt_bcc;
	unsigned	 sender_canonical_classes, rcpt_canonical_classes,
			 canonical_classes, masquerade_classes;
	unsigned	 propagate;	/* PROPAGATE_* */
	char		**masquerade_domains;
	struct match_list *masquerade_exceptions;
	bool		 rewrites;	/* canonical or masquerading */
};

/* ---- opening ---- */

/* parse_words - a list of known words as bits; -1 with err for an unknown one */
static int
parse_words(unsigned *bits, const char *param, const char *value,
    const char *const *words, struct err *err)
{
	char *copy = xstrdup(value), *rest = copy, *word;
	size_t i;
	int rc = 0;

	*bits = 0;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; words[i] != NULL; i++)
			if (strcasecmp(words[i], word) == 0)
				break;
		if (words[i] == NULL)
			rc = err_set(err, ERR_CONFIG, "unknown %s value "
			    "\"%s\" in \"%s\"", param, word, value);
		else
			*bits |= 1u << i;
	}
	free(copy);
	return rc;
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

static int
read_classes(struct address_map *m, struct err *err)
{
	if (parse_words(&m->sender_canonical_classes,
	    "sender_canonical_classes", params.sender_canonical_classes,
	    class_words, err) == -1 ||
	    parse_words(&m->rcpt_canonical_classes,
	    "recipient_canonical_classes", params.recipient_canonical_classes,
	    class_words, err) == -1 ||
	    parse_words(&m->canonical_classes, "canonical_classes",
	    params.canonical_classes, class_words, err) == -1 ||
	    parse_words(&m->masquerade_classes, "masquerade_classes",
	    params.masquerade_classes, class_words, err) == -1)
		return -1;
	return parse_words(&m->propagate, "propagate_unmatched_extensions",
	    params.propagate_unmatched_extensions, propagate_words, err);
}

struct address_map *
address_map_new(struct err *err)
{
	struct address_map *m = xcalloc(1, sizeof(*m));

	if (read_classes(m, err) == -1) {
		free(m);
		return NULL;
	}
	m->sender_canonical = open_maps("sender_canonical_maps",
	    params.sender_canonical_maps);
	m->rcpt_canonical = open_maps("recipient_canonical_maps",
	    params.recipient_canonical_maps);
	m->canonical = open_maps("canonical_maps", params.canonical_maps);
	m->virtual_alias = open_maps("virtual_alias_maps",
	    params.virtual_alias_maps);
	m->sender_bcc = open_maps("sender_bcc_maps", params.sender_bcc_maps);
	m->rcpt_bcc = open_maps("recipient_bcc_maps",
	    params.recipient_bcc_maps);
	m->masquerade_domains = split_list(params.masquerade_domains);
	if (*params.masquerade_exceptions != '\0')
		m->masquerade_exceptions = match_list_new(
		    "masquerade_exceptions", MATCH_STRING,
		    params.masquerade_exceptions);
	m->rewrites = m->masquerade_domains != NULL ||
	    !maps_is_empty(m->sender_canonical) ||
	    !maps_is_empty(m->rcpt_canonical) || !maps_is_empty(m->canonical);
	return m;
}

void
address_map_free(struct address_map *m)
{
	size_t i;

	if (m == NULL)
		return;
	maps_free(m->sender_canonical);
	maps_free(m->rcpt_canonical);
	maps_free(m->canonical);
	maps_free(m->virtual_alias);
	maps_free(m->sender_bcc);
	maps_free(m->rcpt_bcc);
	for (i = 0; m->masquerade_domains != NULL &&
	    m->masquerade_domains[i] != NULL; i++)
		free(m->masquerade_domains[i]);
	free(m->masquerade_domains);
	match_list_free(m->masquerade_exceptions);
	free(m);
}

bool
address_map_rewrites(const struct address_map *m)
{
	return m->rewrites;
}

bool
address_map_has_aliases(const struct address_map *m)
{
	return !maps_is_empty(m->virtual_alias);
}

/* ---- one lookup that yields addresses ---- */

static void
items_add(struct address_items *l, const char *item)
{
	if (l->count == l->room) {
		l->room = l->room * 2 + 4;
		l->items = xreallocarray(l->items, l->room,
		    sizeof(*l->items));
	}
	l->items[l->count++] = xstrdup(item);
}

void
address_items_done(struct address_items *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
}

static void
note_address(const char *address, void *ctx)
{
	items_add(ctx, address);
}

/* find_addresses - the addresses that maps has for one; nothing is added unless TABLE_FOUND */
static enum table_result
find_addresses(struct maps *maps, const char *address, bool propagates,
    struct address_items *out)
{
	const struct mapped m = { propagates, rewrite_local, note_address,
	    out };

	return mapped_addresses(maps, address, &m);
}

static void
lookup_problem(const char *who, struct maps *maps, const char *address)
{
	log_warning("%s: %s map lookup problem for %s -- message not "
	    "accepted, try again later", who, maps_title(maps), address);
}

/* ---- canonical maps and masquerading ---- */

/* map_canonical - apply one table until it has nothing more to say (16.1) */
static int
map_canonical(const struct address_map *m, struct maps *maps, const char *who,
    struct buf *address)
{
	struct address_items list;
	enum table_result found;
	bool is_same;
	int round;

	if (maps_is_empty(maps))
		return 0;
	for (round = 0; round < CANONICAL_DEPTH; round++) {
		list = (struct address_items)ADDRESS_ITEMS_INIT;
		found = find_addresses(maps, address->ptr,
		    (m->propagate & PROPAGATE_CANONICAL) != 0,
		    &list);
		if (found != TABLE_FOUND) {
			address_items_done(&list);
			if (found == TABLE_NOT_FOUND)
				return 0;
			lookup_problem(who, maps, address->ptr);
			return -1;
		}
		if (list.count > 1)
			log_warning("%s: multi-valued %s entry for %s",
			    who, maps_title(maps), address->ptr);
		is_same = strcasecmp(list.items[0], address->ptr) == 0;
		buf_sets(address, list.items[0]);
		address_items_done(&list);
		route_tell("canonical", address->ptr, maps_title(maps), NULL);
		if (is_same || address->len == 0)
			return 0;
	}
	log_warning("%s: unreasonable %s map nesting for %s -- message not "
	    "accepted, try again later", who, maps_title(maps),
	    address->ptr);
	return 0;
}

/* is_excepted - is the user one of masquerade_exceptions? -1: it could not be said */
static int
is_excepted(const struct address_map *m, const char *who, const char *address,
    size_t local_len)
{
	enum table_result found;
	char *local;

	if (m->masquerade_exceptions == NULL)
		return 0;
	local = xstrndup(address, local_len);
	found = match_list_find(m->masquerade_exceptions, local, NULL);
	free(local);
	if (found == TABLE_FOUND || found == TABLE_NOT_FOUND)
		return found == TABLE_FOUND;
	log_warning("%s: masquerade_exceptions lookup problem for %s -- "
	    "message not accepted, try again later", who, address);
	return -1;
}

/* masquerade - cut subdomains off, by the first entry that fits (16.10) */
static int
masquerade(const struct address_map *m, const char *who, struct buf *address)
{
	const char *at = strrchr(address->ptr, '@'), *name;
	size_t domain_len, name_len;
	char **entry;
	bool keeps;
	int excepted;

	if (at == NULL)
		return 0;
	if ((excepted = is_excepted(m, who, address->ptr,
	    (size_t)(at - address->ptr))) != 0)
		return excepted == -1 ? -1 : 0;
	domain_len = strlen(at + 1);
	for (entry = m->masquerade_domains; *entry != NULL; entry++) {
		name = *entry;
		if ((keeps = *name == '!'))
			name++;
		name_len = strlen(name);
		if (domain_len < name_len ||
		    strcasecmp(at + 1 + domain_len - name_len, name) != 0)
			continue;
		if (domain_len == name_len)
			return 0;
		if (at[domain_len - name_len] != '.')
			continue;
		if (!keeps) {
			buf_truncate(address,
			    (size_t)(at + 1 - address->ptr));
			buf_adds(address, name);
			route_tell("masquerade", address->ptr,
			    "masquerade_domains", name);
		}
		return 0;
	}
	return 0;
}

int
address_map_apply(struct address_map *m, enum address_class class,
    const char *who, struct buf *address)
{
	int rc = 0;

	if (!m->rewrites || address->len == 0)
		return 0;
	/* One table is for senders, one for recipients, whatever its classes. */
	if ((class & m->sender_canonical_classes) != 0 &&
	    (class & (CLASS_ENV_FROM | CLASS_HDR_FROM)) != 0)
		rc |= map_canonical(m, m->sender_canonical, who, address);
	if ((class & m->rcpt_canonical_classes) != 0 &&
	    (class & (CLASS_ENV_RCPT | CLASS_HDR_RCPT)) != 0)
		rc |= map_canonical(m, m->rcpt_canonical, who, address);
	if ((class & m->canonical_classes) != 0)
		rc |= map_canonical(m, m->canonical, who, address);
	if (m->masquerade_domains != NULL &&
	    (class & m->masquerade_classes) != 0)
		rc |= masquerade(m, who, address);
	return rc;
}

/* ---- virtual aliases ---- */

/* unreasonable - say what was so about which address; "..." when that may be cut */
static enum alias_result
unreasonable(const char *who, const char *what, const char *address,
    const char *more)
{
	log_warning("%s: unreasonable virtual_alias_maps %s %.*s%s -- message "
	    "not accepted, try again later", who, what, ADDRESS_SHOWN,
	    address, more);
	return ALIAS_UNREASONABLE;
}

/* tell_alias - result is what of, in place i, stands for, and stands itself in place at */
static void
tell_alias(const char *of, size_t i, size_t at, const char *result)
{
	if (route_trace_to != NULL)
		route_tell_step(&(struct route_step){ .what = "alias",
		    .value = result, .parameter = "virtual_alias_maps",
		    .of = of, .from = i, .to = at });
}

/*
 * take_results - the addresses that item i stands for take their places
 *
 * The first takes that of the item, the others wait at the end of the list.
 * One that is the item itself stays where it is: then the item is final.
 */
static enum alias_result
take_results(struct address_items *list, size_t i,
    const struct address_items *results, const char *who, const char *rcpt,
    bool *is_final)
{
	size_t r;

	for (r = 0; r < results->count; r++)
		if (strcasecmp(results->items[r], list->items[i]) == 0)
			*is_final = true;
	for (r = 0; r < results->count; r++) {
		if (*is_final ? strcasecmp(results->items[r],
		    list->items[i]) == 0 : r == 0) {
			tell_alias(list->items[i], i, i, results->items[r]);
			continue;
		}
		if (list->count >= (size_t)params.virtual_alias_expansion_limit)
			return unreasonable(who, "map expansion size for",
			    rcpt, "");
		tell_alias(list->items[i], i, list->count, results->items[r]);
		items_add(list, results->items[r]);
	}
	if (!*is_final) {
		free(list->items[i]);
		list->items[i] = xstrdup(results->items[0]);
	}
	return ALIAS_DONE;
}

/* expand_one - replace item i by what it stands for, until that is final */
static enum alias_result
expand_one(struct address_map *m, struct address_items *list, size_t i,
    const char *who, const char *rcpt)
{
	enum alias_result rc = ALIAS_DONE;
	struct address_items results;
	enum table_result found;
	bool is_final = false;
	long depth;

	for (depth = 0; rc == ALIAS_DONE && !is_final; depth++) {
		if (depth >= params.virtual_alias_recursion_limit)
			return unreasonable(who, "map nesting for", rcpt, "");
		if (strlen(list->items[i]) >
		    (size_t)params.virtual_alias_address_length_limit)
			return unreasonable(who, "result", list->items[i],
			    "...");
		results = (struct address_items)ADDRESS_ITEMS_INIT;
		found = find_addresses(m->virtual_alias, list->items[i],
		    (m->propagate & PROPAGATE_VIRTUAL) != 0, &results);
		if (found == TABLE_FOUND) {
			rc = take_results(list, i, &results, who, rcpt,
			    &is_final);
		} else if (found == TABLE_NOT_FOUND) {
			is_final = true;
		} else {
			lookup_problem(who, m->virtual_alias, list->items[i]);
			rc = ALIAS_RETRY;
		}
		address_items_done(&results);
	}
	return rc;
}

enum alias_result
address_map_expand(struct address_map *m, const char *who, const char *rcpt,
    struct address_items *out)
{
	enum alias_result rc = ALIAS_DONE;
	size_t i;

	address_items_done(out);
	*out = (struct address_items)ADDRESS_ITEMS_INIT;
	items_add(out, rcpt);
	if (maps_is_empty(m->virtual_alias))
		return rc;
	for (i = 0; rc == ALIAS_DONE && i < out->count; i++)
		rc = expand_one(m, out, i, who, rcpt);
	return rc;
}

/* ---- copies ---- */

enum table_result
address_map_bcc(struct address_map *m, enum address_bcc of, const char *who,
    const char *address, struct buf *value)
{
	struct maps *maps = of == BCC_OF_SENDER ? m->sender_bcc : m->rcpt_bcc;
	enum table_result found;

	if (maps_is_empty(maps) || *address == '\0')
		return TABLE_NOT_FOUND;
	found = search_person(maps, address, value);
	if (found == TABLE_FOUND)
		route_tell("bcc", value->ptr, maps_title(maps), NULL);
	else if (found != TABLE_NOT_FOUND)
		lookup_problem(who, maps, address);
	return found;
}
