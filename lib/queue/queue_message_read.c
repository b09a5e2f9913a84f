/*
 * queue_message_read.c - what the queue file says of a message
 *
 * Records are taken as a real Postfix takes them: which of two counts, what is
 * odd and what is damage (spec/queue-format.md).
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_message_internal.h"
#include "lib/queue/queue_rec.h"

#define HEADERS_MAX	262144	/* bytes of headers that a lister looks at */

static void
note(struct queue_message *m, const char *fmt, const char *text)
{
	struct buf line = BUF_INIT;

	if (m->note == NULL) {
		buf_addf(&line, "%s: ", m->id);
		buf_adds(&line, fmt);
		buf_adds(&line, text);
		m->note = queue_message_keep(m, line.ptr);
	}
	buf_done(&line);
}

static void
take_size(struct queue_message *m, const char *value)
{
	struct queue_rec_size size;
	char *end;
	long first;

	if (m->size >= 0)
		return;			/* only the first counts */
	if (queue_rec_size_parse(value, &size, NULL) == 0) {
		m->size = size.content_size;
		if (size.fields < 3)
			return;
		m->data_offset = size.data_offset;
		m->data_size = size.content_size;
		m->sendopts = size.sendopts;
		return;
	}
	/* Listed is what the first number says, whatever follows it. */
	first = strtol(value, &end, 10);
	if (end == value)
		note(m, "malformed size record -- using file size instead: ",
		    value);
	else if (first >= 0)
		m->size = first;
}

static void
take_time(struct queue_message *m, const char *value)
{
	int64_t sec, usec;

	if (m->arrival.tv_sec > 0 || !num_scan(&value, &sec) || sec <= 0)
		return;
	m->arrival.tv_sec = (time_t)sec;
	if (num_scan(&value, &usec) && usec > 0)
		m->arrival.tv_usec = (suseconds_t)(usec % 1000000);
}

static void
take_created(struct queue_message *m, const char *value)
{
	int64_t sec;

	if (num_scan(&value, &sec))
		m->created = (time_t)sec;
}

static void
take_sender(struct queue_message *m, const char *value)
{
	if (m->has_sender) {
		note(m, "duplicate sender address: ", value);
		return;
	}
	queue_message_tell_sender(m, value);
}

static void
take_attribute(struct queue_message *m, const char *value)
{
	static const struct {
		const char	*name;
		size_t		 member;
	} texts[] = {
#define TEXT(name, member) { name, offsetof(struct queue_message, member) }
		TEXT("log_client_name", client_name),
		TEXT("log_client_address", client_addr),
		TEXT("log_helo_name", helo),
		TEXT("log_protocol_name", proto),
		TEXT("log_message_origin", origin),
		TEXT("sasl_username", sasl_user),
		TEXT("sasl_method", sasl_method),
		TEXT("sasl_sender", sasl_sender),
		TEXT("rewrite_context", context),
		TEXT("encoding", encoding),
#undef TEXT
	};
	struct buf *text = &m->memory->scratch;
	char *name, *rest;
	size_t i;

	buf_sets(text, value);
	if (queue_rec_attr(text->ptr, &name, &rest) != NULL)
		return;
	switch (queue_rec_attr_type(name)) {
	case QUEUE_REC_DSN_ORCPT:
		m->memory->pending.dsn_orcpt = queue_message_keep(m, rest);
		return;
	case QUEUE_REC_DSN_NOTIFY:
		m->memory->pending.dsn_notify = (unsigned)queue_rec_number(rest);
		return;
	case QUEUE_REC_DSN_ENVID:
		m->envid = queue_message_keep(m, rest);
		return;
	case QUEUE_REC_CTIME:
		take_created(m, rest);
		return;
	}
	if (text_is(name, "trace_flags")) {
		m->trace_flags = (int)queue_rec_number(rest);
		return;
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (text_is(name, texts[i].name)) {
			*(const char **)((char *)m + texts[i].member) =
			    queue_message_keep(m, rest);
			return;
		}
}

void
queue_message_add_rcpt(struct queue_message *m, const char *value, off_t offset)
{
	struct queue_message_memory *mem = m->memory;
	struct queue_message_rcpt *r;

	if (m->rcpt_count == mem->rcpt_room) {
		mem->rcpt_room = mem->rcpt_room * 2 + 8;
		m->rcpts = xreallocarray(m->rcpts, mem->rcpt_room,
		    sizeof(*m->rcpts));
	}
	r = &m->rcpts[m->rcpt_count++];
	*r = mem->pending;
	r->address = queue_message_keep(m, value);
	r->shown = value[0] == '\0' ? params.empty_address_recipient :
	    queue_message_keep_shown(m, r->address);
	if (r->orig == NULL)
		r->orig = r->address;
	if (r->dsn_orcpt == NULL)
		r->dsn_orcpt = "";
	r->reason = r->dsn = r->mta = "";
	r->offset = offset;
}

void
queue_message_drop_pending(struct queue_message *m)
{
	memset(&m->memory->pending, 0, sizeof(m->memory->pending));
}

/* Header lines up to the first that is none; stands behind M. */
static int
read_headers(struct queue_message *m, struct queue_file *qf, struct err *err)
{
	struct buf *out = &m->memory->headers;
	const char *value;
	size_t len, i;
	int type, got, before = QUEUE_REC_TEXT;

	m->has |= QUEUE_MESSAGE_HEADERS;
	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1) {
		if (type != QUEUE_REC_TEXT && type != QUEUE_REC_PART)
			break;
		if (before == QUEUE_REC_TEXT && (len == 0 ||
		    (value[0] != ' ' && value[0] != '\t' &&
		    header_name_len(value, len) == 0)))
			break;
		if (out->len + len < HEADERS_MAX)
			for (i = 0; i < len; i++)
				buf_addc(out, value[i] != '\0' ? value[i] :
				    ' ');
		if (type == QUEUE_REC_TEXT)
			buf_addc(out, '\n');
		before = type;
	}
	m->headers = out->ptr;
	m->headers_len = out->len;
	return got == -1 ? -1 : 0;
}

