/*
 * sql_table.h - a table type over a choice of SQL servers
 *
 * What mysql: and pgsql: have in common: the settings hosts, retry_interval,
 * idle_interval and timeout, one connection a host, one query a lookup, and
 * another host when one fails. A client library gives four functions.
 *
 *	   untried --connected--> up --failed--> down
 *	      ^                   |               |
 *	      +-- idle_interval --+-- retry_interval
 *
 * Hosts that are up are asked first, chosen at random so that they share the
 * load; Unix sockets before the network. Source: spec/tables.md 9.
 */
#ifndef MODULE_SQL_TABLE_H
#define MODULE_SQL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/table/table_type.h"

struct sql_rows;
struct table_config;

/* A server as the hosts setting names it. */
struct sql_host {
	const char	*name;		/* as written, for messages */
	const char	*where;		/* host name, socket path, or URI */
	const char	*port;		/* NULL: the client library's */
	bool		 is_unix;
};

/* How a query ended. */
enum sql_result {
	SQL_DONE,
	SQL_REFUSED,		/* the server answered with an error */
	SQL_LOST		/* no answer: the connection is of no use */
};

struct sql_client {
	const char	*uri_prefix;	/* hosts that begin so are not taken apart; NULL */

	/* connect - within timeout_s; NULL with err */
	void		*(*connect)(const struct table_config *c,
			    const struct sql_host *host, int timeout_s,
			    struct err *err);
	void		 (*disconnect)(void *link);
	/* quote - append text, safe between single quotes; false: it cannot be said to this server */
	bool		 (*quote)(void *link, struct buf *out,
			    const char *text, size_t len);
	/* query - run sql within timeout_s, give each field to sql_rows_add; err unless SQL_DONE */
	enum sql_result	 (*query)(void *link, const struct table_config *c,
			    const char *sql, int timeout_s,
			    struct sql_rows *rows, struct err *err);
};

/* sql_rows_add - one field of a row; NULL is the SQL NULL. False: stop, the lookup has failed */
bool	sql_rows_add(struct sql_rows *rows, const char *field);

/*
 * sql_table_open - read the settings; no server is asked yet
 *
 * sql		the query template, see table_query_sql
 *
 * The rest are the functions of a struct table_type.
 */
int	sql_table_open(struct table *t, const struct sql_client *client,
	    int (*sql)(struct buf *out, const struct table_config *c,
	    struct err *err), struct err *err);
void	sql_table_close(struct table *t);
enum table_result sql_table_lookup(struct table *t, const char *key,
	    size_t len, struct buf *value, struct err *err);

#endif
