/*
 * cleanup.h - turn incoming records into a finished queue file
 *
 * A streaming module: smtpd, pickup, qmqpd and bounce call it in-process, the
 * cleanup role serves it to everybody else with the very same records
 * (spec/services.md 3.10, spec/queue-format.md 6). One struct cleanup is one
 * message:
 *
 *	cleanup_open -> cleanup_rec ... (envelope, M, content, X, extracted, E)
 *	    -> cleanup_commit	status 0: the message is safe on disk
 *	or  -> cleanup_abort	no trace remains
 *
 * After a lethal error further records are swallowed, so that a protocol can
 * run to its end and read the status.
 */
#ifndef DAEMON_CLEANUP_CLEANUP_H
#define DAEMON_CLEANUP_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cleanup;
struct err;
struct milters;

enum cleanup_flags {		/* as on the wire */
	CLEANUP_BOUNCE		= 1,
	CLEANUP_FILTER		= 2,	/* header and body checks */
	CLEANUP_HOLD		= 4,
	CLEANUP_DISCARD		= 8,
	CLEANUP_BCC		= 16,
	CLEANUP_MAP		= 32,
	CLEANUP_MILTER		= 64,
	CLEANUP_SMTP_REPLY	= 128,
	CLEANUP_SMTPUTF8	= 256,
	CLEANUP_AUTOUTF8	= 512,
	CLEANUP_EXTERNAL	= CLEANUP_FILTER | CLEANUP_BCC | CLEANUP_MAP |
				  CLEANUP_MILTER,
	CLEANUP_INTERNAL	= CLEANUP_MAP
};

enum cleanup_status {		/* bits; 0 is queued */
	CLEANUP_BAD	= 1,
	CLEANUP_WRITE	= 2,
	CLEANUP_SIZE	= 4,
	CLEANUP_CONTENT	= 8,
	CLEANUP_HOPS	= 16,
	CLEANUP_RCPT	= 64,
	CLEANUP_PROXY	= 128,
	CLEANUP_DEFER	= 256,
	CLEANUP_PERM	= 512,
	CLEANUP_BARE_LF	= 65536
};

/*
 * cleanup_init - open tables and lists; call in pre_jail, once per process
 *
 * When master.cf gives $cleanup_service_name options of its own, messages go
 * to that service instead, through the same functions.
 */
void	cleanup_init(void);
/* cleanup_init_service - the same for the service itself, which asks nobody */
void	cleanup_init_service(void);

/*
 * cleanup_intake_flags - CLEANUP_EXTERNAL as receive_override_options leaves it
 *
 * checks_rcpt	out: recipients are looked up on intake; may be NULL
 *
 * Ends the process when main.cf says what there is not.
 */
unsigned	 cleanup_intake_flags(bool *checks_rcpt);

/* cleanup_is_from_line - "From ", also quoted with '>': a mailbox separator (RFC 4155), no header */
bool		 cleanup_is_from_line(const char *line, size_t len);

/*
 * cleanup_open - start a message: makes incoming/ID
 *
 * NULL with err (ERR_SYSTEM: no space, no permission) when no file can be
 * made; the caller answers 451 4.3.0 queue file write error.
 */
struct cleanup	*cleanup_open(unsigned flags, struct err *err);
const char	*cleanup_id(const struct cleanup *c);
/* cleanup_set_flags - add flags before the envelope ends (hold, discard from an access table) */
void		 cleanup_set_flags(struct cleanup *c, unsigned flags);
/*
 * cleanup_set_milters - filters that know the session, and are to see the message
 *
 * Borrowed until commit or abort. Without them, a message with CLEANUP_MILTER
 * is shown to non_smtpd_milters.
 */
void		 cleanup_set_milters(struct cleanup *c,
		    struct milters *milters);
/* cleanup_is_elsewhere - do messages go to the cleanup service, not through this process? */
bool		 cleanup_is_elsewhere(void);
/* cleanup_rec - feed one record; returns the status so far */
unsigned	 cleanup_rec(struct cleanup *c, int type, const void *data,
		    size_t len);
unsigned	 cleanup_recs(struct cleanup *c, int type, const char *text);
unsigned	 cleanup_recf(struct cleanup *c, int type, const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/*
 * cleanup_commit - after E: finish, flush, fsync, wake the queue manager; frees c
 *
 * reason	text for the client, empty when the status says it all
 *
 * Returns the status; 0 only when the message is on stable storage.
 */
unsigned	 cleanup_commit(struct cleanup *c, struct buf *reason);
void		 cleanup_abort(struct cleanup *c);

/* cleanup_status_text - "queue file write error"; code and DSN as in spec/services.md 3.10 */
const char	*cleanup_status_text(unsigned status, int *smtp_code,
		    const char **dsn);

/* ---- the same over the wire, for local and other roles that must not parse mail ---- */

struct cleanup_client;

/*
 * cleanup_client_open - connect to the service; NULL with err
 *
 * flags	CLEANUP_*, as for cleanup_open
 */
struct cleanup_client	*cleanup_client_open(unsigned flags, struct err *err);
/* cleanup_client_id - the queue ID that the message has got */
const char	*cleanup_client_id(const struct cleanup_client *c);
/* cleanup_client_rec - one record; 0, or -1 when the service is gone (commit says so, too) */
int		 cleanup_client_rec(struct cleanup_client *c, int type,
		    const void *data, size_t len);
/* cleanup_client_recf - the same, of a text */
int		 cleanup_client_recf(struct cleanup_client *c, int type,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/* cleanup_client_commit - as cleanup_commit; frees c */
unsigned	 cleanup_client_commit(struct cleanup_client *c,
		    struct buf *reason);
/* cleanup_client_abort - hang up: the service removes the file; frees c, NULL is fine */
void		 cleanup_client_abort(struct cleanup_client *c);

#endif
