/*
 * tls_grammar.h - what main.cf says about TLS: levels, protocols, ciphers, names
 *
 * Text to values, without OpenSSL. Shared by server and client.
 */
#ifndef LIB_NET_TLS_GRAMMAR_H
#define LIB_NET_TLS_GRAMMAR_H

#include <stdbool.h>

struct buf;
struct err;

enum tls_level {		/* in rising order */
	TLS_LEVEL_BAD = -1,
	TLS_LEVEL_NONE, TLS_LEVEL_MAY, TLS_LEVEL_ENCRYPT,
	TLS_LEVEL_DANE, TLS_LEVEL_DANE_ONLY, TLS_LEVEL_FINGERPRINT,
	TLS_LEVEL_VERIFY, TLS_LEVEL_SECURE
};

/* tls_level_parse - TLS_LEVEL_BAD for any other word; letter case counts for nothing */
enum tls_level	tls_level_parse(const char *word);
const char	*tls_level_name(enum tls_level level);
/*
 * tls_level_of_client - what main.cf wants where no table says more
 *
 * text		smtp_tls_security_level; the old switches smtp_use_tls,
 *		smtp_enforce_tls and smtp_tls_enforce_peername count only where
 *		it is empty
 */
enum tls_level	tls_level_of_client(const char *text, bool uses,
		    bool enforces, bool checks_names);

enum tls_log {			/* what *_tls_loglevel asks for */
	TLS_LOG_SUMMARY		= 1,	/* 1: one line a handshake */
	TLS_LOG_VERBOSE		= 2,	/* 2: its steps and certificates */
	TLS_LOG_HANDSHAKE_DUMP	= 4,	/* 3: its bytes */
	TLS_LOG_SESSION_DUMP	= 8	/* 4: all bytes */
};

/* tls_log_parse - "0" to "4" as TLS_LOG_ bits; 0, or -1 for anything else */
int	tls_log_parse(unsigned *out, const char *text);

#define TLS_SSL3	0x0300	/* versions as on the wire (RFC 8446 4.1.2) */
#define TLS_1_0		0x0301
#define TLS_1_1		0x0302
#define TLS_1_2		0x0303
#define TLS_1_3		0x0304

struct tls_protocols {
	int		 floor, ceiling;	/* 0: none */
	unsigned	 excluded;	/* 1 << (version - TLS_SSL3) */
};

/*
 * tls_protocols_parse - ">=TLSv1.2, <=TLSv1.3", "!SSLv3 !TLSv1", "TLSv1.2"
 *
 * Names in any case; bounds may be hexadecimal wire versions. Naming one
 * excludes those that are not named.
 *
 * Returns 0, or -1 when a word is none of these.
 */
int	tls_protocols_parse(struct tls_protocols *out, const char *text);

/*
 * tls_cipher_list - the OpenSSL list of a grade, with exclusions behind it
 *
 * excludes	lists of OpenSSL cipher names, "" for none; ends with NULL
 *
 * Returns 0, or -1 for an unknown grade. Grades: tls_high_cipherlist and its
 * siblings; export and low are what medium is.
 */
int	tls_cipher_list(struct buf *out, const char *grade,
	    const char *const excludes[]);

/*
 * tls_match_names - append the names that a certificate may have
 *
 * rules	"nexthop", "dot-nexthop", "hostname", or names; a name that
 *		begins with a dot stands for what is below it
 * nexthop	without brackets and port
 * hostname	of the server
 *
 * out gets each with a NUL behind it.
 */
void	tls_match_names(struct buf *out, const char *rules,
	    const char *nexthop, const char *hostname);

/* tls_ssl_options, tls_workarounds - names or hexadecimal bits as OpenSSL's; 0, or -1 with err */
int	tls_ssl_options(unsigned long *out, const char *text, struct err *err);
int	tls_workarounds(unsigned long *out, const char *text, struct err *err);

#endif
