/*
 * column.c - the columns of the message list
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/column.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_snapshot.h"

const struct column_info columns[COLUMN_COUNT] = {
	/*		   name		title	     least usual grows goes right number down cut */
[COLUMN_ID]	= { "id",	"ID",		11, 12, 0, 0, false, false, false, CUT_START },
[COLUMN_QUEUE]	= { "queue",	"Q",		1, 1, 0, 0, false, true, false, CUT_END },
[COLUMN_AGE]	= { "age",	"Age",		6, 6, 0, 0, true, true, false, CUT_END },
[COLUMN_NEXT]	= { "next",	"Next",		6, 6, 0, 4, true, true, false, CUT_END },
[COLUMN_SIZE]	= { "size",	"Size",		5, 5, 0, 2, true, true, true, CUT_END },
[COLUMN_RCPTS]	= { "nrcpt",	"Rc",		3, 3, 0, 1, true, true, true, CUT_END },
[COLUMN_SENDER]	= { "sender",	"Sender",	16, 22, 1, 6, false, false, false, CUT_MIDDLE },
[COLUMN_RCPT]	= { "rcpt",	"Recipient",	16, 22, 1, 7, false, false, false, CUT_MIDDLE },
[COLUMN_CLASS]	= { "class",	"Class",	12, 12, 0, 5, false, false, false, CUT_END },
[COLUMN_REASON]	= { "reason",	"Reason",	12, 28, 4, 3, false, false, false, CUT_END },
[COLUMN_ARRIVED]= { "arrived",	"Arrived",	14, 14, 0, 3, false, true, true, CUT_END },
[COLUMN_DONE]	= { "ndone",	"Dn",		3, 3, 0, 1, true, true, true, CUT_END },
[COLUMN_SASL]	= { "sasl",	"Login",	8, 14, 1, 4, false, false, false, CUT_MIDDLE },
[COLUMN_CLIENT]	= { "client",	"Client",	10, 20, 1, 3, false, false, false, CUT_MIDDLE },
[COLUMN_ADDR]	= { "client.addr", "Address",	10, 15, 0, 3, false, false, false, CUT_END },
[COLUMN_RELAY]	= { "relay",	"Relay",	10, 20, 1, 3, false, false, false, CUT_MIDDLE },
[COLUMN_DSN]	= { "dsn",	"DSN",		6, 6, 0, 2, false, false, false, CUT_END },
[COLUMN_DOMAIN]	= { "rcpt.domain", "Domain",	10, 20, 1, 4, false, false, false, CUT_MIDDLE },
[COLUMN_FLAGS]	= { "flags",	"Flags",	3, 4, 0, 1, false, true, true, CUT_END },
[COLUMN_SUBJECT]= { "subject",	"Subject",	12, 24, 2, 3, false, false, false, CUT_END },
};

enum column
column_find(const char *name)
{
	int c;

	for (c = 0; c < COLUMN_COUNT; c++)
		if (strcasecmp(columns[c].name, name) == 0)
			break;
	return (enum column)c;
}

/* ---- texts for people ---- */

void
column_duration(struct buf *out, int64_t seconds)
{
	static const struct queue_field f = { .type = FIELD_DURATION };
	struct queue_value v = { VALUE_NUMBER, NULL, seconds < 0 ? 0 :
	    seconds };

	queue_field_text(&f, &v, out);
}

void
column_size(struct buf *out, int64_t bytes)
{
	static const struct queue_field f = { .type = FIELD_SIZE };
	struct queue_value v = { VALUE_NUMBER, NULL, bytes };

	queue_field_text(&f, &v, out);
}

void
column_number(struct buf *out, uint64_t n)
{
	if (n >= 1000) {
		column_number(out, n / 1000);
		buf_addf(out, " %03u", (unsigned)(n % 1000));
	} else {
		buf_addf(out, "%u", (unsigned)n);
	}
}

