/*
 * upstream.c - smtpd_upstream_proxy_protocol: a load balancer says whose
 * connection this is
 *
 * Without its word the address that we see is the balancer's, which may be
 * one that may do more than strangers: then nobody is served.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/upstream.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/haproxy.h"
#include "lib/net/stream.h"

#define SHOWN_MAX	500	/* bytes of a bad header in the log */

bool
upstream_init(void)
{
	const char *protocol = params.smtpd_upstream_proxy_protocol;

	if (*protocol != '\0' && strcmp(protocol, "haproxy") != 0)
		log_fatal("unsupported smtpd_upstream_proxy_protocol value: "
		    "%s", protocol);
	return *protocol != '\0';
}

static void
warn_bad(const char *why, const char *data, size_t len)
{
	struct buf text = BUF_INIT;

	text_escape(&text, data, len < SHOWN_MAX ? len : SHOWN_MAX, 0);
	log_warning("haproxy read: %s: %s", why, text.ptr);
	buf_done(&text);
}

bool
upstream_read(struct stream *st, struct haproxy *out)
{
	struct err err = ERR_INIT;
	struct buf seen = BUF_INIT;
	const char *data;
	size_t len, used;
	int got = 0;

	stream_set_deadline(st, clock_mono_ms() +
	    (int64_t)params.smtpd_upstream_proxy_timeout * 1000);
	/* Only what belongs to the header may be taken from the stream. */
	while (got == 0 && stream_fill(st)) {
		len = stream_peek(st, &data);
		used = seen.len;
		buf_add(&seen, data, len);
		got = haproxy_parse(out, seen.ptr, seen.len, &len, &err);
		if (got == 1)
			stream_skip(st, len - used);
		else if (got == 0)
			stream_skip(st, seen.len - used);
	}
	if (got == -1)
		warn_bad(err.text, seen.ptr, seen.len);
	else if (got == 0)
		log_warning("haproxy read: %s", stream_status(st) ==
		    STREAM_TIMEOUT ? "timeout error" : "EOF");
	stream_set_deadline(st, 0);
	buf_done(&seen);
	return got == 1;
}
