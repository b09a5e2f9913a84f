/*
 * table_ldap.c - ldap: searches in a directory
 *
 * The values of an entry are those of its result attributes. A special
 * attribute leads to more entries, by DN or URL, which are taken in the same
 * way; leaf attributes count only in entries that lead no further, and a
 * terminal attribute is the only one that counts in an entry that has it.
 * Source: spec/tables.md 9.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ldap.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table_abi.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"
#include "lib/table/table_type.h"
#include "lib/table/module/ldap_link.h"

#define RECURSION_MAX	1000

enum attr_kind { ATTR_RESULT, ATTR_LEAF, ATTR_TERMINAL, ATTR_SPECIAL, ATTR_KINDS };

struct ldap_state {
	struct table_config *config;
	struct table_query query;	/* query_filter is its template */
	struct ldap_link *link;
	char		*base;		/* a template, too */
	int		 scope, recursion_max, size_limit;
	char		**attrs;	/* all kinds in a row, NULL at the end */
	size_t		 first[ATTR_KINDS + 1];	/* where each kind begins in attrs */
	struct buf	 filter, dn;
};

/* One lookup on its way through the directory. */
struct search {
	struct table	*t;
	const char	*key;
	struct buf	*value;
	int		 count;
	struct err	*err;
};

static void
ldap_table_close(struct table *t)
{
	struct ldap_state *s = t->state;
	size_t i;

	for (i = 0; s->attrs != NULL && s->attrs[i] != NULL; i++)
		free(s->attrs[i]);
	free(s->attrs);
	free(s->base);
	ldap_link_close(s->link);
	table_query_done(&s->query);
	table_config_close(s->config);
	buf_done(&s->filter);
	buf_done(&s->dn);
	free(s);
}

static void
read_attrs(struct ldap_state *s)
{
	static const struct {
		const char	*name, *fallback;
	} lists[ATTR_KINDS] = {
		[ATTR_RESULT] = { "result_attribute", "maildrop" },
		[ATTR_LEAF] = { "leaf_result_attribute", "" },
		[ATTR_TERMINAL] = { "terminal_result_attribute", "" },
		[ATTR_SPECIAL] = { "special_result_attribute", "" },
	};
	char *copy, *rest, *word;
	size_t count = 0, kind;

	for (kind = 0; kind < ATTR_KINDS; kind++) {
		s->first[kind] = count;
		copy = rest = xstrdup(table_config_text(s->config,
		    lists[kind].name, lists[kind].fallback));
		while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
			s->attrs = xreallocarray(s->attrs, count + 1,
			    sizeof(*s->attrs));
			s->attrs[count++] = xstrdup(word);
		}
		free(copy);
	}
	s->first[ATTR_KINDS] = count;
	s->attrs = xreallocarray(s->attrs, count + 1, sizeof(*s->attrs));
	s->attrs[count] = NULL;
}

static void
read_scope(struct ldap_state *s)
{
	const char *text = table_config_text(s->config, "scope", "sub");

	s->scope = LDAP_SCOPE_SUBTREE;
	if (strcasecmp(text, "one") == 0)
		s->scope = LDAP_SCOPE_ONELEVEL;
	else if (strcasecmp(text, "base") == 0)
		s->scope = LDAP_SCOPE_BASE;
	else if (strcasecmp(text, "sub") != 0)
		log_warning("%s: unrecognized value %s for scope; using sub",
		    table_config_name(s->config), text);
}

static int
read_settings(struct table *t, struct ldap_state *s, struct err *err)
{
	const char *filter;

	if ((s->config = table_config_open(t, err)) == NULL)
		return -1;
	filter = table_config_text(s->config, "query_filter",
	    "(mailacceptinggeneralid=%s)");
	if (table_query_init(&s->query, s->config, filter, err) == -1 ||
	    table_config_int(s->config, "recursion_limit", RECURSION_MAX, 1,
	    &s->recursion_max, err) == -1 ||
	    table_config_int(s->config, "size_limit",
	    s->query.expansion_limit, 0, &s->size_limit, err) == -1)
		return -1;
	s->base = xstrdup(table_config_text(s->config, "search_base", ""));
	if (!table_query_is_template(s->base))
		return err_set(err, ERR_CONFIG, "%s: invalid query template: "
		    "%s", table_config_name(s->config), s->base);
	if (strchr(filter, '%') == NULL)
		log_warning("%s: fixed query_filter %s is probably useless",
		    table_config_name(s->config), filter);
	read_scope(s);
	read_attrs(s);
	s->link = ldap_link_open(s->config, err);
	return s->link != NULL ? 0 : -1;
}

