/*
 * client.h - one connection, from accept to the hand-over or the end
 *
 *	upstream.c      start         early.c             talk.c
 *	(who is it?) -> (known?) ---> greet wait, ------> engine: deep tests,
 *	                   |          DNS lists              refusals --> end
 *	                   |              |                    |
 *	                   v              v                    v STARTTLS
 *	                pass.c: smtpd takes over           starttls.c: tlsproxy
 *	                                                   takes the socket
 *
 * Everything waits in the event loop; no client holds up another.
 */
#ifndef DAEMON_POSTSCREEN_CLIENT_H
#define DAEMON_POSTSCREEN_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/postscreen/reply.h"
#include "daemon/postscreen/stamps.h"
#include "lib/base/buf.h"
#include "lib/base/log_json.h"
#include "lib/net/netaddr.h"

struct config;
struct dnsbl_ask;
struct engine;
struct event;
struct event_base;
struct haproxy;

struct client {
	struct event_base *base;
	const struct config *config;
	int		 fd;		/* -1: smtpd has it */
	char		 addr[NETADDR_TEXT_SIZE], port[8];
	char		 server_addr[NETADDR_TEXT_SIZE], server_port[8];
	char		 name[NETADDR_TEXT_SIZE + 16];	/* "[192.0.2.1]:1234" */
	char		 session[LOG_JSON_SESSION_SIZE];
	struct caller	 caller;
	bool		 is_counted;	/* by address */
	bool		 is_testing;	/* one of those that postscreen_pre_queue_limit bounds */
	int64_t		 phase_ms;	/* when the first, or second half began */

	/* Tests. */
	struct stamps	 stamps;
	unsigned	 due, failed, passed;	/* TEST_BIT */
	int		 ttl_s;		/* > 0: all tests are passed for so long */
	int		 dnsbl_ttl_s;	/* how long the answer of the lists holds */
	bool		 is_known;	/* is in the cache */
	bool		 is_refused;	/* some failure is enforced */
	bool		 is_concluded;	/* the log and the cache know */
	struct buf	 refusal;	/* what recipients are told, when it is not the usual */
	struct dnsbl_ask *dnsbl;	/* while it runs */

	/* Waiting. */
	struct event	*io, *timer;	/* owned by the file that is at work */
	struct engine	*engine;	/* talk.c */
	struct buf	 in;
};

/* client_accept - a connection that was just made, of whom we see */
void	client_accept(struct event_base *base, const struct config *config,
	    int fd);

/* ---- between the files of this role ---- */

/* client_start - now it is known who the client is */
void	client_start(struct client *c);
/* client_set_addresses - as accept, or a load balancer, says */
void	client_set_addresses(struct client *c, const struct netaddr *client,
	    const struct netaddr *server);
/* client_say - a reply, as far as it can be sent at once: the end is near */
void	client_say(struct client *c, const char *text);
/*
 * client_fail - a test was failed
 *
 * drop, refuse		what the client is told at once, or what its recipients are
 *
 * Returns true when the client was dropped, and is gone.
 */
bool	client_fail(struct client *c, enum test test, const char *drop,
	    const char *refuse);
/* client_conclude - log whether it has passed, and remember it */
void	client_conclude(struct client *c);
/* client_log_hangup - "HANGUP after T from NAME in tests before SMTP handshake" */
void	client_log_hangup(const struct client *c, const char *when);
/* client_wait - call fn for input, and for the time's end if that comes; replaces earlier waits */
void	client_wait(struct client *c, short what, int64_t timeout_ms,
	    void (*fn)(int fd, short what, void *client));
/* client_stop_waiting - for input, or for anything */
void	client_stop_waiting(struct client *c);
/* client_disconnect - "DISCONNECT", and the end */
void	client_disconnect(struct client *c);
/* client_free - the end, without a word */
void	client_free(struct client *c);

/* early.c: client_early - the tests before the real greeting, then what follows */
void	client_early(struct client *c);
/*
 * talk.c: client_talk - the small SMTP server
 *
 * due		the tests to be passed there
 * greets	it begins with a greeting
 * last_words	all that it says behind that; NULL: it speaks as usual
 */
void	client_talk(struct client *c, unsigned due, bool greets,
	    const char *last_words);
/* talk.c: client_talk_on - after STARTTLS */
void	client_talk_on(struct client *c);
/*
 * pass.c: client_pass - smtpd takes over; was_tested: the client has seen part
 * of a greeting
 */
void	client_pass(struct client *c, bool was_tested);
/* starttls.c: client_starttls - tlsproxy takes the socket, and we talk to it instead */
void	client_starttls(struct client *c);
/* upstream.c: client_upstream - read who the client is, then client_start */
void	client_upstream(struct client *c);

#endif
