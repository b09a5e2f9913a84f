/*
 * queue_jsonl_read.c - a message of a line of JSON
 *
 * A line is a stranger's text like everything else about a message: its
 * length has a bound, its members are taken only where they have the type
 * that they ought to have, and an ID or queue that could not be one is
 * refused, since somebody may go and look for the file.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_jsonl.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"

#define LINE_MAX_LEN	(64 * 1024 * 1024)	/* half a million recipients */
#define PIECE		65536

struct queue_jsonl {
	ssize_t		(*read)(void *ctx, void *data, size_t len);
	void		*ctx;
	int		 fd;
	char		*name;
	struct buf	 text;		/* read and not given out yet */
	size_t		 at;		/* where the next line begins in it */
	size_t		 looked;	/* no newline before this */
	unsigned long	 line;
	bool		 is_at_end;
};

/* ---- members ---- */

/* NAME_b64: the bytes of a text that is not UTF-8. */
static const json_t *
twin_of(const json_t *object, const char *name)
{
	struct buf twin = BUF_INIT;
	const json_t *v;

	buf_setf(&twin, "%s_b64", name);
	v = json_object_get(object, twin.ptr);
	buf_done(&twin);
	return v;
}

/* The bytes of such a value, when it is there and sound. */
static bool
raw_text(const json_t *v, struct buf *out)
{
	if (!json_is_string(v) || json_string_length(v) == 0)
		return false;
	buf_reset(out);
	return base64_decode(out, json_string_value(v),
	    json_string_length(v)) && strlen(out->ptr) == out->len;
}

/* A text, or its raw form where it has one, copied into m; NULL: neither. */
static const char *
text_from(struct queue_message *m, const json_t *v, const json_t *twin)
{
	struct buf raw = BUF_INIT;
	const char *text = json_string_value(v);

	if (raw_text(twin, &raw))
		text = raw.ptr;
	if (text != NULL)
		text = queue_message_keep(m, text);
	buf_done(&raw);
	return text;
}

/* A text member, copied into m; NULL when there is none. */
static const char *
text_of(struct queue_message *m, const json_t *object, const char *name)
{
	return text_from(m, json_object_get(object, name),
	    twin_of(object, name));
}

static const char *
text_or(struct queue_message *m, const json_t *object, const char *name,
    const char *fallback)
{
	const char *text = text_of(m, object, name);

	return text != NULL ? text : fallback;
}

static int64_t
number_or(const json_t *object, const char *name, int64_t fallback)
{
	const json_t *v = json_object_get(object, name);

	return json_is_integer(v) && json_integer_value(v) >= 0 ?
	    json_integer_value(v) : fallback;
}

/* Seconds with a fraction; a double still tells microseconds exactly. */
static bool
take_arrival(struct timeval *tv, const json_t *v)
{
	double s;

	if (!json_is_number(v))
		return false;
	s = json_number_value(v);
	if (!(s >= 0 && s < 9e15))
		return false;
	tv->tv_sec = (time_t)floor(s);
	tv->tv_usec = (suseconds_t)llround((s - floor(s)) * 1e6);
	if (tv->tv_usec > 999999)
		tv->tv_usec = 999999;
	return true;
}

/* ---- our own lines ---- */

