/*
 * queue_message.c - what a lister needs to know of a message
 *
 * Strings live in an arena of blocks that do not move and are used again for
 * the next message, so that a listing of a hundred thousand messages allocates
 * as little as one of ten.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_message.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message_internal.h"
#include "lib/queue/queue_rec.h"

#define BLOCK		4096
#define FEW		8	/* log entries: looking at each is faster than hashing */
#define BLOCKS_KEPT	(64 * 1024)	/* bytes of arena that are worth keeping */
#define ROOM_KEPT	1024	/* recipients, log entries */
#define SEEN_KEPT	4096	/* slots of the hash that are worth keeping */
#define HEADERS_MAX	262144	/* bytes of headers that a lister looks at */

struct block {
	struct block	*next;
	size_t		 size, used;
	char		 data[];
};

struct queue_message_memory {
	struct block	*first, *now;
	size_t		 bytes;		/* of all blocks */
	size_t		 rcpt_room, entry_room, told_room;
	size_t		*seen;		/* open hash of entries: index + 1 */
	size_t		 seen_size;	/* a power of two */
	struct buf	 scratch, headers;
	struct queue_message_rcpt pending; /* O, o, n before their R */
};

static char nothing[] = "";

/* ---- memory ---- */

void
queue_message_init(struct queue_message *m)
{
	memset(m, 0, sizeof(*m));
	m->memory = xcalloc(1, sizeof(*m->memory));
	buf_init(&m->memory->scratch);
	buf_init(&m->memory->headers);
}

void
queue_message_reader_done(struct queue_message_reader *r)
{
	queue_file_close(r->file);
	queue_log_close(r->log);
	memset(r, 0, sizeof(*r));
}

