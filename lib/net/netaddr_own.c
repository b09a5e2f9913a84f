/*
 * netaddr_own.c - the addresses of this host that inet_interfaces names
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/netaddr.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/dns.h"

struct address_list {
	struct netaddr	*a;
	size_t		 count;
};

static void
list_add(struct address_list *l, const struct netaddr *a)
{
	l->a = xreallocarray(l->a, l->count + 1, sizeof(*l->a));
	l->a[l->count++] = *a;
}

static int
list_add_interfaces(struct address_list *l, bool loopback_only)
{
	struct ifaddrs *first, *ifa;
	struct netaddr a;

	if (getifaddrs(&first) == -1)
		return -1;
	for (ifa = first; ifa != NULL; ifa = ifa->ifa_next) {
		if (ifa->ifa_addr == NULL || (ifa->ifa_flags & IFF_UP) == 0)
			continue;
		memset(&a, 0, sizeof(a));
		if (ifa->ifa_addr->sa_family == AF_INET)
			a.len = sizeof(struct sockaddr_in);
		else if (ifa->ifa_addr->sa_family == AF_INET6)
			a.len = sizeof(struct sockaddr_in6);
		else
			continue;
		if (!netaddr_wants(ifa->ifa_addr->sa_family))
			continue;
		memcpy(&a.ss, ifa->ifa_addr, a.len);
		if (!loopback_only || netaddr_is_loopback(&a))
			list_add(l, &a);
	}
	freeifaddrs(first);
	return 0;
}

/* One word of a list: an address, or a name with addresses. */
static void
list_add_host(struct address_list *l, const char *host, const char *what)
{
	struct dns_answer answer = { 0 };
	struct err err = ERR_INIT;
	struct netaddr a;
	size_t i;

	if (netaddr_parse(&a, host, 0, NULL) == 0) {
		list_add(l, &a);
		return;
	}
	if (dns_addresses(host, true, &answer, &err) == DNS_FOUND)
		for (i = 0; i < answer.count; i++)
			list_add(l, &answer.rr[i].addr);
	else
		log_warning("%s: host not found: %s: %s", what, host, err.text);
	dns_answer_done(&answer);
}

static void
list_add_names(struct address_list *l, const char *list, const char *what)
{
	char *copy = xstrdup(list), *rest = copy, *word;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		list_add_host(l, word, what);
	free(copy);
}

struct netaddr *
netaddr_own(bool with_proxy, size_t *count)
{
	const char *spec = params.inet_interfaces;
	struct address_list l = { NULL, 0 };

	*count = 0;
	if (spec == NULL || strcasecmp(spec, "all") == 0 ||
	    strcasecmp(spec, "loopback-only") == 0) {
		if (list_add_interfaces(&l, spec != NULL &&
		    strcasecmp(spec, "all") != 0) == -1)
			return NULL;
	} else {
		list_add_names(&l, spec, "inet_interfaces");
	}
	if (with_proxy && params.proxy_interfaces != NULL)
		list_add_names(&l, params.proxy_interfaces,
		    "proxy_interfaces");
	if (l.a == NULL)	/* an empty list is an answer too */
		l.a = xcalloc(1, sizeof(*l.a));
	*count = l.count;
	return l.a;
}
