/*
 * queue_id.c - queue IDs and queue paths
 *
 * A short ID is %05X of the microseconds and %lX of the inode. A long one is
 * seconds and microseconds in base 52, a 'z', and the inode in base 51, whose
 * digits never contain 'z': so the last 'z' divides the two forms.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_id.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define ID_MAX		255
#define SECONDS_MIN	6	/* base-52 digits of the seconds, at least */
#define USEC_DIGITS	4
#define USEC_MAX	1000000
/* A long ID has its 'z' here or later; a short one is never read as long. */
#define LONG_Z_MIN	(SECONDS_MIN + USEC_DIGITS)

static const char digits[] =
    "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

static void
put_base(struct buf *out, uint64_t value, unsigned base, size_t min)
{
	char text[32];
	size_t n = 0;

	while (value > 0) {
		text[n++] = digits[value % base];
		value /= base;
	}
	while (n < min)
		text[n++] = digits[0];
	while (n > 0)
		buf_addc(out, text[--n]);
}

static bool
get_base(const char *text, size_t len, unsigned base, uint64_t *value)
{
	const char *digit;
	uint64_t sum = 0;

	if (len == 0)
		return false;
	for (; len > 0; len--, text++) {
		digit = *text == '\0' ? NULL : strchr(digits, *text);
		if (digit == NULL || (unsigned)(digit - digits) >= base)
			return false;
		if (__builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(digit - digits),
		    &sum))
			return false;
	}
	*value = sum;
	return true;
}

static bool
get_hex(const char *text, size_t len, uint64_t *value)
{
	uint64_t sum = 0;

	if (len == 0 || len > 16)
		return false;
	for (; len > 0; len--, text++) {
		if (isdigit((unsigned char)*text))
			sum = sum * 16 + (uint64_t)(*text - '0');
		else if (*text >= 'A' && *text <= 'F')
			sum = sum * 16 + (uint64_t)(*text - 'A' + 10);
		else
			return false;
	}
	*value = sum;
	return true;
}

/* Offset of the dividing 'z' of a long ID, 0 when the ID is short. */
static size_t
long_z(const char *id)
{
	const char *z = strrchr(id, 'z');

	return z != NULL && z - id >= LONG_Z_MIN ? (size_t)(z - id) : 0;
}

void
queue_id_make(struct buf *out, struct timeval tv, uint64_t inode,
    bool is_long)
{
	if (!is_long) {
		buf_addf(out, "%05lX%lX", (unsigned long)tv.tv_usec,
		    (unsigned long)inode);
		return;
	}
	put_base(out, (uint64_t)tv.tv_sec, 52, SECONDS_MIN);
	put_base(out, (uint64_t)tv.tv_usec, 52, USEC_DIGITS);
	buf_addc(out, 'z');
	put_base(out, inode, 51, 0);
}

void
queue_id_renew(struct buf *out, const char *id, uint64_t inode)
{
	struct timeval tv = { 0, 0 };
	size_t z = long_z(id);

	if (z == 0) {
		buf_addf(out, "%.5s%lX", id, (unsigned long)inode);
	} else if (!params.enable_long_queue_ids) {
		queue_id_time(id, &tv);
		queue_id_make(out, tv, inode, false);
	} else {
		buf_add(out, id, z + 1);
		put_base(out, inode, 51, 0);
	}
}

bool
queue_id_is_valid(const char *id)
{
	size_t n;

	for (n = 0; id[n] != '\0'; n++)
		if (n >= ID_MAX || (!isalnum((unsigned char)id[n]) &&
		    id[n] != '_'))
			return false;
	return n > 0;
}

bool
queue_id_is_long(const char *id)
{
	return long_z(id) > 0;
}

bool
queue_id_inode(const char *id, uint64_t *inode)
{
	size_t z = long_z(id);

	if (z > 0)
		return get_base(id + z + 1, strlen(id + z + 1), 51, inode);
	if (strlen(id) <= 5)
		return false;
	return get_hex(id + 5, strlen(id + 5), inode);
}

bool
queue_id_time(const char *id, struct timeval *tv)
{
	size_t z = long_z(id);
	uint64_t sec = 0, usec;

	if (z > 0) {
		if (!get_base(id + z - USEC_DIGITS, USEC_DIGITS, 52, &usec) ||
		    !get_base(id, z - USEC_DIGITS, 52, &sec))
			return false;
	} else if (strlen(id) < 5 || !get_hex(id, 5, &usec)) {
		return false;
	}
	if (usec >= USEC_MAX || sec > INT64_MAX / 2)
		return false;
	tv->tv_sec = (time_t)sec;
	tv->tv_usec = (suseconds_t)usec;
	return true;
}

bool
queue_name_is_valid(const char *queue)
{
	size_t n;

	for (n = 0; queue[n] != '\0'; n++)
		if (n >= QUEUE_NAME_MAX || !isalnum((unsigned char)queue[n]))
			return false;
	return n > 0;
}

int
queue_hash_depth(const char *queue)
{
	const char *p = params.hash_queue_names;
	size_t len = strlen(queue), n;

	if (p == NULL || params.hash_queue_depth < 1)
		return 0;
	for (; *(p += strspn(p, TEXT_LIST_SEP)) != '\0'; p += n) {
		n = strcspn(p, TEXT_LIST_SEP);
		if (n == len && strncasecmp(p, queue, n) == 0)
			return params.hash_queue_depth;
	}
	return 0;
}

void
queue_path(struct buf *out, const char *queue, const char *id)
{
	struct buf hex = BUF_INIT;
	const char *key = id;
	int depth = queue_hash_depth(queue), i;
	size_t z;
	uint64_t usec;

	buf_sets(out, queue);
	buf_addc(out, '/');
	if (depth > 0 && (z = long_z(id)) > 0) {
		if (!get_base(id + z - USEC_DIGITS, USEC_DIGITS, 52, &usec))
			usec = 0;
		buf_addf(&hex, "%05lX", (unsigned long)usec);
		key = hex.ptr;
	}
	for (i = 0; i < depth; i++) {
		buf_addc(out, *key != '\0' ? *key : '_');
		buf_addc(out, '/');
		if (*key != '\0')
			key++;
	}
	buf_adds(out, id);
	buf_done(&hex);
}
