/*
 * smtp.h - what the parts of the SMTP and LMTP client know of each other
 *
 *	request ── deliver.c ──┬── dest.c     nexthop -> addresses to try
 *	                       ├── session.c  the conversation, without I/O
 *	                       └── content.c  queue file -> lines on the wire
 *
 * config.c holds the parameters of smtp_* or lmtp_*, so that nothing else
 * asks which of the two it is.
 */
#ifndef DAEMON_SMTP_SMTP_H
#define DAEMON_SMTP_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/smtp/auth.h"
#include "daemon/smtp/tls_policy.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/mail/dsn.h"
#include "lib/mail/mime.h"
#include "lib/net/netaddr.h"

struct agent_request;
struct maps;
struct match_list;
struct queue_file;
struct stream;

/* ---- configuration ---- */

enum smtp_lookup { SMTP_LOOKUP_DNS = 1, SMTP_LOOKUP_NATIVE = 2 };

enum smtp_prefer { SMTP_PREFER_ANY, SMTP_PREFER_IPV4, SMTP_PREFER_IPV6 };

enum smtp_pix { SMTP_PIX_NO_ESMTP = 1, SMTP_PIX_DELAY_DOT = 2 };

enum smtp_flag {		/* flags= of master.cf */
	SMTP_DELIVERED_TO = 1, SMTP_ORIGINAL_TO = 2, SMTP_RETURN_PATH = 4,
	SMTP_FINAL = 8		/* what the server takes is delivered */
};

struct smtp_config {
	bool		 is_lmtp;
	unsigned	 flags;		/* SMTP_DELIVERED_TO, ... */
	const char	*helo_name, *tcp_port, *fallback_relay;
	const char	*bind_address, *bind_address6;
	bool		 bind_enforce;
	int		 connect_timeout, helo_timeout, mail_timeout,
			 rcpt_timeout, data_init_timeout, data_xfer_timeout,
			 data_done_timeout, rset_timeout, quit_timeout,
			 xforward_timeout;
	bool		 per_request_deadline;
	int		 min_data_rate;	/* bytes a second, with a deadline */
	struct maps	*reply_filter;
	bool		 converts_8bit;	/* not disable_mime_output_conversion */
	int		 address_limit, session_limit;
	int		 line_limit;
	bool		 always_ehlo, never_ehlo, skip_5xx_greeting,
			 skip_quit_reply, send_xforward, quotes_envelope,
			 randomizes, balances, defers_no_mx_address,
			 ignores_mx_error, assumes_final;
	bool		 probes_data;	/* address_verify_target = data */
	bool		 uses_dns;
	const char	*srv_services;	/* list: ports that SRV records are asked for */
	bool		 falls_back_from_srv, ignores_srv_error;
	unsigned	 lookup;	/* SMTP_LOOKUP_* */
	enum smtp_prefer prefer;
	const char	*discard;	/* keywords never to be used */
	struct maps	*discard_maps;
	const char	*pix;		/* workarounds, in words */
	struct maps	*pix_maps;
	int		 pix_threshold_s, pix_delay_s;
	struct maps	*generic;
	struct maps	*header_checks, *mime_checks, *nested_checks,
			*body_checks;
	struct auth_config auth;
	struct tls_config tls;
	bool		 caches_on_demand;
	struct match_list *cache_destinations;
	int		 cache_time_s, reuse_time_s, reuse_count;
};

/* smtp_config_load - from params; opens tables */
void	smtp_config_load(struct smtp_config *c, bool is_lmtp);
/* smtp_config_args - from the command in master.cf: "flags=DORX"; what is none of them is fatal */
void	smtp_config_args(struct smtp_config *c, char **argv);
/* smtp_config_discards - keywords of a discard list as SMTP_HAS_* bits */
unsigned	smtp_config_discards(const char *list);
unsigned	smtp_config_pix(const char *list);

/* smtp_config_checks - are there any for content on its way out? */
bool	smtp_config_checks(const struct smtp_config *c);

/* ---- replies ---- */

#define SMTP_REPLY_MAX	(64 * 1024)	/* text of one reply, all its lines */
#define SMTP_LINE_MAX	2048		/* of one line; the rest is dropped */

struct smtp_reply {
	int		 code;		/* 200..599 */
	char		 status[DSN_STATUS_SIZE]; /* of the text, or "C.0.0" */
	bool		 has_status;
	bool		 has_nonsense;	/* a line was no reply */
	struct buf	 text;		/* lines as sent, LF between them */
};

