/*
 * queue_jsonl.c - write a message as one line of JSON
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_jsonl.h"

#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"

static void
member(struct buf *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_adds(out, ", ");
	json_member(out, name, text);
}

static void
number_member(struct buf *out, const char *name, int64_t n)
{
	buf_adds(out, ", \"");
	buf_adds(out, name);
	buf_adds(out, "\": ");
	buf_addi(out, n);
}

static char *
put_digits(char *at, int n, int digits)
{
	int i;

	for (i = digits - 1; i >= 0; i--, n /= 10)
		at[i] = (char)('0' + n % 10);
	return at + digits;
}

static void
utc_member(struct buf *out, const char *name, time_t when)
{
	struct tm tm;
	char text[32], *p;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900)
		return;
	p = put_digits(text, tm.tm_year + 1900, 4);
	*p++ = '-';
	p = put_digits(p, tm.tm_mon + 1, 2);
	*p++ = '-';
	p = put_digits(p, tm.tm_mday, 2);
	*p++ = 'T';
	p = put_digits(p, tm.tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_min, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_sec, 2);
	buf_adds(out, ", \"");
	buf_adds(out, name);
	buf_adds(out, "\": \"");
	buf_add(out, text, (size_t)(p - text));
	buf_adds(out, "Z\"");
}

/* What the log says of one recipient. */
static void
put_reason(struct queue_field_context *c, size_t i, struct buf *out)
{
	const struct queue_message_rcpt *r = &c->m->rcpts[i];
	struct buf name = BUF_INIT, addr = BUF_INIT;
	bool is_suspended;
	int code;

	member(out, "reason", r->reason);
	member(out, "class", queue_reason_class_name(
	    queue_message_class(c->m, i)));
	member(out, "dsn", r->dsn);
	code = queue_reason_code(queue_reason_peel(r->reason, &is_suspended));
	if (code > 0)
		number_member(out, "code", code);
	if (!queue_reason_relay(r->reason, &name, &addr))
		buf_sets(&name, r->mta);
	member(out, "relay", name.ptr);
	member(out, "relay_addr", addr.ptr);
	if (is_suspended)
		buf_adds(out, ", \"suspended\": true");
	buf_done(&name);
	buf_done(&addr);
}

static void
put_rcpts(struct queue_field_context *c, struct buf *out)
{
	static _Thread_local const struct queue_field *notify;
	const struct queue_message *m = c->m;
	const struct queue_message_rcpt *r;
	struct queue_value v;
	size_t i;

	buf_adds(out, ", \"recipients\": [");
	for (i = 0; i < m->rcpt_count; i++) {
		r = &m->rcpts[i];
		buf_adds(out, i > 0 ? ", {" : "{");
		json_member(out, "address", r->address);
		if (strcmp(r->orig, r->address) != 0)
			member(out, "orig_address", r->orig);
		if (r->dsn_notify != 0) {
			if (notify == NULL)
				notify = queue_field_find("notify", false);
			queue_field_get(notify, c, i, 0, &v);
			if (v.kind == VALUE_TEXT)
				member(out, "notify", v.text);
		}
		if (r->reason[0] != '\0')
			put_reason(c, i, out);
		buf_adds(out, ", \"state\": \"to-do\"}");
	}
	buf_addc(out, ']');
}

static void
put_flags(struct queue_field_context *c, struct buf *out)
{
	const struct queue_field *f;
	struct queue_value v;
	bool is_first = true;
	size_t i;

	buf_adds(out, ", \"flags\": [");
	for (i = 0; (f = queue_field_at(i)) != NULL; i++) {
		if (f->type != FIELD_FLAG || f->inner != NULL)
			continue;
		queue_field_get(f, c, 0, 0, &v);
		if (v.kind != VALUE_NUMBER || v.number == 0)
			continue;
		buf_adds(out, is_first ? "\"" : ", \"");
		buf_adds(out, f->name);
		buf_addc(out, '"');
		is_first = false;
	}
	buf_addc(out, ']');
}

static void
put_key(struct buf *out, const char *name, const char *twin)
{
	buf_adds(out, ", \"");
	for (; *name != '\0'; name++)
		buf_addc(out, *name == '.' ? '_' : *name);
	buf_adds(out, twin);
	buf_adds(out, "\": ");
}

/*
 * A field of headers or content: what is absent is null, what is there more
 * than once an array, what cannot be known left out.
 */
