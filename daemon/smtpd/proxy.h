/*
 * proxy.h - smtpd_proxy_filter: mail passes a content filter before it is taken
 *
 * The filter speaks SMTP; what it says of the message the client is told, and
 * it is the filter that queues it. With speed_adjust the filter sees nothing
 * until the client has sent all, so that a slow client does not hold a filter
 * process: then recipients are accepted unseen.
 */
#ifndef DAEMON_SMTPD_PROXY_H
#define DAEMON_SMTPD_PROXY_H

#include <stdbool.h>
#include <stddef.h>

struct proxy;
struct session;

/* proxy_open - begin a message: s->proxy; false after a reply */
bool	proxy_open(struct session *s);
/* proxy_rcpt, proxy_data - one command; false after the filter's reply was passed on */
bool	proxy_rcpt(struct session *s, const char *args);
bool	proxy_data(struct session *s);
/* proxy_rec - content: records of type QUEUE_REC_TEXT and QUEUE_REC_PART; others are none of its business */
void	proxy_rec(struct proxy *p, int type, const char *data, size_t len);
/* proxy_finish - all has been sent: pass the verdict on; was it a yes? */
bool	proxy_finish(struct session *s);
/* proxy_close - hang up; NULL is fine */
void	proxy_close(struct proxy *p);

#endif
