/*
 * store.c - open connections by the label of their endpoint, and endpoints by
 * the label of a destination
 *
 * There are never many: a connection stays for seconds. So a label's entries
 * are lists, and what is over is looked for from one end to the other.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/scache/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>
#include <utlist.h>

#include "lib/base/mem.h"

struct entry {			/* a connection, or an endpoint of a destination */
	struct entry	*prev, *next;
	int64_t		 expires_ms;
	char		*property;
	char		*endp;		/* label; of a destination's entry */
	int		 fd;		/* -1 there */
};

struct group {			/* what has the same label */
	UT_hash_handle	 hh;
	struct entry	*entries;
	char		 label[];
};

struct store {
	struct group	*endps, *dests;
	int		 connections;
	struct store_stats stats;
};

struct store *
store_new(void)
{
	return xcalloc(1, sizeof(struct store));
}

static void
entry_free(struct store *s, struct entry *e)
{
	if (e->fd != -1) {
		close(e->fd);
		s->connections--;
	}
	free(e->property);
	free(e->endp);
	free(e);
}

static struct group *
group_find(struct group *groups, const char *label)
{
	struct group *g;

	HASH_FIND_STR(groups, label, g);
	return g;
}

static struct group *
group_get(struct group **groups, const char *label)
{
	struct group *g = group_find(*groups, label);
	size_t len = strlen(label);

	if (g != NULL)
		return g;
	g = xcalloc(1, sizeof(*g) + len + 1);
	memcpy(g->label, label, len + 1);
	HASH_ADD_KEYPTR(hh, *groups, g->label, len, g);
	return g;
}

static void
remove_entry(struct store *s, struct group **groups, struct group *g,
    struct entry *e)
{
	DL_DELETE(g->entries, e);
	entry_free(s, e);
	if (g->entries != NULL)
		return;
	HASH_DEL(*groups, g);
	free(g);
}

static struct entry *
add_entry(struct group *g, const char *property, int64_t expires_ms)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->fd = -1;
	e->property = xstrdup(property);
	e->expires_ms = expires_ms;
	DL_APPEND(g->entries, e);
	return e;
}

static void
note_max(int *max, int value)
{
	if (value > *max)
		*max = value;
}

void
store_save_endp(struct store *s, const char *label, const char *property,
    int fd, int64_t expires_ms)
{
	add_entry(group_get(&s->endps, label), property, expires_ms)->fd = fd;
	note_max(&s->stats.connections_max, ++s->connections);
	note_max(&s->stats.endps_max, (int)HASH_COUNT(s->endps));
}

void
store_save_dest(struct store *s, const char *label, const char *property,
    const char *endp, int64_t expires_ms)
{
	struct group *g = group_get(&s->dests, label);
	struct entry *e;

	DL_FOREACH(g->entries, e)
		if (strcmp(e->endp, endp) == 0 &&
		    strcmp(e->property, property) == 0)
			break;
	if (e == NULL)
		add_entry(g, property, expires_ms)->endp = xstrdup(endp);
	else if (expires_ms > e->expires_ms)
		e->expires_ms = expires_ms;
	note_max(&s->stats.dests_max, (int)HASH_COUNT(s->dests));
}

static int
take_endp(struct store *s, const char *label, int64_t now_ms,
    struct store_found *found)
{
	struct group *g = group_find(s->endps, label);
	struct entry *e;

	if (g == NULL)
		return -1;
	DL_FOREACH(g->entries, e)
		if (e->expires_ms > now_ms)
			break;
	if (e == NULL)
		return -1;
	*found = (struct store_found){ e->fd, e->property, NULL };
	e->fd = -1;
	e->property = NULL;
	s->connections--;
	remove_entry(s, &s->endps, g, e);
	return 0;
}

int
store_find_endp(struct store *s, const char *label, int64_t now_ms,
    struct store_found *found)
{
	int rc = take_endp(s, label, now_ms, found);

	(*(rc == 0 ? &s->stats.endp_hits : &s->stats.endp_misses))++;
	return rc;
}

int
store_find_dest(struct store *s, const char *label, int64_t now_ms,
    struct store_found *found)
{
	struct group *g = group_find(s->dests, label);
	struct entry *e = NULL;

	if (g != NULL)
		DL_FOREACH(g->entries, e)
			if (e->expires_ms > now_ms &&
			    take_endp(s, e->endp, now_ms, found) == 0)
				break;
	if (e == NULL) {
		s->stats.dest_misses++;
		return -1;
	}
	s->stats.dest_hits++;
	found->dest_property = xstrdup(e->property);
	return 0;
}

/* Drop what is over; the earliest end of the rest. */
static int64_t
expire(struct store *s, struct group **groups, int64_t now_ms, int64_t next)
{
	struct group *g, *next_group;
	struct entry *e, *next_entry;

	HASH_ITER(hh, *groups, g, next_group) {
		DL_FOREACH_SAFE(g->entries, e, next_entry) {
			if (e->expires_ms <= now_ms)
				remove_entry(s, groups, g, e);
			else if (next == -1 || e->expires_ms < next)
				next = e->expires_ms;
		}
	}
	return next;
}

int64_t
store_expire(struct store *s, int64_t now_ms)
{
	return expire(s, &s->dests, now_ms,
	    expire(s, &s->endps, now_ms, -1));
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_expire(s, INT64_MAX);
	free(s);
}

const struct store_stats *
store_stats(const struct store *s)
{
	return &s->stats;
}

void
store_stats_reset(struct store *s)
{
	s->stats = (struct store_stats){ .connections_max = s->connections,
	    .endps_max = (int)HASH_COUNT(s->endps),
	    .dests_max = (int)HASH_COUNT(s->dests) };
}