static int
take_rcpt(struct queue_message *m, const json_t *object, struct err *err)
{
	struct queue_message_rcpt *r;
	const char *address, *text;
	size_t len;
	char *upper, *p;

	if (!json_is_object(object) ||
	    (address = text_of(m, object, "address")) == NULL)
		return err_set(err, ERR_SYNTAX, "a recipient without address");
	r = queue_message_tell(m, address,
	    text_or(m, object, "reason", ""));
	if ((text = text_of(m, object, "orig_address")) != NULL)
		r->orig = text;
	r->dsn = text_or(m, object, "dsn", r->dsn);
	r->mta = text_or(m, object, "relay", r->mta);
	if ((text = text_of(m, object, "notify")) == NULL)
		return 0;
	len = strlen(text);
	upper = xmemdup(text, len + 1);
	for (p = upper; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	r->dsn_notify = dsn_notify_parse(upper);
	free(upper);
	return 0;
}

static void
take_flags(struct queue_message *m, const json_t *flags)
{
	const char *name;
	const json_t *v;
	size_t i;

	m->st.st_mode = S_IFREG | S_IRWXU | (m->is_expired ? S_IXGRP : 0);
	json_array_foreach(flags, i, v) {
		if ((name = json_string_value(v)) == NULL)
			continue;
		if (strcmp(name, "probe") == 0)
			m->trace_flags |= QUEUE_MESSAGE_TRACE_PROBE;
		else if (strcmp(name, "smtputf8") == 0)
			m->sendopts |= QUEUE_MESSAGE_SMTPUTF8;
		else if (strcmp(name, "damaged") == 0)
			m->is_damaged = true;
		else if (strcmp(name, "logged") == 0)
			m->was_logged = true;
		else if (strcmp(name, "arriving") == 0)
			m->st.st_mode &= ~(mode_t)S_IXUSR;
	}
}

static void
take_file(struct queue_message *m, const json_t *file)
{
	m->st.st_dev = (dev_t)number_or(file, "dev", 0);
	m->st.st_ino = (ino_t)number_or(file, "inode", 0);
	m->st.st_mtime = (time_t)number_or(file, "mtime", 0);
	m->st.st_size = (off_t)number_or(file, "bytes", 0);
}

static void
take_envelope(struct queue_message *m, const json_t *object)
{
	m->done_count = (size_t)number_or(object, "ndone", 0);
	m->created = (time_t)number_or(object, "created", m->created);
	m->sasl_user = text_or(m, object, "sasl", m->sasl_user);
	m->sasl_method = text_or(m, object, "sasl_method", m->sasl_method);
	m->sasl_sender = text_or(m, object, "sasl_sender", m->sasl_sender);
	m->client_name = text_or(m, object, "client", m->client_name);
	m->client_addr = text_or(m, object, "client_addr", m->client_addr);
	m->helo = text_or(m, object, "helo", m->helo);
	m->proto = text_or(m, object, "proto", m->proto);
	m->filter = text_or(m, object, "filter", m->filter);
	m->redirect = text_or(m, object, "redirect", m->redirect);
	m->verp = text_or(m, object, "verp", m->verp);
	m->envid = text_or(m, object, "envid", m->envid);
	m->encoding = text_or(m, object, "encoding", m->encoding);
}

static void
take_value(struct queue_message *m, const struct queue_field *f,
    const json_t *v, const json_t *twin, size_t nth)
{
	struct queue_message_told told = { .field = f, .nth = nth };

	if (json_is_integer(v))
		told.number = json_integer_value(v);
	else if ((told.text = text_from(m, v, twin)) == NULL)
		told.is_absent = true;
	queue_message_tell_value(m, &told);
}

/* Fields of headers and content that somebody had asked for. */
static void
take_more(struct queue_message *m, const json_t *object)
{
	const struct queue_field *f;
	const json_t *v, *one, *twin;
	size_t i, nth;

	for (i = 0; (f = queue_field_at(i)) != NULL; i++) {
		if (f->tier < TIER_HEADERS ||
		    (v = json_object_get(object, f->name)) == NULL)
			continue;
		twin = twin_of(object, f->name);
		if (json_is_array(v)) {
			json_array_foreach(v, nth, one)
				take_value(m, f, one,
				    json_array_get(twin, nth), nth);
		} else {
			take_value(m, f, v, twin, 0);
		}
	}
}

/* ---- both kinds ---- */

/* The names under which a plain -j says the same. */
struct names {
	const char	*queue, *id, *arrived, *size, *reason;
};

static int
take_common(struct queue_message *m, const json_t *object,
    const struct names *names, struct err *err)
{
	const char *queue, *id;
	size_t i;

	queue = json_string_value(json_object_get(object, names->queue));
	id = json_string_value(json_object_get(object, names->id));
	if (queue == NULL || !queue_name_is_valid(queue))
		return err_set(err, ERR_SYNTAX, "no queue in \"%s\"",
		    names->queue);
	if (id == NULL || !queue_id_is_valid(id))
		return err_set(err, ERR_SYNTAX, "no queue ID in \"%s\"",
		    names->id);
	queue_message_begin(m, "", id, "", NULL);
	m->queue = queue_message_keep(m, queue);
	for (i = 0; queue_message_queues[i] != NULL; i++)
		if (strcmp(queue, queue_message_queues[i]) == 0)
			m->queue = queue_message_queues[i];
	m->is_told = true;
	m->has = QUEUE_MESSAGE_ENTRY | QUEUE_MESSAGE_ENVELOPE |
	    QUEUE_MESSAGE_REASONS;
	if (!take_arrival(&m->arrival, json_object_get(object,
	    names->arrived)))
		return err_set(err, ERR_SYNTAX, "no time in \"%s\"",
		    names->arrived);
	m->created = m->arrival.tv_sec;
	m->size = (long)number_or(object, names->size, 0);
	m->is_expired = json_is_true(json_object_get(object,
	    "forced_expire"));
	if (!json_is_string(json_object_get(object, "sender")))
		return err_set(err, ERR_SYNTAX, "no sender");
	if (!json_is_array(json_object_get(object, "recipients")))
		return err_set(err, ERR_SYNTAX, "no recipients");
	return 0;
}

static int
take_object(struct queue_message *m, const json_t *object, struct err *err)
{
	static const struct names names = { "queue", "id", "arrived", "size",
	    "reason" };
	const json_t *rcpt;
	size_t i;

	if (number_or(object, "v", 1) != 1)
		return err_set(err, ERR_SYNTAX, "version %lld is not known",
		    (long long)number_or(object, "v", 1));
	if (take_common(m, object, &names, err) == -1)
		return -1;
	queue_message_tell_sender(m, text_of(m, object, "sender"));
	m->is_snapshot = json_is_object(json_object_get(object, "file"));
	take_envelope(m, object);
	take_file(m, json_object_get(object, "file"));
	take_flags(m, json_object_get(object, "flags"));
	json_array_foreach(json_object_get(object, "recipients"), i, rcpt)
		if (take_rcpt(m, rcpt, err) == -1)
			return -1;
	take_more(m, object);
	return 0;
}

static int
take_plain(struct queue_message *m, const json_t *object, struct err *err)
{
	static const struct names names = { "queue_name", "queue_id",
	    "arrival_time", "message_size", "delay_reason" };
	const json_t *rcpt;
	const char *address, *reason;
	size_t i;

	if (take_common(m, object, &names, err) == -1)
		return -1;
	queue_message_tell_shown(m, json_string_value(json_object_get(object,
	    "sender")), NULL, NULL);
	json_array_foreach(json_object_get(object, "recipients"), i, rcpt) {
		address = json_string_value(json_object_get(rcpt, "address"));
		reason = json_string_value(json_object_get(rcpt,
		    names.reason));
		if (address == NULL)
			return err_set(err, ERR_SYNTAX,
			    "a recipient without address");
		queue_message_tell_shown(m, NULL, address,
		    reason != NULL ? reason : "");
	}
	return 0;
}

int
queue_jsonl_parse(const char *line, size_t len, struct queue_message *m,
    struct err *err)
{
	json_error_t why;
	json_t *object = json_loadb(line, len, 0, &why);
	int rc;

	if (object == NULL)
		return err_set(err, ERR_SYNTAX, "column %d: %s", why.column,
		    why.text);
	if (!json_is_object(object))
		rc = err_set(err, ERR_SYNTAX, "not an object");
	else if (json_object_get(object, "queue_id") != NULL)
		rc = take_plain(m, object, err);
	else
		rc = take_object(m, object, err);
	json_decref(object);
	return rc;
}

/* ---- lines ---- */

static ssize_t
read_fd(void *ctx, void *data, size_t len)
{
	struct queue_jsonl *r = ctx;

	return read(r->fd, data, len);
}

struct queue_jsonl *
queue_jsonl_new(ssize_t (*read_fn)(void *ctx, void *data, size_t len),
    void *ctx, const char *name)
{
	struct queue_jsonl *r = xcalloc(1, sizeof(*r));

	r->read = read_fn;
	r->ctx = ctx;
	r->name = xstrdup(name);
	buf_init(&r->text);
	return r;
}

struct queue_jsonl *
queue_jsonl_new_fd(int fd, const char *name)
{
	struct queue_jsonl *r = queue_jsonl_new(read_fd, NULL, name);

	r->fd = fd;
	r->ctx = r;
	return r;
}

void
queue_jsonl_free(struct queue_jsonl *r)
{
	if (r == NULL)
		return;
	buf_done(&r->text);
	free(r->name);
	free(r);
}

/* More text; 0, or -1 with err. */
static int
read_more(struct queue_jsonl *r, struct err *err)
{
	ssize_t n;

	if (r->at > 0) {
		buf_delete(&r->text, 0, r->at);
		r->looked -= r->at;
		r->at = 0;
	}
	if (r->text.len > LINE_MAX_LEN)
		return err_set(err, ERR_LIMIT, "%s:%lu: the line is longer "
		    "than %d bytes", r->name, r->line + 1, LINE_MAX_LEN);
	buf_reserve(&r->text, PIECE);
	while ((n = r->read(r->ctx, r->text.ptr + r->text.len, PIECE)) ==
	    -1 && errno == EINTR)
		;
	if (n == -1)
		return err_sys(err, "%s: read", r->name);
	r->is_at_end = n == 0;
	r->text.len += (size_t)n;
	r->text.ptr[r->text.len] = '\0';
	return 0;
}

/* The next line: 1, 0 at the end, -1 with err. */
static int
next_line(struct queue_jsonl *r, const char **line, size_t *len,
    struct err *err)
{
	const char *nl;

	for (;;) {
		nl = memchr(r->text.ptr + r->looked, '\n',
		    r->text.len - r->looked);
		if (nl != NULL || (r->is_at_end && r->text.len > r->at))
			break;
		if (r->is_at_end)
			return 0;
		r->looked = r->text.len;
		if (read_more(r, err) == -1)
			return -1;
	}
	*line = r->text.ptr + r->at;
	*len = nl != NULL ? (size_t)(nl - *line) : r->text.len - r->at;
	r->at = r->looked = nl != NULL ? (size_t)(nl - r->text.ptr) + 1 :
	    r->text.len;
	r->line++;
	return 1;
}

int
queue_jsonl_next(struct queue_jsonl *r, struct queue_message *m,
    struct err *err)
{
	const char *line;
	size_t len, blank;
	int rc;

	while ((rc = next_line(r, &line, &len, err)) == 1) {
		blank = strspn(line, " \t\r");
		if (blank >= len)
			continue;
		if (queue_jsonl_parse(line, len, m, err) == 0)
			return 1;
		return err_prefix(err, "%s:%lu: ", r->name, r->line);
	}
	return rc;
}
