/*
 * session.h - one SMTP session as a state machine without I/O
 *
 *	                                 +------------- RSET, end of message -----+
 *	                                 v                                        |
 *	CONNECT --EHLO, HELO--> (greeted) --MAIL--> sender --RCPT--> recipients --DATA--> content
 *
 * It is given command lines and pieces of content, and leaves replies in out.
 * It has no socket and no clock but the one for stamps; messages go to a
 * sink, so that a test holds whole conversations with it. RFC 5321.
 */
#ifndef DAEMON_SMTPD_SESSION_H
#define DAEMON_SMTPD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include "daemon/smtpd/env.h"
#include "daemon/smtpd/mail_params.h"
#include "daemon/serve/peer.h"
#include "daemon/serve/transcript.h"
#include "daemon/smtpd/restrict.h"
#include "lib/base/buf.h"
#include "lib/base/log_json.h"

struct anvil_client;
struct dns_seen;
struct err;
struct match_list;
struct milters;
struct proxy;
struct sasl_check;
struct tls_info;

/*
 * struct sink - where a message goes: the cleanup module, postdrop (sendmail
 * -bs), a test's list
 */
struct sink {
	/* open - start a message; its queue ID, or NULL with err */
	const char	*(*open)(void *ctx, unsigned flags, struct err *err);
	void		(*set_flags)(void *ctx, unsigned flags);
	void		(*rec)(void *ctx, int type, const void *data,
			    size_t len);
	/* set_milters - filters that are to see the message; NULL: not here */
	void		(*set_milters)(void *ctx, struct milters *milters);
	unsigned	(*commit)(void *ctx, struct buf *reason);
	void		(*abort)(void *ctx);
	void		*ctx;
	bool		 is_local;	/* postdrop: no client attributes, no time */
};

#define FAULT_NONE	0	/* an error of the client's that concerns nobody */

enum session_verb { VERB_HELO, VERB_EHLO, VERB_XCLIENT, VERB_XFORWARD,
	VERB_STARTTLS, VERB_AUTH, VERB_MAIL, VERB_RCPT, VERB_DATA, VERB_BDAT,
	VERB_RSET, VERB_NOOP, VERB_VRFY, VERB_ETRN, VERB_QUIT, VERB_UNKNOWN,
	VERB_COUNT };

/* A decision that waits for the outcome of the rules behind it. */
struct deferral {
	bool		 is_active;
	int		 code;
	char		 dsn[16];
	char		*text;
};

/* What XFORWARD said about the client of our client; NULL: not said. */
struct forwarded {
	char		*name, *addr, *port, *proto, *helo, *ident, *source;
};

enum bdat_state {		/* RFC 3030 */
	BDAT_NONE,		/* no chunk has come */
	BDAT_TAKING,		/* some did, the last one is to come */
	BDAT_FAILED		/* one was refused: so are the others up to the last */
};

struct session {
	const struct smtpd_env *env;
	struct sink	*sink;
	struct anvil_client *anvil;	/* NULL: no limits apply */
	struct peer	 peer;

	/* Output, for the I/O loop. */
	struct buf	 out;		/* replies to send */
	int		 sleep_s;	/* wait so long before sending them */
	bool		 is_closing;	/* then close */
	bool		 wants_tls;	/* then start TLS: tls_server.h */
	bool		 is_silent;	/* without another word */
	bool		 in_content;	/* bytes belong to session_content */

	/* size_t pending - bytes that came with the command being run */
	size_t		(*pending)(void *ctx, const char **data);
	void		*pending_ctx;

	char		 log_session[LOG_JSON_SESSION_SIZE];	/* what events are linked by */

	/* The conversation. */
	const char	*where;		/* "CONNECT", last verb, "END-OF-MESSAGE" */
	const char	*protocol;	/* "SMTP", "ESMTP" */
	const struct tls_info *tls;	/* how it is encrypted; NULL: not at all */
	char		*helo;		/* NULL before HELO */
	unsigned	 ehlo_discard;
	bool		 is_exempt;	/* from event limits */
	bool		 is_denied;	/* refused at connect: only QUIT works */
	bool		 may_xforward;
	bool		 spoke_early;	/* and the log says so */
	enum bare_lf	 bare_lf;
	bool		 seen_bare_lf;
	bool		 is_local_rewrite;	/* rewrite_context=local */
	char		*counted_addr;	/* that anvil counts; NULL: not counted */
	int		 connection_count;	/* of this client, as far as counted */
	int		 errors, junk, overshoot;
	int		 done[VERB_COUNT], total[VERB_COUNT];
	bool		 tells_postmaster;	/* notify_classes apply */
	bool		 has_fault;	/* noted in this command */
	struct transcript transcript;
	const char	*aborted;	/* how the session was lost */
	struct forwarded forwarded;

	/* Logins: auth.c. */
	struct sasl_check *check;	/* NULL: it may not log in */
	struct buf	 mechanisms;	/* that are announced */
	bool		 in_auth;	/* the next line is a response */
	char		*auth_mechanism;	/* of the last try */
	char		*sasl_method, *sasl_username;	/* NULL: nobody is logged in */