void	smtp_reply_init(struct smtp_reply *r);
void	smtp_reply_done(struct smtp_reply *r);
void	smtp_reply_reset(struct smtp_reply *r);
/*
 * smtp_reply_line - add one line (any line end is cut off)
 *
 * Returns 1 when the reply is complete, 0 when more lines follow (a line that
 * is no reply is kept as text), -1 when it is too much.
 */
int	smtp_reply_line(struct smtp_reply *r, struct span line);

/* ---- one session ---- */

enum smtp_feature {
	SMTP_HAS_ESMTP		= 1 << 0,
	SMTP_HAS_PIPELINING	= 1 << 1,
	SMTP_HAS_SIZE		= 1 << 2,
	SMTP_HAS_8BITMIME	= 1 << 3,
	SMTP_HAS_DSN		= 1 << 4,
	SMTP_HAS_SMTPUTF8	= 1 << 5,
	SMTP_HAS_STARTTLS	= 1 << 6,
	SMTP_HAS_AUTH		= 1 << 7,
	SMTP_HAS_XFORWARD	= 1 << 8,
	SMTP_HAS_CHUNKING	= 1 << 9,
	SMTP_HAS_ENHANCED	= 1 << 10,
	SMTP_HAS_VRFY		= 1 << 11,
	SMTP_HAS_ETRN		= 1 << 12,
	SMTP_DISCARD_SILENTLY	= 1 << 13	/* only among those to be discarded */
};

enum smtp_xforward { SMTP_XF_NAME = 1, SMTP_XF_ADDR = 2, SMTP_XF_PORT = 4,
	SMTP_XF_PROTO = 8, SMTP_XF_HELO = 16, SMTP_XF_IDENT = 32,
	SMTP_XF_SOURCE = 64 };

enum smtp_fate {
	SMTP_LEFT,		/* not tried, or worth trying at another host */
	SMTP_SENT, SMTP_BOUNCE, SMTP_DEFER,
	SMTP_PASSED		/* another agent took care */
};

/* One recipient of the message, and what became of it. */
struct smtp_rcpt {
	const char	*address;	/* internal form */
	const char	*orcpt;		/* "rfc822;a@b" or "" */
	unsigned	 notify;
	enum smtp_fate	 fate;
	bool		 is_disposed;	/* deliver.c has reported it */
	bool		 is_asked;	/* RCPT TO was sent in this session */
	bool		 is_accepted;	/* and got 2xx */
	bool		 has_reply;	/* status and text are set */
	bool		 is_soft;	/* the reply was not a final no */
	char		 status[DSN_STATUS_SIZE];
	struct buf	 reason;	/* for the log: "host ... said: ..." or the 250 text */
	struct buf	 diag;		/* the server's words */
};

struct smtp_message {
	const char	*queue_id;
	const char	*sender;	/* internal form */
	long		 size;
	long		 age_s;
	bool		 is_8bit;
	bool		 wants_smtputf8;	/* the sender asked for it */
	bool		 needs_smtputf8;	/* something in the message does */
	const char	*envelope_id;
	int		 ret;
	const char	*client_name, *client_addr, *client_port,
			*client_proto, *client_helo, *log_ident;
	bool		 is_local;	/* XFORWARD SOURCE */
	bool		 is_probe;	/* go as far as RCPT TO or DATA, send nothing */
	struct smtp_rcpt *rcpts;
	size_t		 rcpt_count;
};

enum smtp_state {		/* whose reply is awaited */
	SMTP_GREETING, SMTP_EHLO, SMTP_HELO, SMTP_STARTTLS, SMTP_AUTH,
	SMTP_XFORWARD, SMTP_MAIL, SMTP_RCPT, SMTP_DATA, SMTP_BODY, SMTP_DOT, SMTP_ABORT_DOT,
	SMTP_READY, SMTP_RSET, SMTP_QUIT, SMTP_GONE
};

enum smtp_step {
	SMTP_STEP_READ,		/* send out, read a reply */
	SMTP_STEP_TLS,		/* shake hands, then smtp_session_tls_started or _failed */
	SMTP_STEP_HELLO,	/* the handshake is over: smtp_session_mail */
	SMTP_STEP_BODY,		/* send out and the content, then smtp_session_body_sent */
	SMTP_STEP_END,		/* the transaction is over; READY unless the session is GONE */
	SMTP_STEP_FAILED,	/* the host is no use: failure says why */
	SMTP_STEP_CLOSE		/* the server said goodbye to our QUIT */
};

