/*
 * dns_hosts.c - the hosts file as a source of answers
 *
 * Read here, so that "localhost" needs neither a server nor the name service
 * switch, and answers are the same in a test instance that asks its own
 * server.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dns_internal.h"

#include <arpa/nameser.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/net/dns.h"

#define HOSTS_FILE	"/etc/hosts"
#define HOSTS_MAX	(1 << 20)

/* Call fn with each address and each of its names; stops when fn returns true. */
static bool
hosts_walk(bool (*fn)(void *ctx, const char *ip, const char *name), void *ctx)
{
	struct buf text = BUF_INIT;
	char *rest, *line, *words, *ip, *name, *hash;
	bool stopped = false;

	if (file_read(HOSTS_FILE, &text, HOSTS_MAX, NULL) == 0) {
		rest = text.ptr;
		while (!stopped && (line = text_split(&rest, "\n")) != NULL) {
			if ((hash = strchr(line, '#')) != NULL)
				*hash = '\0';
			words = line;
			ip = text_split(&words, " \t\r");
			while (ip != NULL && !stopped &&
			    (name = text_split(&words, " \t\r")) != NULL)
				stopped = fn(ctx, ip, name);
		}
	}
	buf_done(&text);
	return stopped;
}

struct hosts_by_name {
	const char		*name;
	struct dns_answer	*out;
};

static bool
match_name(void *ctx, const char *ip, const char *name)
{
	struct hosts_by_name *q = ctx;
	struct netaddr a;
	struct dns_rr *rr;

	if (strcasecmp(name, q->name) == 0 &&
	    netaddr_parse(&a, ip, 0, NULL) == 0 &&
	    netaddr_wants(a.ss.ss_family)) {
		rr = dns_answer_add(q->out, a.ss.ss_family == AF_INET ? ns_t_a :
		    ns_t_aaaa, name, ip);
		rr->addr = a;
	}
	return false;
}

struct hosts_by_addr {
	const struct netaddr	*addr;
	struct dns_answer	*out;
};

static bool
match_addr(void *ctx, const char *ip, const char *name)
{
	struct hosts_by_addr *q = ctx;
	struct netaddr a;

	if (netaddr_parse(&a, ip, 0, NULL) == -1 ||
	    !netaddr_same_host(&a, q->addr))
		return false;
	dns_answer_add(q->out, ns_t_ptr, ip, name);
	return true;
}

bool
dns_hosts_addresses(const char *name, struct dns_answer *out)
{
	struct hosts_by_name q = { name, out };

	hosts_walk(match_name, &q);
	return out->count > 0;
}

bool
dns_hosts_names(const struct netaddr *addr, struct dns_answer *out)
{
	struct hosts_by_addr q = { addr, out };

	return hosts_walk(match_addr, &q);
}
