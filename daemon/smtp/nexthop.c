/*
 * nexthop.c - what a nexthop says: host, port, and whether to look further
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/netaddr.h"

#define SMTP_PORT	25

/* ---- what the nexthop says ---- */

/* Names are asked in ASCII (RFC 5891); what cannot be turned into it stays, and is not found. */
static void
to_ascii(struct smtp_dest *d)
{
	char *ascii;

	if (text_is_ascii(d->host) || idn2_to_ascii_8z(d->host, &ascii,
	    params.enable_idna2003_compatibility ? IDN2_TRANSITIONAL :
	    IDN2_NONTRANSITIONAL) != IDN2_OK)
		return;
	if (strlen(ascii) < sizeof(d->host))
		strcpy(d->host, ascii);
	idn2_free(ascii);
}

static int
take_host(struct smtp_dest *d, const char *text, size_t len, struct err *err)
{
	if (len == 0 || len >= sizeof(d->host))
		return err_set(err, ERR_SYNTAX, "bad destination: %s", text);
	memcpy(d->host, text, len);
	d->host[len] = '\0';
	if (!d->is_unix)
		to_ascii(d);
	return 0;
}

/* use_srv_lookup names services; a number is none. */
static void
take_service(struct smtp_dest *d, const struct smtp_config *cfg,
    const char *port)
{
	if (cfg->uses_dns && strlen(port) < sizeof(d->service) &&
	    text_list_has(cfg->srv_services, port))
		strcpy(d->service, port);
}

/* "host", "host:port", "[host]", "[host]:port" */
static int
parse_inet(struct smtp_dest *d, const struct smtp_config *cfg,
    const char *text, struct err *err)
{
	const char *port = cfg->tcp_port, *end;
	bool has_port = false;
	struct netaddr a;

	if (text[0] == '[') {
		if ((end = strchr(text, ']')) == NULL)
			return err_set(err, ERR_SYNTAX,
			    "missing ']' in destination: %s", text);
		if (take_host(d, text + 1, (size_t)(end - text - 1), err) == -1)
			return -1;
		d->wants_mx = false;
		has_port = end[1] == ':';
		if (has_port)
			port = end + 2;
		else if (end[1] != '\0')
			return err_set(err, ERR_SYNTAX,
			    "garbage after ']' in destination: %s", text);
	} else {
		end = strrchr(text, ':');
		has_port = end != NULL && strchr(text, ':') == end;
		if (has_port)
			port = end + 1;
		else
			end = text + strlen(text);
		if (take_host(d, text, (size_t)(end - text), err) == -1)
			return -1;
	}
	take_service(d, cfg, has_port && text[0] != '[' ? port : "");
	/* SRV records bring their own port: the name need not be known here. */
	d->port = netaddr_service(port);
	if (d->port <= 0 && d->service[0] == '\0')
		return err_set(err, ERR_SYNTAX, "unknown service: %s/tcp",
		    port);
	if (netaddr_parse(&a, d->host, d->port, NULL) == 0) {
		d->is_numeric = true;
		d->wants_mx = false;
		d->service[0] = '\0';
		if (strncasecmp(d->host, "ipv6:", 5) == 0)
			memmove(d->host, d->host + 5, strlen(d->host + 5) + 1);
	}
	/* On another port it may well be ourselves: a content filter, say. */
	d->detects_loops = !cfg->is_lmtp && (d->port == SMTP_PORT ||
	    (d->wants_mx && !has_port));
	return 0;
}

int
smtp_dest_parse(struct smtp_dest *d, const struct smtp_config *cfg,
    const char *text, struct err *err)
{
	memset(d, 0, sizeof(*d));
	d->wants_mx = !cfg->is_lmtp && cfg->uses_dns;
	if (cfg->is_lmtp && strncmp(text, "unix:", 5) == 0) {
		d->is_unix = true;
		d->wants_mx = false;
		return take_host(d, text + 5, strlen(text + 5), err);
	}
	if (cfg->is_lmtp && strncmp(text, "inet:", 5) == 0)
		text += 5;
	return parse_inet(d, cfg, text, err);
}
