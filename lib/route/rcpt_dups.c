/*
 * rcpt_dups.c - the same recipient again, by whatever way, counts once
 *
 * Open addressing on 64-bit hashes; the keys stand one behind the other in a
 * buffer. At duplicate_filter_limit it takes no more in.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/rcpt_dups.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

struct rcpt_dups {
	uint64_t	*hashes;	/* 0: free */
	uint32_t	*offsets;	/* of the key in keys, plus 1 */
	size_t		 room, count;	/* room is a power of two */
	struct buf	 keys;
};

static uint64_t
hash_key(const char *key, size_t len)
{
	uint64_t h = 14695981039346656037ull;	/* FNV-1a */

	while (len-- > 0)
		h = (h ^ (unsigned char)*key++) * 1099511628211ull;
	return h != 0 ? h : 1;
}

void
rcpt_dups_reset(struct rcpt_dups *s)
{
	if (s == NULL)
		return;
	if (s->count > 0)
		memset(s->hashes, 0, s->room * sizeof(*s->hashes));
	s->count = 0;
	buf_reset(&s->keys);
}

static void
grow(struct rcpt_dups *s)
{
	size_t old_room = s->room, i, at;
	uint64_t *hashes = s->hashes;
	uint32_t *offsets = s->offsets;

	s->room = old_room == 0 ? 32 : old_room * 2;
	s->hashes = xcalloc(s->room, sizeof(*s->hashes));
	s->offsets = xcalloc(s->room, sizeof(*s->offsets));
	for (i = 0; i < old_room; i++) {
		if (hashes[i] == 0)
			continue;
		for (at = hashes[i] & (s->room - 1); s->hashes[at] != 0;
		    at = (at + 1) & (s->room - 1))
			;
		s->hashes[at] = hashes[i];
		s->offsets[at] = offsets[i];
	}
	free(hashes);
	free(offsets);
}

bool
rcpt_dups_is_new(struct rcpt_dups *s, const char *orcpt, unsigned notify,
    const char *orig, const char *rcpt)
{
	size_t limit = (size_t)params.duplicate_filter_limit, start, len, at;
	uint64_t hash;

	if ((s->count + 1) * 2 > s->room)
		grow(s);
	start = s->keys.len;
	if (start > UINT32_MAX / 2) {
		rcpt_dups_reset(s);
		start = 0;
	}
	if (params.enable_original_recipient)
		buf_addf(&s->keys, "%s\n%u\n%s\n", orcpt, notify, orig);
	buf_adds(&s->keys, rcpt);
	text_lower(s->keys.ptr + start);
	buf_addc(&s->keys, '\0');
	len = s->keys.len - start;
	hash = hash_key(s->keys.ptr + start, len);
	for (at = hash & (s->room - 1); s->hashes[at] != 0;
	    at = (at + 1) & (s->room - 1))
		if (s->hashes[at] == hash && strcmp(s->keys.ptr +
		    s->offsets[at], s->keys.ptr + start) == 0) {
			buf_truncate(&s->keys, start);
			return false;
		}
	if (limit > 0 && s->count >= limit) {
		buf_truncate(&s->keys, start);
		return true;
	}
	s->hashes[at] = hash;
	s->offsets[at] = (uint32_t)start;
	s->count++;
	return true;
}

struct rcpt_dups *
rcpt_dups_new(void)
{
	struct rcpt_dups *s = xcalloc(1, sizeof(*s));

	buf_init(&s->keys);
	return s;
}

void
rcpt_dups_free(struct rcpt_dups *s)
{
	if (s == NULL)
		return;
	free(s->hashes);
	free(s->offsets);
	buf_done(&s->keys);
	free(s);
}