static void
put_more(struct queue_field_context *c, const struct queue_field *f,
    struct buf *out)
{
	struct queue_value v;
	struct buf values = BUF_INIT, raw = BUF_INIT;
	bool is_clean = true;
	size_t nth;

	for (nth = 0; ; nth++) {
		queue_field_get(f, c, 0, nth, &v);
		if (v.kind != VALUE_NUMBER && v.kind != VALUE_TEXT)
			break;
		if (nth > 0) {
			buf_adds(&values, ", ");
			buf_adds(&raw, ", ");
		}
		if (v.kind == VALUE_NUMBER) {
			buf_addi(&values, v.number);
		} else {
			is_clean &= json_put_string(&values, v.text);
			json_base64(&raw, v.text, strlen(v.text));
		}
	}
	if (nth > 0 || v.kind == VALUE_ABSENT) {
		put_key(out, f->name, "");
		buf_adds(out, nth > 1 ? "[" : "");
		buf_adds(out, nth > 0 ? values.ptr : "null");
		buf_adds(out, nth > 1 ? "]" : "");
	}
	if (!is_clean) {
		put_key(out, f->name, "_b64");
		buf_adds(out, nth > 1 ? "[" : "");
		buf_adds(out, raw.ptr);
		buf_adds(out, nth > 1 ? "]" : "");
	}
	buf_done(&values);
	buf_done(&raw);
}

static void
put_times(struct queue_field_context *c, struct buf *out)
{
	const struct queue_message *m = c->m;
	static _Thread_local const struct queue_field *next;
	struct queue_value v;

	if (next == NULL)
		next = queue_field_find("next", false);
	number_member(out, "arrived", m->arrival.tv_sec);
	if (m->arrival.tv_usec > 0)
		buf_addf(out, ".%06ld", (long)m->arrival.tv_usec);
	utc_member(out, "arrived_utc", m->arrival.tv_sec);
	number_member(out, "age", c->now - m->arrival.tv_sec);
	if (m->created != m->arrival.tv_sec)
		number_member(out, "created", m->created);
	queue_field_get(next, c, 0, 0, &v);
	if (v.kind == VALUE_NUMBER) {
		number_member(out, "next", v.number);
		utc_member(out, "next_utc", v.number);
	}
}

static void
put_client(const struct queue_message *m, struct buf *out)
{
	member(out, "sasl", m->sasl_user);
	member(out, "sasl_method", m->sasl_method);
	member(out, "sasl_sender", m->sasl_sender);
	member(out, "client", m->client_name);
	member(out, "client_addr", strncasecmp(m->client_addr, "IPv6:", 5) ==
	    0 ? m->client_addr + 5 : m->client_addr);
	member(out, "helo", m->helo);
	member(out, "proto", m->proto);
	member(out, "filter", m->filter);
	member(out, "redirect", m->redirect);
	member(out, "verp", m->verp);
	member(out, "envid", m->envid);
	member(out, "encoding", m->encoding);
}

void
queue_jsonl_put(struct buf *out, struct queue_field_context *c,
    const struct queue_field *const *more, size_t more_count)
{
	const struct queue_message *m = c->m;
	bool is_full = !m->is_told || m->is_snapshot;
	size_t i;

	queue_message_want(c->m, QUEUE_MESSAGE_REASONS, NULL);
	buf_adds(out, "{\"v\": 1");
	member(out, "queue", m->queue);
	member(out, "id", m->id);
	put_times(c, out);
	number_member(out, "size", m->size);
	buf_adds(out, ", ");
	json_member(out, "sender", m->sender);
	put_rcpts(c, out);
	number_member(out, "nrcpt", (int64_t)m->rcpt_count);
	if (is_full)
		number_member(out, "ndone", (int64_t)m->done_count);
	put_client(m, out);
	for (i = 0; i < more_count; i++)
		if (more[i]->tier >= TIER_HEADERS)
			put_more(c, more[i], out);
	buf_adds(out, m->is_expired ? ", \"forced_expire\": true" :
	    ", \"forced_expire\": false");
	put_flags(c, out);
	if (is_full) {
		buf_adds(out, ", \"file\": {\"dev\": ");
		buf_addi(out, (int64_t)m->st.st_dev);
		number_member(out, "inode", (int64_t)m->st.st_ino);
		number_member(out, "mtime", m->st.st_mtime);
		number_member(out, "bytes", m->st.st_size);
		buf_addc(out, '}');
	}
	buf_adds(out, "}\n");
}
