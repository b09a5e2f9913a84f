/*
 * peer.c - who is at the other end: addresses and names of one connection
 *
 * The name of an address counts only when it leads back to that address; the
 * name as such is kept apart for rules that ask for it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/ipc/attr.h"
#include "lib/mail/address.h"
#include "lib/net/dns.h"
#include "lib/net/haproxy.h"
#include "lib/net/netaddr.h"

static void
set(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

static void
set_namaddr(struct peer *p)
{
	char *text = NULL;
	int n;

	if (p->shows_port)
		n = asprintf(&text, "%s[%s]:%s", p->name, p->addr, p->port);
	else
		n = asprintf(&text, "%s[%s]", p->name, p->addr);
	if (n == -1)
		return;
	free(p->namaddr);
	p->namaddr = text;
}

void
peer_set_name(struct peer *p, const char *name, enum peer_name status)
{
	set(&p->name, name);
	p->name_status = status;
	set_namaddr(p);
}

void
peer_set_reverse(struct peer *p, const char *name, enum peer_name status)
{
	set(&p->reverse_name, name);
	p->reverse_status = status;
}

void
peer_set_port(struct peer *p, const char *port)
{
	set(&p->port, port);
	set_namaddr(p);
}

int
peer_set_addr(struct peer *p, const char *addr)
{
	struct netaddr a;
	char *rfc;

	if (strncasecmp(addr, "IPv6:", 5) == 0)
		addr += 5;
	if (strcmp(addr, "unknown") == 0) {
		set(&p->addr, addr);
		set(&p->rfc_addr, addr);
		p->family = AF_UNSPEC;
		set_namaddr(p);
		return 0;
	}
	if (netaddr_parse(&a, addr, 0, NULL) == -1)
		return -1;
	p->family = a.ss.ss_family;
	set(&p->addr, addr);
	if (p->family == AF_INET6 && asprintf(&rfc, "IPv6:%s", addr) != -1) {
		free(p->rfc_addr);
		p->rfc_addr = rfc;
	} else {
		set(&p->rfc_addr, addr);
	}
	set_namaddr(p);
	return 0;
}

static bool
leads_back(const char *name, const struct netaddr *a, struct err *err,
    enum peer_name *status)
{
	struct dns_answer fwd = { 0 };
	bool found = false;
	size_t i;

	switch (dns_addresses(name, true, &fwd, err)) {
	case DNS_FOUND:
		for (i = 0; i < fwd.count && !found; i++)
			found = netaddr_same_host(&fwd.rr[i].addr, a);
		*status = found ? PEER_NAME_OK : PEER_NAME_FORGED;
		break;
	case DNS_RETRY:
		*status = PEER_NAME_RETRY;
		break;
	default:
		*status = PEER_NAME_FORGED;
	}
	dns_answer_done(&fwd);
	return found;
}

/* The hosts file is asked first, then a PTR record. */
static enum peer_name
reverse(const struct netaddr *a, char **name, struct err *err)
{
	struct dns_answer out = { 0 };
	enum peer_name status = PEER_NAME_NONE;

	switch (dns_reverse(a, &out, err)) {
	case DNS_FOUND:
		*name = xstrdup(out.rr[0].data);
		status = PEER_NAME_OK;
		break;
	case DNS_RETRY:
		status = PEER_NAME_RETRY;
		break;
	default:
		break;
	}
	dns_answer_done(&out);
	return status;
}

static void
look_up_name(struct peer *p, const struct netaddr *a)
{
	struct err err = ERR_INIT;
	enum peer_name status;
	char *name = NULL;

	status = reverse(a, &name, &err);
	if (status != PEER_NAME_OK) {
		peer_set_name(p, "unknown", status);
		peer_set_reverse(p, "unknown", status);
		return;
	}
	if (name[0] != '\0' && strspn(name, "0123456789.") == strlen(name)) {
		log_warning("numeric hostname: %s", name);
		status = PEER_NAME_NONE;
	} else if (!address_is_hostname(name)) {
		log_warning("valid_hostname: invalid name: %.100s", name);
		status = PEER_NAME_NONE;
	}
	if (status != PEER_NAME_OK) {
		peer_set_name(p, "unknown", status);
		peer_set_reverse(p, "unknown", status);
	} else {
		peer_set_reverse(p, name, PEER_NAME_OK);
		err_reset(&err);
		if (leads_back(name, a, &err, &status)) {
			peer_set_name(p, name, PEER_NAME_OK);
		} else {
			log_warning("hostname %s does not resolve to address "
			    "%s%s%s", name, p->addr,
			    err.text[0] != '\0' ? ": " : "", err.text);
			peer_set_name(p, "unknown", status);
		}
	}
	free(name);
}

