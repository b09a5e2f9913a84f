/*
 * queue_archive.c - files in a ustar archive (POSIX.1, pax), strictly
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_archive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/sha256.h"

#define BLOCK		512
#define PIECE		65536
#define SIZE_MAX_OCTAL	077777777777LL	/* 11 digits */

struct header {
	char	name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char	sum[8], type, linkname[100], magic[6], version[2];
	char	uname[32], gname[32], devmajor[8], devminor[8], prefix[155];
	char	pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a ustar header is a block");

static const char zeros[2 * BLOCK];

static void
put_sum(struct sha256 *s, char out[QUEUE_ARCHIVE_SUM])
{
	unsigned char bytes[SHA256_BYTES];
	size_t i;

	sha256_end(s, bytes);
	for (i = 0; i < SHA256_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Sum of the header's bytes, those of the sum itself taken as blanks. */
static unsigned
header_sum(const struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	const size_t from = offsetof(struct header, sum);
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= from && i < from + sizeof(h->sum) ? ' ' : bytes[i];
	return sum;
}

static size_t
padding(off_t size)
{
	return (size_t)((BLOCK - size % BLOCK) % BLOCK);
}

/* ---- writing ---- */

static int
put_header(int fd, const char *name, off_t size, time_t mtime,
    struct err *err)
{
	struct header h;

	if (strlen(name) >= sizeof(h.name))
		return err_set(err, ERR_LIMIT, "%s: the name is too long for "
		    "an archive", name);
	if (size > SIZE_MAX_OCTAL)
		return err_set(err, ERR_LIMIT, "%s: is too large for an "
		    "archive", name);
	if (mtime < 0 || mtime > SIZE_MAX_OCTAL)
		mtime = 0;
	memset(&h, 0, sizeof(h));
	memcpy(h.name, name, strlen(name));
	memcpy(h.mode, "0000600", 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	snprintf(h.size, sizeof(h.size), "%011llo", (long long)size);
	snprintf(h.mtime, sizeof(h.mtime), "%011llo", (long long)mtime);
	h.type = '0';
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	snprintf(h.sum, sizeof(h.sum) - 1, "%06o", header_sum(&h));
	h.sum[7] = ' ';
	return file_write_all(fd, &h, sizeof(h)) == 0 ? 0 :
	    err_sys(err, "write");
}

int
queue_archive_put(int fd, const char *name, int from, off_t size,
    time_t mtime, char sum[QUEUE_ARCHIVE_SUM], struct err *err)
{
	struct queue_archive_member all = { .at = 0, .size = size };

	snprintf(all.name, sizeof(all.name), "%s", name);
	if (put_header(fd, name, size, mtime, err) == -1 ||
	    queue_archive_copy(from, &all, fd, sum, err) == -1)
		return -1;
	return file_write_all(fd, zeros, padding(size)) == 0 ? 0 :
	    err_sys(err, "write");
}

int
queue_archive_put_text(int fd, const char *name, const char *data,
    size_t len, time_t mtime, struct err *err)
{
	if (put_header(fd, name, (off_t)len, mtime, err) == -1)
		return -1;
	if (file_write_all(fd, data, len) == -1 ||
	    file_write_all(fd, zeros, padding((off_t)len)) == -1)
		return err_sys(err, "write");
	return 0;
}

int
queue_archive_end(int fd, struct err *err)
{
	if (file_write_all(fd, zeros, sizeof(zeros)) == -1 || fsync(fd) == -1)
		return err_sys(err, "write");
	return 0;
}

/* ---- reading ---- */

struct index {
	int		 fd;
	const char	*name;
	off_t		 at, end;
	struct queue_archive_member *members;
	size_t		 count, size;
};

static int
bad(const struct index *ix, struct err *err, const char *why)
{
	return err_set(err, ERR_SYNTAX, "%s: offset %lld: %s", ix->name,
	    (long long)ix->at, why);
}

static ssize_t
read_at(int fd, void *data, size_t len, off_t at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)data + done, len - done,
		    at + (off_t)done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Octal digits, ended by a blank, a NUL or the field's end; -1: something else. */
static long long
octal(const char *field, size_t len)
{
	long long n = 0;
	size_t i;

	for (i = 0; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		n = n * 8 + (field[i] - '0');
	if (i == 0)
		return -1;
	for (; i < len; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return -1;
	return n;
}

/* What stands behind the last member: zeros, whole blocks, at least two. */
static int
check_end(struct index *ix, struct err *err)
{
	char piece[PIECE];
	off_t start = ix->at;
	ssize_t n, i;

	while ((n = read_at(ix->fd, piece, sizeof(piece), ix->at)) > 0) {
		for (i = 0; i < n; i++)
			if (piece[i] != '\0')
				return bad(ix, err, "something stands behind "
				    "the end");
		ix->at += n;
	}
	if (n == -1)
		return err_sys(err, "read %s", ix->name);
	if (ix->at - start < 2 * BLOCK || (ix->at - start) % BLOCK != 0)
		return bad(ix, err, "the archive is cut");
	return 0;
}

static const char *
judge_header(const struct header *h, long long *size)
{
	if (octal(h->sum, sizeof(h->sum)) != (long long)header_sum(h))
		return "wrong checksum of a header";
	if (memcmp(h->magic, "ustar", 6) != 0 ||
	    memcmp(h->version, "00", 2) != 0)
		return "no ustar header";
	if (h->type != '0')
		return h->type == '1' || h->type == '2' ? "a link" :
		    h->type == '5' ? "a directory" : "no plain file";
	if (h->prefix[0] != '\0' || h->linkname[0] != '\0' ||
	    memchr(h->name, '/', sizeof(h->name)) != NULL)
		return "a name with a directory";
	if (h->name[0] == '\0' || h->name[0] == '.')
		return "a bad name";
	if ((*size = octal(h->size, sizeof(h->size))) == -1)
		return "a bad size";
	return NULL;
}

/* One more member; 1, 0 at the end, -1. */
static int
index_one(struct index *ix, struct err *err)
{
	struct queue_archive_member *m;
	struct header h;
	long long size = 0;
	const char *why;
	ssize_t n = read_at(ix->fd, &h, sizeof(h), ix->at);

	if (n == -1)
		return err_sys(err, "read %s", ix->name);
	if (n < (ssize_t)sizeof(h))
		return bad(ix, err, "the archive is cut");
	if (memcmp(&h, zeros, sizeof(h)) == 0)
		return check_end(ix, err);
	if ((why = judge_header(&h, &size)) != NULL)
		return bad(ix, err, why);
	if (size > ix->end - ix->at - BLOCK)
		return bad(ix, err, "the archive is cut, or a size is wrong");
	if (ix->count == ix->size) {
		ix->size = ix->size > 0 ? 2 * ix->size : 64;
		ix->members = xreallocarray(ix->members, ix->size,
		    sizeof(*ix->members));
	}
	m = &ix->members[ix->count++];
	memset(m, 0, sizeof(*m));
	memcpy(m->name, h.name, sizeof(h.name));
	m->at = ix->at + BLOCK;
	m->size = size;
	ix->at = m->at + size + (off_t)padding(size);
	return 1;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct queue_archive_member *)a)->name,
	    ((const struct queue_archive_member *)b)->name);
}

static int
check_twins(const struct index *ix, struct err *err)
{
	size_t i;

	for (i = 1; i < ix->count; i++)
		if (by_name(&ix->members[i - 1], &ix->members[i]) == 0)
			return err_set(err, ERR_SYNTAX, "%s: %s: is there "
			    "twice", ix->name, ix->members[i].name);
	return 0;
}

int
queue_archive_index(int fd, const char *name,
    struct queue_archive_member **members, size_t *count, struct err *err)
{
	struct index ix = { .fd = fd, .name = name };
	struct stat st;
	int rc;

	*members = NULL;
	*count = 0;
	if (fstat(fd, &st) == -1)
		return err_sys(err, "fstat %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_SYNTAX, "%s: is no regular file",
		    name);
	ix.end = st.st_size;
	while ((rc = index_one(&ix, err)) == 1)
		;
	if (rc == 0 && ix.count > 1)
		qsort(ix.members, ix.count, sizeof(*ix.members), by_name);
	if (rc == 0)
		rc = check_twins(&ix, err);
	if (rc == -1) {
		free(ix.members);
		return -1;
	}
	*members = ix.members;
	*count = ix.count;
	return 0;
}

const struct queue_archive_member *
queue_archive_find(const struct queue_archive_member *members, size_t count,
    const char *name)
{
	struct queue_archive_member key;

	if (count == 0 || strlen(name) >= sizeof(key.name))
		return NULL;
	snprintf(key.name, sizeof(key.name), "%s", name);
	return bsearch(&key, members, count, sizeof(*members), by_name);
}

int
queue_archive_copy(int fd, const struct queue_archive_member *m, int to,
    char sum[QUEUE_ARCHIVE_SUM], struct err *err)
{
	char piece[PIECE];
	struct sha256 s;
	off_t done = 0;
	ssize_t n;

	sha256_init(&s);
	for (; done < m->size; done += n) {
		n = read_at(fd, piece, m->size - done < (off_t)sizeof(piece) ?
		    (size_t)(m->size - done) : sizeof(piece), m->at + done);
		if (n == -1)
			return err_sys(err, "read %s", m->name);
		if (n == 0)
			return err_set(err, ERR_SYNTAX, "%s: is shorter than "
			    "it was", m->name);
		sha256_add(&s, piece, (size_t)n);
		if (to != -1 && file_write_all(to, piece, (size_t)n) == -1)
			return err_sys(err, "write %s", m->name);
	}
	put_sum(&s, sum);
	return 0;
}
