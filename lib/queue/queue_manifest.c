/*
 * queue_manifest.c - what an archive of queue files says of them
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_manifest.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"

#define NAME		"manifest.jsonl"
#define FORMAT		"posthorn-queue"
#define BYTES_MAX	(1024 * 1024 * 1024)

void
queue_manifest_member(struct buf *out, const char *id, const char *log)
{
	buf_setf(out, "%s%s%s", id, log[0] != '\0' ? "." : "", log);
}

/* ---- writing ---- */

void
queue_manifest_put_head(struct buf *out, const char *archive, time_t now,
    const char *host, size_t messages)
{
	buf_addf(out, "{\"v\": 1, \"format\": \"" FORMAT "\", "
	    "\"archive\": \"%s\", \"time\": %lld, ", archive,
	    (long long)now);
	json_member(out, "host", host);
	buf_addf(out, ", \"messages\": %zu}\n", messages);
}

void
queue_manifest_put_file(struct buf *out, const char *id, const char *log,
    const char *queue, const struct stat *st, time_t mtime, const char *sum)
{
	buf_addc(out, '{');
	json_member(out, "id", id);
	buf_addf(out, ", \"log\": \"%s\", \"queue\": \"%s\", "
	    "\"mode\": %u, \"mtime\": %lld, \"size\": %lld, "
	    "\"sha256\": \"%s\"}\n", log, queue,
	    (unsigned)(st->st_mode & 07777), (long long)mtime,
	    (long long)st->st_size, sum);
}

int
queue_manifest_end(int fd, const struct buf *lines, time_t now,
    struct err *err)
{
	if (queue_archive_put_text(fd, NAME, lines->ptr, lines->len, now,
	    err) == -1)
		return -1;
	return queue_archive_end(fd, err);
}

/* ---- reading ---- */

struct reader {
	int		 fd;
	const char	*name;		/* of the archive */
	size_t		 members;
	struct queue_manifest *m;
};

static int
bad(const struct reader *r, struct err *err, const char *file,
    const char *why)
{
	return err_set(err, ERR_SYNTAX, "%s: %.300s: %s", r->name, file, why);
}

static const char *
text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL ? text : "";
}

static int64_t
int_of(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

static const char *
known_log(const char *name)
{
	size_t i;

	if (name[0] == '\0')
		return "";
	for (i = 0; queue_logs[i] != NULL; i++)
		if (strcmp(queue_logs[i], name) == 0)
			return queue_logs[i];
	return NULL;
}

static int
read_head(const struct reader *r, const json_t *line, struct err *err)
{
	const char *id = text_of(line, "archive");

	if (strcmp(text_of(line, "format"), FORMAT) != 0 ||
	    int_of(line, "v") != 1)
		return bad(r, err, NAME, "is of a format that is not known");
	if (strlen(id) != QUEUE_MANIFEST_ID - 1 ||
	    strspn(id, "0123456789abcdef") != QUEUE_MANIFEST_ID - 1)
		return bad(r, err, NAME, "has no archive ID");
	memcpy(r->m->archive, id, QUEUE_MANIFEST_ID);
	r->m->host = xstrdup(text_of(line, "host"));
	return 0;
}

static int
read_entry(const struct reader *r, const json_t *line, struct err *err)
{
	struct queue_manifest *m = r->m;
	const char *id = text_of(line, "id");
	const char *log = known_log(text_of(line, "log"));
	struct queue_manifest_entry e = { .log = log,
	    .mode = (mode_t)int_of(line, "mode"),
	    .mtime = (time_t)int_of(line, "mtime") };
	struct buf name = BUF_INIT;
	uint64_t inode;
	int rc = 0;

	if (!queue_id_is_valid(id) || !queue_id_inode(id, &inode) ||
	    log == NULL)
		return bad(r, err, NAME,
		    "names what is neither message nor log");
	queue_manifest_member(&name, id, log);
	e.member = queue_archive_find(m->members, r->members, name.ptr);
	if (e.member == NULL)
		rc = bad(r, err, name.ptr, "is in the manifest alone");
	else if (e.member->size != (off_t)int_of(line, "size"))
		rc = bad(r, err, name.ptr, "is not as large as it should be");
	snprintf(e.sum, sizeof(e.sum), "%s", text_of(line, "sha256"));
	if (rc == 0) {
		e.id = xstrdup(id);
		m->entries = xreallocarray(m->entries, m->count + 1,
		    sizeof(e));
		m->entries[m->count++] = e;
		m->messages += log[0] == '\0';
	}
	buf_done(&name);
	return rc;
}

static int
read_line(const struct reader *r, const char *text, size_t len,
    struct err *err)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	int rc;

	if (!json_is_object(line))
		rc = bad(r, err, NAME, "is damaged");
	else if (r->m->host == NULL)
		rc = read_head(r, line, err);
	else
		rc = read_entry(r, line, err);
	json_decref(line);
	return rc;
}

