/*
 * listener.c - endpoint names, sockets and FIFOs
 *
 * Sockets in public/ and private/ are made with the effective rights of
 * mail_owner, who owns those directories: root must not follow names that
 * somebody else may have prepared there. Children inherit listeners as
 * descriptors 6 and up, so ours live far above.
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/master/master.h"
#include "daemon/serve/rights.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/netaddr.h"

#define HIGH_FD		200
#define LISTENERS_MAX	(HIGH_FD - 6)	/* of one service: descriptors 6 and up */

int
listener_high_fd(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high == -1)
		log_fatal("duplicate descriptor: %s", strerror(errno));
	close(fd);
	return high;
}

/* ------------------------------------------------------ names of services */

/* Cut "host:port", "[host]:port", ":port", "port"; host is NULL for all interfaces. */
static int
split_inet(char *name, char **host, char **port, const char *where,
    struct err *err)
{
	char *end, *colon;

	*host = NULL;
	if (*name == '[') {
		if ((end = strchr(name, ']')) == NULL)
			return err_set(err, ERR_SYNTAX,
			    "%smissing \"]\" in \"%s\"", where, name);
		if (end[1] != ':')
			return err_set(err, ERR_SYNTAX,
			    "%sgarbage after \"]\" in \"%s\"", where, name);
		*end = '\0';
		*host = name + 1;
		*port = end + 2;
		if (strncasecmp(*host, "ipv6:", 5) == 0)
			*host += 5;
	} else if ((colon = strrchr(name, ':')) != NULL) {
		if (memchr(name, ':', (size_t)(colon - name)) != NULL)
			return err_set(err, ERR_SYNTAX, "%svalid hostname or "
			    "network address required in \"%s\"", where, name);
		*colon = '\0';
		*host = colon == name ? NULL : name;
		*port = colon + 1;
	} else {
		*port = name;
	}
	if (*host != NULL && (**host == '\0' ||
	    (*host)[strlen(*host) - 1] == '.'))
		return err_set(err, ERR_SYNTAX, "%svalid hostname or "
		    "network address required in \"%s\"", where, *host);
	return 0;
}

static int
identify_inet(struct service *s, const char *written, const char *where,
    struct err *err)
{
	struct buf b = BUF_INIT;
	char *copy = xstrdup(written), *host, *port;
	int number, rc = -1;

	if (split_inet(copy, &host, &port, where, err) == -1)
		goto done;
	if (*port >= '0' && *port <= '9' &&
	    port[strspn(port, "0123456789")] != '\0') {
		err_set(err, ERR_SYNTAX,
		    "%sgarbage after numerical service in \"%s\"", where,
		    written);
		goto done;
	}
	if ((number = netaddr_service(port)) == -1) {
		err_set(err, ERR_CONFIG, "%s:%s: "
		    "Servname not supported for ai_socktype",
		    host != NULL ? host : "", port);
		goto done;
	}
	if (host == NULL)
		buf_setf(&b, "%d", number);
	else if (strchr(host, ':') != NULL || written[0] == '[')
		buf_setf(&b, "[%s]:%d", host, number);
	else
		buf_setf(&b, "%s:%d", host, number);
	s->endpoint = buf_take(&b);
	s->canon = xstrdup(s->endpoint);
	s->name = xstrdup(written);
	rc = 0;
done:
	free(copy);
	buf_done(&b);
	return rc;
}

int
listener_identify(struct service *s, const struct master_service *e,
    const char *file, struct err *err)
{
	struct buf b = BUF_INIT;
	int rc = 0;

	s->type = e->type;
	s->is_private = e->is_private;
	if (e->type == MASTER_INET) {
		buf_setf(&b, "%s: line %d: ", file, e->line);
		rc = identify_inet(s, e->name, b.ptr, err);
	} else {
		buf_setf(&b, "%s/%s", e->is_private ? "private" : "public",
		    e->name);
		s->endpoint = xstrdup(b.ptr);
		s->canon = xstrdup(b.ptr);
		s->name = xstrdup(e->name);
	}
	buf_done(&b);
	return rc;
}

/* ----------------------------------------------------------- TCP sockets */

static int
backlog(const struct service *s)
{
	return s->maxproc > params.default_process_limit ? s->maxproc :
	    params.default_process_limit;
}

static void
add_fd(struct service *s, int fd)
{
	s->fds = xreallocarray(s->fds, (size_t)s->fd_count + 1,
	    sizeof(*s->fds));
	s->fds[s->fd_count++] = listener_high_fd(fd);
}

static int
listen_on(struct service *s, const struct sockaddr *sa, socklen_t len,
    struct err *err)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	int fd, on = 1;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return err_sys(err, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/*
	 * A server that is busy with a client outlives a supervisor that was
	 * killed, and holds its socket: the next one must start all the same.
	 */
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (sa->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (params.tcp_windowsize > 0) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &params.tcp_windowsize,
		    sizeof(int));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &params.tcp_windowsize,
		    sizeof(int));
	}
	if (bind(fd, sa, len) == -1 || listen(fd, backlog(s)) == -1) {
		int why = errno;

		if (getnameinfo(sa, len, host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
			strcpy(host, strcpy(port, "?"));
		close(fd);
		if (why == EACCES && geteuid() != 0)
			return err_set(err, ERR_DENIED, "bind %s port %s: "
			    "only root may listen on ports below 1024", host,
			    port);
		errno = why;
		return err_sys(err, "bind %s port %s", host, port);
	}
	add_fd(s, fd);
	return 0;
}

static int
open_wildcard(struct service *s, int port, struct err *err)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons((uint16_t)port) };
	int rc = 0;

	if (netaddr_wants(AF_INET))
		rc = listen_on(s, (struct sockaddr *)&in, sizeof(in), err);
	if (rc == 0 && netaddr_wants(AF_INET6))
		rc = listen_on(s, (struct sockaddr *)&in6, sizeof(in6), err);
	/* A kernel without IPv6 serves "all" by what it has. */
	if (rc == -1 && err->errnum == EAFNOSUPPORT && s->fd_count > 0)
		rc = 0;
	return rc;
}

