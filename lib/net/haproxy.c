/*
 * haproxy.c - the PROXY protocol in front of a connection, versions 1 and 2
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/haproxy.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#define V1_MAX		107	/* with CR LF */
#define V2_HEAD		16
#define V2_MAX		536	/* no sender has more to say */

static const char v1_start[] = "PROXY ";
static const char v2_start[] = "\r\n\r\n\0\r\nQUIT\n";

/* ---- version 1: PROXY TCP4 192.0.2.1 192.0.2.2 1234 25 ---- */

static int
v1_address(struct netaddr *out, struct span ip, int family, const char *whose,
    struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	buf_set(&text, ip.ptr, ip.len);
	if (text.ptr[0] == '[' || netaddr_parse(out, text.ptr, 0, NULL) == -1 ||
	    out->ss.ss_family != family)
		rc = err_set(err, ERR_SYNTAX, "bad or missing %s address",
		    whose);
	buf_done(&text);
	return rc;
}

static int
v1_port(struct netaddr *out, struct span port, const char *whose,
    struct err *err)
{
	struct buf text = BUF_INIT;
	int64_t number;
	int rc = 0;

	buf_set(&text, port.ptr, port.len);
	if (num_parse_int(text.ptr, 0, 65535, &number, NULL) == -1)
		rc = err_set(err, ERR_SYNTAX, "bad or missing %s port", whose);
	else	/* the port stands at the same place in both families */
		((struct sockaddr_in *)&out->ss)->sin_port =
		    htons((uint16_t)number);
	buf_done(&text);
	return rc;
}

static int
v1_words(struct haproxy *out, struct span line, struct err *err)
{
	struct span protocol;
	int family;

	span_word(&line);
	protocol = span_word(&line);
	if (span_eq(protocol, "TCP4"))
		family = AF_INET;
	else if (span_eq(protocol, "TCP6"))
		family = AF_INET6;
	else
		return err_set(err, ERR_SYNTAX, "bad or missing protocol type");
	if (v1_address(&out->client, span_word(&line), family, "client",
	    err) == -1 || v1_address(&out->server, span_word(&line), family,
	    "server", err) == -1 || v1_port(&out->client, span_word(&line),
	    "client", err) == -1 || v1_port(&out->server, span_word(&line),
	    "server", err) == -1)
		return -1;
	out->is_proxied = true;
	return 0;
}

static int
parse_v1(struct haproxy *out, const char *data, size_t len, size_t *used,
    struct err *err)
{
	const char *lf = memchr(data, '\n', len);
	size_t end;

	if (lf == NULL)
		return len < V1_MAX ? 0 :
		    err_set(err, ERR_SYNTAX, "line too long");
	*used = end = (size_t)(lf - data) + 1;
	while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == '\r'))
		end--;
	return v1_words(out, (struct span){ data, end }, err) == -1 ? -1 : 1;
}

/* ---- version 2 ---- */

static void
set_four(struct netaddr *out, const unsigned char *ip,
    const unsigned char *port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&out->ss;

	memset(out, 0, sizeof(*out));
	sin->sin_family = AF_INET;
	memcpy(&sin->sin_addr, ip, 4);
	memcpy(&sin->sin_port, port, 2);
	out->len = sizeof(*sin);
}

static void
set_six(struct netaddr *out, const unsigned char *ip,
    const unsigned char *port)
{
	struct sockaddr_in6 *sin = (struct sockaddr_in6 *)&out->ss;

	memset(out, 0, sizeof(*out));
	sin->sin6_family = AF_INET6;
	memcpy(&sin->sin6_addr, ip, 16);
	memcpy(&sin->sin6_port, port, 2);
	out->len = sizeof(*sin);
}

static int
parse_v2(struct haproxy *out, const char *data, size_t len, size_t *used,
    struct err *err)
{
	const unsigned char *p = (const unsigned char *)data;
	size_t body;

	if (len < V2_HEAD)
		return 0;
	body = (size_t)p[14] << 8 | p[15];
	if (p[12] >> 4 != 2)
		return err_set(err, ERR_SYNTAX, "unrecognized protocol version");
	if (body > V2_MAX)
		return err_set(err, ERR_SYNTAX, "header too long");
	if (len < V2_HEAD + body)
		return 0;
	*used = V2_HEAD + body;
	if ((p[12] & 15) == 0)		/* LOCAL */
		return 1;
	if ((p[12] & 15) != 1)
		return err_set(err, ERR_SYNTAX, "bad command in header");
	p += V2_HEAD;
	if (p[-3] == 0x11 && body >= 12) {	/* TCP over IPv4 */
		set_four(&out->client, p, p + 8);
		set_four(&out->server, p + 4, p + 10);
	} else if (p[-3] == 0x21 && body >= 36) {
		set_six(&out->client, p, p + 32);
		set_six(&out->server, p + 16, p + 34);
	} else if (p[-3] == 0x11 || p[-3] == 0x21) {
		return err_set(err, ERR_SYNTAX, "short address field");
	} else {
		return err_set(err, ERR_SYNTAX, "unsupported network protocol");
	}
	out->is_proxied = true;
	return 1;
}

int
haproxy_parse(struct haproxy *out, const char *data, size_t len, size_t *used,
    struct err *err)
{
	size_t n1 = sizeof(v1_start) - 1, n2 = sizeof(v2_start) - 1;

	memset(out, 0, sizeof(*out));
	*used = 0;
	if (memcmp(data, v2_start, len < n2 ? len : n2) == 0)
		return parse_v2(out, data, len, used, err);
	if (memcmp(data, v1_start, len < n1 ? len : n1) == 0)
		return len < n1 ? 0 : parse_v1(out, data, len, used, err);
	return err_set(err, ERR_SYNTAX, "short protocol header");
}