static int
ldap_table_open(struct table *t, struct err *err)
{
	struct ldap_state *s = xcalloc(1, sizeof(*s));

	t->state = s;
	buf_init(&s->filter);
	buf_init(&s->dn);
	if (read_settings(t, s, err) == 0)
		return 0;
	ldap_table_close(t);
	return -1;
}

/* RFC 4515 3: what could end an assertion value or mean more than itself. */
static void
quote_filter(struct buf *out, const char *text, size_t len, void *ctx)
{
	size_t i;

	(void)ctx;
	for (i = 0; i < len; i++)
		if (strchr("*()\\", text[i]) != NULL)	/* NUL, too */
			buf_addf(out, "\\%02x", (unsigned char)text[i]);
		else
			buf_addc(out, text[i]);
}

/* RFC 4514 2.4: any byte may be written as two digits. */
static void
quote_dn(struct buf *out, const char *text, size_t len, void *ctx)
{
	size_t i;

	(void)ctx;
	for (i = 0; i < len; i++)
		if (strchr(" \"#+,;<=>\\", text[i]) != NULL)
			buf_addf(out, "\\%02x", (unsigned char)text[i]);
		else
			buf_addc(out, text[i]);
}

/* Which kind of attribute this is; ATTR_KINDS: none that we asked for. */
static enum attr_kind
kind_of(const struct ldap_state *s, const char *name)
{
	size_t len = strcspn(name, ";"), i;	/* options follow */
	int kind;

	/* One that stands in several lists is the most special of them. */
	for (kind = ATTR_KINDS - 1; kind >= 0; kind--)
		for (i = s->first[kind]; i < s->first[kind + 1]; i++)
			if (strncasecmp(s->attrs[i], name, len) == 0 &&
			    (s->attrs[i][len] == '\0' ||
			    strcasecmp(s->attrs[i], name) == 0))
				return (enum attr_kind)kind;
	return ATTR_KINDS;
}

static int	add_entries(struct search *se, LDAPMessage *found, int depth);

/* Go on where a special attribute points: a DN or a URL. 0, or -1 with err. */
static int
follow(struct search *se, const char *attr, const char *where, int depth)
{
	struct ldap_state *s = se->t->state;
	LDAPURLDesc *url = NULL;
	struct err why = ERR_INIT;
	LDAPMessage *found;
	int rc;

	if (depth >= s->recursion_max) {
		log_warning("%s: recursion limit exceeded for special "
		    "attribute %s=%s", se->t->full_name, attr, where);
		return err_set(se->err, ERR_RETRY, "recursion limit exceeded "
		    "for special attribute %s=%.200s", attr, where);
	}
	if (ldap_is_ldap_url(where) &&
	    ldap_url_parse(where, &url) == LDAP_URL_SUCCESS)
		rc = ldap_link_search(s->link, url->lud_dn, url->lud_scope ==
		    LDAP_SCOPE_DEFAULT ? LDAP_SCOPE_BASE : url->lud_scope,
		    url->lud_filter, s->attrs, s->size_limit, &found, &why);
	else
		rc = ldap_link_search(s->link, where, LDAP_SCOPE_BASE,
		    "(objectclass=*)", s->attrs, s->size_limit, &found, &why);
	if (url != NULL)
		ldap_free_urldesc(url);
	if (rc == LDAP_NO_SUCH_OBJECT) {
		log_warning("%s: %s=%s not found, skipping",
		    se->t->full_name, attr, where);
		return 0;
	}
	if (rc != LDAP_SUCCESS) {
		log_warning("%s: %s=%s: %s", se->t->full_name, attr, where,
		    why.text);
		return err_set(se->err, ERR_RETRY, "%s=%.100s: %.200s", attr,
		    where, why.text);
	}
	rc = add_entries(se, found, depth + 1);
	ldap_msgfree(found);
	return rc;
}

/* The names of an entry's attributes, and what kinds there are. */
struct entry_attrs {
	char		**names;
	size_t		 count;
	bool		 has[ATTR_KINDS + 1];
};

/* Collected before any is used: following one may connect anew. */
static void
collect(const struct ldap_state *s, LDAP *ld, LDAPMessage *entry,
    struct entry_attrs *out)
{
	BerElement *at = NULL;
	char *name;

