/*
 * table_server.c - connections to table servers, kept and shared
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_server.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/netaddr.h"
#include "lib/net/stream.h"

static struct table_server *servers;

struct table_server *
table_server_open(const char *where, int timeout_s, int idle_s, int ttl_s,
    struct err *err)
{
	struct table_server *s;
	const char *port = strrchr(where, ':');

	for (s = servers; s != NULL; s = s->next)
		if (strcmp(s->where, where) == 0) {
			s->refs++;
			return s;
		}
	if ((strncmp(where, "inet:", 5) != 0 || port == where + 4 ||
	    port[1] == '\0') &&
	    (strncmp(where, "unix:", 5) != 0 || where[5] == '\0')) {
		err_set(err, ERR_CONFIG, "bad server \"%s\"; need "
		    "\"inet:host:port\" or \"unix:path\"", where);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->where = xstrdup(where);
	s->refs = 1;
	s->timeout_s = timeout_s;
	s->idle_s = idle_s;
	s->ttl_s = ttl_s;
	s->next = servers;
	servers = s;
	return s;
}

void
table_server_close(struct table_server *s)
{
	struct table_server **at;

	if (s == NULL || --s->refs > 0)
		return;
	for (at = &servers; *at != NULL; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	table_server_drop(s);
	free(s->where);
	free(s);
}

void
table_server_drop(struct table_server *s)
{
	stream_free(s->stream);
	s->stream = NULL;
}

/* Try each address of "HOST:PORT". */
static int
connect_inet(const char *host_port, int timeout_s, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char *host = xstrdup(host_port), *port = strrchr(host, ':');
	struct addrinfo *list = NULL, *ai;
	struct netaddr to;
	int fd = -1, rc;

	*port++ = '\0';
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		rc = getaddrinfo(host + 1, port, &hints, &list);
	} else {
		rc = getaddrinfo(host, port, &hints, &list);
	}
	if (rc != 0)
		err_set(err, ERR_RETRY, "host or service %s not found: %s",
		    host_port, gai_strerror(rc));
	for (ai = rc == 0 ? list : NULL; ai != NULL && fd == -1;
	    ai = ai->ai_next) {
		memcpy(&to.ss, ai->ai_addr, ai->ai_addrlen);
		to.len = ai->ai_addrlen;
		fd = netaddr_connect(&to, NULL, timeout_s, err);
	}
	if (list != NULL)
		freeaddrinfo(list);
	free(host);
	return fd;
}

struct stream *
table_server_stream(struct table_server *s, int *is_reused, struct err *err)
{
	long long now = clock_mono_ms();
	int fd;

	if (s->stream != NULL && (now - s->used_ms >= s->idle_s * 1000LL ||
	    now - s->born_ms >= s->ttl_s * 1000LL))
		table_server_drop(s);
	*is_reused = s->stream != NULL;
	if (s->stream == NULL) {
		fd = s->where[0] == 'u' ?
		    netaddr_connect_unix(s->where + 5, s->timeout_s, err) :
		    connect_inet(s->where + 5, s->timeout_s, err);
		if (fd == -1)
			return NULL;
		s->stream = stream_new(fd, s->timeout_s);
		s->born_ms = now;
	}
	s->used_ms = now;
	return s->stream;
}
