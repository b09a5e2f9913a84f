/*
 * queue_file.c - read one queue file record by record
 *
 * The reader keeps one window of the file in memory and hands out views into
 * it. A record that does not fit moves the window to its start; only a record
 * longer than the window makes it grow, and never beyond what the file really
 * holds. The byte behind a value is replaced by NUL while the caller looks at
 * it and put back with the next call.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

#define WINDOW_FIRST	16384	/* an envelope and most messages */
#define WINDOW_NEXT	65536	/* going through content */
#define REVERSE_JUMPS_MAX 10000	/* pointer loops (3.5) */

struct queue_file {
	int		 fd;		/* -1: resting */
	struct buf	 name;
	enum queue_file_mode mode;
	bool		 is_seekable;
	off_t		 size;		/* regular files; else -1 */
	struct stat	 st;

	char		*window;	/* room + 1 bytes */
	size_t		 room, have;
	off_t		 start;		/* file offset of window[0] */
	bool		 is_at_eof;	/* nothing exists behind the window */

	off_t		 at;		/* of the record just read */
	off_t		 next;		/* of the one to come */
	char		*patched;	/* where a NUL covers a byte, or NULL */
	char		 covered;
	off_t		 last_jump;
	unsigned	 reverse_jumps;
};

/* ---- reading ---- */

static struct queue_file *
reader_new(void)
{
	struct queue_file *qf = xcalloc(1, sizeof(*qf));

	qf->fd = -1;
	buf_init(&qf->name);
	return qf;
}

/* Begin with a file, in the memory that there is. */
static void
begin(struct queue_file *qf, int fd, const char *name,
    enum queue_file_mode mode, const struct stat *st)
{
	struct buf kept = qf->name;
	char *window = qf->window;
	size_t room = qf->room;

	memset(qf, 0, sizeof(*qf));
	qf->name = kept;
	qf->window = window;
	qf->room = room;
	qf->fd = fd;
	buf_sets(&qf->name, name);
	qf->mode = mode;
	if (st != NULL)
		qf->st = *st;
	qf->size = st != NULL && S_ISREG(st->st_mode) ? st->st_size : -1;
	qf->is_seekable = qf->size != -1 || lseek(fd, 0, SEEK_CUR) != -1;
}

struct queue_file *
queue_file_new(int fd, const char *name, enum queue_file_mode mode)
{
	struct stat st;
	struct queue_file *qf = reader_new();
	off_t here;

	begin(qf, fd, name, mode, fstat(fd, &st) == 0 ? &st : NULL);
	/* An inherited descriptor may stand anywhere; offsets are absolute. */
	if (qf->is_seekable && (here = lseek(fd, 0, SEEK_CUR)) > 0)
		qf->next = qf->start = here;
	return qf;
}

static void
uncover(struct queue_file *qf)
{
	if (qf->patched != NULL)
		*qf->patched = qf->covered;
	qf->patched = NULL;
}

static void
cover(struct queue_file *qf, char *where)
{
	qf->patched = where;
	qf->covered = *where;
	*where = '\0';
}

void
queue_file_close(struct queue_file *qf)
{
	int fd;

	if (qf == NULL)
		return;
	if ((fd = queue_file_take_fd(qf)) != -1)
		close(fd);
}

void
queue_file_rest(struct queue_file *qf)
{
	if (qf != NULL && qf->fd != -1)
		close(qf->fd);
	if (qf != NULL)
		qf->fd = -1;
}

int
queue_file_fd(const struct queue_file *qf)
{
	return qf->fd;
}

int
queue_file_take_fd(struct queue_file *qf)
{
	int fd = qf->fd;

	free(qf->window);
	buf_done(&qf->name);
	free(qf);
	return fd;
}

off_t
queue_file_offset(const struct queue_file *qf)
{
	return qf->at;
}

off_t
queue_file_tell(const struct queue_file *qf)
{
	return qf->next;
}

off_t
queue_file_size(const struct queue_file *qf)
{
	return qf->size;
}

const struct stat *
queue_file_stat(const struct queue_file *qf)
{
	return &qf->st;
}

/*
 * Move the window so that it begins at qf->next and holds as much as the file
 * has, up to want bytes. Returns 0, or -1 with a system error.
 */
static int
fill(struct queue_file *qf, size_t want, struct err *err)
{
	off_t skip = qf->next - qf->start;
	size_t keep;
	ssize_t n;

	keep = skip >= 0 && (uintmax_t)skip < qf->have ?
	    qf->have - (size_t)skip : 0;
	if (want > qf->room) {
		qf->window = xrealloc(qf->window, want + 1);
		qf->room = want;
	}
	if (keep > 0 && skip > 0)
		memmove(qf->window, qf->window + skip, keep);
	qf->have = keep;
	qf->start = qf->next;
	while (qf->have < want) {
		if (qf->size != -1 && qf->start + (off_t)qf->have >= qf->size) {
			qf->is_at_eof = true;
			return 0;
		}
		n = qf->is_seekable ?
		    pread(qf->fd, qf->window + qf->have, want - qf->have,
		    qf->start + (off_t)qf->have) :
		    read(qf->fd, qf->window + qf->have, want - qf->have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "%s: read", qf->name.ptr);
		if (n == 0) {
			qf->is_at_eof = true;
			return 0;
		}
		qf->have += (size_t)n;
		if (!qf->is_seekable)
			return 0;
	}
	return 0;
}

