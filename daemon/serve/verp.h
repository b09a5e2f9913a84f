/*
 * verp.h - a sender address that names its recipient
 *
 * local@domain and user@example.org give local+user=example.org@domain, so a
 * bounce tells by its own address who failed.
 */
#ifndef DAEMON_SERVE_VERP_H
#define DAEMON_SERVE_VERP_H

struct buf;

/*
 * verp_sender - out = sender made for one recipient; all internal forms
 *
 * delimiters	two characters: before the recipient, and for its '@'
 */
void	verp_sender(struct buf *out, const char *sender,
	    const char *delimiters, const char *recipient);

#endif
