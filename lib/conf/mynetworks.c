/*
 * mynetworks.c - the default of mynetworks, from this machine's interfaces
 *
 * Addresses come from the kernel's list, IPv4 before IPv6 as the kernel
 * gives them; a network that two interfaces share is named once.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/mynetworks.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

enum style { STYLE_HOST, STYLE_SUBNET, STYLE_CLASS };

struct pick {
	enum style	 style;
	bool		 all, loopback_only;
	bool		 ipv4, ipv6;
	struct addrinfo	**named;	/* inet_interfaces as addresses */
	size_t		 named_count;
};

static size_t
address_bytes(const struct sockaddr *sa, const unsigned char **bytes)
{
	if (sa->sa_family == AF_INET) {
		*bytes = (const void *)
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
		return 4;
	}
	*bytes = (const void *)
	    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	return 16;
}

static bool
is_named(const struct pick *p, const struct sockaddr *sa)
{
	const unsigned char *a, *b;
	size_t i, n = address_bytes(sa, &a);
	struct addrinfo *ai;

	for (i = 0; i < p->named_count; i++)
		for (ai = p->named[i]; ai != NULL; ai = ai->ai_next)
			if (ai->ai_family == sa->sa_family &&
			    address_bytes(ai->ai_addr, &b) == n &&
			    memcmp(a, b, n) == 0)
				return true;
	return false;
}

static bool
is_wanted(const struct pick *p, const struct ifaddrs *ifa)
{
	if (ifa->ifa_addr == NULL || (ifa->ifa_flags & IFF_UP) == 0)
		return false;
	if (ifa->ifa_addr->sa_family == AF_INET ? !p->ipv4 :
	    ifa->ifa_addr->sa_family == AF_INET6 ? !p->ipv6 : true)
		return false;
	if (p->all)
		return true;
	if (p->loopback_only && (ifa->ifa_flags & IFF_LOOPBACK) != 0)
		return true;
	return is_named(p, ifa->ifa_addr);
}

static unsigned
netmask_bits(const struct sockaddr *mask, size_t size)
{
	const unsigned char *bytes;
	unsigned bits = 0;

	if (mask == NULL)
		return (unsigned)size * 8;
	address_bytes(mask, &bytes);
	while (bits < size * 8 &&
	    (bytes[bits / 8] & (0x80u >> (bits % 8))) != 0)
		bits++;
	return bits;
}

static unsigned
prefix_bits(const struct pick *p, const struct ifaddrs *ifa,
    const unsigned char *addr, size_t size)
{
	if (p->style == STYLE_HOST)
		return (unsigned)size * 8;
	if (p->style == STYLE_CLASS && size == 4)
		return addr[0] < 128 ? 8 : addr[0] < 192 ? 16 :
		    addr[0] < 224 ? 24 : 32;
	return netmask_bits(ifa->ifa_netmask, size);
}

static void
add_network(struct buf *out, const struct pick *p, const struct ifaddrs *ifa)
{
	unsigned char net[16];
	const unsigned char *addr;
	struct buf text = BUF_INIT;
	char shown[INET6_ADDRSTRLEN];
	size_t size = address_bytes(ifa->ifa_addr, &addr), i;
	unsigned bits = prefix_bits(p, ifa, addr, size);
	const char *at;

	for (i = 0; i < size; i++) {
		unsigned keep = bits >= (i + 1) * 8 ? 8 :
		    bits > i * 8 ? bits - (unsigned)i * 8 : 0;

		net[i] = (unsigned char)(addr[i] & (0xff00u >> keep));
	}
	inet_ntop(ifa->ifa_addr->sa_family, net, shown, sizeof(shown));
	buf_setf(&text, size == 4 ? "%s/%u" : "[%s]/%u", shown, bits);
	at = strstr(out->ptr, text.ptr);
	if (at == NULL || (at != out->ptr && at[-1] != ' ') ||
	    (at[text.len] != '\0' && at[text.len] != ' ')) {
		if (out->len > 0)
			buf_addc(out, ' ');
		buf_add(out, text.ptr, text.len);
	}
	buf_done(&text);
}

/* Host names and addresses of inet_interfaces. What cannot be found is no interface of ours. */
static void
resolve_named(struct pick *p, const char *interfaces)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	char *list = xstrdup(interfaces), *rest = list, *word;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		size_t n = strlen(word);

		if (strcasecmp(word, "all") == 0) {
			p->all = true;
			continue;
		}
		if (strcasecmp(word, "loopback-only") == 0) {
			p->loopback_only = true;
			continue;
		}
		if (n > 2 && word[0] == '[' && word[n - 1] == ']') {
			word[n - 1] = '\0';
			word++;
		}
		if (getaddrinfo(word, NULL, &hints, &ai) != 0)
			continue;
		p->named = xreallocarray(p->named, p->named_count + 1,
		    sizeof(*p->named));
		p->named[p->named_count++] = ai;
	}
	free(list);
}

int
mynetworks_default(struct buf *out, const char *style, const char *interfaces,
    const char *protocols, struct err *err)
{
	struct pick p = { .style = STYLE_HOST };
	struct ifaddrs *list, *ifa;
	size_t i;

	if (strcasecmp(style, "subnet") == 0)
		p.style = STYLE_SUBNET;
	else if (strcasecmp(style, "class") == 0)
		p.style = STYLE_CLASS;
	else if (strcasecmp(style, "host") != 0)
		return err_set(err, ERR_CONFIG, "unknown mynetworks mask style "
		    "value \"%s\" in \"%s\"", style, style);
	p.ipv4 = strcasestr(protocols, "all") != NULL ||
	    strcasestr(protocols, "ipv4") != NULL;
	p.ipv6 = strcasestr(protocols, "all") != NULL ||
	    strcasestr(protocols, "ipv6") != NULL;
	if (getifaddrs(&list) == -1)
		return err_sys(err, "list network interfaces");
	resolve_named(&p, interfaces);
	for (ifa = list; ifa != NULL; ifa = ifa->ifa_next)
		if (is_wanted(&p, ifa))
			add_network(out, &p, ifa);
	freeifaddrs(list);
	for (i = 0; i < p.named_count; i++)
		freeaddrinfo(p.named[i]);
	free(p.named);
	return 0;
}
