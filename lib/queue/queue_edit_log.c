/*
 * queue_edit_log.c - what an edit does to a message's defer, bounce and trace logs
 *
 * Listings take recipients from the defer log, and a bounce service marks
 * recipients done at the offsets in it: so recipients that are not to do any
 * more leave it, and a new file's logs speak of the new file's offsets. Text
 * that is not understood is kept as it is.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"

#define LOG_MAX		(256u << 20)

/* A block of lines between empty lines. */
struct entry {
	const char	*text, *end;
	off_t		 offset;	/* 0: it names none */
	struct buf	 recipient;	/* external form; "" unknown */
};

static bool
next_entry(const char **at, const char *end, struct entry *e)
{
	const char *p = *at, *nl;

	while (p < end && *p == '\n')
		p++;
	if (p >= end)
		return false;
	e->text = p;
	e->offset = 0;
	buf_reset(&e->recipient);
	for (; p < end && *p != '\n'; p = nl < end ? nl + 1 : end) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		if (nl - p > 7 && memcmp(p, "offset=", 7) == 0)
			e->offset = strtoll(p + 7, NULL, 10);
		else if (nl - p > 10 && memcmp(p, "recipient=", 10) == 0)
			buf_set(&e->recipient, p + 10, (size_t)(nl - p - 10));
	}
	*at = e->end = p;
	return true;
}

/* The recipient an entry speaks of, among those that were still to do. */
static const struct edit_rcpt *
find_rcpt(const struct entry *e, const struct edit_decision *d)
{
	return e->offset > 0 ? edit_decision_find(d, e->offset) : NULL;
}

static off_t
new_offset(const struct edit_offsets *offsets, off_t from)
{
	size_t i;

	for (i = 0; i < offsets->count; i++)
		if (offsets->at[i].from == from)
			return offsets->at[i].to;
	return 0;
}

/* One entry, with the offset its recipient has now; 0: without any. */
static void
put_entry(struct buf *out, const struct entry *e, bool has_offsets, off_t to)
{
	const char *p, *nl;

	buf_addc(out, '\n');
	for (p = e->text; p < e->end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(e->end - p))) == NULL)
			nl = e->end;
		if (has_offsets && nl - p > 7 && memcmp(p, "offset=", 7) == 0) {
			if (to > 0)
				buf_addf(out, "offset=%lld\n", (long long)to);
			continue;
		}
		buf_add(out, p, (size_t)(nl - p));
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
}

/*
 * What remains of a log. Only defer entries speak of recipients that are to do
 * and so can go; what the others tell has happened.
 */
static void
filter(const struct buf *in, const char *log, const struct edit_decision *d,
    const struct edit_offsets *offsets, struct buf *out)
{
	const char *at = in->ptr, *end = at + in->len;
	const struct edit_rcpt *r;
	struct entry e = { .recipient = BUF_INIT };

	while (next_entry(&at, end, &e)) {
		r = find_rcpt(&e, d);
		if (strcmp(log, "defer") == 0 && r != NULL &&
		    (r->type != QUEUE_REC_RCPT || r->mapped != NULL))
			continue;
		put_entry(out, &e, offsets != NULL, offsets == NULL ? 0 :
		    new_offset(offsets, e.offset));
	}
	buf_done(&e.recipient);
}

/* 1 with the log's text, 0 when there is none, -1. */
static int
read_log(const char *log, const char *id, struct buf *text, struct err *err)
{
	struct buf path = BUF_INIT;
	int rc = 1;

	queue_path(&path, log, id);
	buf_reset(text);
	if (access(path.ptr, F_OK) == -1 && errno == ENOENT)
		rc = 0;
	else if (file_read(path.ptr, text, LOG_MAX, err) == -1)
		rc = -1;
	buf_done(&path);
	return rc;
}

static int
write_log(const char *log, const char *id, const struct buf *text,
    struct err *err)
{
	struct buf path = BUF_INIT;
	int rc;

	if (text->len == 0)
		return queue_log_remove(log, id, err);
	queue_path(&path, log, id);
	queue_mkdirs(path.ptr);
	rc = file_replace(path.ptr, text->ptr, text->len, 0600, (uid_t)-1,
	    (gid_t)-1, err);
	buf_done(&path);
	return rc;
}

int
edit_logs_rewrite(const char *id, const struct edit_decision *d,
    struct err *err)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	int rc = read_log("defer", id, &before, err);

	if (rc == 1) {
		filter(&before, "defer", d, NULL, &after);
		rc = after.len == before.len ? 0 :
		    write_log("defer", id, &after, err);
	}
	buf_done(&before);
	buf_done(&after);
	return rc;
}

int
edit_logs_copy(const char *old_id, const char *new_id,
    const struct edit_decision *d, const struct edit_offsets *offsets,
    struct err *err)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; queue_logs[i] != NULL && rc == 0; i++) {
		rc = read_log(queue_logs[i], old_id, &before, err);
		if (rc != 1)
			continue;
		buf_reset(&after);
		filter(&before, queue_logs[i], d, offsets, &after);
		rc = write_log(queue_logs[i], new_id, &after, err);
	}
	buf_done(&before);
	buf_done(&after);
	return rc;
}

void
edit_logs_remove(const char *id)
{
	size_t i;

	for (i = 0; queue_logs[i] != NULL; i++)
		queue_log_remove(queue_logs[i], id, NULL);
}
