/*
 * notice.h - requests to the bounce, defer and trace services, as bytes
 *
 * The queue manager asks for reports with these (over ask.h), the bounce role
 * reads them, foreign programs send them (spec/services.md 3.9). No I/O here.
 */
#ifndef DAEMON_SERVE_NOTICE_H
#define DAEMON_SERVE_NOTICE_H

#include "lib/mail/dsn.h"
#include "lib/queue/queue_log.h"

struct attrs;
struct buf;
struct err;

#define NOTICE_PROTOCOL	"delivery_status_protocol"

enum notice_kind {		/* nrequest on the wire */
	NOTICE_APPEND	= 0,	/* add an entry to the log */
	NOTICE_FLUSH	= 1,	/* send the report, remove the log */
	NOTICE_WARN	= 2,	/* send a delay report, keep the log */
	NOTICE_VERP	= 3,	/* as FLUSH, one report a recipient */
	NOTICE_ONE	= 4,	/* bounce one recipient without a log */
	NOTICE_TRACE	= 5	/* send a delivery report, remove the log */
};

enum notice_flags {
	NOTICE_CLEAN	= 1,	/* remove the log even when sending fails */
	NOTICE_DELRCPT	= 2	/* mark the reported recipients done */
};

/* Texts never NULL; what a kind does not carry is not looked at. */
struct notice {
	enum notice_kind kind;
	int		 flags;		/* enum notice_flags */
	const char	*queue_name, *queue_id, *encoding, *sender,
			*envelope_id, *verp_delimiters;
	int		 sendopts, ret_flags;
	struct queue_rcpt rcpt;		/* APPEND, ONE */
	struct dsn	 dsn;
};

/* notice_put - append the whole request */
void	notice_put(struct buf *out, const struct notice *n);
/* notice_get - read a request; texts point into a. 0, or -1 with what is wrong */
int	notice_get(struct notice *n, const struct attrs *a, struct err *err);

/* The reply is status 0 or -1. */
void	notice_put_reply(struct buf *out, int status);
int	notice_get_reply(const struct attrs *a);

#endif
