/*
 * counters.c - connections and rates of each client, without I/O
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/anvil/counters.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

struct entry {
	UT_hash_handle	 hh;
	struct counter_values v;
	time_t		 window;	/* when it began */
	time_t		 idle_since;	/* when the last connection went */
	char		 ident[];
};

struct peak {
	int		 value;
	time_t		 when;
	char		*ident;
};

struct counters {
	struct entry	*entries;
	int		 unit_s;
	struct peak	 rates[COUNTER_KINDS], count, size;
};

static const char *const kind_names[] = {
	[COUNTER_CONNECT] = "connection", [COUNTER_MAIL] = "message",
	[COUNTER_RCPT] = "recipient", [COUNTER_NEWTLS] = "newtls",
	[COUNTER_AUTH] = "auth"
};

struct counters *
counters_new(int unit_s)
{
	struct counters *c = xcalloc(1, sizeof(*c));

	c->unit_s = unit_s;
	return c;
}

static void
drop(struct counters *c, struct entry *e)
{
	HASH_DEL(c->entries, e);
	free(e);
}

void
counters_free(struct counters *c)
{
	struct entry *e, *next;
	int i;

	if (c == NULL)
		return;
	HASH_ITER(hh, c->entries, e, next)
		drop(c, e);
	for (i = 0; i < COUNTER_KINDS; i++)
		free(c->rates[i].ident);
	free(c->count.ident);
	free(c);
}

static struct entry *
find(struct counters *c, const char *ident, time_t now)
{
	struct entry *e;

	HASH_FIND_STR(c->entries, ident, e);
	if (e != NULL && now - e->window >= c->unit_s) {
		memset(e->v.rate, 0, sizeof(e->v.rate));
		e->window = now;
	}
	return e;
}

static void
note_peak(struct peak *p, int value, const char *ident, time_t now)
{
	if (value <= p->value)
		return;
	p->value = value;
	p->when = now;
	if (ident != NULL && (p->ident == NULL ||
	    strcmp(p->ident, ident) != 0)) {
		free(p->ident);
		p->ident = xstrdup(ident);
	}
}

static struct entry *
make(struct counters *c, const char *ident, time_t now)
{
	size_t len = strlen(ident) + 1;
	struct entry *e = xcalloc(1, sizeof(*e) + len);

	memcpy(e->ident, ident, len);
	e->window = e->idle_since = now;
	HASH_ADD_STR(c->entries, ident, e);
	note_peak(&c->size, (int)HASH_COUNT(c->entries), NULL, now);
	return e;
}

void
counters_event(struct counters *c, const char *ident, enum counter_kind kind,
    time_t now, struct counter_values *out)
{
	struct entry *e = find(c, ident, now);

	if (e == NULL)
		e = make(c, ident, now);
	if (kind == COUNTER_CONNECT)
		note_peak(&c->count, ++e->v.count, ident, now);
	note_peak(&c->rates[kind], ++e->v.rate[kind], ident, now);
	*out = e->v;
}

void
counters_disconnect(struct counters *c, const char *ident, time_t now)
{
	struct entry *e = find(c, ident, now);

	if (e != NULL && e->v.count > 0 && --e->v.count == 0)
		e->idle_since = now;
}

bool
counters_lookup(struct counters *c, const char *ident, time_t now,
    struct counter_values *out)
{
	struct entry *e = find(c, ident, now);

	memset(out, 0, sizeof(*out));
	if (e != NULL)
		*out = e->v;
	return e != NULL;
}

size_t
counters_expire(struct counters *c, time_t now)
{
	struct entry *e, *next;

	HASH_ITER(hh, c->entries, e, next)
		if (e->v.count == 0 && now - e->idle_since >= c->unit_s)
			drop(c, e);
	return HASH_COUNT(c->entries);
}

static const char *
stamp(time_t t)
{
	static char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%b %e %H:%M:%S", localtime_r(&t, &tm));
	return text;
}

void
counters_report(struct counters *c)
{
	int i;

	for (i = 0; i < COUNTER_KINDS; i++) {
		struct peak *p = c->rates + i;

		if (p->value > 0)
			log_info("statistics: max %s rate %d/%ds for (%s) at "
			    "%s", kind_names[i], p->value, c->unit_s,
			    p->ident, stamp(p->when));
		p->value = 0;
		if (i != COUNTER_CONNECT)
			continue;
		if (c->count.value > 0)
			log_info("statistics: max connection count %d for "
			    "(%s) at %s", c->count.value, c->count.ident,
			    stamp(c->count.when));
		c->count.value = 0;
	}
	if (c->size.value > 0)
		log_info("statistics: max cache size %d at %s", c->size.value,
		    stamp(c->size.when));
	c->size.value = 0;
}