/* Why a host, or a whole destination, failed. Texts are owned here. */
struct smtp_failure {
	bool		 is_set;
	bool		 is_hard;	/* bounce, do not try elsewhere */
	bool		 is_loop;	/* the host is ourselves */
	bool		 is_self;	/* we are the best mail exchanger */
	bool		 is_end;	/* no other destination may be tried */
	bool		 throttles;	/* the destination as a whole is in trouble */
	char		 status[DSN_STATUS_SIZE];
	struct buf	 reason, diag, mta;
};

struct smtp_session {
	const struct smtp_config *cfg;
	const char	*myhostname;
	char		 host[320];	/* "name" */
	char		 addr[120];
	char		 host_addr[400]; /* "name[addr]", as in texts */
	char		 relay[420];	/* "name[addr]:port", as in the log */
	enum smtp_state	 state;
	unsigned	 features;	/* SMTP_HAS_* */
	unsigned	 discard;	/* SMTP_HAS_* that count for nothing */
	unsigned	 xforward;	/* SMTP_XF_* offered */
	unsigned	 pix;		/* workarounds in force */
	long		 size_limit;	/* 0: none said */
	enum tls_level	 tls_level;	/* what is wanted */
	bool		 is_encrypted;
	bool		 is_verified;	/* the server's certificate is the one we want */
	bool		 tls_failed;	/* in the handshake */
	bool		 detects_loops;	/* a server with our own name is a loop */
	bool		 is_final;	/* no other host will be tried: soft errors are deferrals */
	bool		 keeps_open;	/* do not say QUIT after the message */
	bool		 quit_sent;
	bool		 has_handshake;
	bool		 said_421;
	bool		 said_nonsense;	/* a reply that RFC 5321 4.2 has not there */
	/* Logins: session_auth.c. find_login - the entry for this host and message */
	enum table_result (*find_login)(void *ctx, const char *host,
			    struct buf *value);
	void		*find_ctx;
	struct buf	 mechanisms;	/* offered, and to our liking */
	struct sasl_login *login;	/* while it goes on */
	struct buf	 user, password;
	bool		 is_logged_in;	/* as user */
	struct smtp_message *msg;
	size_t		 sent_upto;	/* recipients whose RCPT TO is out */
	size_t		 at;		/* recipient whose reply is awaited */
	size_t		 accepted;
	bool		 data_sent;
	bool		 mail_failed;	/* what follows in the pipeline counts for nothing */
	struct buf	 out;
	struct smtp_failure failure;
};

void	smtp_session_init(struct smtp_session *s,
	    const struct smtp_config *cfg, const char *host, const char *addr,
	    const char *port);
void	smtp_session_done(struct smtp_session *s);
/* smtp_session_reply - the server said r; what next? */
enum smtp_step	smtp_session_reply(struct smtp_session *s,
		    const struct smtp_reply *r);
/* smtp_session_mail - start the transaction for every recipient that is LEFT */
enum smtp_step	smtp_session_mail(struct smtp_session *s,
		    struct smtp_message *msg);
/* smtp_session_tls_started - is_good: the server is who the level wants it to be */
enum smtp_step	smtp_session_tls_started(struct smtp_session *s,
		    bool is_good);
/* smtp_session_tls_failed - the connection is of no more use */
enum smtp_step	smtp_session_tls_failed(struct smtp_session *s);
enum smtp_step	smtp_session_body_sent(struct smtp_session *s);
/* smtp_session_body_failed - the content cannot be sent whole: give the transaction up */
enum smtp_step	smtp_session_body_failed(struct smtp_session *s);
/* smtp_session_quit - append QUIT unless it was sent; true when its reply is worth waiting for */
bool	smtp_session_quit(struct smtp_session *s);
/*
 * smtp_session_lost - the connection broke, timed out, or spoke nonsense, or
 * we cannot go on ourselves (LOCAL); fills failure and fates
 */
enum smtp_lost { SMTP_LOST_EOF, SMTP_LOST_TIMEOUT, SMTP_LOST_NONSENSE,
	SMTP_LOST_LOCAL };
void	smtp_session_lost(struct smtp_session *s, enum smtp_lost how);
/* smtp_session_queue_id - of the message that the session is for, or "NOQUEUE" */
const char	*smtp_session_queue_id(const struct smtp_session *s);
/* smtp_session_timeout - seconds that the awaited reply may take */
int	smtp_session_timeout(const struct smtp_session *s);

