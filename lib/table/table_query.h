/*
 * table_query.h - %s templates of database clients (spec/tables.md 9)
 *
 * A query names parts of the key, a result format parts of the result:
 * %s whole, %u local part, %d domain, %1 ... %9 labels of the key's domain
 * from the right; in a result format %S %U %D are the key's.
 */
#ifndef LIB_TABLE_TABLE_QUERY_H
#define LIB_TABLE_TABLE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct match_list;
struct table;
struct table_config;

struct table_query {
	char		*query;
	char		*result_format;
	struct match_list *domains;	/* NULL: any key is asked for */
	int		 expansion_limit;
};

/* Appends text to out, safe inside a string of the target language. */
typedef void (*table_quote_fn)(struct buf *out, const char *text, size_t len,
		    void *ctx);

/*
 * table_query_init - read result_format, domain and expansion_limit
 *
 * query	the template; table_query_sql makes one from the old settings
 *
 * 0, or -1 with err.
 */
int	table_query_init(struct table_query *q, const struct table_config *c,
	    const char *query, struct err *err);
void	table_query_done(struct table_query *q);

/* table_query_sql - append the query setting, or SELECT ... from the old form */
int	table_query_sql(struct buf *out, const struct table_config *c,
	    struct err *err);

/*
 * table_query_make - the query for key, if it is to be asked for
 *
 * out		replaced
 * quote	NULL: text is put in as it is
 *
 * The empty key is not; that is warned of, unless "domain" leaves it out.
 *
 * Returns 1, 0 when "domain" leaves the key out or it lacks a part that the
 * query names, or -1 with err: ERR_RETRY, "domain" cannot be looked at.
 */
int	table_query_make(struct table_query *q, const struct table *t,
	    struct buf *out, const char *key, table_quote_fn quote, void *ctx,
	    struct err *err);
/* table_query_expand - the query for key, appended; false: the key lacks a part */
bool	table_query_expand(const struct table_query *q, struct buf *out,
	    const char *key, table_quote_fn quote, void *ctx);
/* table_query_is_template - are all its %s forms known ones? */
bool	table_query_is_template(const char *text);
/* table_query_expand_text - another template for the same key */
bool	table_query_expand_text(const char *text, struct buf *out,
	    const char *key, table_quote_fn quote, void *ctx);
/*
 * table_query_result - add one result to value
 *
 * count	of results so far; 0 before the first
 *
 * 0, or -1 with err when the expansion limit is exceeded.
 */
int	table_query_result(const struct table_query *q, const struct table *t,
	    struct buf *value, int *count, const char *result,
	    const char *key, struct err *err);

#endif