/* Nearly every record lies in the window and has one byte of length. */
static bool
read_short(struct queue_file *qf, int *type, char **value, size_t *len)
{
	size_t at = (size_t)(qf->next - qf->start), n;

	if (qf->next < qf->start || at >= qf->have || qf->have - at < 2)
		return false;
	n = (unsigned char)qf->window[at + 1];
	if (n > 0x7f || qf->have - at - 2 < n)
		return false;
	*type = (unsigned char)qf->window[at];
	*value = qf->window + at + 2;
	*len = n;
	qf->at = qf->next;
	qf->next += (off_t)(n + 2);
	return true;
}

/*
 * Take the record at qf->next from the window, filling it as needed.
 * *value points into the window. Returns as queue_rec_get.
 */
static int
read_record(struct queue_file *qf, int *type, char **value, size_t *len,
    struct err *err)
{
	size_t offset, have, head, need, want;
	int rc;

	if (read_short(qf, type, value, len))
		return 1;
	if (qf->have == 0 && !qf->is_at_eof && fill(qf, qf->size > 0 &&
	    qf->size < WINDOW_FIRST ? (size_t)qf->size : WINDOW_FIRST,
	    err) == -1)
		return -1;
	for (;;) {
		offset = 0;
		have = 0;
		if (qf->next >= qf->start &&
		    qf->next <= qf->start + (off_t)qf->have) {
			offset = (size_t)(qf->next - qf->start);
			have = qf->have - offset;
		}
		need = 0;
		rc = queue_rec_head(qf->window + offset, have,
		    qf->is_at_eof, type, len, &head, err);
		if (rc == -1 || (rc == 0 && qf->is_at_eof))
			return rc;
		if (rc == 1) {
			need = head + *len;
			if (need <= have) {
				*value = qf->window + offset + head;
				qf->at = qf->next;
				qf->next += (off_t)need;
				return 1;
			}
			/* A length that lies must not cost memory. */
			if (qf->is_at_eof || (qf->size != -1 &&
			    need > (uintmax_t)(qf->size - qf->next)))
				return err_set(err, ERR_SYNTAX, "unexpected "
				    "EOF in data, record type %d length %zu",
				    *type, *len);
		}
		want = WINDOW_NEXT;
		if (want < need && (qf->size != -1 || need <= 2 * qf->room))
			want = need;
		else if (want < need)	/* a pipe: as the bytes really come */
			want = 2 * qf->room;
		if (!qf->is_seekable && want <= have)
			want = have + WINDOW_NEXT;
		if (fill(qf, want, err) == -1)
			return -1;
	}
}

/* As after E of a file that is whole; a pipe has no end to go to. */
static int
queue_file_seek_end(struct queue_file *qf, struct err *err)
{
	off_t end;

	if (!qf->is_seekable || (end = lseek(qf->fd, 0, SEEK_END)) == -1) {
		errno = ESPIPE;
		return err_sys(err,
		    "%s: seek error after reading END record", qf->name.ptr);
	}
	return queue_file_seek(qf, end, err);
}

int
queue_file_next(struct queue_file *qf, int *type, const char **value,
    size_t *len, struct err *err)
{
	char *data = NULL;
	int rc;

	for (;;) {
		uncover(qf);
		rc = read_record(qf, type, &data, len, err);
		if (rc == -1 && err != NULL && err->kind != ERR_SYSTEM)
			err_prefix(err, "%s: ", qf->name.ptr);
		if (rc != 1)
			return rc;
		cover(qf, data + *len);
		*value = data;
		if (qf->mode == QUEUE_FILE_PLAIN)
			return 1;
		if (*type == QUEUE_REC_PAD)
			continue;
		if (*type == QUEUE_REC_PTR) {
			if (queue_file_jump(qf, data, err) == -1)
				return -1;
			continue;
		}
		if (*type == QUEUE_REC_END && qf->size != -1)
			qf->next = qf->size;
		else if (*type == QUEUE_REC_END &&
		    queue_file_seek_end(qf, err) == -1)
			return -1;
		return 1;
	}
}

int
queue_file_seek(struct queue_file *qf, off_t at, struct err *err)
{
	if (at < 0)
		return err_set(err, ERR_SYNTAX, "%s: negative offset",
		    qf->name.ptr);
	if (!qf->is_seekable && at != qf->next) {
		errno = ESPIPE;
		return err_sys(err, "seek error");
	}
	uncover(qf);
	if (at < qf->start || at > qf->start + (off_t)qf->have) {
		qf->have = 0;
		qf->start = at;
		qf->is_at_eof = false;
	}
	qf->next = at;
	return 0;
}

