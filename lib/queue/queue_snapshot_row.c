/*
 * queue_snapshot_row.c - a message as a row of a snapshot, and the reverse
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_snapshot_internal.h"

static uint8_t
queue_number(const char *name)
{
	uint8_t i;

	for (i = 0; i < QUEUE_COUNT; i++)
		if (strcmp(queue_snapshot_queues[i], name) == 0)
			return i;
	return QUEUE_CORRUPT;
}

/* Domains are told apart without regard to letter case. */
static intern_ref
take_domain(struct queue_snapshot *s, const char *address)
{
	const char *domain = address_domain(address);

	if (domain == NULL || domain[0] == '\0')
		return 0;
	buf_reset(&s->scratch);
	text_fold(&s->scratch, domain);
	return intern_add(s->texts, s->scratch.ptr);
}

static intern_ref
take_facts(struct queue_snapshot *s, const struct queue_message *m)
{
	const char *const facts[QUEUE_FACT_COUNT] = { m->client_name,
	    m->client_addr, m->helo, m->proto, m->sasl_user, m->sasl_method,
	    m->sasl_sender, m->filter, m->redirect, m->verp, m->envid,
	    m->encoding, m->fullname };
	size_t i;

	buf_reset(&s->scratch);
	for (i = 0; i < QUEUE_FACT_COUNT; i++)
		buf_add(&s->scratch, facts[i], strlen(facts[i]) + 1);
	while (s->scratch.len > 0 &&
	    s->scratch.ptr[s->scratch.len - 1] == '\0')
		s->scratch.len--;
	return intern_add_len(s->texts, s->scratch.ptr, s->scratch.len);
}

static void
take_rcpts(struct queue_snapshot *s, struct queue_row *row,
    const struct queue_message *m)
{
	struct queue_row_rcpt *to;
	const struct queue_message_rcpt *from;
	size_t i;

	row->rcpt_count = (uint32_t)m->rcpt_count;
	if (m->rcpt_count > 1) {
		row->rcpts.many = xreallocarray(NULL, m->rcpt_count,
		    sizeof(*row->rcpts.many));
		s->rcpt_bytes += m->rcpt_count * sizeof(*row->rcpts.many);
	}
	to = m->rcpt_count > 1 ? row->rcpts.many : &row->rcpts.one;
	for (i = 0; i < m->rcpt_count; i++, to++) {
		from = &m->rcpts[i];
		to->address = intern_add(s->texts, from->address);
		to->orig = strcmp(from->orig, from->address) == 0 ? 0 :
		    intern_add(s->texts, from->orig);
		to->domain = take_domain(s, from->address);
		to->notify = from->dsn_notify;
		to->reason = queue_snapshot_take_reason(s, from->reason, from->dsn,
		    from->mta);
	}
}

void
queue_snapshot_empty_row(struct queue_snapshot *s, struct queue_row *row)
{
	struct queue_row_rcpt *r = row->rcpt_count > 1 ? row->rcpts.many :
	    &row->rcpts.one;
	uint32_t i;

	for (i = 0; i < row->rcpt_count; i++) {
		intern_drop(s->texts, r[i].address);
		intern_drop(s->texts, r[i].orig);
		intern_drop(s->texts, r[i].domain);
		queue_snapshot_drop_reason(s, r[i].reason);
	}
	if (row->rcpt_count > 1) {
		s->rcpt_bytes -= row->rcpt_count * sizeof(*r);
		free(r);
	}
	intern_drop(s->texts, row->id);
	intern_drop(s->texts, row->dir);
	intern_drop(s->texts, row->sender);
	intern_drop(s->texts, row->sender_domain);
	intern_drop(s->texts, row->facts);
}

static intern_ref
take_dir(struct queue_snapshot *s, const struct queue_message *m)
{
	const char *slash = strrchr(m->path, '/');

	return slash == NULL ? 0 : intern_add_len(s->texts, m->path,
	    (size_t)(slash - m->path));
}