static int
read_lines(const struct reader *r, struct err *err)
{
	const struct queue_archive_member *own = queue_archive_find(
	    r->m->members, r->members, NAME);
	const char *at, *end, *next;
	char *text;
	int rc = 0;

	if (own == NULL)
		return bad(r, err, NAME, "is missing");
	if (own->size > BYTES_MAX)
		return bad(r, err, NAME, "is too large");
	text = xmalloc((size_t)own->size + 1);
	if (pread(r->fd, text, (size_t)own->size, own->at) !=
	    (ssize_t)own->size)
		rc = bad(r, err, NAME, "cannot be read");
	end = text + own->size;
	for (at = text; rc == 0 && at < end; at = next) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (next == NULL) {
			rc = bad(r, err, NAME, "is cut");
			break;
		}
		rc = read_line(r, at, (size_t)(next - at), err);
		next++;
	}
	free(text);
	if (rc == 0 && r->m->host == NULL)
		rc = bad(r, err, NAME, "is empty");
	return rc;
}

/* Messages in front of logs; twins together. */
static int
by_kind(const void *a, const void *b)
{
	const struct queue_manifest_entry *one = a, *other = b;
	int order = (one->log[0] != '\0') - (other->log[0] != '\0');

	if (order == 0)
		order = strcmp(one->id, other->id);
	return order != 0 ? order : strcmp(one->log, other->log);
}

struct queue_manifest_entry *
queue_manifest_message(const struct queue_manifest *m, const char *id)
{
	struct queue_manifest_entry key = { .id = (char *)(uintptr_t)id,
	    .log = "" };

	return bsearch(&key, m->entries, m->messages, sizeof(key), by_kind);
}

/* Everything listed once, all of it listed, and each as its sum says. */
static int
check_entries(const struct reader *r, struct err *err)
{
	char sum[QUEUE_ARCHIVE_SUM];
	struct queue_manifest *m = r->m;
	struct queue_manifest_entry *e;
	size_t i;

	if (m->count == 0)
		return bad(r, err, NAME, "names no message");
	qsort(m->entries, m->count, sizeof(*m->entries), by_kind);
	for (i = 0; i < m->count; i++) {
		e = &m->entries[i];
		if (i > 0 && by_kind(e - 1, e) == 0)
			return bad(r, err, e->member->name,
			    "is in the manifest twice");
		if (queue_manifest_message(m, e->id) == NULL)
			return bad(r, err, e->member->name,
			    "is the log of no message");
		if (queue_archive_copy(r->fd, e->member, -1, sum, err) == -1)
			return -1;
		if (strcmp(sum, e->sum) != 0)
			return bad(r, err, e->member->name,
			    "has another checksum than the manifest says");
	}
	if (m->count + 1 != r->members)
		return bad(r, err, NAME,
		    "does not name all files that are there");
	return 0;
}

int
queue_manifest_read(int fd, const char *name, struct queue_manifest *m,
    struct err *err)
{
	struct reader r = { .fd = fd, .name = name, .m = m };

	memset(m, 0, sizeof(*m));
	if (queue_archive_index(fd, name, &m->members, &r.members, err) == -1)
		return -1;
	return read_lines(&r, err) == -1 ? -1 : check_entries(&r, err);
}

void
queue_manifest_done(struct queue_manifest *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		free(m->entries[i].id);
		free(m->entries[i].new_id);
	}
	free(m->entries);
	free(m->members);
	free(m->host);
	memset(m, 0, sizeof(*m));
}