/*
 * At M: the headers if wanted, then to the record behind the content. That is
 * counted from here, as showq does: the offset in the size record may be wrong.
 */
static int
pass_content(struct queue_message *m, struct queue_file *qf, unsigned want,
    struct err *err)
{
	off_t start = queue_file_tell(qf), behind;

	m->data_offset = (long)start;
	if ((want & QUEUE_MESSAGE_HEADERS) && read_headers(m, qf, err) == -1)
		return -1;
	if (m->data_size > 0 && !__builtin_add_overflow(start,
	    (off_t)m->data_size, &behind) && behind > queue_file_tell(qf))
		return queue_file_seek(qf, behind, err);
	return 0;
}

/* What is said once of the message; false: another kind of record. */
static bool
take_message_record(struct queue_message *m, int type, const char *value,
    bool in_content)
{
	switch (type) {
	case QUEUE_REC_SIZE: take_size(m, value); break;
	case QUEUE_REC_TIME: take_time(m, value); break;
	case QUEUE_REC_CTIME: take_created(m, value); break;
	case QUEUE_REC_FROM: take_sender(m, value); break;
	case QUEUE_REC_ATTR: take_attribute(m, value); break;
	case QUEUE_REC_FULL:
		m->fullname = queue_message_keep(m, value);
		break;
	case QUEUE_REC_FILTER:
		if (!in_content)
			m->filter = queue_message_keep(m, value);
		break;
	case QUEUE_REC_REDIRECT:
		m->redirect = queue_message_keep(m, value);
		break;
	case QUEUE_REC_VERP:
		m->verp = queue_message_keep(m, value);
		break;
	case QUEUE_REC_WARN:
		m->warn_at = (time_t)queue_rec_number(value);
		break;
	case QUEUE_REC_DSN_ENVID:
		m->envid = queue_message_keep(m, value);
		break;
	default:
		return false;
	}
	return true;
}

/* A recipient, or what stands before one. */
static void
take_rcpt_record(struct queue_message *m, int type, const char *value,
    off_t offset)
{
	struct queue_message_rcpt *pending = &m->memory->pending;

	switch (type) {
	case QUEUE_REC_ORCPT:
		pending->orig = queue_message_keep(m, value);
		break;
	case QUEUE_REC_DSN_ORCPT:
		pending->dsn_orcpt = queue_message_keep(m, value);
		break;
	case QUEUE_REC_DSN_NOTIFY:
		pending->dsn_notify = (unsigned)queue_rec_number(value);
		break;
	case QUEUE_REC_RCPT:
		queue_message_add_rcpt(m, value, offset);
		queue_message_drop_pending(m);
		break;
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		m->done_count++;
		queue_message_drop_pending(m);
		break;
	}
}

