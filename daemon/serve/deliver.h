/*
 * deliver.h - the delivery request protocol, as bytes, for both sides
 *
 * Who has mail to hand over (qmgr, or local for mailbox_transport) speaks
 * this with a delivery agent (spec/services.md 3.11):
 *
 *	agent:   greeting  protocol=delivery_request_protocol
 *	client:  head, then one list a recipient
 *	agent:   status of the destination, then of the recipients
 *	client:  closes
 *
 * Nothing here does I/O: qmgr runs it on libevent, agents on streams. The
 * lists are those of Debian's 3.7.11, whose readers refuse any other order.
 */
#ifndef DAEMON_SERVE_DELIVER_H
#define DAEMON_SERVE_DELIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mail/dsn.h"
#include "lib/queue/queue_log.h"

struct agent_request;
struct agent_times;
struct attrs;
struct buf;
struct err;

#define DELIVER_PROTOCOL	"delivery_request_protocol"

/* Bounds for whoever reads such lists. */
#define DELIVER_HEAD_MAX	(1024 * 1024)
#define DELIVER_RCPT_MAX	(256 * 1024)

/* deliver_put_request - append head and recipients; file and outcome of rq are not looked at */
void	deliver_put_request(struct buf *out, const struct agent_request *rq);

/*
 * deliver_get_head - read the head into rq; its texts point into a
 *
 * *count	how many recipient lists follow
 *
 * Returns 0, or -1 with the name of what is missing or malformed.
 */
int	deliver_get_head(struct agent_request *rq, const struct attrs *a,
	    size_t *count, struct err *err);

/* RCPT and DSN of spec/services.md 3.9: inside other lists, so without their end. */
void	deliver_put_rcpt(struct buf *out, const struct queue_rcpt *rcpt);
int	deliver_get_rcpt(struct queue_rcpt *rcpt, const struct attrs *a,
	    struct err *err);
void	deliver_put_dsn(struct buf *out, const struct dsn *dsn);
int	deliver_get_dsn(struct dsn *dsn, const struct attrs *a,
	    struct err *err);

/*
 * deliver_is_greeting - did a delivery agent say hello?
 *
 * Agents from before 3.6 say status=0.
 */
bool	deliver_is_greeting(const struct attrs *a);

/*
 * deliver_put_reply - the agent's answer, a whole list
 *
 * hop		why the destination failed as a whole; reason "" when it did not
 * has_left	some recipient remains to be tried
 */
void	deliver_put_reply(struct buf *out, const struct dsn *hop,
	    bool has_left);
int	deliver_get_reply(struct dsn *hop, bool *has_left,
	    const struct attrs *a, struct err *err);

/*
 * deliver_get_times - read the blob that carries the times
 *
 * It is five native timevals and a reuse counter, padded, in base64. One of
 * another size (another architecture) gives zeros.
 */
void	deliver_get_times(struct agent_times *times, const char *base64);

#endif
