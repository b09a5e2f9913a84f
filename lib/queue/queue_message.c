/*
 * queue_message.c - what a lister needs to know of a message
 *
 * Strings live in an arena of blocks that do not move and are used again for
 * the next message, so that a listing of a hundred thousand messages allocates
 * as little as one of ten. Here are that memory and the order in which things
 * are read; queue_message_read.c reads the queue file, _log.c the defer log,
 * _content.c what is in the message.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_message.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message_internal.h"

#define BLOCK		4096
#define BLOCKS_KEPT	(64 * 1024)	/* bytes of arena that are worth keeping */
#define ROOM_KEPT	1024	/* recipients, log entries */

struct block {
	struct block	*next;
	size_t		 size, used;
	char		 data[];
};

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

const char *
queue_message_keep_len(struct queue_message *m, const char *text, size_t len)
{
	char *p;

	if (len == 0)
		return "";
	p = room(m, len + 1);
	memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

const char *
queue_message_keep(struct queue_message *m, const char *text)
{
	return queue_message_keep_len(m, text, strlen(text));
}

const char *
queue_message_keep_shown(struct queue_message *m, const char *address)
{
	struct buf *shown = &m->memory->scratch;

	buf_reset(shown);
	address_quote(shown, address);
	text_make_printable(shown->ptr, shown->len, params.smtputf8_enable);
	return strcmp(shown->ptr, address) == 0 ? address :
	    queue_message_keep_len(m, shown->ptr, shown->len);
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
	if (mem->told_room > ROOM_KEPT) {
		free(m->told);
		m->told = NULL;
		mem->told_room = 0;
	}
	if (mem->headers.size > BLOCKS_KEPT)
		buf_done(&mem->headers);
	if (mem->scratch.size > BLOCKS_KEPT)
		buf_done(&mem->scratch);
}

static void
forget(struct queue_message *m)
{
	struct queue_message_memory *mem = m->memory;
	struct queue_message_rcpt *rcpts;
	struct queue_message_entry *entries;
	struct queue_message_told *told;
	struct queue_message_reader *reader = m->reader;

	shrink(m);
	rcpts = m->rcpts;
	entries = m->entries;
	told = m->told;
	queue_message_forget_log(m);
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
	    m->fingerprint = "";
}

static void
begin(struct queue_message *m, const char *queue, const char *id,
    const char *path)
{
	struct buf *built = &m->memory->scratch;

	forget(m);
	m->queue = queue;
	m->id = queue_message_keep(m, id);
	if (path == NULL) {
		queue_path(built, queue, id);
		path = built->ptr;
	}
	m->path = queue_message_keep(m, path);
}

void
queue_message_begin(struct queue_message *m, const char *queue,
    const char *id, const char *path, const struct stat *st)
{
	begin(m, queue, id, path);
	if (st != NULL)
		queue_message_set_entry(m, st);
	else if (m->path[0] != '\0')
		queue_message_read_entry(m, NULL);
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
		return m->is_gone ? 0 : queue_message_read_entry(m, err);
	if (queue_message_is_arriving(m)) {
		m->has |= want;
		m->size = -1;
		queue_message_fill_defaults(m);
		return m->is_gone ? 0 : 1;
	}
	want &= ~(unsigned)QUEUE_MESSAGE_ENTRY;	/* opening it tells */
	if (want & QUEUE_MESSAGE_BODY)
		want |= QUEUE_MESSAGE_PARTS & ~m->has;
	if (want & ~(unsigned)QUEUE_MESSAGE_ENVELOPE)
		want |= QUEUE_MESSAGE_ENVELOPE & ~m->has;
	from_file = want & (QUEUE_MESSAGE_ENVELOPE | QUEUE_MESSAGE_HEADERS);
	if (from_file != 0)
		rc = queue_message_read_file(m, from_file, err);
	if ((want & QUEUE_MESSAGE_REASONS) && !m->is_gone) {
		queue_message_read_log(m);
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
		m->id = queue_message_keep(m, id);
		m->is_gone = true;
		return 0;
	}
	begin(m, queue, id, NULL);
	return queue_message_want(m, want, err);
}

/* ---- told ---- */

void
queue_message_tell_sender(struct queue_message *m, const char *sender)
{
	m->has_sender = true;
	m->sender = queue_message_keep(m, sender);
	m->sender_shown = sender[0] == '\0' ?
	    params.empty_address_recipient : queue_message_keep_shown(m, m->sender);
}

struct queue_message_rcpt *
queue_message_tell(struct queue_message *m, const char *address,
    const char *reason)
{
	struct queue_message_rcpt *r;

	queue_message_drop_pending(m);
	queue_message_add_rcpt(m, address, -1);
	r = &m->rcpts[m->rcpt_count - 1];
	r->reason = reason[0] == '\0' ? "" : queue_message_keep(m, reason);
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
		t->text = queue_message_keep(m, t->text);
}

size_t
queue_message_bytes(const struct queue_message *m)
{
	const struct queue_message_memory *mem = m->memory;

	return mem->bytes + mem->rcpt_room * sizeof(*m->rcpts) +
	    mem->entry_room * sizeof(*m->entries) + mem->headers.size;
}
