/*
 * dns.h - DNS questions over libresolv
 *
 * "No such name", "no such record" and "could not find out" are three
 * different answers. posthorn_dns_servers (host:port list; empty: the
 * system's resolver) says whom to ask.
 */
#ifndef LIB_NET_DNS_H
#define LIB_NET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/netaddr.h"

struct buf;
struct err;

enum dns_result {
	DNS_FOUND,
	DNS_NOT_FOUND,		/* NXDOMAIN */
	DNS_NO_DATA,		/* the name exists, this type does not */
	DNS_RETRY,		/* SERVFAIL, timeout */
	DNS_FAIL,		/* refused, malformed: asking again is useless */
	DNS_NULL_MX		/* "MX 0 ." (RFC 7505) */
};

struct dns_rr {
	uint16_t	 type;		/* ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_ptr, ... */
	uint16_t	 pref;		/* MX preference, SRV priority */
	uint16_t	 weight, port;	/* SRV (RFC 2782) */
	uint32_t	 ttl_s;
	char		*name;		/* owner */
	char		*data;		/* host name, TXT text, printable address */
	struct netaddr	 addr;		/* A and AAAA, port 0 */
	unsigned char	*raw;		/* TLSA: the whole record (RFC 6698 2.1) */
	size_t		 raw_len;
	bool		 is_secure;	/* as of the answer it came with */
};

#define DNS_T_TLSA	52		/* RFC 6698 7.1 */

struct dns_answer {
	struct dns_rr	*rr;
	size_t		 count;
	bool		 is_secure;	/* the resolver has checked signatures; of "no data", too */
	int		 ttl_s;		/* how long it holds, "no such name" too (RFC 2308 5); -1: unknown */
};

/* dns_init - read the resolver's configuration now: before a chroot that has none */
void	dns_init(void);

/*
 * dns_use_dnssec - ask the resolver to say which answers are signed
 *
 * It is believed when it is on this host, or when resolv.conf says "trust-ad":
 * the bit that says so is not protected on its way.
 *
 * Returns false when it is not; then no answer is secure.
 */
bool	dns_use_dnssec(void);

/*
 * dns_query - ask for one type; CNAMEs are followed
 *
 * err		"Host or domain name not found. Name service error for name=D type=MX: Host not found"
 *		and its siblings (spec/master.md 6.5)
 */
enum dns_result	dns_query(const char *name, int type, struct dns_answer *out,
		    struct err *err);
/* dns_addresses - A and AAAA as inet_protocols allows; /etc/hosts too when with_hosts (smtp_host_lookup native) */
enum dns_result	dns_addresses(const char *name, bool with_hosts,
		    struct dns_answer *out, struct err *err);
/* dns_host_text - why dns_addresses found none, as getaddrinfo words it */
const char	*dns_host_text(enum dns_result result);
/* dns_reverse - verified or unverified name of an address */
enum dns_result	dns_reverse(const struct netaddr *a, struct dns_answer *out,
		    struct err *err);
void	dns_answer_done(struct dns_answer *a);
/*
 * dns_set_filter - what a table says of each record, for all questions from now on
 *
 * fn gets "h1.test. 60 IN A 192.0.2.1". When no record is left, or fn cannot
 * say, the question failed for now (DNS_RETRY; err is of kind ERR_DENIED, or
 * ERR_CONFIG). Names of clients, and addresses for which the hosts file counts
 * too, are not asked about.
 */
enum dns_verdict { DNS_KEEP, DNS_DROP, DNS_BROKEN };
void	dns_set_filter(enum dns_verdict (*fn)(const char *record));
/*
 * dns_set_search - how names of hosts are completed, for all questions for
 * addresses from now on; no other question is
 */
enum {
	DNS_SEARCH_OWN		= 1 << 0,	/* one without dots, by our domain (RES_DEFNAMES) */
	DNS_SEARCH_PARENTS	= 1 << 1	/* by the domains that resolv.conf lists (RES_DNSRCH) */
};
void	dns_set_search(unsigned how);
/* dns_print - a record as dns_set_filter's function gets it, appended */
void	dns_print(struct buf *out, const struct dns_rr *rr);
/* dns_parse_reply - wire bytes to answer, without I/O; for dns_query and the fuzzer */
enum dns_result	dns_parse_reply(const unsigned char *reply, size_t len,
		    int type, struct dns_answer *out, struct err *err);

#endif
