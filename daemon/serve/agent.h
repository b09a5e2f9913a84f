/*
 * agent.h - what every delivery agent does the same way
 *
 * A ROLE_SINGLE agent's serve function calls agent_serve with its delivery
 * function. agent_serve reads the delivery request (spec/services.md 3.11),
 * opens active/ID read-write, takes the shared lock, calls the function, and
 * reports the outcome to the queue manager. The function disposes of each
 * recipient with exactly one of agent_sent, agent_bounced, agent_deferred,
 * which log the line that parsers read (spec/master.md 6.5), append to
 * bounce, defer or trace log, and mark the recipient done.
 */
#ifndef DAEMON_SERVE_AGENT_H
#define DAEMON_SERVE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#include "lib/mail/dsn.h"
#include "lib/queue/queue_log.h"

struct buf;
struct err;
struct queue_file;
struct stream;

enum agent_flags {		/* spec/services.md 3.11 */
	AGENT_SUCCESS		= 1,	/* delete delivered recipients (mark done) */
	AGENT_BOUNCE		= 2,	/* return undeliverable ones; ours always do */
	AGENT_MTA_PROBE		= 256,
	AGENT_USER_PROBE	= 512,	/* sendmail -bv */
	AGENT_RECORD		= 1024,	/* sendmail -v, DSN success */
	AGENT_CONN_LOAD		= 2048,
	AGENT_CONN_STORE	= 4096,
	AGENT_REC_DELAY		= 8192
};

struct agent_times {		/* for delay= and delays= */
	struct timeval arrival, active, handoff, connected, delivered;
};

struct agent_request {
	int		 flags;
	const char	*queue_name, *queue_id;
	off_t		 data_offset;
	long		 data_size;
	const char	*nexthop, *encoding, *sender, *envelope_id;
	int		 sendopts, ret_flags;
	struct agent_times times;
	const char	*client_name, *client_addr, *client_port,
			*client_proto, *client_helo;
	const char	*sasl_method, *sasl_username, *sasl_sender,
			*log_ident, *rewrite_context;
	struct queue_rcpt *rcpts;
	size_t		 rcpt_count;

	struct queue_file *file;	/* open, locked, at data_offset, normal mode */
	int		 file_fd;	/* the same descriptor, for marking */

	/* Set by the delivery function: why the whole destination failed, so that
	   the queue manager backs off; reason "" means it did not. */
	struct dsn	 hop_failure;
	struct buf	*hop_text;	/* owns what hop_failure points to */
	int		 connection_use;	/* for the log; the delivery function sets it */
	bool		 is_corrupt;	/* the content was damaged: mode 0400 was set */
	bool		 has_left;	/* some recipient remains to be tried */
};

/*
 * agent_init - open what all agents share; once, in pre_jail
 *
 * filter_title	"smtp_delivery_status_filter" or the like, NULL for none
 * filter_list	its value
 */
void	agent_init(const char *filter_title, const char *filter_list);

/*
 * agent_serve - one delivery request on client, start to end
 *
 * deliver	disposes of every recipient
 */
void	agent_serve(struct stream *client, const char *service,
	    void (*deliver)(struct agent_request *rq, const char *service,
	    void *ctx), void *ctx);

/* agent_hop_failed - copy dsn into rq->hop_failure */
void	agent_hop_failed(struct agent_request *rq, const struct dsn *dsn);

/*
 * agent_sent, agent_bounced, agent_deferred - the end of one recipient
 *
 * relay	"host[addr]:port", "local", "none", ...
 * dsn		status, reason; diag and mta where known. reason is what stands
 *		in parentheses in the log.
 *
 * soft_bounce, probes (-bv) and NOTIFY=SUCCESS records are handled here. A log
 * that cannot be written turns into has_left: the message stays.
 */
void	agent_sent(struct agent_request *rq, const struct queue_rcpt *rcpt,
	    const char *relay, const struct dsn *dsn);
void	agent_bounced(struct agent_request *rq, const struct queue_rcpt *rcpt,
	    const char *relay, const struct dsn *dsn);
void	agent_deferred(struct agent_request *rq, const struct queue_rcpt *rcpt,
	    const char *relay, const struct dsn *dsn);

/*
 * agent_traced - only the record for a delivery report, with dsn's action
 *
 * For what happens to a recipient before its end: an alias was expanded.
 */
void	agent_traced(struct agent_request *rq, const struct queue_rcpt *rcpt,
	    const char *relay, const struct dsn *dsn);

/*
 * agent_completed - mark a recipient done
 *
 * For agents that turn one recipient into many (aliases): they pass copies
 * with offset -1 to the functions above and come here when all of them are
 * disposed of.
 */
void	agent_completed(struct agent_request *rq, const struct queue_rcpt *rcpt);

/* agent_corrupt - the content is damaged: mode 0400, a warning, is_corrupt, has_left */
void	agent_corrupt(struct agent_request *rq);

/*
 * agent_log - only the log line and its event; also for qmgr and cleanup, which report on
 * recipients without being agents
 *
 * status	"sent", "deferred", "bounced", ...
 */
void	agent_log(const char *queue_id, const char *sender,
	    const struct queue_rcpt *rcpt, const char *relay,
	    const struct agent_times *times, const char *status,
	    const struct dsn *dsn, int connection_use);

/* agent_log_address - append <address> as info_log_address_format wants it */
void	agent_log_address(struct buf *out, const char *address);

/* agent_format_delay - append microseconds as "0.02", "1.1", "79" (spec/master.md 6.5) */
void	agent_format_delay(struct buf *out, int64_t usec);

/*
 * agent_as_owner, agent_as_root - for the queue work of local, pipe, virtual:
 * effective rights of mail_owner, and back. A process without root stays what
 * it is. The functions above do this themselves.
 */
void	agent_as_owner(void);
void	agent_as_root(void);

#endif
