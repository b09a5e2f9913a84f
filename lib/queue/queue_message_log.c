/*
 * queue_message_log.c - what the defer log says of a message's recipients
 *
 * Entries are found by recipient, as stored: by looking at each where they are
 * few, else through an open hash.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_message.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message_internal.h"

#define FEW		8	/* log entries: looking at each is faster than hashing */
#define SEEN_KEPT	4096	/* slots of the hash that are worth keeping */

void
queue_message_forget_log(struct queue_message *m)
{
	struct queue_message_memory *mem = m->memory;

	if (mem->seen_size > SEEN_KEPT) {	/* one very large log before */
		free(mem->seen);
		mem->seen = NULL;
		mem->seen_size = 0;
	} else if (m->entry_count > FEW) {
		memset(mem->seen, 0, mem->seen_size * sizeof(*mem->seen));
	}
}

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

enum queue_reason_class
queue_message_class(struct queue_message *m, size_t rcpt)
{
	struct queue_message_rcpt *r = &m->rcpts[rcpt];

	/* A reason that is the neighbour's is kept once. */
	if (r->class_known == 0 && rcpt > 0 && r[-1].class_known != 0 &&
	    r->reason == r[-1].reason && strcmp(r->dsn, r[-1].dsn) == 0)
		r->class_known = r[-1].class_known;
	if (r->class_known == 0)
		r->class_known = (unsigned char)(queue_reason_classify(
		    r->reason, r->dsn, NULL) + 1);
	return (enum queue_reason_class)(r->class_known - 1);
}

void
queue_message_read_log(struct queue_message *m)
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
		e->shown = queue_message_keep(m, from.rcpt.address);
		/* Most recipients of one message wait for the same reason. */
		e->reason = m->entry_count > 1 &&
		    strcmp(e[-1].reason, from.dsn.reason) == 0 ?
		    e[-1].reason : queue_message_keep(m, from.dsn.reason);
		e->dsn = queue_message_keep(m, from.dsn.status);
		e->action = queue_message_keep(m, from.dsn.action);
		e->mta = queue_message_keep(m, from.dsn.mta_name);
	}
	queue_log_close(own);
	if (m->entry_count > FEW)
		index_entries(m);
	join_log(m);
}
