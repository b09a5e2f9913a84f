/*
 * qmqp.h - the quick mail queueing protocol, server side, without I/O
 *
 * A request is one netstring ("LENGTH:BYTES,") that holds others: the message,
 * the sender, one for each recipient. Bytes go in as they come, and what they
 * make whole comes out. Source: D. J. Bernstein's QMQP and netstrings notes,
 * and how Debian's postfix reads them: the outer length is not compared with
 * what it holds.
 */
#ifndef DAEMON_QMQPD_QMQP_H
#define DAEMON_QMQPD_QMQP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum qmqp_event {
	QMQP_MORE,		/* every byte was taken, nothing is whole yet */
	QMQP_MESSAGE,		/* it is in text */
	QMQP_SENDER, QMQP_RCPT,	/* the same */
	QMQP_END,
	QMQP_BAD,		/* no netstring, or an address with line ends or NULs */
	QMQP_TOO_LONG
};

enum qmqp_part { QMQP_IN_HEADER, QMQP_IN_MESSAGE, QMQP_IN_SENDER,
	QMQP_IN_RCPT };

struct qmqp {
	enum qmqp_part	 part;
	bool		 in_text;	/* behind the colon */
	bool		 has_length;	/* a digit came */
	size_t		 left;		/* the length so far, then bytes to come */
	size_t		 message_max, address_max;	/* bytes */
	struct buf	 text;
};

/* qmqp_init - message_max 0: no limit */
void	qmqp_init(struct qmqp *q, size_t message_max, size_t address_max);
void	qmqp_done(struct qmqp *q);

/*
 * qmqp_feed - take bytes until something is whole or wrong
 *
 * used		out: how many; the rest is for the next call
 */
enum qmqp_event	qmqp_feed(struct qmqp *q, const char *data, size_t len,
		    size_t *used);

/* qmqp_part_text - "message content", ...: what was being received, for messages */
const char	*qmqp_part_text(const struct qmqp *q);

/* qmqp_put_reply - append the reply: class 'K' (taken), 'Z' (later), 'D' (never) and a text */
void	qmqp_put_reply(struct buf *out, char class, const char *text);

/*
 * qmqp_verp - does the sender ask for addresses that name each recipient?
 *
 * sender	"local-@host-@[]" becomes "local@host" in place
 * filter	characters that may stand for the first '-'
 * delimiters	out, when true: that character, '=', and a NUL
 */
bool	qmqp_verp(struct buf *sender, const char *filter, char delimiters[3]);

#endif