bool
column_has_next(const struct queue_row *row)
{
	return !row->is_told || row->is_snapshot;
}

bool
column_is_waiting(const struct queue_row *row, time_t now)
{
	return row->mtime > now && (row->queue == QUEUE_DEFERRED ||
	    row->queue == QUEUE_INCOMING);
}

static const struct queue_row_reason *
first_reason(const struct queue_snapshot *s, const struct queue_row *row)
{
	static const struct queue_row_rcpt nobody;
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	uint32_t i;

	for (i = 0; i < row->rcpt_count; i++)
		if (r[i].reason != 0)
			return queue_snapshot_reason(s, &r[i]);
	return queue_snapshot_reason(s, &nobody);
}

static void
put_flags(const struct queue_row *row, struct buf *out)
{
	if ((row->mode & S_IXGRP) != 0)
		buf_addc(out, 'x');
	if (row->sender == 0 && !row->is_arriving)
		buf_addc(out, 'b');
	if (row->is_damaged)
		buf_addc(out, '!');
	if ((row->sendopts & 1) != 0)
		buf_addc(out, 'u');
}

static void
put_time(struct buf *out, time_t when)
{
	struct tm tm;
	char text[32];

	if (localtime_r(&when, &tm) != NULL && strftime(text, sizeof(text),
	    "%m-%d %H:%M:%S", &tm) > 0)
		buf_adds(out, text);
}

static void
put_next(const struct queue_row *row, time_t now, struct buf *out)
{
	if (!column_has_next(row))
		buf_addc(out, '?');
	else if (column_is_waiting(row, now))
		column_duration(out, row->mtime - now);
	else if (row->queue == QUEUE_DEFERRED)
		buf_adds(out, "due");
	else
		buf_addc(out, '-');
}

void
column_text(enum column c, const struct queue_snapshot *s,
    const struct queue_row *row, time_t now, struct buf *out)
{
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	intern_ref ref = 0;

	switch (c) {
	case COLUMN_ID: ref = row->id; break;
	case COLUMN_QUEUE:
		buf_addc(out, "MIADHC"[row->queue]);
		break;
	case COLUMN_AGE: column_duration(out, now - row->arrival); break;
	case COLUMN_NEXT: put_next(row, now, out); break;
	case COLUMN_SIZE: column_size(out, row->size); break;
	case COLUMN_RCPTS: buf_addf(out, "%u", row->rcpt_count); break;
	case COLUMN_SENDER:
		if (row->sender == 0 && !row->is_arriving)
			buf_adds(out, row->is_damaged ? "?" : "<>");
		ref = row->sender;
		break;
	case COLUMN_RCPT:
		if (row->rcpt_count == 0)
			return;
		ref = r[0].address;
		break;
	case COLUMN_CLASS:
		if (row->is_damaged || row->is_arriving)
			buf_adds(out, row->is_damaged ? "damaged" :
			    "arriving");
		else if (first_reason(s, row)->class != REASON_NONE)
			buf_adds(out, queue_reason_class_name(
			    first_reason(s, row)->class));
		break;
	case COLUMN_REASON: ref = first_reason(s, row)->text; break;
	case COLUMN_ARRIVED: put_time(out, row->arrival); break;
	case COLUMN_DONE: buf_addf(out, "%u", row->done_count); break;
	case COLUMN_SASL:
		buf_adds(out, queue_snapshot_fact(s, row, QUEUE_FACT_SASL));
		break;
	case COLUMN_CLIENT:
		buf_adds(out, queue_snapshot_fact(s, row, QUEUE_FACT_CLIENT));
		break;
	case COLUMN_ADDR:
		buf_adds(out, queue_snapshot_fact(s, row,
		    QUEUE_FACT_CLIENT_ADDR));
		break;
	case COLUMN_RELAY: ref = first_reason(s, row)->relay; break;
	case COLUMN_DSN: ref = first_reason(s, row)->dsn; break;
	case COLUMN_DOMAIN:
		ref = row->rcpt_count > 0 ? r[0].domain : 0;
		break;
	case COLUMN_FLAGS: put_flags(row, out); break;
	case COLUMN_SUBJECT: case COLUMN_COUNT: break;
	}
	buf_adds(out, queue_snapshot_text(s, ref));
}

