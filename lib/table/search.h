/*
 * search.h - the keys that each feature asks its tables for, in order
 *
 * The daemons search with these, and so does postmap --explain: what it shows
 * (maps_trace) is what happens. Source: spec/tables.md 15 to 17.
 */
#ifndef LIB_TABLE_SEARCH_H
#define LIB_TABLE_SEARCH_H

#include "lib/table/maps.h"

struct buf;

/* How the tables of a feature are opened. */
#define SEARCH_ADDRESSES	(TABLE_FOLD | TABLE_UTF8)
#define SEARCH_ROUTING		(TABLE_FOLD | TABLE_UTF8 | TABLE_NO_REGSUB)
#define SEARCH_ALIASES		(TABLE_FOLD | TABLE_UTF8 | TABLE_NO_REGSUB | \
				TABLE_NO_PROXY | TABLE_NO_UNAUTH)
#define SEARCH_MAILBOXES	(TABLE_UTF8 | TABLE_NO_REGSUB | \
				TABLE_NO_PROXY | TABLE_NO_UNAUTH)
#define SEARCH_TEXT		0	/* headers, body lines: not folded */

/*
 * search_mapping - tables that turn an address into addresses: canonical,
 * virtual aliases, generic
 *
 * address	internal form, as in all of these
 * extension	as in maps_find_address; may be NULL
 */
enum table_result search_mapping(struct maps *maps, const char *address,
		    struct buf *extension, struct buf *value);
/*
 * search_person - tables about whoever has an address: bcc, relocated, login
 * names, mailboxes, and those that say that an address exists
 */
enum table_result search_person(struct maps *maps, const char *address,
		    struct buf *value);
/*
 * search_sender - the sender_dependent_* tables
 *
 * null_key	what the null sender is looked up as
 */
enum table_result search_sender(struct maps *maps, const char *sender,
		    const char *null_key, struct buf *value);
/* search_transport - transport_maps: address, domain and parents, "*" */
enum table_result search_transport(struct maps *maps, const char *address,
		    struct buf *value);
/*
 * search_alias - alias_maps
 *
 * name		folded local part; set to the key that was found or asked last
 * user		the same without extension
 */
enum table_result search_alias(struct maps *maps, struct buf *name,
		    const char *user, struct buf *value);
/* search_alias_key - one name in alias_maps: its quoted form, then as it is */
enum table_result search_alias_key(struct maps *maps, const char *name,
		    struct buf *value);
/* search_nexthop - smtp_tls_policy_maps: as given, then a domain's parents */
enum table_result search_nexthop(struct maps *maps, const char *nexthop,
		    struct buf *value);
/* search_server_name - tls_server_sni_maps: the name, then its parents */
enum table_result search_server_name(struct maps *maps, const char *name,
		    struct buf *value);
/*
 * search_password - smtp_sasl_password_maps
 *
 * sender	NULL unless passwords depend on it; then the null sender is ""
 * host		of the server
 * nexthop	with brackets and port, as it was configured
 */
enum table_result search_password(struct maps *maps, const char *sender,
		    const char *host, const char *nexthop,
		    struct buf *value);

/*
 * The access tables. key is set to the one that was found.
 *
 * search_access_name - a host name or a HELO name, and its parents
 * search_access_ip - an address, then cut at its dots or colons
 * search_access_mail - a sender or recipient; "" is the null sender
 */
enum table_result search_access_name(struct maps *maps, const char *name,
		    struct buf *key, struct buf *value);
enum table_result search_access_ip(struct maps *maps, const char *address,
		    struct buf *key, struct buf *value);
enum table_result search_access_mail(struct maps *maps, const char *address,
		    struct buf *key, struct buf *value);

#endif
