/*
 * tls_log.c - what a session tells whoever debugs it: steps, alerts, bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"

#define BYTES_PER_LINE	16

void
tls_log_state(const SSL *ssl, int where, int rc)
{
	const char *call = (where & SSL_ST_CONNECT) != 0 ? "SSL_connect" :
	    (where & SSL_ST_ACCEPT) != 0 ? "SSL_accept" : "unknown";

	if ((where & SSL_CB_LOOP) != 0)
		log_info("%s:%s", call, SSL_state_string_long(ssl));
	else if ((where & SSL_CB_ALERT) != 0) {
		/* A goodbye is no event. */
		if ((rc & 0xff) != SSL_AD_CLOSE_NOTIFY)
			log_info("SSL3 alert %s:%s:%s",
			    (where & SSL_CB_READ) != 0 ? "read" : "write",
			    SSL_alert_type_string_long(rc),
			    SSL_alert_desc_string_long(rc));
	} else if ((where & SSL_CB_EXIT) != 0 && rc <= 0)
		log_info("%s:%s in %s", call, rc == 0 ? "failed" : "error",
		    SSL_state_string_long(ssl));
}

static void
log_line(const unsigned char *p, long at, long n)
{
	char hex[BYTES_PER_LINE * 3 + 1], text[BYTES_PER_LINE + 2];
	size_t h = 0, t = 0;
	long i;

	for (i = 0; i < BYTES_PER_LINE; i++) {
		if (i < n)
			h += (size_t)snprintf(hex + h, sizeof(hex) - h,
			    "%02x%c", p[i], i == 7 ? '|' : ' ');
		else
			h += (size_t)snprintf(hex + h, sizeof(hex) - h, "   ");
		if (i == 8 && i < n)
			text[t++] = ' ';
		if (i < n)
			text[t++] = p[i] >= ' ' && p[i] < 127 ? (char)p[i] :
			    '.';
	}
	text[t] = '\0';
	log_info("%04lx %s %s", (unsigned long)at, hex, text);
}

void
tls_log_bytes(const char *what, const void *data, long len, long asked)
{
	const unsigned char *p = data;
	long i, shown = len;

	log_info("%s (%ld bytes => %ld (0x%lX))", what, asked, len,
	    (unsigned long)len);
	/* What is only padding is not worth lines. */
	while (shown > 0 && (p[shown - 1] == '\0' || p[shown - 1] == ' '))
		shown--;
	for (i = 0; i < shown; i += BYTES_PER_LINE)
		log_line(p + i, i, shown - i);
	if (shown >= 0 && shown < len)
		log_info("%04lx - <SPACES/NULLS>", (unsigned long)shown);
}