/* ---- order ---- */

static void
text_key(const char *text, uint64_t key[COLUMN_KEY_WORDS])
{
	size_t i;

	for (i = 0; i < COLUMN_KEY_WORDS * 8; i++) {
		key[i / 8] = key[i / 8] << 8 | (unsigned char)tolower(
		    (unsigned char)*text);
		text += *text != '\0';
	}
}

void
column_key(enum column c, const struct queue_snapshot *s,
    const struct queue_row *row, uint64_t key[COLUMN_KEY_WORDS])
{
	struct buf text = BUF_INIT;
	int64_t n = 0;

	memset(key, 0, COLUMN_KEY_WORDS * sizeof(key[0]));
	switch (c) {
	case COLUMN_QUEUE: n = row->queue; break;
	case COLUMN_AGE: n = -row->arrival; break;
	case COLUMN_ARRIVED: n = row->arrival; break;
	case COLUMN_NEXT:
		n = row->queue == QUEUE_DEFERRED ||
		    row->queue == QUEUE_INCOMING ? row->mtime : INT64_MAX;
		break;
	case COLUMN_SIZE: n = row->size; break;
	case COLUMN_RCPTS: n = row->rcpt_count; break;
	case COLUMN_DONE: n = row->done_count; break;
	case COLUMN_FLAGS:
		n = ((row->mode & S_IXGRP) != 0) + 2 * (row->sender == 0) +
		    4 * row->is_damaged;
		break;
	default:
		column_text(c, s, row, 0, &text);
		text_key(text.ptr, key);
		buf_done(&text);
		return;
	}
	key[0] = (uint64_t)n ^ (uint64_t)1 << 63;	/* negative ones first */
}

/* ---- room ---- */

static int
total(unsigned shown, const int widths[COLUMN_COUNT])
{
	int c, sum = 0;

	for (c = 0; c < COLUMN_COUNT; c++)
		if ((shown & COLUMN_BIT(c)) != 0)
			sum += widths[c] + 1;
	return sum;
}

void
column_layout(unsigned shown, enum column keep, int width,
    int widths[COLUMN_COUNT])
{
	int c, go, left, shares = 0, last = 0;
	bool is_growing;

	for (c = 0; c < COLUMN_COUNT; c++)
		widths[c] = columns[c].least;
	for (go = 1; go < 8 && total(shown, widths) > width; go++)
		for (c = COLUMN_COUNT - 1; c >= 0; c--)
			if (columns[c].goes == go && c != (int)keep &&
			    total(shown, widths) > width)
				shown &= ~COLUMN_BIT(c);
	for (c = 0; c < COLUMN_COUNT; c++) {
		if ((shown & COLUMN_BIT(c)) == 0)
			widths[c] = 0;
		else
			shares += columns[c].grows;
	}
	/* First to what is usual, each in its turn, then the rest by shares. */
	do {
		is_growing = false;
		for (c = 0; c < COLUMN_COUNT; c++)
			if (widths[c] > 0 && widths[c] < columns[c].usual &&
			    total(shown, widths) < width) {
				widths[c]++;
				is_growing = true;
			}
	} while (is_growing);
	if ((left = width - total(shown, widths)) <= 0 || shares == 0)
		return;
	for (c = 0; c < COLUMN_COUNT; c++)
		if (widths[c] > 0 && columns[c].grows > 0) {
			widths[c] += left * columns[c].grows / shares;
			last = c;
		}
	if ((left = width - total(shown, widths)) > 0)
		widths[last] += left;
}