	/* The mail transaction; sender NULL: none. */
	char		*sender;	/* internal form */
	struct timeval	 arrived;
	struct mail_params mail;
	char		*mail_args;	/* of MAIL, for a filter */
	const char	*queue_id;	/* NULL until the sink is open */
	struct proxy	*proxy;		/* or the filter that gets the message */
	int		 rcpt_count;
	char		*first_rcpt;	/* for Received: */
	char		*rcpt;		/* being checked; for logs */
	char		*filter, *redirect;	/* access table actions */
	struct buf	 bcc, prepend;	/* NUL-terminated strings */
	unsigned	 access_flags;	/* CLEANUP_HOLD, CLEANUP_DISCARD */

	/* Filters: milter_session.c. */
	struct milters	*milters;	/* NULL: none */
	bool		 told_helo, told_mail;
	bool		 has_refusal;	/* at connect or HELO: nothing is offered */
	const char	*refused_rcpt;	/* our reply, while they hear of it */
	struct buf	 macro;		/* the last value */

	/* Content being received: data.c, chunk.c. */
	struct buf	 partial;	/* a line that has not ended */
	int64_t		 content_bytes;
	bool		 had_crlf, in_line, is_first_line, is_too_big;
	enum bdat_state	 bdat;
	int64_t		 chunk_bytes, chunk_left;
	bool		 is_last_chunk, skips_chunk;

	/* Restrictions: restrict.c. */
	struct buf	 reject;	/* the last refusal */
	int		 warn_depth;	/* > 0: warn_if_reject */
	int		 rule_depth;
	bool		 said_obsolete;		/* that a rule is: once is enough */
	bool		 lets_nobody_in;	/* rules decide about rewriting only */
	bool		 unlisted_done;	/* recipient existence was tested */
	bool		 is_rcpt_exempt;	/* rcpt is taken whatever the restrictions say */
	struct deferral	 if_permit, if_reject;
	struct deferral	 early[CLASS_SENDER + 1];	/* if_permit after each stage that ran ahead of RCPT */
	const char	*etrn_domain;
	struct dns_seen	*dns_seen;	/* what DNS lists said */
	enum restrict_class stage;
};

/* session_new - a session with this client; takes the peer's strings */
struct session	*session_new(const struct smtpd_env *env, struct peer *peer,
		    struct sink *sink, struct anvil_client *anvil);
void		 session_free(struct session *s);

/* session_connected - before anything is said, TLS included */
void		 session_connected(struct session *s);
/* session_start - limits, client restrictions, greeting */
void		 session_start(struct session *s);
/* session_tls_started - from now on encrypted; what was said before is forgotten (RFC 3207 4.2) */
void		 session_tls_started(struct session *s,
		    const struct tls_info *info);
/*
 * session_command - one command line, terminator included
 *
 * line		changed in place
 */
void		 session_command(struct session *s, char *line, size_t len);
/*
 * session_content - bytes behind DATA; data.c
 *
 * Returns how many were taken: fewer than len when the message ended.
 */
size_t		 session_content(struct session *s, const char *data,
		    size_t len);
/* session_lost - the connection ended: "lost connection", "timeout" */
void		 session_lost(struct session *s, const char *how);
/* session_end - log the counters */
void		 session_end(struct session *s);

/* ---- between the files of this role: session.c ---- */

/* session_said - note what the client or, with "Out: ", we said */
void	session_said(struct session *s, const char *label, const char *text,
	    size_t len);
/* session_reply - add "CODE text" as a reply; 421 and 521 close the session; reply.c */
void	session_reply(struct session *s, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* session_fault - something went wrong that notify_classes may name */
void	session_fault(struct session *s, unsigned fault);
/* session_new_transcript - of more lines than limit is made an end, and a notice */
void	session_new_transcript(struct session *s, int limit);
/* session_is_listed - is the client's name or address on this list? */
bool	session_is_listed(const struct session *s, struct match_list *list);
/* session_greet_again - as at the start, for the client that XCLIENT named */
void	session_greet_again(struct session *s);

/* ---- transaction.c ---- */

/* session_forget - no value any more */
void	session_forget(char **where);
/* session_reset_mail - forget the transaction, drop an unfinished message */
void	session_reset_mail(struct session *s);
/* session_is_open - has the message been started? */
bool	session_is_open(const struct session *s);
/* session_is_local - is it mail of our own users (rewrite_context=local)? */
bool	session_is_local(const struct session *s);
/* session_is_forwarded - did XFORWARD say anything of the client of our client? */
bool	session_is_forwarded(const struct session *s);
/* session_open - start the queue file and its envelope; false after a reply */
bool	session_open(struct session *s);
/* session_rec, session_put - a record to the sink, if there is one */
void	session_rec(struct session *s, int type, const char *data, size_t len);
void	session_put(struct session *s, int type, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* ---- data.c, chunk.c ---- */

/* session_begin_content - what stands above the client's first line */
void	session_begin_content(struct session *s);
/* session_take_lines - text that belongs to the message; how much was taken */
size_t	session_take_lines(struct session *s, const char *data, size_t len);
/* session_end_line - what came of a line is all of it */
void	session_end_line(struct session *s);
/* session_finish - all of the message has come */
void	session_finish(struct session *s);
/* session_add_comment - text that stands in a comment of Received: */
void	session_add_comment(struct buf *out, const char *text);
/* session_chunk - bytes of a chunk; how many were taken */
size_t	session_chunk(struct session *s, const char *data, size_t len);

#endif