static void
set_port(struct sockaddr_storage *ss, int port)
{
	if (ss->ss_family == AF_INET)
		((struct sockaddr_in *)ss)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)ss)->sin6_port = htons((uint16_t)port);
}

static int
open_interfaces(struct service *s, int port, struct err *err)
{
	struct netaddr *own;
	size_t i, count;
	int rc = 0;

	if (strcasecmp(params.inet_interfaces, "all") == 0) {
		s->is_remote = true;
		return open_wildcard(s, port, err);
	}
	if ((own = netaddr_own(false, &count)) == NULL || count == 0) {
		free(own);
		return err_set(err, ERR_CONFIG, "service %s: "
		    "no address of this host matches inet_interfaces = %s",
		    s->name, params.inet_interfaces);
	}
	for (i = 0; rc == 0 && i < count; i++) {
		set_port(&own[i].ss, port);
		if (!netaddr_is_loopback(&own[i]))
			s->is_remote = true;
		rc = listen_on(s, (struct sockaddr *)&own[i].ss, own[i].len,
		    err);
	}
	free(own);
	return rc;
}

static int
open_host(struct service *s, const char *host, const char *port,
    struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list, *ai;
	struct netaddr a;
	int rc = 0;

	if (getaddrinfo(host, port, &hints, &list) != 0)
		return err_set(err, ERR_CONFIG,
		    "bad hostname or network address: %s", host);
	for (ai = list; rc == 0 && ai != NULL; ai = ai->ai_next) {
		if (!netaddr_wants(ai->ai_family))
			continue;
		memcpy(&a.ss, ai->ai_addr, ai->ai_addrlen);
		a.len = ai->ai_addrlen;
		if (!netaddr_is_loopback(&a))
			s->is_remote = true;
		rc = listen_on(s, ai->ai_addr, ai->ai_addrlen, err);
	}
	freeaddrinfo(list);
	if (rc == 0 && s->fd_count == 0)
		return err_set(err, ERR_CONFIG,
		    "no valid IP address found: %s", host);
	return rc;
}

static int
open_inet(struct service *s, struct err *err)
{
	char *copy = xstrdup(s->endpoint), *host, *port;
	int rc;

	if ((rc = split_inet(copy, &host, &port, "", err)) == 0)
		rc = host == NULL ?
		    open_interfaces(s, atoi(port), err) :
		    open_host(s, host, port, err);
	free(copy);
	return rc;
}

/* --------------------------------------- sockets and FIFOs in the queue */

static int
open_local_socket(struct service *s, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int type = s->type == MASTER_UNIX_DGRAM ? SOCK_DGRAM : SOCK_STREAM;
	int fd;

	if (strlen(s->endpoint) >= sizeof(sun.sun_path))
		return err_set(err, ERR_CONFIG, "%s: name is too long",
		    s->endpoint);
	strcpy(sun.sun_path, s->endpoint);
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "socket");
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    (type == SOCK_STREAM && listen(fd, backlog(s)) == -1)) {
		err_sys(err, "bind: %s", s->endpoint);
		close(fd);
		return -1;
	}
	add_fd(s, fd);
	return 0;
}

static int
open_fifo(struct service *s, struct err *err)
{
	int fd;

	if (mkfifo(s->endpoint, 0622) == -1)
		return err_sys(err, "create fifo %s", s->endpoint);
	/* Open for both ends: it never reports EOF between writers. */
	fd = open(s->endpoint, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "open fifo %s", s->endpoint);
	add_fd(s, fd);
	return 0;
}

static int
open_local(struct service *s, struct err *err)
{
	mode_t saved;
	int rc;

	rights_become(master.owner.uid, master.owner.gid);
	if (unlink(s->endpoint) == -1 && errno != ENOENT) {
		rc = err_sys(err, "remove %s", s->endpoint);
	} else if (s->type == MASTER_FIFO) {
		saved = umask(0);
		rc = open_fifo(s, err);
		umask(saved);
	} else {
		saved = umask(0111);	/* sockets: 0666; their directory guards them */
		rc = open_local_socket(s, err);
		umask(saved);
	}
	rights_restore();
	return rc;
}

int
listener_open(struct service *s, struct err *err)
{
	int rc;

	s->is_remote = s->type == MASTER_PASS;
	rc = s->type == MASTER_INET ? open_inet(s, err) : open_local(s, err);
	if (rc == 0 && s->fd_count > LISTENERS_MAX)
		rc = err_set(err, ERR_LIMIT, "service %s: %d addresses to "
		    "listen on, more than %d", s->name, s->fd_count,
		    LISTENERS_MAX);
	if (rc == -1)
		listener_close(s);
	return rc;
}

void
listener_close(struct service *s)
{
	int i;

	for (i = 0; i < s->fd_count; i++)
		close(s->fds[i]);
	free(s->fds);
	s->fds = NULL;
	s->fd_count = 0;
}