static void
set_number(char **where, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	set(where, text);
}

static void
set_server(struct peer *p, int fd)
{
	struct netaddr a = { .len = sizeof(a.ss) };
	char text[NETADDR_TEXT_SIZE];

	if (getsockname(fd, (struct sockaddr *)&a.ss, &a.len) == -1 ||
	    (a.ss.ss_family != AF_INET && a.ss.ss_family != AF_INET6))
		return;
	netaddr_unmap(&a);
	set(&p->server_addr, netaddr_text(&a, text));
	set_number(&p->server_port, netaddr_port(&a));
}

static void
be_local(struct peer *p)
{
	peer_set_addr(p, "127.0.0.1");
	peer_set_port(p, "0");
	peer_set_name(p, "localhost", PEER_NAME_OK);
	peer_set_reverse(p, "localhost", PEER_NAME_OK);
}

/* Take over what a front end that accepted the connection knows of it. */
static bool
set_passed(struct peer *p, const struct attrs *passed, struct netaddr *a)
{
	const char *addr = attrs_get(passed, "client_address", 0),
	    *port = attrs_get(passed, "client_port", 0),
	    *server = attrs_get(passed, "server_address", 0),
	    *server_port = attrs_get(passed, "server_port", 0);

	if (addr == NULL || netaddr_parse(a, addr, 0, NULL) == -1)
		return false;
	peer_set_addr(p, addr);
	if (port != NULL)
		peer_set_port(p, port);
	if (server != NULL)
		set(&p->server_addr, server);
	if (server_port != NULL)
		set(&p->server_port, server_port);
	return true;
}

static void
set_client(struct peer *p, const struct netaddr *a)
{
	char text[NETADDR_TEXT_SIZE], port[16];

	peer_set_addr(p, netaddr_text(a, text));
	snprintf(port, sizeof(port), "%d", netaddr_port(a));
	peer_set_port(p, port);
}

/* The same from a load balancer. */
static void
set_proxied(struct peer *p, const struct haproxy *proxied, struct netaddr *a)
{
	char text[NETADDR_TEXT_SIZE];
	struct netaddr server = proxied->server;

	*a = proxied->client;
	netaddr_unmap(a);
	netaddr_unmap(&server);
	set_client(p, a);
	set(&p->server_addr, netaddr_text(&server, text));
	set_number(&p->server_port, netaddr_port(&server));
}

void
peer_init(struct peer *p, int fd, const struct sockaddr *client,
    socklen_t len, const struct attrs *passed, const struct haproxy *proxied,
    unsigned flags)
{
	struct netaddr a = { .len = len };

	memset(p, 0, sizeof(*p));
	p->shows_port = (flags & PEER_SHOW_PORT) != 0;
	p->name = xstrdup("unknown");
	p->addr = xstrdup("unknown");
	p->rfc_addr = xstrdup("unknown");
	p->port = xstrdup("unknown");
	p->reverse_name = xstrdup("unknown");
	p->server_addr = xstrdup("unknown");
	p->server_port = xstrdup("unknown");
	p->name_status = p->reverse_status = PEER_NAME_NONE;

	if (client == NULL || (client->sa_family != AF_INET &&
	    client->sa_family != AF_INET6)) {
		be_local(p);
		return;
	}
	memcpy(&a.ss, client, len);
	netaddr_unmap(&a);
	set_server(p, fd);
	if (proxied != NULL && proxied->is_proxied)
		set_proxied(p, proxied, &a);
	else if (passed == NULL || !set_passed(p, passed, &a))
		set_client(p, &a);
	if ((flags & PEER_LOOK_UP) != 0)
		look_up_name(p, &a);
	set_namaddr(p);
}

void
peer_done(struct peer *p)
{
	free(p->name);
	free(p->reverse_name);
	free(p->addr);
	free(p->rfc_addr);
	free(p->port);
	free(p->server_addr);
	free(p->server_port);
	free(p->namaddr);
	memset(p, 0, sizeof(*p));
}
