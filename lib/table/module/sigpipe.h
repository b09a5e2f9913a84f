/*
 * sigpipe.h - call a library that writes to sockets without MSG_NOSIGNAL
 *
 * Daemons ignore SIGPIPE, commands do not: a server that went away must not
 * end them, while a reader of their output that goes away should. Between
 * hold and release the signal is ignored.
 */
#ifndef MODULE_SIGPIPE_H
#define MODULE_SIGPIPE_H

#include <signal.h>

static inline struct sigaction
sigpipe_hold(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;

	sigaction(SIGPIPE, &ignore, &old);
	return old;
}

static inline void
sigpipe_release(struct sigaction old)
{
	sigaction(SIGPIPE, &old, NULL);
}

#endif