static int
read_envelope(struct queue_message *m, struct queue_file *qf, unsigned want,
    struct err *err)
{
	const char *value;
	size_t len;
	int type, got;
	bool in_content = false;

	m->has |= QUEUE_MESSAGE_ENVELOPE;
	queue_message_drop_pending(m);
	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1) {
		if (take_message_record(m, type, value, in_content))
			continue;
		switch (type) {
		case QUEUE_REC_MESG:
			in_content = true;
			if (pass_content(m, qf, want, err) == -1)
				return -1;
			break;
		case QUEUE_REC_XTRA:
			in_content = false;
			break;
		case QUEUE_REC_END:
			m->has_end = true;
			return 0;
		case 0:			/* no record at all; showq stops here */
			return err_set(err, ERR_SYNTAX,
			    "%s: record type 0 at offset %lld", m->id,
			    (long long)queue_file_offset(qf));
		default:
			take_rcpt_record(m, type, value,
			    queue_file_offset(qf));
		}
	}
	return got;
}

/* Only the headers, when the envelope was read before. */
static int
read_headers_again(struct queue_message *m, struct queue_file *qf,
    struct err *err)
{
	const char *value;
	size_t len;
	int type, got;

	if (m->data_offset > 0) {
		if (queue_file_seek(qf, m->data_offset, err) == -1)
			return -1;
		return read_headers(m, qf, err);
	}
	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1)
		if (type == QUEUE_REC_MESG)
			return read_headers(m, qf, err);
	return got;
}

void
queue_message_fill_defaults(struct queue_message *m)
{
	if (!m->has_sender && m->rcpt_count > 0)
		note(m, "missing sender address", "");
	if (m->size < 0)
		m->size = (long)m->st.st_size;
	if (m->arrival.tv_sec <= 0)
		m->arrival.tv_sec = m->st.st_mtime;
	if (m->created <= 0)
		m->created = m->arrival.tv_sec;
}

void
queue_message_set_entry(struct queue_message *m, const struct stat *st)
{
	m->st = *st;
	m->is_expired = (st->st_mode & S_IXGRP) != 0;
	m->has |= QUEUE_MESSAGE_ENTRY;
}

int
queue_message_read_entry(struct queue_message *m, struct err *err)
{
	struct stat st;

	m->has |= QUEUE_MESSAGE_ENTRY;
	if (lstat(m->path, &st) == 0) {
		queue_message_set_entry(m, &st);
		return 1;
	}
	m->is_gone = errno == ENOENT;
	m->is_damaged = !m->is_gone;
	return m->is_gone ? 0 : err_sys(err, "%s", m->path);
}

int
queue_message_read_file(struct queue_message *m, unsigned want, struct err *err)
{
	struct err why = ERR_INIT;
	struct queue_file *own = NULL, *qf;
	struct queue_file **kept = m->reader != NULL ? &m->reader->file : &own;
	int rc;

	rc = queue_file_reopen(kept, m->path, QUEUE_FILE_NORMAL, &why);
	qf = *kept;
	if (rc == -1) {
		queue_file_close(own);
		if (err != NULL)
			*err = why;
		m->has |= want;
		m->is_gone = why.kind == ERR_NOT_FOUND;
		m->is_damaged = !m->is_gone;
		return m->is_gone ? 0 : -1;
	}
	queue_message_set_entry(m, queue_file_stat(qf));
	if ((m->has & QUEUE_MESSAGE_ENVELOPE) == 0) {
		m->size = -1;
		rc = read_envelope(m, qf, want, err);
		queue_message_fill_defaults(m);
		if (rc == 0 && !m->has_end)
			m->is_damaged = true;
	} else {
		rc = read_headers_again(m, qf, err);
	}
	m->has |= want & (QUEUE_MESSAGE_ENVELOPE | QUEUE_MESSAGE_HEADERS);
	queue_file_rest(qf);
	queue_file_close(own);
	if (rc == -1)
		m->is_damaged = true;
	return rc == -1 ? -1 : 1;
}
