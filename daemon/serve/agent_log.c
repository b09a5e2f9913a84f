/*
 * agent_log.c - the line that parsers read, and how delays are written
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/agent_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/serve/counters.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_reason.h"

static int64_t
usec_between(struct timeval from, struct timeval to)
{
	int64_t usec = ((int64_t)to.tv_sec - from.tv_sec) * 1000000 +
	    ((int64_t)to.tv_usec - from.tv_usec);

	return usec > 0 ? usec : 0;	/* a clock that was set back */
}

bool
agent_time_is_set(struct timeval tv)
{
	return tv.tv_sec != 0;
}

void
agent_format_delay(struct buf *out, int64_t usec)
{
	int64_t unit = 1000000, n;
	char text[32];
	int i, decimals = 0, len;

	/* The unit is a power of ten: 10^-decimals seconds. */
	if (usec < 10000000) {
		decimals = params.delay_logging_resolution_limit;
		if (decimals > 6)
			decimals = 6;
		if (usec >= 1000000 && decimals > 1)
			decimals = 1;
		for (i = 0; i < decimals; i++)
			unit /= 10;
		while (decimals > 0 && usec >= 100 * unit) {
			unit *= 10;
			decimals--;
		}
	}
	n = (usec + unit / 2) / unit * unit;
	len = snprintf(text, sizeof(text), "%lld.%06lld",
	    (long long)(n / 1000000), (long long)(n % 1000000));
	while (len > 0 && text[len - 1] == '0')
		text[--len] = '\0';
	if (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	buf_add(out, text, (size_t)len);
}

/* How long a message took in microseconds: in all, and by parts. */
struct delays {
	int64_t	all;
	int64_t	part[4];	/* before the queue manager, in it, connecting, transfer */
};

static void
measure(struct delays *d, const struct agent_times *t)
{
	struct timeval end = agent_time_is_set(t->delivered) ? t->delivered :
	    clock_timeval();
	int64_t *part = d->part;

	memset(d, 0, sizeof(*d));
	d->all = usec_between(t->arrival, end);
	if (!agent_time_is_set(t->active)) {
		part[0] = d->all;
		return;
	}
	part[0] = usec_between(t->arrival, t->active);
	if (!agent_time_is_set(t->handoff)) {
		part[1] = usec_between(t->active, end);
		return;
	}
	part[1] = usec_between(t->active, t->handoff);
	if (agent_time_is_set(t->connected)) {
		part[2] = usec_between(t->handoff, t->connected);
		part[3] = usec_between(t->connected, end);
	} else {
		part[3] = usec_between(t->handoff, end);
	}
}

/* delay=D, delays=a/b/c/d */
static void
put_delays(struct buf *out, const struct delays *d)
{
	int i;

	buf_adds(out, ", delay=");
	agent_format_delay(out, d->all);
	buf_adds(out, ", delays=");
	for (i = 0; i < 4; i++) {
		if (i > 0)
			buf_addc(out, '/');
		agent_format_delay(out, d->part[i]);
	}
}

void
agent_log_address(struct buf *out, const char *address)
{
	buf_addc(out, '<');
	if (strcmp(params.info_log_address_format, "internal") == 0)
		buf_adds(out, address);
	else
		address_quote(out, address);
	buf_addc(out, '>');
}

/* ---- the same for programs ---- */

/* The address in "name[addr]:port"; false when there is none. */
static bool
relay_addr(const char *relay, char *out, size_t size)
{
	const char *open = strchr(relay, '['), *close;
	size_t len;

	if (open == NULL || (close = strchr(open, ']')) == NULL ||
	    (len = (size_t)(close - open) - 1) >= size)
		return false;
	memcpy(out, open + 1, len);
	out[len] = '\0';
	return true;
}

/* What was only asked, by a probe, is nothing that happened to mail. */
static const char *
event_of(const char *status)
{
	static const char *const rows[][2] = { { "sent", "sent" },
	    { "deferred", "deferred" }, { "SOFTBOUNCE", "deferred" },
	    { "bounced", "bounced" } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(status, rows[i][0]) == 0)
			return rows[i][1];
	return NULL;
}

static void
tell_programs(const char *queue_id, const char *sender,
    const struct queue_rcpt *rcpt, const char *relay,
    const struct delays *d, const char *status, const struct dsn *dsn)
{
	const char *event = event_of(status), *class = "none";
	char addr[256];
	struct log_json e;
	int code;

	if (event == NULL)
		return;
	if (dsn->status[0] != '2')
		class = queue_reason_class_name(queue_reason_classify(
		    dsn->reason, dsn->status, NULL));
	if (strcmp(event, "deferred") == 0)
		counters_add(COUNT_DEFERRED, 1, class, NULL, NULL);
	else
		counters_add(COUNT_DELIVERED, 1, event, NULL, NULL);
	if (!log_json_begin(&e, event))
		return;
	log_json_text(&e, "queue_id", queue_id);
	log_json_text(&e, "sender", sender);
	log_json_text(&e, "rcpt", rcpt->address);
	if (strcasecmp(rcpt->orig, rcpt->address) != 0)
		log_json_some(&e, "orig_rcpt", rcpt->orig);
	log_json_text(&e, "relay", relay);
	if (relay_addr(relay, addr, sizeof(addr)))
		log_json_text(&e, "relay_addr", addr);
	log_json_text(&e, "dsn", dsn->status);
	if (dsn->status[0] != '2') {
		if ((code = queue_reason_code(dsn->reason)) != 0)
			log_json_int(&e, "code", code);
		log_json_text(&e, "class", class);
	}
	log_json_text(&e, "status", status);
	log_json_text(&e, "reason", dsn->reason);
	log_json_usec(&e, "delay", d->all);
	log_json_usec(&e, "d_receive", d->part[0]);
	log_json_usec(&e, "d_queue", d->part[1]);
	log_json_usec(&e, "d_connect", d->part[2]);
	log_json_usec(&e, "d_transmit", d->part[3]);
	log_json_end(&e);
}

void
agent_log(const char *queue_id, const char *sender,
    const struct queue_rcpt *rcpt, const char *relay,
    const struct agent_times *times, const char *status,
    const struct dsn *dsn, int connection_use)
{
	struct buf line = BUF_INIT;
	struct delays d;

	measure(&d, times);
	buf_addf(&line, "%s: to=", queue_id);
	agent_log_address(&line, rcpt->address);
	if (rcpt->orig[0] != '\0' &&
	    strcasecmp(rcpt->orig, rcpt->address) != 0) {
		buf_adds(&line, ", orig_to=");
		agent_log_address(&line, rcpt->orig);
	}
	buf_addf(&line, ", relay=%s", relay);
	if (connection_use > 1)
		buf_addf(&line, ", conn_use=%d", connection_use);
	put_delays(&line, &d);
	buf_addf(&line, ", dsn=%s, status=%s (%s)", dsn->status, status,
	    dsn->reason);
	log_info("%s", line.ptr);
	buf_done(&line);
	tell_programs(queue_id, sender, rcpt, relay, &d, status, dsn);
}
