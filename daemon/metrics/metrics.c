/*
 * metrics.c - the state of the queue and what was counted, over HTTP
 *
 * As little HTTP/1.1 as a scraper needs: GET /metrics, one answer, and the end
 * of the connection. All that a client may take is bounded: so many bytes, so
 * many seconds in all; master.cf, or posthorn_metrics, how many at once.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "daemon/role.h"
#include "daemon/serve/counters.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/metrics_text.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_metrics.h"

#define REQUEST_MS	5000	/* for the client to ask */
#define REPLY_MS	10000	/* to take what it is told */
#define LINE_MAX_BYTES	4096
#define HEADERS_MAX	100
#define CONTENT_TYPE	"application/openmetrics-text; version=1.0.0; charset=utf-8"

static void
reply(struct stream *client, const char *status, const char *type,
    const struct buf *body)
{
	stream_set_deadline(client, clock_mono_ms() + REPLY_MS);
	stream_printf(client, "HTTP/1.1 %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
	    type, body->len, strncmp(status, "405", 3) == 0 ?
	    "Allow: GET\r\n" : "");
	stream_write(client, body->ptr, body->len);
	stream_flush(client);
}

static void
refuse(struct stream *client, const char *status)
{
	struct buf body = BUF_INIT;

	buf_setf(&body, "%s\n", status);
	reply(client, status, "text/plain", &body);
	buf_done(&body);
}

/* Up to the empty line; false when it does not come, or is too far away. */
static bool
skip_headers(struct stream *client)
{
	struct buf line = BUF_INIT;
	bool is_end = false;
	int i;

	for (i = 0; i < HEADERS_MAX && !is_end; i++) {
		buf_reset(&line);
		if (stream_getline(client, &line, LINE_MAX_BYTES) != 1)
			break;
		buf_trim_right(&line);
		is_end = line.len == 0;
	}
	buf_done(&line);
	return is_end;
}

/* The status that a request has earned; NULL: there is nobody any more. */
static const char *
judge(struct stream *client)
{
	struct buf line = BUF_INIT;
	const char *status = "400 Bad Request";
	struct span rest, method, target, version;
	int got;

	got = stream_getline(client, &line, LINE_MAX_BYTES);
	if (got == -1) {
		buf_done(&line);
		return NULL;
	}
	buf_trim_right(&line);
	rest = span_buf(&line);
	method = span_word(&rest);
	target = span_word(&rest);
	version = span_word(&rest);
	target.len = target.len > 0 ? strcspn(target.ptr, "? ") : 0;
	if (got == 1 && version.len == 8 &&
	    strncmp(version.ptr, "HTTP/1.", 7) == 0 && rest.len == 0 &&
	    skip_headers(client))
		status = !span_eq(method, "GET") ? "405 Method Not Allowed" :
		    !span_eq(target, "/metrics") ? "404 Not Found" : "200 OK";
	buf_done(&line);
	return status;
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	struct buf body = BUF_INIT;
	const char *status;
	int64_t began_ms;
	bool is_up;

	(void)service, (void)argv;
	stream_set_deadline(client, clock_mono_ms() + REQUEST_MS);
	if ((status = judge(client)) == NULL)
		return;
	if (strncmp(status, "200", 3) != 0) {
		refuse(client, status);
		return;
	}
	began_ms = clock_mono_ms();
	is_up = queue_metrics_look(&body);
	counters_print(&body);
	metrics_end(&body, clock_mono_ms() - began_ms, is_up);
	reply(client, status, CONTENT_TYPE, &body);
	buf_done(&body);
}

const struct role metrics_role = {
	.name = "metrics",
	.summary = "tell monitors of the queue and of what was counted",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_NOTHING,
	.serve = serve
};
