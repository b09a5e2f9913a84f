/*
 * reply_text.h - what is made of the replies of an SMTP server
 *
 * A reply is text without its last CR LF: "550 5.7.1 no".
 */
#ifndef DAEMON_SERVE_REPLY_TEXT_H
#define DAEMON_SERVE_REPLY_TEXT_H

#include "lib/mail/dsn.h"

struct buf;
struct log_json;

/* reply_soften - soft_bounce: a permanent refusal becomes a temporary one, 521 becomes 421 */
void	reply_soften(struct buf *reply);
/*
 * reply_add_footer - add text to a refusal
 *
 * footer	"\c" in front continues the last line, "\n" starts another one,
 *		each with the code and status of the first
 */
void	reply_add_footer(struct buf *reply, const char *footer);

/*
 * reply_event - members code, dsn and reason of an event, from a reply or from
 * what stands in one behind the code; other text is the reason
 *
 * dsn		room that has to last until the event's end
 */
void	reply_event(struct log_json *e, const char *reply,
	    char dsn[DSN_STATUS_SIZE]);

#endif
