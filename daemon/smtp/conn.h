/*
 * conn.h - a session with its stream; and the one that is kept for later
 */
#ifndef DAEMON_SMTP_CONN_H
#define DAEMON_SMTP_CONN_H

#include "daemon/serve/transcript.h"
#include "daemon/smtp/smtp.h"
#include "lib/base/log_json.h"
#include "lib/net/stream.h"

struct conn {
	struct smtp_session session;
	struct stream	*stream;
	struct smtp_reply reply;
	struct buf	 line;
	struct transcript transcript;
	int64_t		 opened_ms, used_ms;	/* monotonic */
	int64_t		 deadline_ms;	/* of this reply or the content, 0: none */
	int		 uses;		/* messages begun */
	char		 log_session[LOG_JSON_SESSION_SIZE];	/* what events are linked by */
	char		*nexthop;	/* kept for it */
	struct tls_policy *tls;		/* NULL: in the clear */
};

/* conn_connect - from the address that smtp_bind_address or inet_interfaces say */
int	conn_connect(const struct smtp_config *cfg, const struct netaddr *to,
	    struct err *err);
/* conn_new - session: what events are linked by, NULL: this is a new connection */
struct conn	*conn_new(const struct smtp_config *cfg, int fd,
		    const char *host, const char *addr, const char *port,
		    const char *session);
/* conn_close - say goodbye if there is still somebody, and free */
void	conn_close(struct conn *c);

/* conn_exchange - send what the session has to say and bring it one reply */
enum smtp_step	conn_exchange(struct conn *c);
/* conn_start_tls - the handshake */
enum smtp_step	conn_start_tls(struct conn *c);
/* conn_spoke_early - has the server more to say than it was asked? */
bool	conn_spoke_early(const struct conn *c);
/* conn_start_content - content follows: from now on its time limits count */
void	conn_start_content(struct conn *c);
/* conn_write - content; the session's own words go first. 0 or -1 */
int	conn_write(struct conn *c, const struct buf *data);
/* conn_lost - tell the session that its stream is gone; SMTP_STEP_FAILED */
enum smtp_step	conn_lost(struct conn *c);

/*
 * conn_keep, conn_take - one idle session waits for the next request
 *
 * It is closed after smtp_connection_cache_time_limit by a timer's signal,
 * since a process that waits for work does nothing else. conn_take gives NULL
 * when there is none for this nexthop; another one is given away (shared.h).
 */
void	conn_keep(struct conn *c, const char *nexthop);
struct conn	*conn_take(const char *nexthop);
/* conn_may_go_on - within the limits of reuse? */
bool	conn_may_go_on(const struct conn *c);

#endif
