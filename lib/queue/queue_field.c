/*
 * queue_field.c - what can be asked of a queued message: names of fields, and values for people
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_field.h"

#include <string.h>
#include <strings.h>

#include "lib/base/text.h"
#include "lib/queue/queue_field_internal.h"

const char *
queue_field_type_name(enum queue_field_type type)
{
	static const char *const names[] = { "address", "domain", "text",
	    "number", "size", "duration", "time", "ip", "queue", "class",
	    "flag" };

	return names[type];
}

const struct queue_field *
queue_field_at(size_t i)
{
	return i < queue_field_count ? &queue_fields[i] : NULL;
}

const struct queue_field *
queue_field_find(const char *name, bool inner)
{
	size_t i;

	if (inner)
		for (i = 0; i < queue_field_count; i++)
			if (queue_fields[i].inner != NULL &&
			    strcasecmp(queue_fields[i].inner, name) == 0)
				return &queue_fields[i];
	for (i = 0; i < queue_field_count; i++)
		if (strcasecmp(queue_fields[i].name, name) == 0)
			return &queue_fields[i];
	return NULL;
}

/* Words that people try, and what the field is called. */
static const char *const synonyms[][2] = {
	{ "recipient", "rcpt" }, { "recipients", "rcpt" }, { "recipent",
	"rcpt" }, { "recip", "rcpt" }, { "status", "class" }, { "ip",
	"client.addr" }, { "user", "sasl" }, { "login", "sasl" }, { "host",
	"relay" }, { "domain", "rcpt.domain" }, { "addr", "rcpt" },
	{ "address", "rcpt" }, { "time", "arrived" }, { "error", "reason" },
	{ "message-id", "msgid" }, { "bytes", "size" },
};

const char *
queue_field_nearest(const char *name)
{
	const char *near = NULL;
	size_t i, d, least = 1 + strlen(name) / 3;

	for (i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (strcasecmp(name, synonyms[i][0]) == 0)
			return synonyms[i][1];
	for (i = 0; i < queue_field_count; i++) {
		d = text_distance(name, queue_fields[i].name);
		if (d < least || (d == least && near == NULL)) {
			least = d;
			near = queue_fields[i].name;
		}
	}
	return near;
}

/* ---- for people ---- */

static void
put_duration(struct buf *out, int64_t s)
{
	if (s < 0) {
		buf_addc(out, '-');
		s = -s;
	}
	if (s < 60)
		buf_addf(out, "%llds", (long long)s);
	else if (s < 3600)
		buf_addf(out, "%lldm", (long long)(s / 60));
	else if (s < 86400)
		buf_addf(out, "%lldh%02lldm", (long long)(s / 3600),
		    (long long)(s / 60 % 60));
	else
		buf_addf(out, "%lldd%02lldh", (long long)(s / 86400),
		    (long long)(s / 3600 % 24));
}

static void
put_size(struct buf *out, int64_t n)
{
	static const char units[] = "KMGTPE";
	double value = (double)n;
	int i = -1;

	while (value >= 1000 && i < 5) {
		value /= 1024;
		i++;
	}
	if (i < 0)
		buf_addf(out, "%lld", (long long)n);
	else
		buf_addf(out, value < 10 ? "%.1f%c" : "%.0f%c", value,
		    units[i]);
}

void
queue_field_text(const struct queue_field *f, const struct queue_value *v,
    struct buf *out)
{
	time_t when = (time_t)v->number;
	struct tm tm;
	char text_time[32];

	if (v->kind == VALUE_UNKNOWN)
		buf_addc(out, '?');
	else if (v->kind == VALUE_TEXT)
		buf_adds(out, f->type == FIELD_ADDRESS && v->text[0] == '\0' ?
		    "<>" : v->text);
	else if (v->kind != VALUE_NUMBER)
		return;
	else if (f->type == FIELD_DURATION)
		put_duration(out, v->number);
	else if (f->type == FIELD_SIZE)
		put_size(out, v->number);
	else if (f->type == FIELD_TIME && localtime_r(&when, &tm) != NULL &&
	    strftime(text_time, sizeof(text_time), "%Y-%m-%dT%H:%M:%S",
	    &tm) > 0)
		buf_adds(out, text_time);
	else if (f->type == FIELD_FLAG)
		buf_adds(out, v->number != 0 ? "yes" : "no");
	else
		buf_addf(out, "%lld", (long long)v->number);
}