void
queue_message_done(struct queue_message *m)
{
	struct block *b, *next;

	for (b = m->memory->first; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	buf_done(&m->memory->scratch);
	buf_done(&m->memory->headers);
	free(m->memory->seen);
	free(m->memory);
	free(m->rcpts);
	free(m->entries);
	free(m->told);
	memset(m, 0, sizeof(*m));
}

static char *
room(struct queue_message *m, size_t len)
{
	struct queue_message_memory *mem = m->memory;
	struct block *b = mem->now;
	size_t size;
	char *p;

	while (b != NULL && b->size - b->used < len) {
		b = b->next;
		if (b != NULL)
			b->used = 0;
	}
	if (b == NULL) {
		size = len > BLOCK ? len : BLOCK;
		b = xmalloc(sizeof(*b) + size);
		b->size = size;
		b->used = 0;
		b->next = NULL;
		mem->bytes += size;
		if (mem->now == NULL) {
			mem->first = b;
		} else {
			b->next = mem->now->next;
			mem->now->next = b;
		}
	}
	mem->now = b;
	p = b->data + b->used;
	b->used += len;
	return p;
}

static const char *
keep_len(struct queue_message *m, const char *text, size_t len)
{
	char *p;

	if (len == 0)
		return nothing;
	p = room(m, len + 1);
	memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

static const char *
keep(struct queue_message *m, const char *text)
{
	return keep_len(m, text, strlen(text));
}

/* The external form, safe to show; the text itself when it is plain already. */
static const char *
keep_shown(struct queue_message *m, const char *address)
{
	struct buf *shown = &m->memory->scratch;

	buf_reset(shown);
	address_quote(shown, address);
	text_make_printable(shown->ptr, shown->len, params.smtputf8_enable);
	return strcmp(shown->ptr, address) == 0 ? address :
	    keep_len(m, shown->ptr, shown->len);
}

/* One giant must not cost its memory for the rest of a listing. */
static void
shrink(struct queue_message *m)
{
	struct queue_message_memory *mem = m->memory;
	struct block *b;

	while (mem->bytes > BLOCKS_KEPT && (b = mem->first) != NULL) {
		mem->first = b->next;
		mem->bytes -= b->size;
		free(b);
	}
	if (mem->rcpt_room > ROOM_KEPT) {
		free(m->rcpts);
		m->rcpts = NULL;
		mem->rcpt_room = 0;
	}
	if (mem->entry_room > ROOM_KEPT) {
		free(m->entries);
		m->entries = NULL;
		mem->entry_room = 0;
	}
	if (mem->headers.size > BLOCKS_KEPT)
		buf_done(&mem->headers);
}

static void
forget(struct queue_message *m)
{
	struct queue_message_memory *mem = m->memory;
	struct queue_message_rcpt *rcpts;
	struct queue_message_entry *entries;
	struct queue_message_told *told = m->told;
	struct queue_message_reader *reader = m->reader;

	shrink(m);
	rcpts = m->rcpts;
	entries = m->entries;
	if (mem->seen_size > SEEN_KEPT) {	/* one very large log before */
		free(mem->seen);
		mem->seen = NULL;
		mem->seen_size = 0;
	} else if (m->entry_count > FEW) {
		memset(mem->seen, 0, mem->seen_size * sizeof(*mem->seen));
	}
	memset(m, 0, sizeof(*m));
	m->memory = mem;
	m->rcpts = rcpts;
	m->entries = entries;
	m->told = told;
	m->reader = reader;
	mem->now = mem->first;
	if (mem->now != NULL)
		mem->now->used = 0;
	buf_reset(&mem->headers);
	m->sender = m->sender_shown = m->fullname = m->filter = m->redirect =
	    m->verp = m->envid = m->encoding = m->client_name =
	    m->client_addr = m->helo = m->proto = m->origin = m->sasl_user =
	    m->sasl_method = m->sasl_sender = m->context = m->submitter =
	    m->headers = m->path = m->attachments = m->body =
	    m->fingerprint = nothing;
}

/* ---- the defer log ---- */

static size_t
hash(const char *text)
{
	size_t h = 14695981039346656037u;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h;
}

static void
see_entry(struct queue_message *m, size_t index)
{
	struct queue_message_memory *mem = m->memory;
	size_t i;

	for (i = hash(m->entries[index].shown) & (mem->seen_size - 1);
	    mem->seen[i] != 0; i = (i + 1) & (mem->seen_size - 1))
		if (strcmp(m->entries[mem->seen[i] - 1].shown,
		    m->entries[index].shown) == 0)
			break;
	mem->seen[i] = index + 1;	/* the last entry of a recipient holds */
}

static void
index_entries(struct queue_message *m)
{
	struct queue_message_memory *mem = m->memory;
	size_t i, size = mem->seen_size > 0 ? mem->seen_size : 64;

	while (size < 2 * m->entry_count)
		size *= 2;
	if (size != mem->seen_size) {
		free(mem->seen);
		mem->seen = xcalloc(size, sizeof(*mem->seen));
		mem->seen_size = size;
	}
	for (i = 0; i < m->entry_count; i++)
		see_entry(m, i);
}

static const struct queue_message_entry *
find_entry(const struct queue_message *m, const char *shown)
{
	const struct queue_message_memory *mem = m->memory;
	size_t i;

	if (m->entry_count <= FEW) {
		for (i = m->entry_count; i > 0; i--)
			if (strcmp(m->entries[i - 1].shown, shown) == 0)
				return &m->entries[i - 1];
		return NULL;
	}
	for (i = hash(shown) & (mem->seen_size - 1); mem->seen[i] != 0;
	    i = (i + 1) & (mem->seen_size - 1))
		if (strcmp(m->entries[mem->seen[i] - 1].shown, shown) == 0)
			return &m->entries[mem->seen[i] - 1];
	return NULL;
}

bool
queue_message_was_logged(const struct queue_message *m, const char *shown)
{
	return find_entry(m, shown) != NULL;
}

/* In the trash the log of a message stands beside it (queue_trash.h). */
static const char *
log_path(struct queue_message *m)
{
	struct buf *path = &m->memory->scratch;

	if (strcmp(m->queue, "trash") == 0)
		buf_setf(path, "%s.defer", m->path);
	else
		queue_path(path, "defer", m->id);
	return path->ptr;
}

static void
read_log(struct queue_message *m)
{
	struct queue_message_memory *mem = m->memory;
	struct queue_message_entry *e;
	struct queue_log_entry from;
	struct queue_log *own = NULL;
	struct queue_log **ql = m->reader != NULL ? &m->reader->log : &own;

	m->has |= QUEUE_MESSAGE_REASONS;
	if (queue_log_reopen(ql, log_path(m), NULL) == -1) {
		queue_log_close(own);
		return;
	}
	while (queue_log_next(*ql, &from) == 1) {
		if (m->entry_count == mem->entry_room) {
			mem->entry_room = mem->entry_room * 2 + 8;
			m->entries = xreallocarray(m->entries,
			    mem->entry_room, sizeof(*m->entries));
		}
		e = &m->entries[m->entry_count++];
		e->shown = keep(m, from.rcpt.address);
		/* Most recipients of one message wait for the same reason. */
		e->reason = m->entry_count > 1 &&
		    strcmp(e[-1].reason, from.dsn.reason) == 0 ?
		    e[-1].reason : keep(m, from.dsn.reason);
		e->dsn = keep(m, from.dsn.status);
		e->action = keep(m, from.dsn.action);
		e->mta = keep(m, from.dsn.mta_name);
	}
	queue_log_close(own);
	if (m->entry_count > FEW)
		index_entries(m);
}

static void
join_log(struct queue_message *m)
{
	const struct queue_message_entry *e;
	size_t i;

	for (i = 0; i < m->rcpt_count; i++) {
		e = find_entry(m, m->rcpts[i].shown);
		if (e == NULL)
			continue;
		m->rcpts[i].reason = e->reason;
		m->rcpts[i].dsn = e->dsn;
		m->rcpts[i].mta = e->mta;
	}
}

/* ---- the queue file ---- */

static void
note(struct queue_message *m, const char *fmt, const char *text)
{
	struct buf line = BUF_INIT;

	if (m->note == NULL) {
		buf_addf(&line, "%s: ", m->id);
		buf_adds(&line, fmt);
		buf_adds(&line, text);
		m->note = keep(m, line.ptr);
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

void
queue_message_tell_sender(struct queue_message *m, const char *sender)
{
	m->has_sender = true;
	m->sender = keep(m, sender);
	m->sender_shown = sender[0] == '\0' ?
	    params.empty_address_recipient : keep_shown(m, m->sender);
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
		m->memory->pending.dsn_orcpt = keep(m, rest);
		return;
	case QUEUE_REC_DSN_NOTIFY:
		m->memory->pending.dsn_notify = (unsigned)atoi(rest);
		return;
	case QUEUE_REC_DSN_ENVID:
		m->envid = keep(m, rest);
		return;
	case QUEUE_REC_CTIME:
		take_created(m, rest);
		return;
	}
	if (text_is(name, "trace_flags")) {
		m->trace_flags = atoi(rest);
		return;
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (text_is(name, texts[i].name)) {
			*(const char **)((char *)m + texts[i].member) =
			    keep(m, rest);
			return;
		}
}

static void
take_rcpt(struct queue_message *m, const char *value, off_t offset)
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
	r->address = keep(m, value);
	r->shown = value[0] == '\0' ? params.empty_address_recipient :
	    keep_shown(m, r->address);
	if (r->orig == NULL)
		r->orig = r->address;
	if (r->dsn_orcpt == NULL)
		r->dsn_orcpt = nothing;
	r->reason = r->dsn = r->mta = nothing;
	r->offset = offset;
}

static void
drop_pending(struct queue_message *m)
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

	if ((want & QUEUE_MESSAGE_HEADERS) && read_headers(m, qf, err) == -1)
		return -1;
	if (m->data_size > 0 && !__builtin_add_overflow(start,
	    (off_t)m->data_size, &behind) && behind > queue_file_tell(qf))
		return queue_file_seek(qf, behind, err);
	return 0;
}

static int
read_envelope(struct queue_message *m, struct queue_file *qf, unsigned want,
    struct err *err)
{
	struct queue_message_rcpt *pending = &m->memory->pending;
	const char *value;
	size_t len;
	int type, got;
	bool in_content = false;

	m->has |= QUEUE_MESSAGE_ENVELOPE;
	drop_pending(m);
	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1) {
		switch (type) {
		case QUEUE_REC_SIZE:
			take_size(m, value);
			break;
		case QUEUE_REC_TIME:
			take_time(m, value);
			break;
		case QUEUE_REC_CTIME:
			take_created(m, value);
			break;
		case QUEUE_REC_FROM:
			take_sender(m, value);
			break;
		case QUEUE_REC_ATTR:
			take_attribute(m, value);
			break;
		case QUEUE_REC_FULL:
			m->fullname = keep(m, value);
			break;
		case QUEUE_REC_FILTER:
			if (!in_content)
				m->filter = keep(m, value);
			break;
		case QUEUE_REC_REDIRECT:
			m->redirect = keep(m, value);
			break;
		case QUEUE_REC_VERP:
			m->verp = keep(m, value);
			break;
		case QUEUE_REC_WARN:
			m->warn_at = (time_t)strtoll(value, NULL, 10);
			break;
		case QUEUE_REC_DSN_ENVID:
			m->envid = keep(m, value);
			break;
		case QUEUE_REC_ORCPT:
			pending->orig = keep(m, value);
			break;
		case QUEUE_REC_DSN_ORCPT:
			pending->dsn_orcpt = keep(m, value);
			break;
		case QUEUE_REC_DSN_NOTIFY:
			pending->dsn_notify = (unsigned)atoi(value);
			break;
		case QUEUE_REC_RCPT:
			take_rcpt(m, value, queue_file_offset(qf));
			drop_pending(m);
			break;
		case QUEUE_REC_DONE:
		case QUEUE_REC_CANCELED:
			m->done_count++;
			drop_pending(m);
			break;
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

static void
fill_defaults(struct queue_message *m)
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

static void
set_entry(struct queue_message *m, const struct stat *st)
{
	m->st = *st;
	m->is_expired = (st->st_mode & S_IXGRP) != 0;
	m->has |= QUEUE_MESSAGE_ENTRY;
}

static int
read_entry(struct queue_message *m, struct err *err)
{
	struct stat st;

	m->has |= QUEUE_MESSAGE_ENTRY;
	if (lstat(m->path, &st) == 0) {
		set_entry(m, &st);
		return 1;
	}
	m->is_gone = errno == ENOENT;
	m->is_damaged = !m->is_gone;
	return m->is_gone ? 0 : err_sys(err, "%s", m->path);
}

static int
read_file(struct queue_message *m, unsigned want, struct err *err)
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
	set_entry(m, queue_file_stat(qf));
	if ((m->has & QUEUE_MESSAGE_ENVELOPE) == 0) {
		m->size = -1;
		rc = read_envelope(m, qf, want, err);
		fill_defaults(m);
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

static void
begin(struct queue_message *m, const char *queue, const char *id,
    const char *path)
{
	struct buf *built = &m->memory->scratch;

	forget(m);
	m->queue = queue;
	m->id = keep(m, id);
	if (path == NULL) {
		queue_path(built, queue, id);
		path = built->ptr;
	}
	m->path = keep(m, path);
}

void
queue_message_begin(struct queue_message *m, const char *queue,
    const char *id, const char *path, const struct stat *st)
{
	begin(m, queue, id, path);
	if (st != NULL)
		set_entry(m, st);
	else if (m->path[0] != '\0')
		read_entry(m, NULL);
}

void
queue_message_meet(struct queue_message *m, const char *queue,
    const char *id, const char *path, ino_t inode)
{
	begin(m, queue, id, path);
	m->st.st_ino = inode;
}

int
queue_message_want(struct queue_message *m, unsigned want, struct err *err)
{
	unsigned from_file;
	int rc = 1;

	want &= ~m->has;
	if (want == 0)
		return m->is_gone ? 0 : 1;
	if (m->is_told && want == QUEUE_MESSAGE_ENTRY)
		return 1;
	if (m->is_told)
		return err_set(err, ERR_DENIED,
		    "%s: needs direct access to the queue", m->id);
	if (want == QUEUE_MESSAGE_ENTRY)
		return m->is_gone ? 0 : read_entry(m, err);
	if (queue_message_is_arriving(m)) {
		m->has |= want;
		m->size = -1;
		fill_defaults(m);
		return m->is_gone ? 0 : 1;
	}
	want &= ~(unsigned)QUEUE_MESSAGE_ENTRY;	/* opening it tells */
	if (want & QUEUE_MESSAGE_BODY)
		want |= QUEUE_MESSAGE_PARTS & ~m->has;
	if (want & ~(unsigned)QUEUE_MESSAGE_ENVELOPE)
		want |= QUEUE_MESSAGE_ENVELOPE & ~m->has;
	from_file = want & (QUEUE_MESSAGE_ENVELOPE | QUEUE_MESSAGE_HEADERS);
	if (from_file != 0)
		rc = read_file(m, from_file, err);
	if ((want & QUEUE_MESSAGE_REASONS) && !m->is_gone) {
		read_log(m);
		join_log(m);
	}
	if ((want & (QUEUE_MESSAGE_PARTS | QUEUE_MESSAGE_BODY)) != 0 &&
	    !m->is_gone && !m->is_damaged)
		queue_message_read_content(m, want);
	m->has |= want;
	return rc;
}

bool
queue_message_is_arriving(struct queue_message *m)
{
	return m->may_arrive && !m->is_told &&
	    queue_message_want(m, QUEUE_MESSAGE_ENTRY, NULL) == 1 &&
	    (m->st.st_mode & S_IRWXU) != S_IRWXU;
}

bool
queue_message_is_ready(struct queue_message *m)
{
	if (queue_message_want(m, QUEUE_MESSAGE_ENTRY, NULL) != 1)
		return false;
	return m->is_told || (S_ISREG(m->st.st_mode) &&
	    (m->st.st_mode & S_IRWXU) == S_IRWXU);
}

int
queue_message_read(struct queue_message *m, const char *queue, const char *id,
    unsigned want, struct err *err)
{
	if (!queue_name_is_valid(queue) || !queue_id_is_valid(id)) {
		forget(m);
		m->queue = queue;
		m->id = keep(m, id);
		m->is_gone = true;
		return 0;
	}
	begin(m, queue, id, NULL);
	return queue_message_want(m, want, err);
}

struct queue_message_rcpt *
queue_message_tell(struct queue_message *m, const char *address,
    const char *reason)
{
	struct queue_message_rcpt *r;

	drop_pending(m);
	take_rcpt(m, address, -1);
	r = &m->rcpts[m->rcpt_count - 1];
	r->reason = reason[0] == '\0' ? nothing : keep(m, reason);
	return r;
}

void
queue_message_tell_shown(struct queue_message *m, const char *sender,
    const char *rcpt, const char *reason)
{
	struct buf internal = BUF_INIT;

	if (sender != NULL && strcmp(sender,
	    params.empty_address_recipient) != 0)
		address_unquote(&internal, sender);
	else if (sender == NULL)
		address_unquote(&internal, rcpt);
	if (sender != NULL)
		queue_message_tell_sender(m, internal.ptr);
	else
		queue_message_tell(m, internal.ptr, reason);
	buf_done(&internal);
}

void
queue_message_tell_value(struct queue_message *m,
    const struct queue_message_told *value)
{
	struct queue_message_memory *mem = m->memory;
	struct queue_message_told *t;

	if (m->told_count == mem->told_room) {
		mem->told_room = mem->told_room * 2 + 8;
		m->told = xreallocarray(m->told, mem->told_room,
		    sizeof(*m->told));
	}
	t = &m->told[m->told_count++];
	*t = *value;
	if (t->text != NULL)
		t->text = keep(m, t->text);
}

size_t
queue_message_bytes(const struct queue_message *m)
{
	const struct queue_message_memory *mem = m->memory;

	return mem->bytes + mem->rcpt_room * sizeof(*m->rcpts) +
	    mem->entry_room * sizeof(*m->entries) + mem->headers.size;
}

const char *
queue_message_keep(struct queue_message *m, const char *text)
{
	return keep(m, text);
}

const char *
queue_message_keep_len(struct queue_message *m, const char *text, size_t len)
{
	return keep_len(m, text, len);
}