	memset(out, 0, sizeof(*out));
	for (name = ldap_first_attribute(ld, entry, &at); name != NULL;
	    name = ldap_next_attribute(ld, entry, at)) {
		out->names = xreallocarray(out->names, out->count + 1,
		    sizeof(*out->names));
		out->names[out->count++] = xstrdup(name);
		out->has[kind_of(s, name)] = true;
		ldap_memfree(name);
	}
	ber_free(at, 0);
}

static int
add_values(struct search *se, enum attr_kind kind, const char *name,
    struct berval **values, int depth)
{
	struct ldap_state *s = se->t->state;
	char *text;
	int rc = 0, i;

	for (i = 0; rc == 0 && values != NULL && values[i] != NULL; i++) {
		text = xstrndup(values[i]->bv_val, values[i]->bv_len);
		rc = kind == ATTR_SPECIAL ? follow(se, name, text, depth) :
		    table_query_result(&s->query, se->t, se->value,
		    &se->count, text, se->key, se->err);
		free(text);
	}
	return rc;
}

static int
add_entry(struct search *se, LDAPMessage *entry, int depth)
{
	struct ldap_state *s = se->t->state;
	struct entry_attrs attrs;
	struct berval **values;
	enum attr_kind kind;
	int rc = 0;
	size_t i;

	collect(s, ldap_link_handle(s->link), entry, &attrs);
	for (i = 0; i < attrs.count; i++) {
		kind = kind_of(s, attrs.names[i]);
		if (rc == -1 || kind == ATTR_KINDS ||
		    (attrs.has[ATTR_TERMINAL] && kind != ATTR_TERMINAL) ||
		    (attrs.has[ATTR_SPECIAL] && kind == ATTR_LEAF))
			continue;
		values = ldap_get_values_len(ldap_link_handle(s->link), entry,
		    attrs.names[i]);
		rc = add_values(se, kind, attrs.names[i], values, depth);
		ldap_value_free_len(values);
	}
	for (i = 0; i < attrs.count; i++)
		free(attrs.names[i]);
	free(attrs.names);
	return rc;
}

static int
add_entries(struct search *se, LDAPMessage *found, int depth)
{
	struct ldap_state *s = se->t->state;
	LDAPMessage *entry;

	entry = ldap_first_entry(ldap_link_handle(s->link), found);
	while (entry != NULL) {
		/* After a failure there may be no connection to ask with. */
		if (add_entry(se, entry, depth) == -1)
			return -1;
		entry = ldap_next_entry(ldap_link_handle(s->link), entry);
	}
	return 0;
}

static enum table_result
ldap_lookup(struct table *t, const char *key, size_t len, struct buf *value,
    struct err *err)
{
	struct ldap_state *s = t->state;
	struct search se = { t, key, value, 0, err };
	struct err why = ERR_INIT;
	LDAPMessage *found;
	int rc;

	(void)len;
	rc = table_query_make(&s->query, t, &s->filter, key, quote_filter,
	    NULL, err);
	if (rc == -1)
		return TABLE_RETRY;
	buf_reset(&s->dn);
	if (rc == 0 || !table_query_expand_text(s->base, &s->dn, key,
	    quote_dn, NULL))
		return TABLE_NOT_FOUND;
	rc = ldap_link_search(s->link, s->dn.ptr, s->scope, s->filter.ptr,
	    s->attrs, s->size_limit, &found, &why);
	/* A base made of the key need not be there; a fixed one must. */
	if (rc == LDAP_NO_SUCH_OBJECT && strchr(s->base, '%') != NULL)
		return TABLE_NOT_FOUND;
	if (rc != LDAP_SUCCESS) {
		log_warning("%s: %s%s%s%s", t->full_name,
		    rc == LDAP_NO_SUCH_OBJECT ? "search base '" : "",
		    rc == LDAP_NO_SUCH_OBJECT ? s->dn.ptr : "",
		    rc == LDAP_NO_SUCH_OBJECT ? "' not found: " : "",
		    why.text);
		err_set(err, ERR_RETRY, "%s", why.text);
		return TABLE_RETRY;
	}
	rc = add_entries(&se, found, 1);
	ldap_msgfree(found);
	if (rc == -1)
		return TABLE_RETRY;
	return se.count > 0 ? TABLE_FOUND : TABLE_NOT_FOUND;
}

static const struct table_type type = {
	.name = "ldap",
	.open = ldap_table_open,
	.close = ldap_table_close,
	.lookup = ldap_lookup,
};

const struct table_module posthorn_table = {
	TABLE_ABI, &type
};
