/*
 * entry.c - what the cache of address verification says of one address
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/verify/entry.h"

#include <stdlib.h>

#include "lib/base/buf.h"

/* A number and the colon behind it; NULL when that is not there. */
static const char *
take_number(const char *at, long long *n)
{
	char *end;

	*n = strtoll(at, &end, 10);
	return end != at && *end == ':' ? end + 1 : NULL;
}

bool
entry_parse(struct entry *e, const char *value)
{
	long long status, probed, updated;

	if ((value = take_number(value, &status)) == NULL ||
	    (value = take_number(value, &probed)) == NULL ||
	    (value = take_number(value, &updated)) == NULL)
		return false;
	if (status < 0 || status >= VERIFY_STATUS_COUNT)
		return false;
	/* Neither known nor asked for: that is no entry. */
	if (probed == 0 && updated == 0)
		return false;
	*e = (struct entry){ (enum verify_status)status, (time_t)probed,
	    (time_t)updated, value };
	return true;
}

void
entry_format(const struct entry *e, struct buf *out)
{
	buf_addf(out, "%d:%lld:%lld:%s", (int)e->status, (long long)e->probed,
	    (long long)e->updated, e->reason);
}

/* Has so much time passed since the last news, and is no probe under way? */
static bool
is_older(const struct entry *e, int good, int bad, time_t now)
{
	int limit = e->status == VERIFY_DELIVERABLE ? good : bad;

	return e->updated + limit < now && e->probed + ENTRY_PROBE_S < now;
}

bool
entry_is_expired(const struct entry *e, const struct entry_limits *l,
    time_t now)
{
	return is_older(e, l->good_expire, l->bad_expire, now);
}

bool
entry_wants_probe(const struct entry *e, const struct entry_limits *l,
    time_t now)
{
	return is_older(e, l->good_refresh, l->bad_refresh, now);
}
