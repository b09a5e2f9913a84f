/*
 * reply.h - the last touch of what a client is told: soft_bounce, footers
 */
#ifndef DAEMON_POSTSCREEN_REPLY_H
#define DAEMON_POSTSCREEN_REPLY_H

struct buf;
struct config;

/* Whom we talk to, as footers name it. */
struct caller {
	const char	*addr, *port;
	const char	*session;	/* what its events are linked by */
};

/* reply_text - append a reply as soft_bounce leaves it, for the log */
void	reply_text(struct buf *out, const char *text);
/* reply_put - append a reply as it goes over the wire, and CR LF */
void	reply_put(struct buf *out, const struct config *c,
	    const struct caller *caller, const char *text);

#endif
