/*
 * queue_total.c - thresholds: the selection language over sums
 *
 * A total is a field like those of messages, but its value stands in an
 * array; parser and evaluation are those of selections.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_total.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <pthread.h>

#include "lib/queue/queue_field.h"

#define NAME_SIZE	32

static const struct {
	const char	*name;
	enum queue_field_type type;
	const char	*meaning;
} rows[TOTAL_CLASS] = {
	[TOTAL_MESSAGES] = { "total", FIELD_NUMBER,
	    "messages in all queues but corrupt" },
	[TOTAL_INCOMING] = { "incoming", FIELD_NUMBER, "messages there" },
	[TOTAL_ACTIVE] = { "active", FIELD_NUMBER, "messages there" },
	[TOTAL_DEFERRED] = { "deferred", FIELD_NUMBER, "messages there" },
	[TOTAL_HOLD] = { "hold", FIELD_NUMBER, "messages there" },
	[TOTAL_MAILDROP] = { "maildrop", FIELD_NUMBER, "messages there" },
	[TOTAL_CORRUPT] = { "corrupt", FIELD_NUMBER, "files there" },
	[TOTAL_BYTES] = { "bytes", FIELD_SIZE, "size of all messages" },
	[TOTAL_RCPTS] = { "rcpts", FIELD_NUMBER, "recipients to do" },
	[TOTAL_OLDEST] = { "oldest", FIELD_DURATION,
	    "age of the oldest message" },
	[TOTAL_OLDEST_ACTIVE] = { "oldest.active", FIELD_DURATION,
	    "age of the oldest message in active" },
	[TOTAL_DUE] = { "due", FIELD_NUMBER,
	    "messages that would be tried now" },
	[TOTAL_FREE_BYTES] = { "free.bytes", FIELD_SIZE,
	    "free space of the queue's file system" },
	[TOTAL_FREE_INODES] = { "free.inodes", FIELD_NUMBER,
	    "free inodes of the queue's file system" },
};

static struct queue_field fields[TOTAL_COUNT];
static char class_names[REASON_COUNT][NAME_SIZE];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void
make_fields(void)
{
	size_t i, k;

	for (i = 0; i < TOTAL_CLASS; i++) {
		fields[i].name = rows[i].name;
		fields[i].type = rows[i].type;
		fields[i].meaning = rows[i].meaning;
	}
	for (k = REASON_NONE + 1; k < REASON_COUNT; k++) {
		snprintf(class_names[k], NAME_SIZE, "class.%s",
		    queue_reason_class_name((enum queue_reason_class)k));
		fields[TOTAL_CLASS + k].name = class_names[k];
		fields[TOTAL_CLASS + k].type = FIELD_NUMBER;
		fields[TOTAL_CLASS + k].meaning =
		    "recipients with a reason of that class";
	}
	for (i = 0; i < TOTAL_COUNT; i++) {
		fields[i].tier = TIER_ENTRY;
		fields[i].total = i;
		fields[i].is_total = true;
	}
}

const struct queue_field *
queue_total_field(size_t total)
{
	pthread_once(&made, make_fields);
	return total < TOTAL_COUNT && fields[total].name != NULL ?
	    &fields[total] : NULL;
}

const struct queue_field *
queue_total_find(const char *name)
{
	const struct queue_field *f;
	size_t i;

	for (i = 0; i < TOTAL_COUNT; i++)
		if ((f = queue_total_field(i)) != NULL &&
		    strcasecmp(f->name, name) == 0)
			return f;
	return NULL;
}

enum queue_select_result
queue_total_eval(const struct queue_select *s, const struct queue_totals *t)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	enum queue_select_result r;

	c.totals = t;
	r = queue_select_eval(s, &c);
	queue_field_context_done(&c);
	return r;
}

bool
queue_total_uses(const struct queue_select *s, size_t total)
{
	const struct queue_field *f = queue_total_field(total);

	return f != NULL && queue_select_uses(s, f->name);
}
