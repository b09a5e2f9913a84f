/*
 * anvil_client.c - ask anvil how much one client does (spec/services.md 3.4)
 *
 * The connection is kept from session to session, so that a session costs one
 * request at each end. The plain attribute form is lines of name=value up to
 * an empty line.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/anvil_client.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/netaddr.h"
#include "lib/net/stream.h"

#define LINE_MAX_BYTES	256
#define LINES_MAX	32
#define PATIENCE_S	10	/* a client waits for its greeting */

struct anvil_client {
	const char	*service;
	struct stream	*stream;
};

static const char *const requests[] = {
	[ANVIL_CONNECT] = "connect", [ANVIL_DISCONNECT] = "disconnect",
	[ANVIL_MAIL] = "message", [ANVIL_RCPT] = "recipient",
	[ANVIL_NEWTLS] = "newtls", [ANVIL_NEWTLS_STATUS] = "newtls_status",
	[ANVIL_AUTH] = "auth"
};

struct anvil_client *
anvil_client_new(const char *service)
{
	struct anvil_client *c = xcalloc(1, sizeof(*c));

	c->service = service;
	return c;
}

/* Read one list; values of the names asked for. */
static bool
read_list(struct stream *st, const char *const names[], int values[], int n)
{
	struct buf line = BUF_INIT;
	int64_t value;
	bool done = false;
	int lines, i;
	char *eq;

	for (lines = 0; lines < LINES_MAX && !done; lines++) {
		buf_reset(&line);
		if (stream_getline(st, &line, LINE_MAX_BYTES) != 1)
			break;
		buf_trim_right(&line);
		done = line.len == 0;
		if ((eq = strchr(line.ptr, '=')) == NULL)
			continue;
		*eq = '\0';
		for (i = 0; i < n; i++)
			if (strcmp(line.ptr, names[i]) == 0 &&
			    num_parse_int(eq + 1, 0, INT32_MAX, &value,
			    NULL) == 0)
				values[i] = (int)value;
	}
	buf_done(&line);
	return done;
}

static bool
be_connected(struct anvil_client *c)
{
	struct err err = ERR_INIT;

	if (c->stream != NULL)
		return true;
	c->stream = endpoint_connect("private", "anvil",
	    &err);
	if (c->stream == NULL)
		return false;
	stream_set_timeout(c->stream, PATIENCE_S);
	if (read_list(c->stream, NULL, NULL, 0))
		return true;
	stream_free(c->stream);
	c->stream = NULL;
	return false;
}

/* Clients are told apart by network, where the prefix says so. */
static void
put_ident(struct buf *out, const char *service, const char *addr)
{
	struct netaddr a;
	unsigned char *p;
	char text[NETADDR_TEXT_SIZE];
	int bits, size, i;

	if (netaddr_parse(&a, addr, 0, NULL) == -1) {
		buf_addf(out, "%s:%s", service, addr);
		return;
	}
	if (a.ss.ss_family == AF_INET6) {
		p = ((struct sockaddr_in6 *)&a.ss)->sin6_addr.s6_addr;
		bits = params.smtpd_client_ipv6_prefix_length;
		size = 128;
	} else {
		p = (unsigned char *)
		    &((struct sockaddr_in *)&a.ss)->sin_addr.s_addr;
		bits = params.smtpd_client_ipv4_prefix_length;
		size = 32;
	}
	if (bits >= size) {
		buf_addf(out, "%s:%s", service, addr);
		return;
	}
	for (i = 0; i < size; i++)
		if (i >= bits)
			p[i / 8] &= (unsigned char)~(0x80 >> (i % 8));
	buf_addf(out, "%s:%s/%d", service, netaddr_text(&a, text), bits);
}

static bool
ask(struct anvil_client *c, enum anvil_event event, const char *addr,
    int values[3])
{
	static const char *const names[] = { "status", "count", "rate" };
	struct buf request = BUF_INIT;
	bool ok;

	buf_addf(&request, "request=%s\nident=", requests[event]);
	put_ident(&request, c->service, addr);
	buf_adds(&request, "\n\n");
	values[0] = -1;
	ok = be_connected(c) &&
	    stream_write(c->stream, request.ptr, request.len) == 0 &&
	    read_list(c->stream, names, values, 3) && values[0] == 0;
	if (!ok) {
		stream_free(c->stream);
		c->stream = NULL;
	}
	buf_done(&request);
	return ok;
}

bool
anvil_client_event(struct anvil_client *c, enum anvil_event event,
    const char *addr, int *count, int *rate)
{
	int values[3] = { -1, 0, 0 };
	bool had = c->stream != NULL;

	/* A connection from an earlier session may have died meanwhile. */
	if (!ask(c, event, addr, values) &&
	    !(had && ask(c, event, addr, values)))
		return false;
	if (count != NULL)
		*count = values[1];
	if (rate != NULL)
		*rate = values[2];
	return true;
}