int
queue_file_jump(struct queue_file *qf, const char *value, struct err *err)
{
	off_t to = queue_rec_ptr_parse(value, err);

	if (to == -1)
		return err_prefix(err, "%s: ", qf->name.ptr);
	if (to == 0)
		return 0;
	if (to <= qf->last_jump && ++qf->reverse_jumps > REVERSE_JUMPS_MAX)
		return err_set(err, ERR_SYNTAX,
		    "%s: too many reverse jump records", qf->name.ptr);
	qf->last_jump = to;
	return queue_file_seek(qf, to, err);
}

/* ---- opening ---- */

/* The rules of 12.1 on what was found; 1, 0 silently no, -1 no. */
static int
judge(const char *path, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_DENIED, "%s: uid %ld: not a regular "
		    "file", path, (long)st->st_uid);
	if ((st->st_mode & S_IRWXU) != S_IRWXU) {
		err_set(err, ERR_NOT_FOUND, "%s: not ready", path);
		return 0;
	}
	if (st->st_nlink > 1 && clock_now() - st->st_ctime > 60)
		log_warning("%s: uid %ld: file has %ld links", path,
		    (long)st->st_uid, (long)st->st_nlink);
	return 1;
}

static int
valid_names(const char *queue, const char *id, struct err *err)
{
	if (!queue_name_is_valid(queue))
		return err_set(err, ERR_SYNTAX, "bad mail queue name: %.100s",
		    queue);
	if (!queue_id_is_valid(id)) {
		err_set(err, ERR_NOT_FOUND, "bad mail queue ID: %.100s", id);
		return 0;
	}
	return 1;
}

int
queue_file_may_open(const char *queue, const char *id, struct stat *st,
    struct err *err)
{
	struct buf path = BUF_INIT;
	int rc = valid_names(queue, id, err);

	if (rc == 1) {
		queue_path(&path, queue, id);
		if (lstat(path.ptr, st) == 0) {
			rc = judge(path.ptr, st, err);
		} else if (errno == ENOENT) {
			err_set(err, ERR_NOT_FOUND, "%s: no such file",
			    path.ptr);
			rc = 0;
		} else {
			rc = err_sys(err, "%s", path.ptr);
		}
	}
	buf_done(&path);
	return rc;
}

/*
 * Opening first and looking then saves the lstat and leaves no moment between
 * the two; O_NONBLOCK keeps a FIFO from holding us.
 */
static int
open_path(const char *path, int flags, struct stat *st, struct err *err)
{
	int fd;

	fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			return err_set(err, ERR_NOT_FOUND, "%s: no such file",
			    path);
		if (errno == ELOOP || errno == ENXIO || errno == EISDIR)
			return err_set(err, ERR_DENIED,
			    "%s: not a regular file", path);
		return err_sys(err, "%s", path);
	}
	if (fstat(fd, st) == -1) {
		err_sys(err, "%s", path);
	} else if (judge(path, st, err) == 1) {
		return fd;
	}
	close(fd);
	return -1;
}

int
queue_file_reopen(struct queue_file **kept, const char *path,
    enum queue_file_mode mode, struct err *err)
{
	struct stat st;
	int fd;

	if (*kept == NULL)
		*kept = reader_new();
	queue_file_rest(*kept);
	if ((fd = open_path(path, O_RDONLY, &st, err)) == -1)
		return -1;
	if ((*kept)->room > WINDOW_NEXT) {	/* for one giant before */
		free((*kept)->window);
		(*kept)->window = NULL;
		(*kept)->room = 0;
	}
	begin(*kept, fd, path, mode, &st);
	return 0;
}

struct queue_file *
queue_file_open_path(const char *path, enum queue_file_mode mode,
    struct err *err)
{
	struct queue_file *qf = NULL;

	if (queue_file_reopen(&qf, path, mode, err) == 0)
		return qf;
	queue_file_close(qf);
	return NULL;
}

struct queue_file *
queue_file_open(const char *queue, const char *id, enum queue_file_mode mode,
    struct err *err)
{
	struct queue_file *qf;
	struct buf path = BUF_INIT;

	if (valid_names(queue, id, err) != 1)
		return NULL;
	queue_path(&path, queue, id);
	qf = queue_file_open_path(path.ptr, mode, err);
	buf_done(&path);
	return qf;
}

int
queue_file_mark_done(int fd, off_t offset, struct err *err)
{
	char type;
	ssize_t n;

	while ((n = pread(fd, &type, 1, offset)) == -1 && errno == EINTR)
		;
	if (n == -1)
		return err_sys(err, "read at offset %lld", (long long)offset);
	if (n == 0 || type != QUEUE_REC_RCPT)
		return err_set(err, ERR_SYNTAX,
		    "no recipient record at offset %lld", (long long)offset);
	type = QUEUE_REC_DONE;
	if (file_pwrite_all(fd, &type, 1, offset) == -1)
		return err_sys(err, "write at offset %lld", (long long)offset);
	return 0;
}
