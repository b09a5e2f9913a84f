/*
 * queue_imported.c - which archives were imported here: $data_directory/imports.jsonl
 *
 *	{"v": 1, "event": "begin", "archive": ID, "time": T, "host": NAME,
 *	 "messages": [{"id": ID, "new_id": ID}, ...]}
 *	{"v": 1, "event": "end", "archive": ID, "time": T}
 *
 * Begun and not ended: the import was interrupted, and can be completed with
 * the names that the first line tells.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_imported.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_manifest.h"

#define NAME		"imports.jsonl"
#define BYTES_MAX	(1024 * 1024 * 1024)

struct record {
	int		 fd;
	const char	*archive;	/* name of its file */
	struct queue_manifest *m;
	bool		 was_begun;
};

static void
record_path(struct buf *out)
{
	buf_setf(out, "%s/" NAME, params.data_directory);
}

static const char *
text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL ? text : "";
}

/* A line about our archive: begun, or ended? */
static int
judge_line(struct record *r, const json_t *line, struct err *err)
{
	const json_t *pairs = json_object_get(line, "messages"), *pair;
	struct queue_manifest_entry *e;
	size_t i;

	if (strcmp(text_of(line, "archive"), r->m->archive) != 0)
		return 0;
	if (strcmp(text_of(line, "event"), "end") == 0)
		return err_set(err, ERR_DENIED, "%s: this archive was imported "
		    "here before", r->archive);
	r->was_begun = true;
	for (i = 0; i < json_array_size(pairs); i++) {
		pair = json_array_get(pairs, i);
		e = queue_manifest_message(r->m, text_of(pair, "id"));
		if (e == NULL || !queue_id_is_valid(text_of(pair, "new_id")))
			return err_set(err, ERR_SYNTAX, "%s/" NAME ": does not "
			    "fit the archive", params.data_directory);
		free(e->new_id);
		e->new_id = xstrdup(text_of(pair, "new_id"));
	}
	return 0;
}

/* What a killed writer left at the end was never acted upon. */
static int
read_lines(struct record *r, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	size_t at = 0, number = 0, len;
	const char *end;
	json_t *line;
	int rc;

	rc = file_read_fd(r->fd, &text, BYTES_MAX, err);
	while (rc == 0 && at < text.len) {
		number++;
		end = memchr(text.ptr + at, '\n', text.len - at);
		if (end == NULL) {
			if (ftruncate(r->fd, (off_t)at) == -1)
				rc = err_sys(err, "%s", path);
			break;
		}
		len = (size_t)(end - text.ptr) - at;
		line = json_loadb(text.ptr + at, len, 0, NULL);
		rc = json_is_object(line) ? judge_line(r, line, err) :
		    err_set(err, ERR_SYNTAX, "%s:%zu: is damaged", path,
		    number);
		json_decref(line);
		at += len + 1;
	}
	buf_done(&text);
	return rc;
}

int
queue_imported_open(const char *archive, struct queue_manifest *m, bool *was_begun,
    struct err *err)
{
	struct record r = { .archive = archive, .m = m };
	struct buf path = BUF_INIT;

	record_path(&path);
	r.fd = open(path.ptr, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (r.fd == -1) {
		err_sys(err, "open %s", path.ptr);
	} else if (file_lock(r.fd, LOCK_EX) == -1) {
		err_sys(err, "lock %s", path.ptr);
		close(r.fd);
		r.fd = -1;
	} else if (read_lines(&r, path.ptr, err) == -1) {
		close(r.fd);
		r.fd = -1;
	}
	*was_begun = r.was_begun;
	buf_done(&path);
	return r.fd;
}

static void
put_line(struct buf *line, const char *event, const struct queue_manifest *m)
{
	size_t i;

	buf_addf(line, "{\"v\": 1, \"event\": \"%s\", \"archive\": \"%s\", "
	    "\"time\": %lld", event, m->archive, (long long)clock_now());
	if (strcmp(event, "begin") == 0) {
		buf_adds(line, ", ");
		json_member(line, "host", m->host);
		buf_adds(line, ", \"messages\": [");
		for (i = 0; i < m->messages; i++)
			buf_addf(line, "%s{\"id\": \"%s\", \"new_id\": "
			    "\"%s\"}", i > 0 ? ", " : "", m->entries[i].id,
			    m->entries[i].new_id);
		buf_addc(line, ']');
	}
	buf_adds(line, "}\n");
}

int
queue_imported_add(int fd, const char *event, const struct queue_manifest *m,
    struct err *err)
{
	struct buf line = BUF_INIT, path = BUF_INIT;
	struct stat st = { .st_size = 0 };
	int rc = 0;

	put_line(&line, event, m);
	record_path(&path);
	/* What is not there for sure must not be found later. */
	if (fstat(fd, &st) == -1)
		rc = err_sys(err, "fstat %s", path.ptr);
	else if (file_write_all(fd, line.ptr, line.len) == -1 ||
	    fsync(fd) == -1)
		rc = err_sys(err, "write %s", path.ptr);
	else
		rc = file_sync_parent(path.ptr, err);
	if (rc == -1 && st.st_nlink > 0 && ftruncate(fd, st.st_size) == -1)
		err_prefix(err, "half a line is left: ");
	buf_done(&line);
	buf_done(&path);
	return rc;
}

/* A killed writer's end of a line tells nothing. */
static bool
names_archive(const char *text, size_t len, const char *archive)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	bool is_so = strcmp(text_of(line, "archive"), archive) == 0;

	json_decref(line);
	return is_so;
}

int
queue_imported_was(const char *archive, struct err *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	const char *at, *end;
	int fd, was = 0;

	record_path(&path);
	fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 && errno != ENOENT)
		was = err_sys(err, "open %s", path.ptr);
	if (fd != -1) {
		was = file_read_fd(fd, &text, BYTES_MAX, err);
		close(fd);
	}
	for (at = text.ptr; was == 0 && text.len > 0 && (end = memchr(at,
	    '\n', text.len - (size_t)(at - text.ptr))) != NULL; at = end + 1)
		was = names_archive(at, (size_t)(end - at), archive);
	buf_done(&path);
	buf_done(&text);
	return was;
}
