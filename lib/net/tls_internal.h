/*
 * tls_internal.h - what the parts of TLS know of each other
 */
#ifndef LIB_NET_TLS_INTERNAL_H
#define LIB_NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "lib/net/tls.h"

struct tls_ctx {
	SSL_CTX		*ssl;
	BIO_METHOD	*bio;
	const EVP_MD	*digest;
	bool		 is_server;
	bool		 has_ca;
	unsigned	 log;
	int		 verify_depth;
	int		(*find_chain)(void *ctx, const char *name,
			    struct buf *pem);
	void		*find_ctx;
	bool		(*ticket_key)(void *ctx, const unsigned char *name,
			    struct tls_ticket_key *out);
	void		*ticket_ctx;
	const EVP_CIPHER *ticket_cipher;
	const struct tls_sessions *sessions;
	/* client: of whom we trust and who we are */
	unsigned char	 session_print[EVP_MAX_MD_SIZE];
	unsigned	 session_print_len;
	char		*ca_path;
};

struct tls {
	struct tls_ctx	*ctx;
	struct stream	*stream;
	SSL		*ssl;
	const char	*peer;		/* during the handshake */
	int		 errnum;	/* of the descriptor below; 0: none */
	bool		 saw_eof;
	/* The worst that verification said: depth of the certificate, its error. */
	int		 verify_error, verify_depth;
	X509		*verify_cert;
	struct tls_info	 info;
	/* client: a session to go on with, or to keep */
	char		*session_id;	/* NULL: nothing is kept */
	bool		 was_offered, offered_is_trusted;
	SSL_SESSION	*fresh;		/* come before it is known whom it is with */
	bool		 is_judged, may_be_kept, is_kept;
	bool		 has_ticket;	/* server: the client was given one */
	bool		 is_from_cache;	/* server: the session that it goes on with */
};

/* tls_of - the session of an SSL */
struct tls	*tls_of(const SSL *ssl);

/* tls_new - a session without anything below it yet: peer and options are set; NULL with err */
struct tls *tls_new(struct tls_ctx *ctx, const struct tls_options *o,
	    struct err *err);
/* tls_free - without a goodbye */
void	tls_free(struct tls *t);

/* ---- tls_chain.c ---- */

/* tls_load_files - the setup's certificates and keys; -1 with err */
int	tls_load_files(SSL_CTX *ssl, const struct tls_setup *setup,
	    struct err *err);
/* tls_load_chain - keys and chains from text, for this session alone; title names it in err */
int	tls_load_chain(SSL *ssl, const struct buf *pem, const char *title,
	    struct err *err);

/* ---- tls_digests.c ---- */

/* tls_use_digests - client: which digests of TLSA records count, and which before others; -1 with err */
int	tls_use_digests(SSL_CTX *ssl, struct err *err);

/* ---- tls_library.c ---- */

/* tls_library_init - read the library's configuration as main.cf says; -1 with err */
int	tls_library_init(struct err *err);

/* ---- tls_session.c ---- */

/* tls_keep_sessions - as the setup says; certificates and authorities are loaded by now */
void	tls_keep_sessions(struct tls_ctx *ctx, const struct tls_setup *setup);
/* tls_session_offer - client: go on with a session that is kept, if there is one */
void	tls_session_offer(struct tls *t, const struct tls_options *o);
/* tls_session_judge - client, after the handshake: is this a peer whose sessions may go on? */
void	tls_session_judge(struct tls *t, const struct tls_options *o);
/* tls_session_failed - client: the handshake came to nothing, so never try that one again */
void	tls_session_failed(struct tls *t);

/* ---- tls_ticket.c ---- */

/* tls_use_tickets - as the setup says, or not at all */
void	tls_use_tickets(struct tls_ctx *ctx, const struct tls_setup *setup);

/* ---- tls_peer.c ---- */

/* tls_verify - OpenSSL's verify callback: note what is wrong, go on */
int	tls_verify(int ok, X509_STORE_CTX *store);
/* tls_learn - fill info after a handshake, and log what the options ask for */
void	tls_learn(struct tls *t, const struct tls_options *o);
void	tls_info_done(struct tls_info *info);

/* ---- tls_log.c ---- */

/* tls_log_state - OpenSSL's info callback */
void	tls_log_state(const SSL *ssl, int where, int rc);
/* tls_log_bytes - "read from", "write to", and a dump */
void	tls_log_bytes(const char *what, const void *data, long len, long asked);

#endif
