/*
 * maps.c - search a list of tables, first hit wins (spec/tables.md 3.9, 15)
 *
 * An address search goes key by key, and for each key table by table: a
 * specific key in a later table beats a general one in an earlier table.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/maps.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/match_list.h"

struct maps {
	char		*title;
	struct table	**tables;
	size_t		 count;
	struct table	*found_in;
};

/* The one who wants to see each step; there is one tool a process. */
static struct {
	maps_trace_fn	 fn;
	void		*ctx;
	const char	*why;
} trace;

void
maps_trace(maps_trace_fn fn, void *ctx)
{
	trace.fn = fn;
	trace.ctx = ctx;
}

void
maps_because(const char *why)
{
	trace.why = why;
}

struct maps *
maps_open(const char *title, const char *list, unsigned flags)
{
	struct maps *maps = xcalloc(1, sizeof(*maps));
	char *copy = xstrdup(list != NULL ? list : ""), *rest = copy, *name;

	maps->title = xstrdup(title);
	while ((name = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		maps->tables = xreallocarray(maps->tables, maps->count + 1,
		    sizeof(*maps->tables));
		maps->tables[maps->count++] = table_open(name, TABLE_READ,
		    flags | TABLE_SURROGATE, NULL);
	}
	free(copy);
	return maps;
}

void
maps_free(struct maps *maps)
{
	size_t i;

	if (maps == NULL)
		return;
	for (i = 0; i < maps->count; i++)
		table_close(maps->tables[i]);
	free(maps->tables);
	free(maps->title);
	free(maps);
}

bool
maps_is_empty(const struct maps *maps)
{
	return maps == NULL || maps->count == 0;
}

const char *
maps_title(const struct maps *maps)
{
	return maps->title;
}

struct table *
maps_found_in(const struct maps *maps)
{
	return maps->found_in;
}

enum table_result
maps_find(struct maps *maps, const char *key, bool is_partial,
    struct buf *value)
{
	struct buf own = BUF_INIT, *out = value != NULL ? value : &own;
	enum table_result rc = TABLE_NOT_FOUND;
	struct err err = ERR_INIT;
	struct table *t;
	size_t i;

	if (maps == NULL)
		return TABLE_NOT_FOUND;
	maps->found_in = NULL;
	if (*key == '\0')
		return TABLE_NOT_FOUND;
	for (i = 0; i < maps->count && rc == TABLE_NOT_FOUND; i++) {
		t = maps->tables[i];
		if (is_partial && table_is_pattern(t)) {
			if (trace.fn != NULL)
				trace.fn(trace.ctx, maps, t, key, trace.why,
				    false, rc, NULL);
			continue;
		}
		rc = table_lookup(t, key, out, &err);
		if (rc != TABLE_NOT_FOUND)
			maps->found_in = t;
		if (trace.fn != NULL)
			trace.fn(trace.ctx, maps, t, key, trace.why, true, rc,
			    out->ptr);
	}
	for (; trace.fn != NULL && i < maps->count; i++)
		trace.fn(trace.ctx, maps, maps->tables[i], key, trace.why,
		    false, TABLE_NOT_FOUND, NULL);
	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		log_warning("%s lookup error for \"%s\"",
		    table_name(maps->found_in), key);
	if (rc == TABLE_FOUND && out->len == 0) {
		log_warning("%s lookup of %s returns an empty string result",
		    maps->title, key);
		log_warning("%s should return NO RESULT in case of NOT FOUND",
		    maps->title);
		rc = TABLE_BROKEN;
	}
	buf_done(&own);
	return rc;
}

/* One address search: what all its steps need. */
struct search {
	struct maps	*maps;
	enum maps_form	 form;
	struct buf	*value;
	struct buf	 key, external;
};

/* Look up one internal key in the forms asked for. */
static enum table_result
find_forms(struct search *s, const char *key, bool is_partial)
{
	enum table_result rc = TABLE_NOT_FOUND;
	bool differs = true;

	if ((s->form & MAPS_EXTERNAL) != 0) {
		buf_reset(&s->external);
		address_quote(&s->external, key);
		differs = strcmp(s->external.ptr, key) != 0;
		rc = maps_find(s->maps, s->external.ptr, is_partial, s->value);
		if (rc != TABLE_NOT_FOUND || !differs)
			return rc;
	}
	if ((s->form & MAPS_INTERNAL) != 0) {
		if (trace.why == NULL && (s->form & MAPS_EXTERNAL) != 0)
			maps_because("without quotes");
		rc = maps_find(s->maps, key, is_partial, s->value);
	}
	return rc;
}

/* Look up local_len bytes of an address' local part followed by tail. */
static enum table_result
find_local(struct search *s, const char *address, size_t local_len,
    const char *tail, bool is_partial)
{
	buf_set(&s->key, address, local_len);
	buf_adds(&s->key, tail);
	return find_forms(s, s->key.ptr, is_partial);
}

/* "domain", then its parents in the style wanted (15.5). */
static enum table_result
find_domain(struct maps *maps, const char *domain, bool is_partial,
    bool parent_style, struct buf *value)
{
	enum table_result rc;
	const char *next;

	maps_because("domain");
	rc = maps_find(maps, domain, is_partial, value);
	maps_because(parent_style ? "parent_domain_matches_subdomains: yes" :
	    "parent_domain_matches_subdomains: no");
	while (rc == TABLE_NOT_FOUND &&
	    (next = strchr(domain + (*domain == '.'), '.')) != NULL) {
		domain = parent_style ? next + 1 : next;
		rc = maps_find(maps, domain, true, value);
	}
	return rc;
}

/* Steps 3 and 4 of the default strategy. */
static enum table_result
find_bare(struct search *s, const char *address, size_t whole, size_t plain,
    enum table_result (*is_local)(const char *domain), bool *stripped)
{
	const char *at = address + whole;
	enum table_result rc;

	maps_because("local domain");
	rc = is_local != NULL ? is_local(at + 1) : TABLE_NOT_FOUND;
	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		return rc;
	if (rc == TABLE_FOUND) {
		rc = find_local(s, address, whole, "", true);
		if (rc == TABLE_NOT_FOUND && plain < whole) {
			rc = find_local(s, address, plain, "", true);
			*stripped = rc == TABLE_FOUND;
		}
		if (rc != TABLE_NOT_FOUND)
			return rc;
	}
	maps_because("domain");
	return maps_find(s->maps, at, true, s->value);
}

enum table_result
maps_find_address(struct maps *maps, const char *address,
    enum maps_strategy strategy, enum maps_form form, bool parent_style,
    enum table_result (*is_local)(const char *domain), struct buf *extension,
    struct buf *value)
{
	struct search s = { maps, form, value, BUF_INIT, BUF_INIT };
	const char *at = strrchr(address, '@');
	size_t whole = at != NULL ? (size_t)(at - address) : strlen(address);
	size_t plain;
	bool stripped = false;
	enum table_result rc;

	if (extension != NULL)
		buf_reset(extension);
	if (maps_is_empty(maps))
		return TABLE_NOT_FOUND;
	plain = address_split_extension(address, whole,
	    params.recipient_delimiter);

	maps_because(NULL);
	rc = find_forms(&s, address, false);
	if (rc == TABLE_NOT_FOUND && plain < whole) {
		maps_because("recipient_delimiter");
		rc = find_local(&s, address, plain, at != NULL ? at : "", true);
		stripped = rc == TABLE_FOUND;
	}
	if (rc == TABLE_NOT_FOUND && at != NULL && strategy == MAPS_DEFAULT)
		rc = find_bare(&s, address, whole, plain, is_local, &stripped);
	if (rc == TABLE_NOT_FOUND && at != NULL && strategy != MAPS_DEFAULT)
		rc = find_domain(maps, at + 1, true, parent_style, value);
	if (rc == TABLE_NOT_FOUND && at != NULL && strategy == MAPS_ACCESS) {
		maps_because("local part");
		rc = find_local(&s, address, whole, "@", true);
		if (rc == TABLE_NOT_FOUND && plain < whole)
			rc = find_local(&s, address, plain, "@", true);
	}
	maps_because(NULL);
	if (stripped && extension != NULL)
		buf_set(extension, address + plain, whole - plain);
	buf_done(&s.key);
	buf_done(&s.external);
	return rc;
}

bool
maps_parent_style(const char *name)
{
	static struct match_list *list;
	static char *made_from;
	const char *text = params.parent_domain_matches_subdomains;

	if (text == NULL)
		return false;
	if (made_from == NULL || strcmp(made_from, text) != 0) {
		match_list_free(list);
		free(made_from);
		made_from = xstrdup(text);
		list = match_list_new("parent_domain_matches_subdomains",
		    MATCH_STRING, text);
	}
	return match_list_find(list, name, NULL) == TABLE_FOUND;
}
