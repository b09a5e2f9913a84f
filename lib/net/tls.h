/*
 * tls.h - TLS over a stream, for servers and clients (OpenSSL 3)
 *
 *	setup ──tls_ctx_new──▶ context ──tls_start──▶ session, under the stream
 *
 * A context holds what needs rights to be read: certificates, keys, trusted
 * CAs; a process makes it once, before its jail. A session puts itself
 * between a stream's buffers and its descriptor, so that whoever talks over
 * the stream goes on as before, with the stream's time limits.
 *
 * A certificate that nobody vouches for ends no handshake: what was found is
 * in struct tls_info, and the caller decides (RFC 7435: some encryption is
 * better than none). Only programs that include this are linked with OpenSSL.
 */
#ifndef LIB_NET_TLS_H
#define LIB_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/net/tls_grammar.h"

struct err;
struct stream;
struct tls;
struct tls_ctx;
struct tls_ticket_key;

/* ---- a process ---- */

/*
 * Sessions that may go on later (RFC 5246 7.3, RFC 8446 2.2), kept where all
 * processes of their kind find them, for as long as whoever keeps them likes.
 * An id is printable and short enough for a table's key.
 */
struct tls_sessions {
	const char	*name;		/* of the kind: "smtp", for the log */
	/* find - replaces out; false: there is none */
	bool		(*find)(const char *name, const char *id,
			    struct buf *out);
	void		(*save)(const char *name, const char *id,
			    const struct buf *session);
	void		(*drop)(const char *name, const char *id);
};

struct tls_setup {
	bool		 is_server;
	unsigned	 log;		/* TLS_LOG_* */
	/*
	 * Files of PEM; "" for none. A key_file may be the cert_file. A server
	 * without any is an error, unless its cert_file is "none".
	 */
	const char	*cert_file, *key_file, *eccert_file, *eckey_file,
			*dcert_file, *dkey_file;
	const char	*chain_files;	/* list; each a key, then its chain; replaces the six */
	const char	*ca_file, *ca_path;
	const char	*dh_file;	/* server: parameters, "" for the library's */
	int		 verify_depth;	/* certificates above the peer's own */
	const char	*digest;	/* of fingerprints: "sha256" */
	/*
	 * find_chain - server: keys and chains (PEM) for a name that a client
	 * asked for. 1: found, 0: none, -1: cannot say. NULL: no such table.
	 */
	int		(*find_chain)(void *ctx, const char *name,
			    struct buf *pem);
	void		*find_ctx;
	/*
	 * ticket_key - server: the key that session tickets are made with now
	 * (name is NULL) or were (16 bytes). false: there is none. NULL: no
	 * tickets.
	 */
	bool		(*ticket_key)(void *ctx, const unsigned char *name,
			    struct tls_ticket_key *out);
	void		*ticket_ctx;
	const char	*ticket_cipher;	/* "aes-256-cbc"; "": no tickets */
	int		 ticket_lifetime_s;
	const struct tls_sessions *sessions;	/* NULL: none is kept */
	bool		 asks_cert;	/* server: as in tls_options */
	bool		 always_issues_ids;	/* server: to sessions that cannot go on, too */
};

/*
 * tls_ctx_new - read certificates, keys, CAs
 *
 * Returns NULL with err, a line for the log ("cannot get RSA certificate from
 * file "F": disabling TLS support"); tls_log_problems has more.
 */
struct tls_ctx	*tls_ctx_new(const struct tls_setup *setup, struct err *err);
/* tls_ctx_or_warn - the same; why there is none, and what the library says, goes to the log */
struct tls_ctx	*tls_ctx_or_warn(const struct tls_setup *setup);
void		 tls_ctx_free(struct tls_ctx *ctx);

/* tls_log_problems - the library's own words about what just failed, as warnings */
void		 tls_log_problems(void);

/* ---- a session ---- */

/* One TLSA record (RFC 6698 2.1), or a trust anchor said in its words. */
struct tls_tlsa {
	unsigned char	 usage, selector, matching;
	unsigned char	*data;
	size_t		 len;
};

/*
 * tls_anchors_load - append certificates and public keys of a PEM file, as TLSA
 * records that make each a trust anchor; 0, or -1 with err
 */
int		 tls_anchors_load(const char *path, struct tls_tlsa **list,
		    size_t *count, struct err *err);
/* tls_has_digest - does tls_dane_digests have this matching type? Whole data, type 0, needs none */
bool		 tls_has_digest(int matching);
void		 tls_tlsa_free(struct tls_tlsa *list, size_t count);

struct tls_options {
	const char	*peer;		/* for the log: "name[addr]", with port for servers */
	struct tls_protocols protocols;
	const char	*ciphers;	/* OpenSSL's list: tls_cipher_list */
	int		 timeout_s;	/* for the whole handshake */
	bool		 explains;	/* log why a certificate is not trusted */
	/*
	 * client: what a kept session depends on beside these options, the
	 * context, and peer; NULL: none is kept
	 */
	const char	*session_policy;
	/* server */
	bool		 asks_cert;
	/* client; NULL or 0: nothing said */
	const char	*servername;	/* SNI */
	const char	*names;		/* each with a NUL: one of them must be the server's */
	size_t		 names_len;
	const char	*fingerprints;	/* list: one of them must be the server's */
	bool		 is_weak;	/* what is verified is called only "Trusted" in the log */
	const char	*tlsa_base;	/* name that TLSA records are for; NULL: trust anchors only */
	const struct tls_tlsa *tlsa;
	size_t		 tlsa_count;
};

struct tls_info {
	const char	*protocol;	/* "TLSv1.3" */
	const char	*cipher;
	int		 used_bits, cipher_bits;
	struct buf	 server_part;	/* " key-exchange X25519 server-signature ...", or "" */
	struct buf	 client_part;	/* " client-signature ...", or "" */
	bool		 is_reused;	/* an earlier session went on */
	bool		 asked_cert;
	bool		 has_cert;	/* the peer showed one */
	bool		 is_trusted;	/* and its chain is good */
	bool		 is_verified;	/* and it has the name, fingerprint or TLSA wanted */
	char		*subject_cn, *issuer_cn;	/* printable; "" for none */
	char		*cert_print, *key_print;	/* "AB:CD:..."; "" for none */
	char		*servername;	/* server: the SNI name whose chain is used, or NULL */
};

/*
 * tls_start - handshake, and from then on everything on st is encrypted
 *
 * What st has buffered was sent in the clear and is dropped (RFC 3207 4.2).
 * The stream owns the session: stream_free says goodbye and frees it. A
 * deadline of st is removed.
 *
 * Returns NULL with err, a line for the log: "SSL_accept error from PEER:
 * REASON"; the connection is of no more use. tls_log_problems has more.
 */
struct tls	*tls_start(struct tls_ctx *ctx, const struct tls_options *o,
		    struct stream *st, struct err *err);
/* tls_info - valid as long as the stream */
const struct tls_info	*tls_info(const struct tls *t);

/* tls_summary - "TLSv1.3 with cipher C (256/256 bits)", without the two parts */
void		 tls_summary(struct buf *out, const struct tls_info *info);

#endif