void
queue_snapshot_fill_row(struct queue_snapshot *s, struct queue_row *row,
    const struct queue_message *m)
{
	row->inode = m->is_told ? 0 : m->st.st_ino;
	row->dev = m->is_told ? 0 : m->st.st_dev;
	row->mode = m->is_told && m->is_expired ? S_IXGRP : m->st.st_mode;
	row->bytes = m->st.st_size;
	row->mtime = m->st.st_mtime;
	row->arrival = m->arrival.tv_sec;
	row->arrival_us = (uint32_t)m->arrival.tv_usec;
	row->created_after = m->created > m->arrival.tv_sec ?
	    (uint32_t)(m->created - m->arrival.tv_sec) : 0;
	row->size = m->size;
	row->done_count = (uint32_t)m->done_count;
	row->data_offset = m->data_offset > 0 && m->data_offset < UINT32_MAX ?
	    (uint32_t)m->data_offset : 0;
	row->sendopts = (uint16_t)m->sendopts;
	row->trace_flags = (uint16_t)m->trace_flags;
	row->is_told = m->is_told;
	row->is_snapshot = m->is_snapshot;
	row->is_damaged = m->is_damaged;
	row->is_arriving = !m->is_told && (m->st.st_mode & S_IRWXU) != S_IRWXU;
	row->queue = queue_number(m->queue);
	row->id = intern_add(s->texts, m->id);
	row->dir = take_dir(s, m);
	row->sender = m->sender == NULL ? 0 : intern_add(s->texts, m->sender);
	row->sender_domain = m->sender == NULL ? 0 : take_domain(s, m->sender);
	row->facts = take_facts(s, m);
	take_rcpts(s, row, m);
	row->changed = s->version;
	row->round = s->round;
}

const struct queue_row_rcpt *
queue_snapshot_rcpts(const struct queue_row *row)
{
	return row->rcpt_count > 1 ? row->rcpts.many : &row->rcpts.one;
}

const char *
queue_snapshot_fact(const struct queue_snapshot *s,
    const struct queue_row *row, enum queue_fact fact)
{
	const char *p = intern_text(s->texts, row->facts);
	const char *end = p + intern_len(s->texts, row->facts);
	int i;

	for (i = 0; i < (int)fact && p < end; i++)
		p += strlen(p) + 1;
	return p < end ? p : "";
}

void
queue_snapshot_message(const struct queue_snapshot *s,
    const struct queue_row *row, struct queue_message *m)
{
	const char **const facts[QUEUE_FACT_COUNT] = { &m->client_name,
	    &m->client_addr, &m->helo, &m->proto, &m->sasl_user,
	    &m->sasl_method, &m->sasl_sender, &m->filter, &m->redirect,
	    &m->verp, &m->envid, &m->encoding, &m->fullname };
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	const struct queue_row_reason *reason;
	struct queue_message_rcpt *to;
	struct stat st = { .st_ino = row->inode, .st_dev = row->dev,
	    .st_mode = row->mode, .st_size = row->bytes,
	    .st_mtime = row->mtime };
	struct buf path = BUF_INIT;
	uint32_t i;

	if (row->dir != 0)
		buf_addf(&path, "%s/%s", intern_text(s->texts, row->dir),
		    intern_text(s->texts, row->id));
	queue_message_begin(m, queue_snapshot_queues[row->queue],
	    intern_text(s->texts, row->id), path.ptr, &st);
	buf_done(&path);
	m->is_told = row->is_told;
	m->is_snapshot = row->is_snapshot;
	m->is_damaged = row->is_damaged;
	m->may_arrive = row->is_arriving;
	m->is_expired = (row->mode & S_IXGRP) != 0;
	m->is_tagged = row->is_tagged;
	m->has |= QUEUE_MESSAGE_ENTRY | QUEUE_MESSAGE_ENVELOPE |
	    QUEUE_MESSAGE_REASONS;
	m->has_sender = true;
	m->sender = m->sender_shown = queue_message_keep(m,
	    intern_text(s->texts, row->sender));
	m->arrival.tv_sec = row->arrival;
	m->arrival.tv_usec = row->arrival_us;
	m->created = row->arrival + row->created_after;
	m->size = (long)row->size;
	m->data_offset = row->data_offset;
	m->sendopts = row->sendopts;
	m->trace_flags = row->trace_flags;
	m->done_count = row->done_count;
	for (i = 0; i < QUEUE_FACT_COUNT; i++)
		*facts[i] = queue_message_keep(m, queue_snapshot_fact(s, row,
		    (enum queue_fact)i));
	for (i = 0; i < row->rcpt_count; i++) {
		reason = queue_snapshot_reason(s, &r[i]);
		queue_message_tell(m, intern_text(s->texts, r[i].address),
		    intern_text(s->texts, reason->text));
		to = &m->rcpts[i];
		to->dsn_notify = r[i].notify;
		m->was_logged |= reason->text != 0;
		if (r[i].orig != 0)
			to->orig = queue_message_keep(m,
			    intern_text(s->texts, r[i].orig));
		to->dsn = queue_message_keep(m, intern_text(s->texts,
		    reason->dsn));
		to->mta = queue_message_keep(m, intern_text(s->texts,
		    reason->mta));
	}
}
