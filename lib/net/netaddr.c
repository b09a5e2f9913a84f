/*
 * netaddr.c - socket addresses: parse, print, connect
 *
 * Everything here is numeric; names are asked in dns.c, which programs that
 * only talk to this host need not link. A connect waits in the kernel
 * (SO_SNDTIMEO bounds connect(2) too), so that it costs three system calls and
 * the descriptor comes back blocking and without limits.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/netaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

static const struct sockaddr_in *
in4(const struct netaddr *a)
{
	return (const struct sockaddr_in *)&a->ss;
}

static const struct sockaddr_in6 *
in6(const struct netaddr *a)
{
	return (const struct sockaddr_in6 *)&a->ss;
}

static bool
parse4(struct netaddr *a, const char *ip, int port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&a->ss;

	if (inet_pton(AF_INET, ip, &sin->sin_addr) != 1)
		return false;
	sin->sin_family = AF_INET;
	sin->sin_port = htons((uint16_t)port);
	a->len = sizeof(*sin);
	return true;
}

static bool
parse6(struct netaddr *a, char *ip, int port)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&a->ss;
	char *scope;

	if ((scope = strchr(ip, '%')) != NULL) {
		*scope++ = '\0';
		sin6->sin6_scope_id = if_nametoindex(scope);
		if (sin6->sin6_scope_id == 0)
			return false;
	}
	if (inet_pton(AF_INET6, ip, &sin6->sin6_addr) != 1)
		return false;
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons((uint16_t)port);
	a->len = sizeof(*sin6);
	return true;
}

int
netaddr_parse(struct netaddr *a, const char *ip, int port, struct err *err)
{
	char text[NETADDR_TEXT_SIZE];
	size_t len = strlen(ip);

	memset(a, 0, sizeof(*a));
	if (port < 0 || port > 65535)
		return err_set(err, ERR_LIMIT, "bad port number: %d", port);
	if (len >= 2 && ip[0] == '[' && ip[len - 1] == ']') {
		ip++;
		len -= 2;
	}
	if (strncasecmp(ip, "ipv6:", 5) == 0 && len > 5) {
		ip += 5;
		len -= 5;
	}
	if (len >= sizeof(text))
		return err_set(err, ERR_SYNTAX, "bad address: %.40s...", ip);
	memcpy(text, ip, len);
	text[len] = '\0';
	if (parse4(a, text, port) || parse6(a, text, port))
		return 0;
	return err_set(err, ERR_SYNTAX, "bad address: %.*s", (int)len, ip);
}

const char *
netaddr_text(const struct netaddr *a, char out[NETADDR_TEXT_SIZE])
{
	char name[IF_NAMESIZE];
	size_t n;

	switch (a->ss.ss_family) {
	case AF_INET:
		inet_ntop(AF_INET, &in4(a)->sin_addr, out, NETADDR_TEXT_SIZE);
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &in6(a)->sin6_addr, out, NETADDR_TEXT_SIZE);
		if (in6(a)->sin6_scope_id != 0 &&
		    if_indextoname(in6(a)->sin6_scope_id, name) != NULL) {
			n = strlen(out);
			snprintf(out + n, NETADDR_TEXT_SIZE - n, "%%%s", name);
		}
		break;
	default:
		snprintf(out, NETADDR_TEXT_SIZE, "unknown");
		break;
	}
	return out;
}

int
netaddr_reversed(const struct netaddr *a, char out[NETADDR_REVERSED_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p;
	int i;

	if (a->ss.ss_family == AF_INET) {
		p = (const unsigned char *)
		    &((const struct sockaddr_in *)&a->ss)->sin_addr;
		snprintf(out, NETADDR_REVERSED_SIZE, "%u.%u.%u.%u", p[3], p[2],
		    p[1], p[0]);
		return 0;
	}
	if (a->ss.ss_family != AF_INET6)
		return -1;
	p = (const unsigned char *)
	    &((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
	for (i = 15; i >= 0; i--) {
		*out++ = hex[p[i] & 15];
		*out++ = '.';
		*out++ = hex[p[i] >> 4];
		*out++ = i > 0 ? '.' : '\0';
	}
	return 0;
}

void
netaddr_unmap(struct netaddr *a)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->ss;
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (a->ss.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return;
	memcpy(&four.sin_addr, six->sin6_addr.s6_addr + 12, 4);
	four.sin_port = six->sin6_port;
	memset(&a->ss, 0, sizeof(a->ss));
	memcpy(&a->ss, &four, sizeof(four));
	a->len = sizeof(four);
}

int
netaddr_port(const struct netaddr *a)
{
	switch (a->ss.ss_family) {
	case AF_INET:
		return ntohs(in4(a)->sin_port);
	case AF_INET6:
		return ntohs(in6(a)->sin6_port);
	}
	return 0;
}

bool
netaddr_is_loopback(const struct netaddr *a)
{
	switch (a->ss.ss_family) {
	case AF_INET:
		return ntohl(in4(a)->sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&in6(a)->sin6_addr);
	}
	return false;
}

bool
netaddr_same_host(const struct netaddr *a, const struct netaddr *b)
{
	if (a->ss.ss_family != b->ss.ss_family)
		return false;
	switch (a->ss.ss_family) {
	case AF_INET:
		return in4(a)->sin_addr.s_addr == in4(b)->sin_addr.s_addr;
	case AF_INET6:
		return memcmp(&in6(a)->sin6_addr, &in6(b)->sin6_addr,
		    sizeof(struct in6_addr)) == 0;
	}
	return false;
}

bool
netaddr_wants(int family)
{
	const char *p = params.inet_protocols;
	size_t n;

	if (p == NULL)
		return true;
	for (; *(p += strspn(p, TEXT_LIST_SEP)) != '\0'; p += n) {
		n = strcspn(p, TEXT_LIST_SEP);
		if (n == 3 && strncasecmp(p, "all", n) == 0)
			return true;
		if (n != 4)
			continue;
		if (family == AF_INET && strncasecmp(p, "ipv4", n) == 0)
			return true;
		if (family == AF_INET6 && strncasecmp(p, "ipv6", n) == 0)
			return true;
	}
	return false;
}

static void
connect_limit(int fd, int timeout_s)
{
	struct timeval tv = { .tv_sec = timeout_s };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* Connect fd within the limit; closes it on failure. */
