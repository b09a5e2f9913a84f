/*
 * index.c - what the indexed types share: paths, building, the NUL convention
 *
 * The temporary file of a build is in index_tmp.c.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/index_tmp.h"

#define STALE_AFTER_S	100	/* spec/tables.md 3.7 */
#define COPY_CHUNK	(1 << 20)
#define NOTE_NAME	"user.posthorn.source"
#define NOTE_MAX	512

char *
index_path(const struct table *t)
{
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s%s", t->name, t->type->suffix);
	return buf_take(&path);
}

/* Read the umask; there is no other way than to set it. */
static mode_t
current_umask(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

/* A symbolic link stays one: what it leads to is replaced. */
static char *
real_index_path(const struct table *t)
{
	char *path = index_path(t), *target;
	struct stat st;

	if (lstat(path, &st) == -1 || !S_ISLNK(st.st_mode) ||
	    (target = realpath(path, NULL)) == NULL)
		return path;
	free(path);
	return target;
}

/* A build of t, whose file is still to be opened. */
static struct index_build *
build_new(const struct table *t, const char *label)
{
	struct index_build *b = xcalloc(1, sizeof(*b));
	struct stat old;

	b->table = t;
	b->label = label;
	b->path = real_index_path(t);
	b->fd = -1;
	b->root_dir = AT_FDCWD;
	b->new_mode = b->mode = 0644 & ~current_umask();
	if (stat(b->path, &old) == 0) {
		b->mode = old.st_mode & 0777;
		b->replaces = true;
	}
	b->pairs = pairs_new();
	return b;
}

struct index_build *
index_build_open(const struct table *t, const char *label, struct err *err)
{
	struct index_build *b = build_new(t, label);
	struct buf tmp = BUF_INIT;

	buf_setf(&tmp, "%s.tmp", b->path);
	b->tmp = buf_take(&tmp);
	if (index_tmp_open(b, t->name, err) == 0)
		return b;
	index_build_close(b);
	return NULL;
}

struct index_build *
index_build_in_place(const struct table *t, const char *label,
    struct err *err)
{
	struct index_build *b = build_new(t, label);

	if ((b->fd = open(b->path, O_RDWR | O_CLOEXEC)) != -1)
		return b;
	err_sys(err, "open database %s", b->path);
	index_build_close(b);
	return NULL;
}

/* A duplicate: text without its NUL, the stored value replaced or not. */
static int
resolve_duplicate(struct table *t, struct index_build *b, struct pair *old,
    const char *key, size_t key_len, const char *value, size_t value_len,
    struct err *err)
{
	int rc;

	rc = table_duplicate(t, b->label, key, key_len, err);
	if (rc == 1)
		pairs_set_value(b->pairs, old, value, value_len);
	return rc == -1 ? -1 : 0;
}

int
index_build_add(struct table *t, struct index_build *b, const char *key,
    size_t key_len, const char *value, size_t value_len, struct err *err)
{
	struct pair *old = pairs_find(b->pairs, key, key_len);

	if (old != NULL)
		return resolve_duplicate(t, b, old, key, key_len, value,
		    value_len, err);
	old = pairs_add(b->pairs, key, key_len, value, value_len);
	old->is_raw = t->tries_0null && !t->tries_1null;
	return 0;
}

/* Put all that fd holds into the temporary file. */
static int
fill(struct index_build *b, int fd, struct err *err)
{
	off_t from = 0;
	ssize_t n;

	while ((n = sendfile(b->fd, fd, &from, COPY_CHUNK)) > 0)
		;
	if (n == 0 && lseek(b->fd, 0, SEEK_SET) == 0)
		return 0;
	return err_sys(err, "write %s", b->tmp);
}

int
index_copy(struct index_build *b, struct err *err)
{
	int fd, rc;

	if ((fd = open(b->path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, "open database %s", b->path);
	}
	rc = fill(b, fd, err);
	close(fd);
	return rc == 0 ? 1 : -1;
}

/* The new file looks like the one it replaces, as if that had been changed in place. */
static int
set_attributes(struct index_build *b, struct err *err)
{
	if (b->replaces && index_tmp_set_owner(b, err) == -1)
		return -1;
	if (fchmod(b->fd, b->mode) == -1)
		return err_sys(err, "change mode of %s", b->tmp);
	return 0;
}

/*
 * A note is only true as long as the index has the time that it had then.
 * Where there are no such attributes an index has no note, and that is all.
 */
void
index_put_note(int fd, const char *note)
{
	struct buf text = BUF_INIT;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return;
	buf_setf(&text, "%lld.%09ld %s", (long long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec, note);
	if (fsetxattr(fd, NOTE_NAME, text.ptr, text.len, 0) == -1)
		log_debug("no note is kept with the index: %s",
		    strerror(errno));
	buf_done(&text);
}

bool
table_noted(const char *path, struct buf *text)
{
	char note[NOTE_MAX + 1], time[48];
	struct stat st;
	ssize_t n;

	if (stat(path, &st) == -1 ||
	    (n = getxattr(path, NOTE_NAME, note, NOTE_MAX)) == -1)
		return false;
	note[n] = '\0';
	snprintf(time, sizeof(time), "%lld.%09ld ",
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (strncmp(note, time, strlen(time)) != 0)
		return false;
	buf_sets(text, note + strlen(time));
	return true;
}

int
table_touch(const char *path, struct err *err)
{
	struct buf note = BUF_INIT;
	bool has_note = table_noted(path, &note);
	int fd = open(path, O_RDWR | O_CLOEXEC), rc;

	if (fd == -1)
		return err_sys(err, "open %s", path);
	if ((rc = futimens(fd, NULL)) == -1)
		err_sys(err, "change the time of %s", path);
	else if (has_note)
		index_put_note(fd, note.ptr);
	close(fd);
	buf_done(&note);
	return rc;
}

int
index_build_commit(struct index_build *b, struct err *err)
{
	if (b->tmp != NULL && set_attributes(b, err) == -1)
		return -1;
	if (b->table->note != NULL)
		index_put_note(b->fd, b->table->note);
	/* The disk is at work while memory is given back. */
	sync_file_range(b->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	pairs_free(b->pairs);
	b->pairs = NULL;
	/* The directory needs no flush: a crash leaves the old file or the new. */
	if (fdatasync(b->fd) == -1)
		return err_sys(err, "flush %s",
		    b->tmp != NULL ? b->tmp : b->path);
	if (b->tmp != NULL && index_tmp_rename(b, err) == -1)
		return -1;
	free(b->tmp);
	b->tmp = NULL;
	return 0;
}

void
index_build_close(struct index_build *b)
{
	if (b == NULL)
		return;
	index_tmp_done(b);
	if (b->fd != -1)
		close(b->fd);
	pairs_free(b->pairs);
	free(b->path);
	free(b->tmp);
	free(b);
}

int
index_open_read(struct table *t, const char *path, struct err *err)
{
	struct stat source;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return err_sys(err, "open database %s", path);
	if (table_watch(t, fd, err) == -1) {
		close(fd);
		return -1;
	}
	if (stat(t->name, &source) == 0 &&
	    source.st_mtime > t->watched.st_mtime &&
	    source.st_mtime < clock_now() - STALE_AFTER_S)
		log_warning("database %s is older than source file %s", path,
		    t->name);
	return fd;
}

void
index_nulls(struct table *t, bool default_1null)
{
	bool any = (t->flags & (TABLE_TRY0NULL | TABLE_TRY1NULL)) != 0;

	if (t->mode == TABLE_READ || t->mode == TABLE_WRITE) {
		t->tries_0null = !any || (t->flags & TABLE_TRY0NULL) != 0;
		t->tries_1null = !any || (t->flags & TABLE_TRY1NULL) != 0;
		return;
	}
	t->tries_1null = any ? (t->flags & TABLE_TRY1NULL) != 0 :
	    default_1null;
	t->tries_0null = !t->tries_1null;
}

void
index_hit(struct table *t, bool with_null)
{
	t->tries_1null = with_null;
	t->tries_0null = !with_null;
}

void
index_value(struct buf *out, const void *data, size_t len)
{
	if (len > 0 && ((const char *)data)[len - 1] == '\0')
		len--;
	buf_set(out, data, len);
}

bool
index_stores_null(const struct table *t, bool default_1null)
{
	if (t->tries_0null && t->tries_1null)
		return default_1null;
	return t->tries_1null;
}
