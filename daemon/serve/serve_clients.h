/*
 * serve_clients.h - the clients of a ROLE_MULTI role that asks and answers in
 * attribute lists
 *
 * A client stays connected and asks one question after another; whatever is
 * complete is answered at once. A malformed request, or one that the role
 * makes no sense of, ends that connection and nothing else.
 */
#ifndef DAEMON_SERVE_SERVE_CLIENTS_H
#define DAEMON_SERVE_SERVE_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

struct attrs;
struct buf;
struct err;
struct role;

struct serve_protocol {
	bool		 is_plain;	/* the role's greeting is a list of lines, as anvil has it */
	/* attrs_parse or attrs_parse_plain (lib/ipc/attr.h) */
	int		(*parse)(struct attrs *out, const char *data,
			    size_t len, size_t max_bytes, size_t *used,
			    struct err *err);
	size_t		 request_max;	/* bytes of one request */
	int		 timeout_s;	/* a client that is silent for longer is let go; 0: never */
	/* Appends the reply; false when the request made no sense. */
	bool		(*answer)(const struct attrs *request, void **state,
			    struct buf *out);
	/* The client went away; NULL when state is not used. */
	void		(*gone)(void *state);
};

/*
 * serve_clients_accept - serve this descriptor from now on
 *
 * The skeleton calls it for a role that has a protocol, which stands in its
 * row; each client begins with a NULL state.
 */
void	serve_clients_accept(int fd, const struct role *role);

/* serve_clients_let_go - close those that wait for nothing: they ask again elsewhere */
void	serve_clients_let_go(void);

#endif
