/*
 * queue_rec.c - the record framing of queue files, on bytes in memory
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_rec.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

/* 28 bits; a fifth length byte is an error (3.1). */
#define LENGTH_BYTES_MAX	4

#define QMGR_FLAGS_ALL		31	/* mixed, and four kinds of NOTIFY (3.6) */

static const struct rec_name {
	int		 type;
	const char	*name;
} rec_names[] = {
	{ QUEUE_REC_SIZE, "message_size" },
	{ QUEUE_REC_TIME, "message_arrival_time" },
	{ QUEUE_REC_CTIME, "queue_file_create_time" },
	{ QUEUE_REC_FULL, "sender_fullname" },
	{ QUEUE_REC_INSPECT, "content_inspector" },
	{ QUEUE_REC_FILTER, "content_filter" },
	{ QUEUE_REC_FROM, "sender" },
	{ QUEUE_REC_VERP, "verp_delimiters" },
	{ QUEUE_REC_WARN, "warning_message_time" },
	{ QUEUE_REC_ATTR, "named_attribute" },
	{ QUEUE_REC_REDIRECT, "redirect_to" },
	{ QUEUE_REC_ORCPT, "original_recipient" },
	{ QUEUE_REC_DSN_ORCPT, "dsn_original_recipient" },
	{ QUEUE_REC_DSN_NOTIFY, "dsn_notify_flags" },
	{ QUEUE_REC_DSN_ENVID, "dsn_envelope_id" },
	{ QUEUE_REC_DSN_RET, "dsn_return_flags" },
	{ QUEUE_REC_RCPT, "recipient" },
	{ QUEUE_REC_DONE, "done_recipient" },
	{ QUEUE_REC_CANCELED, "canceled_recipient" },
	{ QUEUE_REC_KILLED, "killed_record" },
	{ QUEUE_REC_PTR, "pointer_record" },
	{ QUEUE_REC_PAD, "padding" },
	{ QUEUE_REC_MESG, "message_content" },
	{ QUEUE_REC_TEXT, "regular_text" },
	{ QUEUE_REC_XTRA, "extracted_info" },
	{ QUEUE_REC_RRTO, "return_receipt" },
	{ QUEUE_REC_ERTO, "errors_to" },
	{ QUEUE_REC_PRIO, "priority" },
	{ QUEUE_REC_END, "message_end" },
};

void
queue_rec_put(struct buf *out, int type, const void *data, size_t len)
{
	size_t rest = len;

	buf_reserve(out, len + 8);
	buf_addc(out, type);
	for (; rest > 0x7f; rest >>= 7)
		buf_addc(out, (int)(0x80 | (rest & 0x7f)));
	buf_addc(out, (int)rest);
	if (len > 0)
		buf_add(out, data, len);
}

int
queue_rec_head(const char *data, size_t len, bool at_eof, int *type,
    size_t *value_len, size_t *head_len, struct err *err)
{
	size_t i, sum = 0;
	unsigned char c;

	if (len == 0)
		return 0;
	*type = (unsigned char)data[0];
	for (i = 0; ; i++) {
		if (i >= LENGTH_BYTES_MAX)
			return err_set(err, ERR_SYNTAX,
			    "too many length bits, record type %d", *type);
		if (i + 1 >= len)
			break;
		c = (unsigned char)data[i + 1];
		sum |= (size_t)(c & 0x7f) << (7 * i);
		if ((c & 0x80) == 0) {
			*value_len = sum;
			*head_len = i + 2;
			return 1;
		}
	}
	if (!at_eof)
		return 0;
	return err_set(err, ERR_SYNTAX,
	    "unexpected EOF reading length, record type %d", *type);
}

int
queue_rec_get(const char *data, size_t len, bool at_eof, int *type,
    const char **value, size_t *value_len, size_t *used, struct err *err)
{
	size_t head;
	int rc;

	rc = queue_rec_head(data, len, at_eof, type, value_len, &head, err);
	if (rc != 1)
		return rc;
	if (len - head >= *value_len) {
		*value = data + head;
		*used = head + *value_len;
		return 1;
	}
	if (!at_eof)
		return 0;
	return err_set(err, ERR_SYNTAX,
	    "unexpected EOF in data, record type %d length %zu", *type,
	    *value_len);
}

