/*
 * sasl.h - proving who one is (RFC 4422, 4954), for servers and for clients
 *
 *	server:	sasl_authority ──sasl_check_new──▶ sasl_check   a client proves itself to us
 *	client:	sasl_login_init ──sasl_login_new─▶ sasl_login   we prove ourselves
 *
 * Who knows passwords is elsewhere: Dovecot's auth service, asked over a
 * socket, or the Cyrus library, which is loaded by the first call that needs
 * it. Both ends talk in turns, in base64 as it stands on SMTP's lines.
 */
#ifndef LIB_NET_SASL_H
#define LIB_NET_SASL_H

#include <stdbool.h>

struct buf;
struct err;
struct sasl_authority;
struct sasl_check;
struct sasl_login;

enum sasl_security {		/* what a mechanism must (not) be */
	SASL_NO_PLAINTEXT	= 1,
	SASL_NO_ACTIVE		= 2,	/* attackers who are in between */
	SASL_NO_DICTIONARY	= 4,	/* attackers who listen, and guess */
	SASL_FORWARD_SECRECY	= 8,
	SASL_NO_ANONYMOUS	= 16,
	SASL_MUTUAL_AUTH	= 32
};

/*
 * sasl_security_parse - "noplaintext, noanonymous" as SASL_* bits
 *
 * Returns 0, or -1 with err: unknown SASL security options value "W" in "TEXT".
 */
int	sasl_security_parse(unsigned *out, const char *text, struct err *err);

/* sasl_security_need - the same for a parameter: a bad one ends the process */
unsigned	sasl_security_need(const char *text);

enum sasl_step {
	SASL_STEP_MORE,		/* text is for the other side */
	SASL_STEP_DONE,		/* it is who it says */
	SASL_STEP_REFUSED,	/* text is why */
	SASL_STEP_RETRY		/* nobody can say now; text is why */
};

/* ---- servers ---- */

struct sasl_setup {
	const char	*type;		/* "cyrus", "dovecot" */
	const char	*path;		/* name of cyrus' configuration file; dovecot's socket: [unix:]path, inet:host:port */
	const char	*config_path;	/* directories for cyrus' file, ':' between them */
	const char	*service;	/* "smtp" */
	const char	*realm;		/* of names that have none; "" for the default */
	const char	*host;		/* our name */
};

/*
 * sasl_authority_new - who checks passwords for this process
 *
 * setup	its strings are borrowed
 *
 * Cyrus is loaded here, with the starting rights; Dovecot is not asked yet.
 * Returns NULL with err: unsupported SASL server implementation: TYPE; or what
 * keeps the library from working.
 */
struct sasl_authority	*sasl_authority_new(const struct sasl_setup *setup,
			    struct err *err);
void	sasl_authority_free(struct sasl_authority *a);

/* A connection, as mechanisms and logs want to know it. */
struct sasl_peer {
	const char	*own_addr, *own_port, *addr, *port;
	bool		 is_encrypted;
};

/*
 * sasl_check_new - a client has connected, or TLS has started
 *
 * security	SASL_* bits: other mechanisms are neither offered nor taken
 *
 * Returns NULL with err when nobody can be asked.
 */
struct sasl_check	*sasl_check_new(struct sasl_authority *a,
			    const struct sasl_peer *peer, unsigned security,
			    struct err *err);
void	sasl_check_free(struct sasl_check *c);

/* sasl_check_mechanisms - with blanks between them; "" for none */
const char	*sasl_check_mechanisms(const struct sasl_check *c);
/*
 * sasl_check_first, sasl_check_next - the client begins, or answers
 *
 * mechanism	as the client wrote it
 * response	base64; NULL when the client has not said more than the mechanism
 * text		replaced: the challenge (base64), or why not
 *
 * What went wrong or was given up may begin again with sasl_check_first.
 */
enum sasl_step	sasl_check_first(struct sasl_check *c, const char *mechanism,
		    const char *response, struct buf *text);
enum sasl_step	sasl_check_next(struct sasl_check *c, const char *response,
		    struct buf *text);
/* sasl_check_user - who it is, or claimed to be in the last try; NULL: not said */
const char	*sasl_check_user(const struct sasl_check *c);

/* ---- clients ---- */

/*
 * sasl_login_init - make logins possible in this process
 *
 * type, config_path	as in struct sasl_setup
 *
 * Returns 0, or -1 with err: unsupported SASL client implementation: TYPE; ...
 */
int	sasl_login_init(const char *type, const char *config_path,
	    struct err *err);

struct sasl_credentials {
	const char	*user, *password;
	const char	*act_for;	/* the authorization identity; NULL: the user's own */
};

/*
 * sasl_login_new - one login at one server
 *
 * service	"smtp", "lmtp"
 * who		copied
 *
 * Returns NULL with err.
 */
struct sasl_login	*sasl_login_new(const char *service, const char *host,
			    const struct sasl_credentials *who,
			    unsigned security, struct err *err);
void	sasl_login_free(struct sasl_login *l);

/*
 * sasl_login_first - choose one of the mechanisms, with blanks between them
 *
 * mechanism	out: valid as long as l
 * text		replaced: the first response (base64, empty for none), or why not
 *
 * Returns MORE or REFUSED. Whether the login succeeds, the server says.
 */
enum sasl_step	sasl_login_first(struct sasl_login *l, const char *mechanisms,
		    const char **mechanism, struct buf *text);
/* sasl_login_next - the answer to a challenge; both in base64 */
enum sasl_step	sasl_login_next(struct sasl_login *l, const char *challenge,
		    struct buf *text);

#endif
