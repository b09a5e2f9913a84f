/*
 * verify_sender.c - whom address verification probes come from
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/verify_sender.h"

#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"

/* Digits that make no words and survive a change of letter case. */
static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZ";

#define BASE	(sizeof(digits) - 1)

static bool
is_null(const char *base)
{
	return *base == '\0' || strcmp(base, "<>") == 0;
}

static void
put_number(struct buf *out, unsigned long long n)
{
	if (n >= BASE)
		put_number(out, n / BASE);
	buf_addc(out, digits[n % BASE]);
}

/* The address for one of the periods since the epoch. */
static void
make(const char *base, long long period, struct buf *out)
{
	const char *at = strrchr(base, '@');
	size_t local = at != NULL ? (size_t)(at - base) : strlen(base);

	buf_set(out, base, local);
	put_number(out, (unsigned long long)period);
	buf_adds(out, base + local);
}

void
verify_sender_make(const char *base, int ttl_s, time_t now, struct buf *out)
{
	if (is_null(base))
		buf_sets(out, "");
	else if (ttl_s == 0)
		buf_sets(out, base);
	else
		make(base, now / ttl_s, out);
}

bool
verify_sender_plain(const char *base, int ttl_s, time_t now,
    const char *address, struct buf *out)
{
	struct buf one = BUF_INIT;
	bool found = false;
	int i;

	if (is_null(base))
		return false;
	if (ttl_s == 0)
		found = strcasecmp(base, address) == 0;
	for (i = -1; !found && ttl_s != 0 && i <= 1; i++) {
		make(base, now / ttl_s + i, &one);
		found = strcasecmp(one.ptr, address) == 0;
	}
	if (found)
		buf_sets(out, base);
	buf_done(&one);
	return found;
}