const char *
queue_rec_name(int type)
{
	size_t i;

	for (i = 0; i < sizeof(rec_names) / sizeof(rec_names[0]); i++)
		if (rec_names[i].type == type)
			return rec_names[i].name;
	return "unknown_record_type";
}

/* Listings split a dozen lines a message: no call a byte, nor one a piece. */
static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char *
skip_space(char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

const char *
queue_rec_attr(char *text, char **name, char **value)
{
	char *p, *end;

	*name = p = skip_space(text);
	/* Letters and '_' all come behind '='. */
	while ((unsigned char)*p > '=' || (*p != '\0' && *p != '=' &&
	    !is_space(*p)))
		p++;
	if (p == *name)
		return "missing attribute name";
	end = p;
	p = skip_space(p);
	if (*p != '=')
		return "missing '=' after attribute name";
	*end = '\0';
	*value = p = skip_space(p + 1);
	end = p + strlen(p);
	while (end > p && is_space(end[-1]))
		end--;
	*end = '\0';
	return NULL;
}

int
queue_rec_attr_type(const char *name)
{
	static const struct rec_name attrs[] = {
		{ QUEUE_REC_DSN_ORCPT, "dsn_orig_rcpt" },
		{ QUEUE_REC_DSN_NOTIFY, "notify_flags" },
		{ QUEUE_REC_DSN_ENVID, "envelope_id" },
		{ QUEUE_REC_DSN_RET, "ret_flags" },
		{ QUEUE_REC_CTIME, "create_time" },
	};
	size_t i;

	for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (text_is(attrs[i].name, name))
			return attrs[i].type;
	return 0;
}

/* Up to max integers, stopping at the first thing that is none. */
static int
scan_longs(const char *data, long *out, int max)
{
	int64_t value;
	int n;

	for (n = 0; n < max && num_scan(&data, &value) && value <= LONG_MAX &&
	    value >= LONG_MIN; n++)
		out[n] = (long)value;
	return n;
}

int
queue_rec_size_parse(const char *data, struct queue_rec_size *out,
    struct err *err)
{
	long field[6] = { 0, 0, 0, 0, 0, 0 };
	int n = scan_longs(data, field, 6);

	memset(out, 0, sizeof(*out));
	if (n == 0 || n == 2)
		return err_set(err, ERR_SYNTAX,
		    "message rejected: weird size record");
	if (field[0] <= 0 || (n > 1 && field[1] <= 0) || field[4] < 0)
		return err_set(err, ERR_SYNTAX, "invalid size record: %.200s",
		    data);
	out->fields = n;
	out->content_size = field[0];
	if (n == 1) {
		out->qmgr_flags = 1;
		out->content_length = field[0];
		return 0;
	}
	out->data_offset = field[1];
	out->rcpt_count = field[2];
	out->qmgr_flags = n >= 4 ? field[3] : 1;
	if (n >= 4 && (field[3] & ~QMGR_FLAGS_ALL) != 0)
		return err_set(err, ERR_SYNTAX,
		    "invalid flags in size record: %.200s", data);
	out->content_length = field[4] == 0 ? field[0] : field[4];
	out->sendopts = field[5];
	return 0;
}

void
queue_rec_size_put(struct buf *out, const struct queue_rec_size *size)
{
	char text[QUEUE_REC_SIZE_LEN];

	snprintf(text, sizeof(text), "%15ld %15ld %15ld %15ld %15ld %15ld",
	    size->content_size, size->data_offset, size->rcpt_count,
	    size->qmgr_flags, size->content_length, size->sendopts);
	queue_rec_put(out, QUEUE_REC_SIZE, text, QUEUE_REC_SIZE_LEN - 2);
}

int64_t
queue_rec_number(const char *value)
{
	int64_t n;

	return num_scan(&value, &n) ? n : 0;
}

off_t
queue_rec_ptr_parse(const char *data, struct err *err)
{
	const char *p = data + strspn(data, " \t\r\n\f\v"), *text = p;
	off_t sum = 0;

	if (*p == '\0')
		goto malformed;
	for (; *p != '\0'; p++) {
		if (!isdigit((unsigned char)*p) ||
		    __builtin_mul_overflow(sum, (off_t)10, &sum) ||
		    __builtin_add_overflow(sum, (off_t)(*p - '0'), &sum))
			goto malformed;
	}
	return sum;

malformed:
	return err_set(err, ERR_SYNTAX, "malformed pointer record value: %.200s",
	    text);
}