static int
connect_within(int fd, const struct sockaddr *to, socklen_t len, int timeout_s,
    struct err *err)
{
	int rc, saved;

	if (timeout_s > 0)
		connect_limit(fd, timeout_s);
	do
		rc = connect(fd, to, len);
	while (rc == -1 && errno == EINTR);
	if (rc == 0) {
		if (timeout_s > 0)
			connect_limit(fd, 0);
		return fd;
	}
	saved = errno;
	close(fd);
	/* What an expired SO_SNDTIMEO says: TCP, UNIX-domain. */
	if (saved == EINPROGRESS || saved == EALREADY || saved == EAGAIN)
		saved = ETIMEDOUT;
	errno = saved;
	err_set(err, saved == ETIMEDOUT ? ERR_TIMEOUT : ERR_SYSTEM, "%s",
	    strerror(saved));
	if (err != NULL)
		err->errnum = saved;
	return -1;
}

int
netaddr_connect(const struct netaddr *to, const struct netaddr *from,
    int timeout_s, struct err *err)
{
	char text[NETADDR_TEXT_SIZE];
	int fd, saved;

	fd = socket(to->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "socket");
	if (from != NULL &&
	    bind(fd, (const struct sockaddr *)&from->ss, from->len) == -1) {
		saved = errno;
		close(fd);
		return err_set(err, ERR_CONFIG, "bind %s: %s",
		    netaddr_text(from, text), strerror(saved));
	}
	return connect_within(fd, (const struct sockaddr *)&to->ss, to->len,
	    timeout_s, err);
}

int
netaddr_connect_unix(const char *path, int timeout_s, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return err_set(err, ERR_LIMIT, "socket path too long: %s",
		    path);
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "socket");
	return connect_within(fd, (const struct sockaddr *)&sun, sizeof(sun),
	    timeout_s, err);
}

/* "smtps=submissions=465": each name of the item is that port. */
static int
port_of_item(char *item, const char *service)
{
	char *word, *rest = item, *port = strrchr(item, '=');
	uint64_t n;

	if (port == NULL || num_parse_uint(port + 1, 65535, &n, NULL) == -1)
		return -1;
	*port = '\0';
	while ((word = text_split(&rest, "=")) != NULL)
		if (strcmp(text_trim(word), service) == 0)
			return (int)n;
	return -1;
}

/* known_tcp_ports: what a mail system names all day needs no services file. */
static int
known_port(const char *service)
{
	char *copy, *rest, *item;
	int port = -1;

	if (params.known_tcp_ports == NULL)	/* nothing is loaded */
		return -1;
	copy = rest = xstrdup(params.known_tcp_ports);
	while (port == -1 && (item = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		port = port_of_item(item, service);
	free(copy);
	return port;
}

int
netaddr_service(const char *service)
{
	const struct servent *se;
	uint64_t n;
	int port;

	if (num_parse_uint(service, 65535, &n, NULL) == 0)
		return (int)n;
	if ((port = known_port(service)) != -1)
		return port;
	if ((se = getservbyname(service, "tcp")) != NULL)
		return ntohs((uint16_t)se->s_port);
	return -1;
}
