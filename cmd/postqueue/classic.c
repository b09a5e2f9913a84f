/*
 * classic.c - the layouts of postqueue -p and -j
 *
 * Scripts cut these lines at fixed columns; nothing here may move.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/classic.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_listing.h"

#define REASON_END	76	/* a short reason's last byte but the ')' */
#define QUARTER_S	900

static void
put_blanks(struct buf *out, size_t count)
{
	static const char blanks[] = "                                        "
	    "                                        ";
	size_t n;

	for (; count > 0; count -= n) {
		n = count < sizeof(blanks) - 1 ? count : sizeof(blanks) - 1;
		buf_add(out, blanks, n);
	}
}

/* What stands in out from from on fills a column, and a blank follows. */
static void
end_left(struct buf *out, size_t from, size_t width)
{
	size_t len = out->len - from;

	put_blanks(out, len < width ? width - len + 1 : 1);
}

static void
end_right(struct buf *out, size_t from, size_t width)
{
	size_t len = out->len - from;

	if (len < width) {
		put_blanks(out, width - len);
		memmove(out->ptr + from + width - len, out->ptr + from, len);
		memset(out->ptr + from, ' ', width - len);
	}
	buf_addc(out, ' ');
}

void
classic_head(const struct classic *c, struct buf *out)
{
	buf_adds(out, c->has_long_ids ?
	    "----Queue ID----- --Size-- ---Arrival Time---- "
	    "--Sender/Recipient------" :
	    "-Queue ID-  --Size-- ----Arrival Time---- "
	    "-Sender/Recipient-------");
}

static void
put_two(char *at, int n, char fill)
{
	at[0] = n > 9 ? (char)('0' + n / 10) : fill;
	at[1] = (char)('0' + n % 10);
}

/*
 * "Sat Nov 21 07:38:26", as asctime has it. Time zones differ by whole
 * quarters of an hour, so one look at the zone serves all times of a quarter.
 */
static bool
put_time(struct classic *c, time_t when, char text[20])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t quarter = when - when % QUARTER_S;
	int s = (int)(when - quarter);

	if (quarter != c->quarter || c->tm.tm_year == 0) {
		c->quarter = quarter;
		if (localtime_r(&quarter, &c->tm) == NULL) {
			c->tm.tm_year = 0;
			return false;
		}
	}
	s += c->tm.tm_sec;
	memcpy(text, "www mmm dd hh:mm:ss", 20);
	memcpy(text, days + 3 * c->tm.tm_wday, 3);
	memcpy(text + 4, months + 3 * c->tm.tm_mon, 3);
	put_two(text + 8, c->tm.tm_mday, ' ');
	put_two(text + 11, c->tm.tm_hour, '0');
	put_two(text + 14, c->tm.tm_min + s / 60, '0');
	put_two(text + 17, s % 60, '0');
	return true;
}

/* The columns before the last. */
static void
put_columns(struct classic *c, const struct queue_listing_message *m,
    struct buf *out)
{
	char when[20];
	size_t from = out->len;

	buf_adds(out, m->id);
	if (strcmp(m->queue, "active") == 0)
		buf_addc(out, '*');
	else if (strcmp(m->queue, "hold") == 0)
		buf_addc(out, '!');
	if (m->is_expired)
		buf_addc(out, '#');
	end_left(out, from, c->has_long_ids ? 17 : 11);
	from = out->len;
	buf_addi(out, m->size);
	end_right(out, from, c->has_long_ids ? 8 : 7);
	from = out->len;
	if (put_time(c, (time_t)m->arrival, when))
		buf_add(out, when, 19);
	end_left(out, from, c->has_long_ids ? 19 : 20);
}

void
classic_text(const struct queue_listing_message *m, struct buf *out,
    void *own)
{
	struct classic *c = own;
	const char *before = "", *reason;
	size_t i, len;

	buf_addc(out, '\n');
	put_columns(c, m, out);
	buf_adds(out, m->sender);
	buf_addc(out, '\n');
	for (i = 0; i < m->rcpt_count; i++) {
		reason = m->rcpts[i].reason;
		if (strcmp(reason, before) != 0) {
			before = reason;
			if (reason[0] == '\0')
				reason = "reason unavailable";
			len = strlen(reason);
			put_blanks(out, len < REASON_END ? REASON_END - len :
			    0);
			buf_addc(out, '(');
			buf_add(out, reason, len);
			buf_add(out, ")\n", 2);
		}
		put_blanks(out, c->has_long_ids ? 47 : 41);
		buf_adds(out, m->rcpts[i].address);
		buf_addc(out, '\n');
	}
	c->messages++;
	c->bytes += m->size;
}

void
classic_tail(int64_t messages, int64_t bytes, struct buf *out)
{
	if (messages == 0)
		buf_adds(out, "Mail queue is empty\n");
	else
		buf_addf(out, "\n-- %lld Kbytes in %lld Request%s.\n",
		    (long long)(bytes / 1024), (long long)messages,
		    messages == 1 ? "" : "s");
}

/* As the original escapes, not as RFC 8259 would: bytes of UTF-8 stay. */
static void
put_string(struct buf *out, const char *text)
{
	static const char plain[] = "\b\f\n\r\t", letters[] = "bfnrt";
	const char *at;
	size_t n;

	buf_addc(out, '"');
	for (; *text != '\0'; text += n) {
		for (n = 0; (unsigned char)text[n] >= ' ' && text[n] != '"' &&
		    text[n] != '\\' && text[n] != 0x7f; n++)
			;
		if (n > 0) {
			buf_add(out, text, n);
			continue;
		}
		n = 1;
		if (*text == '"' || *text == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, *text);
		} else if ((at = strchr(plain, *text)) != NULL) {
			buf_addc(out, '\\');
			buf_addc(out, letters[at - plain]);
		} else {
			buf_addf(out, "\\u%04X", (unsigned char)*text);
		}
	}
	buf_addc(out, '"');
}

static void
put_json_rcpt(struct buf *out, const struct queue_listing_rcpt *r)
{
	if (r->orig != NULL) {
		buf_adds(out, "{\"orig_address\": ");
		put_string(out, r->orig);
		buf_adds(out, ", \"address\": ");
	} else {
		buf_adds(out, "{\"address\": ");
	}
	put_string(out, r->address);
	if (r->reason[0] != '\0') {
		buf_adds(out, r->log_class == NULL ||
		    strcmp(r->log_class, "defer") == 0 ?
		    ", \"delay_reason\": " :
		    strcmp(r->log_class, "bounce") == 0 ?
		    ", \"bounce_reason\": " : ", \"other_reason\": ");
		put_string(out, r->reason);
	}
	buf_addc(out, '}');
}

void
classic_json(const struct queue_listing_message *m, struct buf *out,
    void *own)
{
	size_t i;

	(void)own;
	buf_adds(out, "{\"queue_name\": ");
	put_string(out, m->queue);
	buf_adds(out, ", \"queue_id\": ");
	put_string(out, m->id);
	buf_adds(out, ", \"arrival_time\": ");
	buf_addi(out, m->arrival);
	buf_adds(out, ", \"message_size\": ");
	buf_addi(out, m->size);
	buf_adds(out, m->is_expired ? ", \"forced_expire\": true" :
	    ", \"forced_expire\": false");
	buf_adds(out, ", \"sender\": ");
	put_string(out, m->sender);
	buf_adds(out, ", \"recipients\": [");
	for (i = 0; i < m->rcpt_count; i++) {
		if (i > 0)
			buf_adds(out, ", ");
		put_json_rcpt(out, &m->rcpts[i]);
	}
	buf_adds(out, "]}\n");
}
