/*
 * ldap_link.h - connections to directory servers, bound and shared
 *
 * Tables with the same server settings use one connection. It is made when
 * first needed and anew when it is found dead. Source: spec/tables.md 9.
 */
#ifndef MODULE_LDAP_LINK_H
#define MODULE_LDAP_LINK_H

#include <ldap.h>

struct err;
struct table_config;
struct ldap_link;

/* ldap_link_open - read the server settings; NULL with err. No server is asked yet */
struct ldap_link *ldap_link_open(const struct table_config *c,
	    struct err *err);
void	ldap_link_close(struct ldap_link *l);

/*
 * ldap_link_search - search, connecting and binding if need be
 *
 * base, scope, filter, attrs	as ldap_search_ext_s takes them
 * size_limit		entries; 0: the server's
 * found		set to the entries, for ldap_msgfree, when LDAP_SUCCESS
 *
 * Returns an LDAP result code. Whatever it is, err says why it is not
 * LDAP_SUCCESS. A connection that stood already gets one fresh try.
 */
int	ldap_link_search(struct ldap_link *l, const char *base, int scope,
	    const char *filter, char **attrs, int size_limit,
	    LDAPMessage **found, struct err *err);

/* ldap_link_handle - for functions that take results apart; after a search */
LDAP	*ldap_link_handle(struct ldap_link *l);

#endif