void	smtp_failure_init(struct smtp_failure *f);
void	smtp_failure_done(struct smtp_failure *f);
/* smtp_failure_copy - to says what from says; each has texts of its own */
void	smtp_failure_copy(struct smtp_failure *to,
	    const struct smtp_failure *from);
/* smtp_failure_set - our own finding: an enhanced status and a text, no reply of a host */
void	smtp_failure_set(struct smtp_failure *f, const char *status,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- content ---- */

struct smtp_content {
	const char	*queue_id;
	const struct smtp_config *cfg;
	bool		 said_breaking;
	bool		 has_failed;	/* a table had no answer */
	size_t		 column;
	struct mime	*mime;		/* NULL: nothing has to change */
	struct buf	*out;		/* during a call */
};

/* smtp_content_init - wants_7bit: the server has no 8BITMIME and the message is 8-bit */
void	smtp_content_init(struct smtp_content *c, const char *queue_id,
	    const struct smtp_config *cfg, bool wants_7bit);
void	smtp_content_done(struct smtp_content *c);
/*
 * smtp_content_record - append what one N or L record becomes on the wire
 *
 * Returns 0, or -1 when a table of checks could not answer: what was appended
 * must not be taken for a message.
 */
int	smtp_content_record(struct smtp_content *c, bool is_whole,
	    const char *text, size_t len, struct buf *out);
/* smtp_content_end - the last line ends, whatever the file said; 0 or -1 as above */
int	smtp_content_end(struct smtp_content *c, struct buf *out);
/* smtp_content_lines - during a call: text, LF between its lines, goes out line by line */
void	smtp_content_lines(struct smtp_content *c, const char *text,
	    size_t len);

/*
 * smtp_check_header, smtp_check_body - smtp_header_checks and its siblings
 *
 * Return true when text, which may be another now, is to be sent; false when
 * it is not, or when c has failed. Source: spec/tables.md 18.
 */
bool	smtp_check_header(struct smtp_content *c, enum mime_class class,
	    struct buf *text);
bool	smtp_check_body(struct smtp_content *c, struct buf *text);
/* smtp_generic - rewrite one internal address by the generic maps; true when it changed */
bool	smtp_generic(struct maps *generic, const char *address,
	    struct buf *out);

/* ---- destinations ---- */

struct smtp_host {
	char		*name;		/* as in texts */
	char		*canonical;	/* where aliases of name lead */
	struct netaddr	 addr;
	unsigned	 pref;
	bool		 is_secure;	/* its address is signed (DNSSEC) */
	bool		 mx_is_secure;	/* and so is that mail goes there */
};

struct smtp_hosts {
	struct smtp_host *list;
	size_t		 count;
	bool		 has_self;	/* we were among them: what follows is for others */
};

/* A nexthop, taken apart. */
struct smtp_dest {
	char		 host[256];	/* name, or address without brackets; path for unix */
	int		 port;
	char		 service[64];	/* port as a name, asked as SRV; "" for none */
	bool		 is_unix;
	bool		 wants_mx;
	bool		 is_numeric;
	bool		 detects_loops;	/* the port is the one that mail comes in by */
};

/* smtp_dest_parse - "host", "[host]:port", "inet:host:port", "unix:path"; 0, or -1 with err */
int	smtp_dest_parse(struct smtp_dest *d, const struct smtp_config *cfg,
	    const char *text, struct err *err);
/*
 * smtp_dest_hosts - the hosts to try, in order
 *
 * Returns 0, or -1 with failure; failure->is_end when nobody else may be asked,
 * since we are the best host ourselves.
 */
int	smtp_dest_hosts(const struct smtp_dest *d,
	    const struct smtp_config *cfg, struct smtp_hosts *out,
	    struct smtp_failure *failure);
void	smtp_hosts_done(struct smtp_hosts *h);
/* smtp_hosts_order - sort by preference and family, cut at limit; roll shuffles equals (NULL: not at all) */
void	smtp_hosts_order(struct smtp_hosts *h, const struct smtp_config *cfg,
	    long (*roll)(void));

/* smtp_pass - give whoever is LEFT to transport[:nexthop]; -1: it cannot be reached */
int	smtp_pass(struct agent_request *rq, struct smtp_message *msg,
	    const char *transport);

/* smtp_deliver - one delivery request, start to end */
void	smtp_deliver(struct agent_request *rq, const char *service, void *cfg);

#endif
