/*
 * compose.h - a notice as lines of text: multipart/report (RFC 3462, 3464)
 *
 *	headers
 *	--boundary	text for people: template, then <recipient>: reason
 *	--boundary	message/delivery-status, one block a recipient
 *	--boundary	the original message, or its headers
 *	--boundary--
 *
 * No I/O: lines go to a function, recipients and the original come from
 * functions. Addresses are in external form throughout.
 */
#ifndef DAEMON_BOUNCE_COMPOSE_H
#define DAEMON_BOUNCE_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "daemon/bounce/wording.h"
#include "lib/queue/queue_log.h"

/* Where lines go: without LF; is_part: the next one continues it. */
struct compose_out {
	void	(*line)(void *ctx, const char *text, size_t len, bool is_part);
	void	*ctx;
};

/* The recipients to report. */
struct compose_entries {
	/* start over; then 1 with the next one, 0 at the end */
	void	(*rewind)(void *ctx);
	int	(*next)(void *ctx, struct queue_log_entry *out);
	void	*ctx;
};

/* The message that is reported on. */
struct compose_original {
	const char	*queue_id;
	const char	*sender;	/* external, never empty: MAILER-DAEMON@... */
	const char	*envelope_id;	/* "" */
	const char	*message_id;	/* for threading, "" for none */
	time_t		 arrival;
	bool		 is_utf8;	/* SMTPUTF8: RFC 6533 types */
	/* copy content lines to out, only the headers when asked; NULL: it is gone */
	void		(*copy)(void *ctx, const struct compose_out *out,
			    bool headers_only);
	void		*ctx;
};

struct compose_notice {
	const struct wording *wording;
	const struct compose_original *original;
	const struct compose_entries *entries;
	const char	*new_id;	/* queue ID of the notice, for Received: */
	const char	*to;		/* external address */
	bool		 for_postmaster;
	bool		 headers_only;
	bool		 is_delivered;	/* a success or probe report: "Message", not "Undelivered Message" */
	time_t		 now;
	time_t		 retry_until;	/* delay notices, 0: not said */
};

void	compose(const struct compose_notice *n,
	    const struct compose_out *out);

/*
 * compose_fold - one long line as several of at most 79 characters
 *
 * Breaks at blanks; what follows is indented by four, so that it continues a
 * header as well.
 */
void	compose_fold(const struct compose_out *out, const char *text);

#endif
