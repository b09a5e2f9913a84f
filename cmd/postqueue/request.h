/*
 * request.h - postqueue -f, -i and -s: deliver now
 *
 * Each ends the process with the message of spec/services.md 4.1 when it
 * cannot be done.
 */
#ifndef CMD_POSTQUEUE_REQUEST_H
#define CMD_POSTQUEUE_REQUEST_H

void	request_flush_all(void);
void	request_flush_site(const char *site);
void	request_flush_message(const char *id);

#endif
