/*
 * cdb_write.c - write a constant database, record by record
 *
 *	+--------+---------+---------+-...-+---------+---------+-...-+---------+
 *	| header | record  | record  |     | record  | table 0 |     | table 255|
 *	+--------+---------+---------+-...-+---------+---------+-...-+---------+
 *
 * The header has position and slot count of each hash table. A record is two
 * lengths, key and value; a slot is a key's hash and where its record stands.
 * Numbers have 32 bits, low byte first. The library writes all this by the
 * page, which costs more than the rest of a build; here it goes out in large
 * pieces.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/cdb_write.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/file_out.h"
#include "lib/base/mem.h"

#define TABLES		256
#define HEADER_BYTES	(TABLES * 8)
#define SLOTS_MIN	1024

struct slot {
	uint32_t	 hash, position;	/* position 0: free */
};

struct cdb_writer {
	struct file_out	 out;
	struct slot	*slots;		/* of all records, as they come */
	size_t		 count, room;
};

struct cdb_writer *
cdb_writer_new(int fd, const char *path)
{
	struct cdb_writer *w = xcalloc(1, sizeof(*w));

	file_out_init(&w->out, fd, path, HEADER_BYTES);
	return w;
}

void
cdb_writer_free(struct cdb_writer *w)
{
	if (w == NULL)
		return;
	file_out_done(&w->out);
	free(w->slots);
	free(w);
}

static uint32_t
hash_key(const char *key, size_t len, bool null)
{
	uint32_t h = 5381;

	for (; len > 0; len--)
		h = (h + (h << 5)) ^ (unsigned char)*key++;
	return null ? h + (h << 5) : h;
}

/* Bytes and perhaps a NUL, which the caller's may lack. */
static char *
put_bytes(char *to, const char *bytes, size_t len, bool null)
{
	memcpy(to, bytes, len);
	if (null)
		to[len] = '\0';
	return to + len + null;
}

static char *
put_number(char *to, uint32_t n)
{
	n = htole32(n);
	memcpy(to, &n, sizeof(n));
	return to + sizeof(n);
}

int
cdb_writer_add(struct cdb_writer *w, const char *key, size_t key_len,
    const char *value, size_t value_len, bool null, struct err *err)
{
	uint64_t size = 8 + (uint64_t)key_len + value_len + 2 * null;
	char *to;

	/* All of the tables have to fit behind it, too. */
	if (w->out.end + size + (w->count + 1) * 16 > UINT32_MAX)
		return err_set(err, ERR_LIMIT,
		    "write %s: the format has at most 4 GiB", w->out.path);
	if (w->count == w->room) {
		w->room = w->room == 0 ? SLOTS_MIN : w->room * 2;
		w->slots = xreallocarray(w->slots, w->room,
		    sizeof(*w->slots));
	}
	w->slots[w->count].hash = hash_key(key, key_len, null);
	w->slots[w->count++].position = (uint32_t)w->out.end;
	to = file_out_more(&w->out, size);
	to = put_number(to, (uint32_t)key_len + null);
	to = put_number(to, (uint32_t)value_len + null);
	put_bytes(put_bytes(to, key, key_len, null), value, value_len, null);
	return file_out_push(&w->out, err);
}

int
cdb_writer_value(struct cdb_writer *w, size_t i, struct buf *value,
    struct err *err)
{
	uint32_t lengths[2];		/* of key and value */
	off_t at = w->slots[i].position;
	size_t len;

	if (file_out_flush(&w->out, err) == -1)
		return -1;
	buf_reset(value);
	if (file_pread_all(w->out.fd, lengths, sizeof(lengths), at) == 0) {
		len = le32toh(lengths[1]);
		at += (off_t)sizeof(lengths) + le32toh(lengths[0]);
		buf_reserve(value, len);
		if (file_pread_all(w->out.fd, value->ptr, len, at) == 0) {
			value->len = len;
			value->ptr[len] = '\0';
			return 0;
		}
	}
	return err_sys(err, "read %s", w->out.path);
}

int
cdb_writer_restart(struct cdb_writer *w, struct err *err)
{
	int fd = w->out.fd;
	const char *path = w->out.path;

	file_out_done(&w->out);
	file_out_init(&w->out, fd, path, HEADER_BYTES);
	w->count = 0;
	return ftruncate(fd, 0) == 0 ? 0 : err_sys(err, "truncate %s", path);
}

/* One hash table as it is in the file, half full; a taken slot sends on to the next. */
static void
fill_table(struct slot *table, uint32_t size, const struct slot *from,
    size_t count)
{
	uint32_t at;

	for (; count > 0; count--, from++) {
		at = (from->hash >> 8) % size;
		while (table[at].position != 0)
			at = at + 1 < size ? at + 1 : 0;
		table[at].hash = htole32(from->hash);
		table[at].position = htole32(from->position);
	}
}

/* The slots of each table together, otherwise in the order of the pairs. */
static struct slot *
group_slots(const struct slot *slots, size_t count, size_t *ends)
{
	struct slot *grouped = xreallocarray(NULL, count + 1, sizeof(*grouped));
	size_t i, sum = 0, n;

	memset(ends, 0, TABLES * sizeof(*ends));
	for (i = 0; i < count; i++)
		ends[slots[i].hash % TABLES]++;
	for (i = 0; i < TABLES; i++) {
		n = ends[i];
		ends[i] = sum;
		sum += n;
	}
	for (i = 0; i < count; i++)
		grouped[ends[slots[i].hash % TABLES]++] = slots[i];
	return grouped;
}

static int
put_tables(struct cdb_writer *w, char *header, struct err *err)
{
	size_t ends[TABLES], start = 0, i;
	struct slot *grouped = group_slots(w->slots, w->count, ends), *table;
	uint32_t size;
	int rc = 0;

	for (i = 0; i < TABLES && rc == 0; i++) {
		size = (uint32_t)(ends[i] - start) * 2;
		header = put_number(put_number(header, (uint32_t)w->out.end), size);
		table = xcalloc(size + 1, sizeof(*table));
		fill_table(table, size, grouped + start, ends[i] - start);
		memcpy(file_out_more(&w->out, size * sizeof(*table)), table,
		    size * sizeof(*table));
		free(table);
		start = ends[i];
		rc = file_out_push(&w->out, err);
	}
	free(grouped);
	return rc;
}

int
cdb_writer_finish(struct cdb_writer *w, struct err *err)
{
	char header[HEADER_BYTES];

	if (put_tables(w, header, err) == -1 || file_out_flush(&w->out, err) == -1)
		return -1;
	if (file_pwrite_all(w->out.fd, header, sizeof(header), 0) == -1)
		return err_sys(err, "write %s", w->out.path);
	return 0;
}
