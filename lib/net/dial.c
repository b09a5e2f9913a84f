/*
 * dial.c - connect to a server that main.cf names: policy servers, filters
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dial.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"

static int
dial_inet(const char *hostport, int timeout_s, struct err *err)
{
	char *host = xstrdup(hostport), *port = strrchr(host, ':');
	struct dns_answer found = { 0 };
	struct netaddr a;
	size_t i;
	int fd = -1, number;

	if (port == NULL || (*port++ = '\0',
	    number = netaddr_service(port)) == -1) {
		err_set(err, ERR_CONFIG, "bad host or port: %s", hostport);
	} else if (netaddr_parse(&a, host, number, err) == 0) {
		fd = netaddr_connect(&a, NULL, timeout_s, err);
	} else if (dns_addresses(host, true, &found, err) == DNS_FOUND) {
		for (i = 0; i < found.count && fd == -1; i++) {
			char text[NETADDR_TEXT_SIZE];

			netaddr_text(&found.rr[i].addr, text);
			if (netaddr_parse(&a, text, number, err) == 0)
				fd = netaddr_connect(&a, NULL, timeout_s, err);
		}
	}
	dns_answer_done(&found);
	free(host);
	return fd;
}

int
dial(const char *endpoint, int timeout_s, struct err *err)
{
	if (strncmp(endpoint, "unix:", 5) == 0)
		return netaddr_connect_unix(endpoint + 5, timeout_s, err);
	if (strncmp(endpoint, "inet:", 5) == 0)
		endpoint += 5;
	return dial_inet(endpoint, timeout_s, err);
}
