/*
 * reply_text.h - what administrators make of the replies of an SMTP server
 *
 * A reply is text without its last CR LF: "550 5.7.1 no".
 */
#ifndef DAEMON_SERVE_REPLY_TEXT_H
#define DAEMON_SERVE_REPLY_TEXT_H

struct buf;

/* reply_soften - soft_bounce: a permanent refusal becomes a temporary one, 521 becomes 421 */
void	reply_soften(struct buf *reply);
/*
 * reply_add_footer - add text to a refusal
 *
 * footer	"\c" in front continues the last line, "\n" starts another one,
 *		each with the code and status of the first
 */
void	reply_add_footer(struct buf *reply, const char *footer);

#endif
