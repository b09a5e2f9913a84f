/*
 * queue_flush.h - deliver one message, or what waits for one site, now
 *
 * The lists in flush/ name the messages that wait for a destination of
 * fast_flush_domains (spec/queue-format.md 8.6). queue_flush_add appends to
 * them directly; the other two ask the flush service, which alone moves
 * files. Used by qmgr, smtpd (ETRN), postqueue, sendmail -q.
 */
#ifndef LIB_QUEUE_QUEUE_FLUSH_H
#define LIB_QUEUE_QUEUE_FLUSH_H

#include <stdbool.h>

struct buf;
struct err;

/* Status of the flush protocol (spec/services.md 3.2). */
enum queue_flush_status {
	QUEUE_FLUSH_OK		= 0,
	QUEUE_FLUSH_FAILED	= -1,	/* service not reachable, system error */
	QUEUE_FLUSH_BAD		= 3,	/* malformed request */
	QUEUE_FLUSH_DENIED	= 4	/* not in fast_flush_domains */
};

/*
 * queue_flush_is_eligible - is this domain in fast_flush_domains?
 *
 * Returns QUEUE_FLUSH_OK, _DENIED, or _FAILED when the lookup failed.
 */
enum queue_flush_status	queue_flush_is_eligible(const char *site);

/*
 * queue_flush_list_name - out = name of a site's list in flush/
 *
 * Letters in lower case, what is neither letter nor digit as '_'; U-labels as
 * A-labels. false when the site has no such name.
 */
bool	queue_flush_list_name(struct buf *out, const char *site);

/* queue_flush_add - a recipient at site was deferred: remember the message. For qmgr; runs as mail_owner */
enum queue_flush_status	queue_flush_add(const char *site, const char *id,
			    struct err *err);

/* queue_flush_send_site, queue_flush_send_file - ask the service */
int	queue_flush_send_site(const char *site, struct err *err);
int	queue_flush_send_file(const char *id, struct err *err);

#endif
