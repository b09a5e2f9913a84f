/*
 * classic.c - the layouts of postqueue -p and -j
 *
 * Scripts cut these lines at fixed columns; nothing here may move.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/classic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/log.h"

#define FLUSHED_SINGLY	50
#define REASON_END	76	/* a short reason's last byte but the ')' */

/*
 * The first messages go out at once, for whoever waits; the others in large
 * pieces. A reader that has seen enough is no error (4.6).
 */
static void
flush_message(FILE *out, int64_t count)
{
	if ((count >= FLUSHED_SINGLY || fflush(out) == 0) && !ferror(out))
		return;
	if (errno == EPIPE)
		exit(0);
	log_fatal("output write error: %s", strerror(errno));
}

static void
put_row(const struct classic *c, const char *id, const char *size,
    const char *when, const char *who)
{
	fprintf(c->out, c->has_long_ids ? "%-17s %8s %-19s %s\n" :
	    "%-11s %7s %-20s %s\n", id, size, when, who);
}

static void
put_reason(FILE *out, const char *reason)
{
	int len = (int)strlen(reason);

	fprintf(out, "%*s(%s)\n", len < REASON_END ? REASON_END - len : 0, "",
	    reason);
}

void
classic_text(const struct queue_listing_message *m, void *ctx)
{
	struct classic *c = ctx;
	const char *before = "", *reason;
	char id[300], size[32], when[64] = "";
	time_t arrival = (time_t)m->arrival;
	struct tm *tm = localtime(&arrival);
	size_t i;

	if (c->messages == 0)
		put_row(c, c->has_long_ids ? "----Queue ID-----" :
		    "-Queue ID-", "--Size--", c->has_long_ids ?
		    "---Arrival Time----" : "----Arrival Time----",
		    c->has_long_ids ? "--Sender/Recipient------" :
		    "-Sender/Recipient-------");
	else
		putc('\n', c->out);
	snprintf(id, sizeof(id), "%s%s%s", m->id,
	    strcmp(m->queue, "active") == 0 ? "*" :
	    strcmp(m->queue, "hold") == 0 ? "!" : "",
	    m->is_expired ? "#" : "");
	snprintf(size, sizeof(size), "%lld", (long long)m->size);
	if (tm != NULL)
		asctime_r(tm, when);
	/* The short layout keeps the blank behind the seconds: two follow. */
	when[c->has_long_ids ? 19 : 20] = '\0';
	put_row(c, id, size, when, m->sender);
	for (i = 0; i < m->rcpt_count; i++) {
		reason = m->rcpts[i].reason;
		if (strcmp(reason, before) != 0) {
			put_reason(c->out, reason[0] != '\0' ? reason :
			    "reason unavailable");
			before = reason;
		}
		put_row(c, "", "", "", m->rcpts[i].address);
	}
	c->messages++;
	c->bytes += m->size;
	flush_message(c->out, c->messages);
}

void
classic_text_end(struct classic *c)
{
	if (c->messages == 0)
		fputs("Mail queue is empty\n", c->out);
	else
		fprintf(c->out, "\n-- %lld Kbytes in %lld Request%s.\n",
		    (long long)(c->bytes / 1024), (long long)c->messages,
		    c->messages == 1 ? "" : "s");
	flush_message(c->out, 0);
}

static void
put_string(FILE *out, const char *text)
{
	static const char plain[] = "\b\f\n\r\t", letters[] = "bfnrt";
	const unsigned char *p;
	const char *at;

	putc('"', out);
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if ((at = strchr(plain, *p)) != NULL)
			fprintf(out, "\\%c", letters[at - plain]);
		else if (*p < ' ' || *p == 0x7f)
			fprintf(out, "\\u%04X", *p);
		else
			putc(*p, out);
	}
	putc('"', out);
}

static void
put_json_rcpt(FILE *out, const struct queue_listing_rcpt *r)
{
	putc('{', out);
	if (r->orig != NULL) {
		fputs("\"orig_address\": ", out);
		put_string(out, r->orig);
		fputs(", ", out);
	}
	fputs("\"address\": ", out);
	put_string(out, r->address);
	if (r->reason[0] != '\0') {
		fprintf(out, ", \"%s_reason\": ", r->log_class == NULL ||
		    strcmp(r->log_class, "defer") == 0 ? "delay" :
		    strcmp(r->log_class, "bounce") == 0 ? "bounce" : "other");
		put_string(out, r->reason);
	}
	putc('}', out);
}

void
classic_json(const struct queue_listing_message *m, void *ctx)
{
	struct classic *c = ctx;
	FILE *out = c->out;
	size_t i;

	fputs("{\"queue_name\": ", out);
	put_string(out, m->queue);
	fputs(", \"queue_id\": ", out);
	put_string(out, m->id);
	fprintf(out, ", \"arrival_time\": %lld, \"message_size\": %lld, "
	    "\"forced_expire\": %s, \"sender\": ", (long long)m->arrival,
	    (long long)m->size, m->is_expired ? "true" : "false");
	put_string(out, m->sender);
	fputs(", \"recipients\": [", out);
	for (i = 0; i < m->rcpt_count; i++) {
		if (i > 0)
			fputs(", ", out);
		put_json_rcpt(out, &m->rcpts[i]);
	}
	fputs("]}\n", out);
	flush_message(out, ++c->messages);
}
