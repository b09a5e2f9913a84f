/*
 * request.h - postqueue -f, -i and -s: deliver now
 *
 * Each ends the process with the message of spec/services.md 4.1 when it
 * cannot be done.
 */
#ifndef CMD_POSTQUEUE_REQUEST_H
#define CMD_POSTQUEUE_REQUEST_H

/* request_flush_all - everything is due: the queue manager and pickup are woken */
void	request_flush_all(void);
/* request_flush_site - what waits for a domain of fast_flush_domains */
void	request_flush_site(const char *site);
/* request_flush_message - one message, by queue ID */
void	request_flush_message(const char *id);

#endif
