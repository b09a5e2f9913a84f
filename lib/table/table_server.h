/*
 * table_server.h - connections to table servers, kept and shared
 *
 * All tables of one server use one connection, which is closed after some
 * idle time and after some total time, so that a restarted or moved server
 * is found (spec/tables.md 8).
 */
#ifndef LIB_TABLE_TABLE_SERVER_H
#define LIB_TABLE_TABLE_SERVER_H

struct err;
struct stream;

struct table_server {
	char		*where;		/* "inet:HOST:PORT" or "unix:PATH" */
	unsigned	 refs;
	int		 timeout_s, idle_s, ttl_s;
	struct stream	*stream;	/* NULL: not connected */
	long long	 born_ms, used_ms;
	struct table_server *next;
};

/* table_server_open - share the server of this place; NULL with err: bad syntax */
struct table_server *table_server_open(const char *where, int timeout_s,
	    int idle_s, int ttl_s, struct err *err);
void	table_server_close(struct table_server *s);

/*
 * table_server_stream - a connected stream, NULL with err
 *
 * is_reused	set to 1 when the connection stood already: a failure on it
 *		may only mean that the server closed it
 */
struct stream *table_server_stream(struct table_server *s, int *is_reused,
	    struct err *err);
/* table_server_drop - the connection is of no more use */
void	table_server_drop(struct table_server *s);

#endif
