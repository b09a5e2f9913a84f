/*
 * pack.c - read and write streams that may be compressed
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/pack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define PIECE		65536
#define ZSTD_LEVEL	3
#define GZIP_WINDOW	(15 + 16)	/* zlib: the largest window, gzip's header */

enum packing { PLAIN, GZIP, ZSTD };

struct unpack {
	int		 fd;
	enum packing	 how;
	unsigned char	 in[PIECE];
	size_t		 at, have;
	bool		 is_at_end;	/* of the file */
	bool		 is_between;	/* nothing of a frame is open */
	z_stream	 z;
	ZSTD_DStream	*zstd;
};

struct pack {
	int		 fd;
	enum packing	 how;
	z_stream	 z;
	ZSTD_CStream	*zstd;
};

/* ---- reading ---- */

/* More of the file; 0, or -1 with errno. */
static int
fill(struct unpack *u)
{
	ssize_t n;

	if (u->at > 0)
		memmove(u->in, u->in + u->at, u->have - u->at);
	u->have -= u->at;
	u->at = 0;
	while ((n = read(u->fd, u->in + u->have, PIECE - u->have)) == -1 &&
	    errno == EINTR)
		;
	if (n == -1)
		return -1;
	u->is_at_end = n == 0;
	u->have += (size_t)n;
	return 0;
}

struct unpack *
unpack_new(int fd, const char *name, struct err *err)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b };
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	struct unpack *u = xcalloc(1, sizeof(*u));

	u->fd = fd;
	u->is_between = true;
	while (u->have < sizeof(zstd) && !u->is_at_end)
		if (fill(u) == -1) {
			err_sys(err, "%s: read", name);
			free(u);
			return NULL;
		}
	if (u->have >= sizeof(zstd) && memcmp(u->in, zstd, sizeof(zstd)) ==
	    0) {
		u->how = ZSTD;
		if ((u->zstd = ZSTD_createDStream()) == NULL)
			log_fatal("zstd: out of memory");
	} else if (u->have >= sizeof(gzip) && memcmp(u->in, gzip,
	    sizeof(gzip)) == 0) {
		u->how = GZIP;
		if (inflateInit2(&u->z, GZIP_WINDOW) != Z_OK)
			log_fatal("zlib: out of memory");
	}
	return u;
}

/* Both return the bytes made of what is there, or -1 with errno. */
static ssize_t
read_gzip(struct unpack *u, void *data, size_t len)
{
	int rc;

	u->z.next_in = u->in + u->at;
	u->z.avail_in = (uInt)(u->have - u->at);
	u->z.next_out = data;
	u->z.avail_out = (uInt)len;
	rc = inflate(&u->z, Z_NO_FLUSH);
	u->at = u->have - u->z.avail_in;
	u->is_between = rc == Z_STREAM_END;
	if (rc == Z_STREAM_END)		/* another member may follow */
		rc = inflateReset(&u->z);
	if (rc != Z_OK && rc != Z_BUF_ERROR) {
		errno = EBADMSG;
		return -1;
	}
	return (ssize_t)(len - u->z.avail_out);
}

static ssize_t
read_zstd(struct unpack *u, void *data, size_t len)
{
	ZSTD_inBuffer in = { u->in, u->have, u->at };
	ZSTD_outBuffer out = { data, len, 0 };
	size_t rc = ZSTD_decompressStream(u->zstd, &out, &in);

	u->at = in.pos;
	u->is_between = rc == 0;
	if (ZSTD_isError(rc)) {
		errno = EBADMSG;
		return -1;
	}
	return (ssize_t)out.pos;
}

static ssize_t
read_plain(struct unpack *u, void *data, size_t len)
{
	size_t n = u->have - u->at < len ? u->have - u->at : len;

	memcpy(data, u->in + u->at, n);
	u->at += n;
	return (ssize_t)n;
}

ssize_t
unpack_read(void *from, void *data, size_t len)
{
	struct unpack *u = from;
	ssize_t n;

	if (len > PIECE)
		len = PIECE;
	for (;;) {
		if (u->at == u->have && !u->is_at_end && fill(u) == -1)
			return -1;
		if (u->at == u->have && u->is_at_end && u->is_between)
			return 0;
		n = u->how == GZIP ? read_gzip(u, data, len) :
		    u->how == ZSTD ? read_zstd(u, data, len) :
		    read_plain(u, data, len);
		if (n != 0)
			return n;
		if (u->at == u->have && u->is_at_end && !u->is_between) {
			errno = EBADMSG;	/* cut off */
			return -1;
		}
	}
}

void
unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	if (u->how == GZIP)
		inflateEnd(&u->z);
	ZSTD_freeDStream(u->zstd);
	free(u);
}

/* ---- writing ---- */

static bool
ends_with(const char *name, const char *end)
{
	size_t have = strlen(name), want = strlen(end);

	return have > want && strcmp(name + have - want, end) == 0;
}

struct pack *
pack_new(int fd, const char *name)
{
	struct pack *p = xcalloc(1, sizeof(*p));

	p->fd = fd;
	if (ends_with(name, ".gz")) {
		p->how = GZIP;
		if (deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
		    GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
			log_fatal("zlib: out of memory");
	} else if (ends_with(name, ".zst")) {
		p->how = ZSTD;
		if ((p->zstd = ZSTD_createCStream()) == NULL)
			log_fatal("zstd: out of memory");
		ZSTD_initCStream(p->zstd, ZSTD_LEVEL);
	}
	return p;
}

static int
write_gzip(struct pack *p, const void *data, size_t len, int flush)
{
	unsigned char out[PIECE];

	p->z.next_in = (unsigned char *)(uintptr_t)data;
	p->z.avail_in = (uInt)len;
	do {
		p->z.next_out = out;
		p->z.avail_out = sizeof(out);
		deflate(&p->z, flush);
		if (file_write_all(p->fd, out, sizeof(out) -
		    p->z.avail_out) == -1)
			return -1;
	} while (p->z.avail_out == 0);
	return 0;
}

static int
write_zstd(struct pack *p, const void *data, size_t len,
    ZSTD_EndDirective end)
{
	char room[PIECE];
	ZSTD_inBuffer in = { data, len, 0 };
	ZSTD_outBuffer out;
	size_t left;

	do {
		out = (ZSTD_outBuffer){ room, sizeof(room), 0 };
		left = ZSTD_compressStream2(p->zstd, &out, &in, end);
		if (ZSTD_isError(left)) {
			errno = ENOMEM;
			return -1;
		}
		if (file_write_all(p->fd, room, out.pos) == -1)
			return -1;
	} while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

int
pack_write(struct pack *p, const void *data, size_t len)
{
	const char *at = data;
	size_t n;
	int rc = 0;

	for (; rc == 0 && len > 0; at += n, len -= n) {
		n = len < (1u << 30) ? len : 1u << 30;
		rc = p->how == GZIP ? write_gzip(p, at, n, Z_NO_FLUSH) :
		    p->how == ZSTD ? write_zstd(p, at, n, ZSTD_e_continue) :
		    file_write_all(p->fd, at, n);
	}
	return rc;
}

int
pack_finish(struct pack *p)
{
	int rc = p->how == GZIP ? write_gzip(p, "", 0, Z_FINISH) :
	    p->how == ZSTD ? write_zstd(p, "", 0, ZSTD_e_end) : 0;
	int why = errno;

	if (p->how == GZIP)
		deflateEnd(&p->z);
	ZSTD_freeCStream(p->zstd);
	free(p);
	errno = why;
	return rc;
}
