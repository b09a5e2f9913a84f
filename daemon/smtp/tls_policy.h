/*
 * tls_policy.h - how mail for one destination has to be encrypted
 *
 *	none < may < encrypt < dane, dane-only, fingerprint, verify, secure
 *
 * The level is smtp_tls_security_level's (or that of the old switches), unless
 * smtp_tls_policy_maps has the next hop; the older smtp_tls_per_site counts
 * where there is no policy map.
 */
#ifndef DAEMON_SMTP_TLS_POLICY_H
#define DAEMON_SMTP_TLS_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/net/tls.h"

struct err;
struct maps;
struct smtp_dest;
struct smtp_host;
struct stream;

/* The parameters, whether they are called smtp_ or lmtp_. */
struct tls_config {
	const char	*prefix;	/* "smtp_" or "lmtp_", for messages */
	enum tls_level	 level;		/* where no table says more */
	bool		 wraps, notes_offer, blocks_early, checks_names;
	bool		 uses_dnssec;	/* and the resolver may be believed */
	bool		 trusts_insecure_host;	/* TLSA of hosts with unsigned addresses */
	enum tls_level	 insecure_mx;	/* for TLSA of hosts that unsigned MX records name */
	const char	*protocols, *mandatory_protocols, *ciphers,
			*mandatory_ciphers, *excludes, *mandatory_excludes,
			*verify_match, *secure_match, *fingerprints,
			*servername, *anchor_file;
	int		 starttls_timeout;
	struct maps	*policies, *sites;	/* NULL: none */
	struct tls_ctx	*ctx;		/* NULL: not needed, or not to be had */
};

/* tls_config_load - from params, with the starting rights; a level that is none of them is fatal */
void	tls_config_load(struct tls_config *c, bool is_lmtp, bool uses_dnssec);

struct tls_policy {
	const struct tls_config *cfg;
	enum tls_level	 level;
	char		*domain, *host;	/* of the next hop, of the server */
	char		*protocols, *grade, *excludes, *servername;	/* NULL: as main.cf says */
	struct buf	 names;		/* that the certificate may have, a NUL behind each */
	struct buf	 fingerprints;	/* list */
	struct tls_tlsa	*tlsa;		/* TLSA records, or trust anchors as such */
	size_t		 tlsa_count;
	char		*tlsa_base;	/* the name with the records; NULL for anchors */
	bool		 is_weak;	/* dane with an unsigned MX: proves less than it looks */
};

/*
 * tls_policy_new - for one host of a destination
 *
 * nexthop	as it was asked for: "[host]:port"
 * why		out: what to tell when nothing may be sent
 *
 * Returns NULL after a warning when it cannot be said, or not be done; then
 * nothing may be sent.
 */
struct tls_policy	*tls_policy_new(const struct tls_config *c,
			    const char *nexthop, const struct smtp_dest *dest,
			    const struct smtp_host *host, struct buf *why);
/* tls_policy_none - in the clear, where TLS was allowed and did not work */
struct tls_policy	*tls_policy_none(void);
void	tls_policy_free(struct tls_policy *p);

enum dane_found { DANE_NONE, DANE_USABLE, DANE_UNUSABLE, DANE_RETRY };
/* tls_dane_find - set the TLSA records of a policy */
enum dane_found	tls_dane_find(struct tls_policy *p,
		    const struct smtp_host *host, int port);

/*
 * tls_policy_start - handshake with the server
 *
 * peer		"name[addr]:port"
 *
 * Returns NULL when it failed, which is logged.
 */
const struct tls_info	*tls_policy_start(const struct tls_policy *p,
			    const char *peer, struct stream *st);

#endif
