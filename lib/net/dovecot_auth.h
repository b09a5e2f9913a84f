/*
 * dovecot_auth.h - lines of Dovecot's authentication protocol, version 1
 *
 * The client half of it, without I/O. A line is words with tabs between them,
 * in which "\1t" stands for a tab and so on. The server greets with what it
 * can do, up to DONE; then requests have numbers, and replies come in any
 * order.
 *
 *	us	VERSION 1 0, CPID pid
 *	server	VERSION 1 n, MECH name [property...] ..., DONE
 *	us	AUTH id mechanism parameter...
 *	server	CONT id data | OK id user=... | FAIL id user=... reason=...
 *	us	CONT id data
 */
#ifndef LIB_NET_DOVECOT_AUTH_H
#define LIB_NET_DOVECOT_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum dovecot_word {
	DOVECOT_OTHER,		/* nothing we need */
	DOVECOT_VERSION, DOVECOT_MECH, DOVECOT_DONE,
	DOVECOT_OK, DOVECOT_CONT, DOVECOT_FAIL
};

enum dovecot_property {		/* of a mechanism */
	DOVECOT_PLAINTEXT = 1, DOVECOT_ANONYMOUS = 2, DOVECOT_DICTIONARY = 4,
	DOVECOT_ACTIVE = 8, DOVECOT_FORWARD_SECRECY = 16, DOVECOT_MUTUAL = 32,
	DOVECOT_PRIVATE = 64	/* not for the likes of us */
};

struct dovecot_line {
	enum dovecot_word word;
	unsigned	 major;		/* VERSION */
	const char	*mechanism;	/* MECH */
	unsigned	 properties;	/* DOVECOT_* */
	uint32_t	 id;		/* OK, CONT, FAIL */
	const char	*data;		/* CONT: base64; NULL: missing */
	const char	*user;		/* OK, FAIL; NULL: not said */
	const char	*reason;	/* FAIL */
};

/*
 * dovecot_line_parse - take a line of the server apart
 *
 * text		without its line end; changed, and pointed into, and no NUL in it
 *
 * Returns 0, or -1 with err: a word that we know lacks what belongs to it.
 */
int	dovecot_line_parse(struct dovecot_line *out, char *text,
	    struct err *err);

/* dovecot_is_base64 - no other bytes than those of base64, '=' included */
bool	dovecot_is_base64(const char *text);

struct dovecot_request {
	const char	*service;	/* "smtp" */
	const char	*own_addr, *addr;
	bool		 is_encrypted;
	const char	*response;	/* base64; NULL: none */
};

/* dovecot_put_hello - VERSION and CPID; dovecot_put_auth, dovecot_put_cont - a request */
void	dovecot_put_hello(struct buf *out, long pid);
void	dovecot_put_auth(struct buf *out, uint32_t id, const char *mechanism,
	    const struct dovecot_request *r);
void	dovecot_put_cont(struct buf *out, uint32_t id, const char *data);

#endif
