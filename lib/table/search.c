/*
 * search.c - the keys that each feature asks its tables for, in order
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/search.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/local_domain.h"

enum table_result
search_mapping(struct maps *maps, const char *address,
    struct buf *extension, struct buf *value)
{
	return maps_find_address(maps, address, MAPS_DEFAULT, MAPS_EXTERNAL,
	    false, local_domain_bare, extension, value);
}

enum table_result
search_person(struct maps *maps, const char *address, struct buf *value)
{
	return maps_find_address(maps, address, MAPS_DEFAULT, MAPS_BOTH,
	    false, local_domain_bare, NULL, value);
}

enum table_result
search_sender(struct maps *maps, const char *sender, const char *null_key,
    struct buf *value)
{
	if (*sender == '\0')
		return maps_find(maps, null_key, false, value);
	return search_person(maps, sender, value);
}

enum table_result
search_transport(struct maps *maps, const char *address, struct buf *value)
{
	enum table_result found;

	found = maps_find_address(maps, address, MAPS_DOMAIN, MAPS_BOTH,
	    maps_parent_style("transport_maps"), NULL, NULL, value);
	if (found == TABLE_NOT_FOUND) {
		maps_because("the default");
		found = maps_find(maps, "*", true, value);
		maps_because(NULL);
	}
	return found;
}

enum table_result
search_alias_key(struct maps *maps, const char *name, struct buf *value)
{
	struct buf quoted = BUF_INIT;
	enum table_result found = TABLE_NOT_FOUND;

	address_quote(&quoted, name);
	if (strcmp(quoted.ptr, name) != 0)
		found = maps_find(maps, quoted.ptr, false, value);
	if (found == TABLE_NOT_FOUND)
		found = maps_find(maps, name, false, value);
	buf_done(&quoted);
	return found;
}

enum table_result
search_alias(struct maps *maps, struct buf *name, const char *user,
    struct buf *value)
{
	enum table_result found = search_alias_key(maps, name->ptr, value);

	if (found != TABLE_NOT_FOUND || strcmp(name->ptr, user) == 0)
		return found;
	buf_sets(name, user);
	maps_because("recipient_delimiter");
	found = search_alias_key(maps, user, value);
	maps_because(NULL);
	return found;
}

enum table_result
search_server_name(struct maps *maps, const char *name, struct buf *value)
{
	enum table_result found = maps_find(maps, name, false, value);
	const char *dot;

	maps_because("parent domain");	/* each a full key */
	for (dot = strchr(name, '.'); found == TABLE_NOT_FOUND && dot != NULL;
	    dot = strchr(dot + 1, '.'))
		found = maps_find(maps, dot, false, value);
	maps_because(NULL);
	return found;
}

enum table_result
search_nexthop(struct maps *maps, const char *nexthop, struct buf *value)
{
	/* Only a plain domain has parents. */
	if (strpbrk(nexthop, "[:/") != NULL)
		return maps_find(maps, nexthop, false, value);
	return search_server_name(maps, nexthop, value);
}

enum table_result
search_password(struct maps *maps, const char *sender, const char *host,
    const char *nexthop, struct buf *value)
{
	enum table_result found = TABLE_NOT_FOUND;

	if (sender != NULL && *sender != '\0')
		found = search_person(maps, sender, value);
	maps_because("host name of the server");
	if (found == TABLE_NOT_FOUND)
		found = maps_find(maps, host, false, value);
	maps_because("destination as configured");
	if (found == TABLE_NOT_FOUND && strcmp(host, nexthop) != 0)
		found = maps_find(maps, nexthop, false, value);
	maps_because(NULL);
	return found;
}

/* One key of several; key remembers it. */
static enum table_result
try(struct maps *maps, const char *text, bool is_partial, struct buf *key,
    struct buf *value)
{
	buf_sets(key, text);
	return maps_find(maps, text, is_partial, value);
}

enum table_result
search_access_name(struct maps *maps, const char *name, struct buf *key,
    struct buf *value)
{
	bool is_parent_style = maps_parent_style("smtpd_access_maps");
	enum table_result found = try(maps, name, false, key, value);
	const char *dot = name;
	struct ip_address ip;

	/* The parts of an address are no parent domains. */
	if (*name == '[' || ip_address_parse(&ip, name))
		return found;
	maps_because(is_parent_style ?
	    "parent_domain_matches_subdomains: yes" :
	    "parent_domain_matches_subdomains: no");
	while (found == TABLE_NOT_FOUND && (dot = strchr(dot + 1, '.')) != NULL)
		found = try(maps, is_parent_style ? dot + 1 : dot, true, key,
		    value);
	maps_because(NULL);
	return found;
}

enum table_result
search_access_ip(struct maps *maps, const char *address, struct buf *key,
    struct buf *value)
{
	char sep = strchr(address, ':') != NULL ? ':' : '.', *cut;
	enum table_result found = try(maps, address, false, key, value);
	char *copy = xstrdup(address);

	maps_because("network");
	while (found == TABLE_NOT_FOUND &&
	    (cut = strrchr(copy, sep)) != NULL && cut > copy) {
		*cut = '\0';
		found = try(maps, copy, true, key, value);
	}
	free(copy);
	maps_because(NULL);
	return found;
}

enum table_result
search_access_mail(struct maps *maps, const char *address, struct buf *key,
    struct buf *value)
{
	if (*address == '\0')
		return try(maps, params.smtpd_null_access_lookup_key, false,
		    key, value);
	buf_sets(key, address);
	return maps_find_address(maps, address, MAPS_ACCESS, MAPS_BOTH,
	    maps_parent_style("smtpd_access_maps"), NULL, NULL, value);
}
