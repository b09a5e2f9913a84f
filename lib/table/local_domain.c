/*
 * local_domain.c - is a domain this machine's own? (spec/tables.md 15.4)
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/local_domain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/netaddr.h"
#include "lib/table/match_list.h"

/* What main.cf says; and NULL when it was the literal of an address of ours. */
static struct match_list *destinations, *found_in;

/* Made anew when another main.cf, or one with other -o options, was read. */
static struct match_list *
own_domains(void)
{
	static char *made_from;

	if (made_from != NULL && strcmp(made_from, params.mydestination) == 0)
		return destinations;
	match_list_free(destinations);
	free(made_from);
	made_from = xstrdup(params.mydestination);
	destinations = match_list_new("mydestination", MATCH_STRING,
	    params.mydestination);
	return destinations;
}

/* "[127.0.0.1]": an address of inet_interfaces or proxy_interfaces. */
static bool
is_own_literal(const char *domain)
{
	static struct netaddr *own;
	static size_t count;
	static bool has_own;
	struct buf ip = BUF_INIT;
	struct netaddr a;
	size_t i;
	bool found = false;

	if (!address_is_literal(domain, &ip))
		return false;
	if (!has_own) {
		has_own = true;
		own = netaddr_own(true, &count);
	}
	if (netaddr_parse(&a, ip.ptr, 0, NULL) == 0)
		for (i = 0; i < count && !found; i++)
			found = netaddr_same_host(&a, &own[i]);
	buf_done(&ip);
	return found;
}

enum table_result
local_domain(const char *domain)
{
	enum table_result found;
	size_t len = strlen(domain);
	char *bare;

	found_in = NULL;
	if (domain[0] == '[')
		return is_own_literal(domain) ? TABLE_FOUND : TABLE_NOT_FOUND;
	found_in = own_domains();
	if (len > 1 && domain[len - 1] == '.') {
		bare = xstrndup(domain, len - 1);
		found = match_list_find(found_in, bare, NULL);
		free(bare);
		return found;
	}
	return match_list_find(found_in, domain, NULL);
}

const char *
local_domain_describe(struct buf *out)
{
	if (found_in == NULL) {
		buf_adds(out, "an address of this machine");
		return "inet_interfaces";
	}
	match_list_describe(found_in, out);
	return "mydestination";
}

enum table_result
local_domain_bare(const char *domain)
{
	if (strcasecmp(domain, params.myorigin) == 0)
		return TABLE_FOUND;
	return local_domain(domain);
}
