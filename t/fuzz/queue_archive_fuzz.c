/*
 * queue_archive_fuzz.c - fuzz archives of queue files: what is taken for one
 * has members inside it, each with a name of its own that is no path
 *
 * Headers have a checksum, so it is put right first, and by the second bit of
 * the first byte their magic; even inputs are a whole archive, odd ones the
 * manifest of one that is sound otherwise.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_manifest.h"

#define BLOCK	512
#define SUM_AT	148
#define MAGIC_AT 257

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_fixed(int fd, const uint8_t *data, size_t size, bool has_magic)
{
	uint8_t block[BLOCK];
	unsigned sum;
	size_t i, n;

	for (; size > 0; data += n, size -= n) {
		n = size < BLOCK ? size : BLOCK;
		memcpy(block, data, n);
		if (n == BLOCK && block[0] != 0) {
			if (has_magic)
				memcpy(block + MAGIC_AT, "ustar\00000", 8);
			memset(block + SUM_AT, ' ', 8);
			for (sum = 0, i = 0; i < BLOCK; i++)
				sum += block[i];
			snprintf((char *)block + SUM_AT, 8, "%06o", sum);
		}
		if (file_write_all(fd, block, n) == -1)
			abort();
	}
}

static void
write_manifest(int fd, const uint8_t *data, size_t size)
{
	struct buf lines = BUF_INIT;

	buf_add(&lines, (const char *)data, size);
	if (queue_archive_put_text(fd, "ABCDEF0123", "mail", 4, 0, NULL) ==
	    -1 || queue_archive_put_text(fd, "ABCDEF0123.defer", "", 0, 0,
	    NULL) == -1 || queue_manifest_end(fd, &lines, 0, NULL) == -1)
		abort();
	buf_done(&lines);
}

static void
check_index(int fd)
{
	struct queue_archive_member *m;
	char sum[QUEUE_ARCHIVE_SUM];
	off_t end = lseek(fd, 0, SEEK_END);
	size_t count, i;

	if (queue_archive_index(fd, "a", &m, &count, NULL) == -1)
		return;
	for (i = 0; i < count; i++) {
		if (m[i].at < 0 || m[i].size < 0 || m[i].at + m[i].size > end ||
		    m[i].name[0] == '\0' || m[i].name[0] == '.' ||
		    strchr(m[i].name, '/') != NULL ||
		    (i > 0 && strcmp(m[i - 1].name, m[i].name) >= 0) ||
		    queue_archive_find(m, count, m[i].name) != &m[i] ||
		    queue_archive_copy(fd, &m[i], -1, sum, NULL) == -1)
			abort();
	}
	free(m);
}

static void
check_manifest(int fd)
{
	struct queue_manifest m;
	size_t i;

	if (queue_manifest_read(fd, "a", &m, NULL) == 0) {
		if (m.messages == 0 || m.messages > m.count ||
		    strlen(m.archive) != QUEUE_MANIFEST_ID - 1)
			abort();
		for (i = 0; i < m.count; i++)
			if (!queue_id_is_valid(m.entries[i].id) ||
			    queue_manifest_message(&m, m.entries[i].id) ==
			    NULL || (m.entries[i].log[0] == '\0') !=
			    (i < m.messages))
				abort();
	}
	queue_manifest_done(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (size == 0)
		return 0;
	if ((fd = memfd_create("fuzz", MFD_CLOEXEC)) == -1)
		abort();
	if (data[0] % 2 == 0)
		write_fixed(fd, data + 1, size - 1, (data[0] & 2) != 0);
	else
		write_manifest(fd, data + 1, size - 1);
	check_index(fd);
	check_manifest(fd);
	close(fd);
	return 0;
}
