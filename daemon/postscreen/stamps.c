/*
 * stamps.c - which tests a client has passed, and until when that holds
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/stamps.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/base/buf.h"

/* The next number and the semicolon behind it; -1 when there is none. */
static time_t
take_number(const char **at)
{
	char *end;
	long long n;

	if (!isdigit((unsigned char)**at))
		return -1;
	errno = 0;
	n = strtoll(*at, &end, 10);
	if (errno != 0 || (*end != ';' && *end != '\0'))
		return -1;
	*at = *end == ';' ? end + 1 : end;
	return (time_t)n;
}

void
stamps_parse(struct stamps *s, const char *value)
{
	time_t n = 0;
	int i;

	for (i = 0; i < TEST_COUNT; i++) {
		if (n != -1)
			n = take_number(&value);
		s->until[i] = n != -1 ? n : STAMP_OFF;
	}
}

void
stamps_format(const struct stamps *s, struct buf *out)
{
	int i;

	for (i = 0; i < TEST_COUNT; i++)
		buf_addf(out, "%s%lld", i > 0 ? ";" : "",
		    (long long)s->until[i]);
}

void
stamps_init(struct stamps *s, unsigned enabled)
{
	int i;

	for (i = 0; i < TEST_COUNT; i++)
		s->until[i] = (enabled & TEST_BIT(i)) != 0 ? STAMP_NEVER :
		    STAMP_OFF;
}

unsigned
stamps_due(const struct stamps *s, unsigned enabled, time_t now)
{
	unsigned due = 0;
	int i;

	for (i = 0; i < TEST_COUNT; i++)
		if (s->until[i] <= now)
			due |= TEST_BIT(i);
	return due & enabled;
}

bool
stamps_is_new(const struct stamps *s, unsigned enabled)
{
	int i;

	for (i = 0; i < TEST_COUNT; i++)
		if ((enabled & TEST_BIT(i)) != 0 && s->until[i] == STAMP_NEVER)
			return true;
	return false;
}

bool
stamps_is_kept(const struct stamps *s, unsigned enabled, int retention_s,
    time_t now)
{
	return stamps_due(s, enabled, now - retention_s - 1) == 0;
}
