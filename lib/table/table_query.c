/*
 * table_query.c - %s templates of database clients
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_query.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/match_list.h"
#include "lib/table/table_config.h"
#include "lib/table/table_type.h"

bool
table_query_is_template(const char *p)
{
	for (; *p != '\0'; p++)
		if (*p == '%') {
			if (p[1] == '\0' ||
			    strchr("%sSuUdD123456789", p[1]) == NULL)
				return false;
			p++;
		}
	return true;
}

int
table_query_init(struct table_query *q, const struct table_config *c,
    const char *query, struct err *err)
{
	const char *format = table_config_text(c, "result_format", NULL);
	const char *domains = table_config_text(c, "domain", "");

	memset(q, 0, sizeof(*q));
	if (format == NULL)
		format = table_config_text(c, "result_filter", "%s");
	if (!table_query_is_template(query))
		return err_set(err, ERR_CONFIG, "%s: invalid query template: "
		    "%s", table_config_name(c), query);
	if (!table_query_is_template(format))
		return err_set(err, ERR_CONFIG, "%s: invalid result template: "
		    "%s", table_config_name(c), format);
	if (table_config_int(c, "expansion_limit", 0, 0, &q->expansion_limit,
	    err) == -1)
		return -1;
	q->query = xstrdup(query);
	q->result_format = xstrdup(format);
	if (*domains != '\0')
		q->domains = match_list_new("domain", MATCH_STRING, domains);
	return 0;
}

void
table_query_done(struct table_query *q)
{
	free(q->query);
	free(q->result_format);
	match_list_free(q->domains);
}

int
table_query_sql(struct buf *out, const struct table_config *c,
    struct err *err)
{
	const char *query = table_config_text(c, "query", ""), *table, *field,
	    *where;

	if (*query != '\0') {
		buf_adds(out, query);
		return 0;
	}
	if ((table = table_config_must(c, "table", err)) == NULL ||
	    (field = table_config_must(c, "select_field", err)) == NULL ||
	    (where = table_config_must(c, "where_field", err)) == NULL)
		return -1;
	buf_addf(out, "SELECT %s FROM %s WHERE %s = '%%s' %s", field, table,
	    where, table_config_text(c, "additional_conditions", ""));
	return 0;
}

/* Is this key to be asked for? 1, 0, or -1: cannot say. */
static int
wants(struct table_query *q, const struct table *t, const char *key)
{
	const char *at;

	if (q->domains == NULL && *key == '\0') {
		log_warning("table \"%s\": empty query string -- ignored",
		    t->full_name);
		return 0;
	}
	if (q->domains == NULL)
		return 1;
	if ((at = strrchr(key, '@')) == NULL || at[1] == '\0')
		return 0;
	switch (match_list_find(q->domains, at + 1, NULL)) {
	case TABLE_FOUND:
		return 1;
	case TABLE_NOT_FOUND:
		return 0;
	default:
		return -1;
	}
}

static void
copy(struct buf *out, const char *text, size_t len, void *ctx)
{
	(void)ctx;
	buf_add(out, text, len);
}

/* The nth label of a domain from the right, 1 first; false if there is none. */
static bool
label(const char *domain, int n, const char **start, size_t *len)
{
	const char *end = domain + strlen(domain), *p;

	for (;; end = p) {
		for (p = end; p > domain && p[-1] != '.'; p--)
			;
		if (--n == 0)
			break;
		if (p == domain)
			return false;
		p--;
	}
	*start = p;
	*len = (size_t)(end - p);
	return *len > 0;
}

/* The part of text (an address or not) that letter asks for; false: none. */
static bool
part(const char *text, int letter, const char **start, size_t *len)
{
	const char *at = strrchr(text, '@');

	*start = text;
	switch (letter) {
	case 's':
		*len = strlen(text);
		return true;
	case 'u':
		*len = at != NULL ? (size_t)(at - text) : strlen(text);
		return *len > 0;
	case 'd':
		if (at == NULL)
			return false;
		*start = at + 1;
		*len = strlen(at + 1);
		return *len > 0;
	default:
		return at != NULL &&
		    label(at + 1, letter - '0', start, len);
	}
}

/* Expand; small letters are of text, capitals and digits of key. */
static bool
expand(struct buf *out, const char *template, const char *text,
    const char *key, table_quote_fn quote, void *ctx)
{
	const char *p, *from, *start;
	size_t len;

	for (p = template; *p != '\0'; p++) {
		if (*p != '%' || p[1] == '%') {
			buf_addc(out, *p);
			p += *p == '%';
			continue;
		}
		p++;
		from = islower((unsigned char)*p) ? text : key;
		if (!part(from, tolower((unsigned char)*p), &start, &len))
			return false;
		quote(out, start, len, ctx);
	}
	return true;
}

int
table_query_make(struct table_query *q, const struct table *t,
    struct buf *out, const char *key, table_quote_fn quote, void *ctx,
    struct err *err)
{
	buf_reset(out);
	switch (wants(q, t, key)) {
	case 0:
		return 0;
	case -1:
		return err_set(err, ERR_RETRY, "%s: domain lookup failed",
		    t->full_name);
	}
	return table_query_expand(q, out, key, quote != NULL ? quote : copy,
	    ctx);
}

bool
table_query_expand(const struct table_query *q, struct buf *out,
    const char *key, table_quote_fn quote, void *ctx)
{
	return expand(out, q->query, key, key, quote, ctx);
}

bool
table_query_expand_text(const char *template, struct buf *out,
    const char *key, table_quote_fn quote, void *ctx)
{
	return expand(out, template, key, key, quote, ctx);
}

int
table_query_result(const struct table_query *q, const struct table *t,
    struct buf *value, int *count, const char *result, const char *key,
    struct err *err)
{
	size_t before = value->len;

	if (result == NULL)
		return 0;
	if (*result == '\0') {
		log_warning("table \"%s\": empty lookup result for: \"%s\" -- "
		    "ignored", t->full_name, key);
		return 0;
	}
	if (*count > 0)
		buf_addc(value, ',');
	if (!expand(value, q->result_format, result, key, copy, NULL)) {
		buf_truncate(value, before);
		return 0;
	}
	if (++*count > q->expansion_limit && q->expansion_limit > 0) {
		log_warning("%s: expansion limit exceeded for key '%s'",
		    t->full_name, key);
		return err_set(err, ERR_RETRY,
		    "expansion limit exceeded for key '%s'", key);
	}
	return 0;
}
