/*
 * resolve_cache.c - answers of the resolver, kept for some seconds
 *
 * A table of slots; a key has one, and takes it from whatever was there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/resolve_cache.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/route/rewrite.h"

#define SLOTS		64
#define KEY_MAX		512

struct slot {
	struct buf	key, transport, nexthop, recipient;
	unsigned	flags;
	int64_t		expires;
};
static struct slot slots[SLOTS];

static struct slot *
slot_of(const struct buf *key)
{
	uint32_t hash = 2166136261u;		/* FNV-1a */
	size_t i;

	for (i = 0; i < key->len; i++)
		hash = (hash ^ (unsigned char)key->ptr[i]) * 16777619u;
	return &slots[(hash ^ hash >> 16) % SLOTS];
}

bool
resolve_cache_get(const struct buf *key, int64_t now_ms,
    struct resolve_reply *out)
{
	const struct slot *s = slot_of(key);

	if (s->expires <= now_ms || s->key.len != key->len ||
	    memcmp(s->key.ptr, key->ptr, key->len) != 0)
		return false;
	buf_sets(out->transport, s->transport.ptr);
	buf_sets(out->nexthop, s->nexthop.ptr);
	buf_sets(out->recipient, s->recipient.ptr);
	out->flags = s->flags;
	return true;
}

void
resolve_cache_put(const struct buf *key, int64_t now_ms,
    const struct resolve_reply *r)
{
	struct slot *s = slot_of(key);

	if (key->len == 0 || key->len > KEY_MAX)
		return;
	if (s->expires == 0)		/* never used */
		*s = (struct slot){ BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT,
		    0, 0 };
	buf_set(&s->key, key->ptr, key->len);
	buf_sets(&s->transport, r->transport->ptr);
	buf_sets(&s->nexthop, r->nexthop->ptr);
	buf_sets(&s->recipient, r->recipient->ptr);
	s->flags = r->flags;
	s->expires = now_ms + RESOLVE_CACHE_MS;
}
