/*
 * shape.c - print how long mail waits, by the values of one field
 *
 *	                      T   5  10  20  40  80 160 320 640 1280 1280+
 *	            TOTAL    42   2   ...
 *	      example.net    30
 *
 * Columns are ages in minutes: 5 counts what is up to five minutes old, 10
 * what is older than that and up to ten. A wave that moves to the right is a
 * destination that does not take mail; one on the left is fresh mail.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/shape.h"

#include <stdbool.h>

#include "cmd/postqueue/group.h"
#include "cmd/postqueue/output.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_group.h"

#define NAME_WIDTH	40
#define CELL_MIN	4

static void
age_name(const struct queue_group_plan *p, size_t i, struct buf *out)
{
	bool is_last = i + 1 == p->age_count;
	int64_t end = p->ages[is_last && i > 0 ? i - 1 : i];

	buf_reset(out);
	if (p->ages[0] % 60 == 0)
		buf_addi(out, end / 60);
	else
		buf_addf(out, "%llds", (long long)end);
	if (is_last)
		buf_addc(out, '+');
}

static void
put_name(const struct queue_field *f, const char *value, bool is_total,
    enum query_format format, struct buf *out)
{
	struct buf shown = BUF_INIT;

	switch (format) {
	case FORMAT_TABLE:
		if (is_total)
			buf_adds(&shown, value);
		else
			group_value_shown(f, value, &shown);
		table_pad(shown.ptr, NAME_WIDTH, true, out);
		break;
	case FORMAT_JSONL:
		buf_adds(out, "{\"v\": 1, ");
		if (is_total)
			json_member(out, f->name, value);
		else
			group_value_json(f, value, out);
		break;
	default:
		output_csv(out, value, format == FORMAT_TSV);
		break;
	}
	buf_done(&shown);
}

static void
put_row(const struct queue_group_plan *p, const struct queue_group *one,
    const char *value, bool is_total, enum query_format format,
    struct buf *out)
{
	struct buf age = BUF_INIT;
	char separator = format == FORMAT_CSV ? ',' : '\t';
	size_t i;

	put_name(p->fields[0], value, is_total, format, out);
	if (format == FORMAT_TABLE)
		buf_addf(out, " %6lld", (long long)one->units);
	else if (format == FORMAT_JSONL)
		buf_addf(out, ", \"total\": %lld, \"counts\": {",
		    (long long)one->units);
	else
		buf_addf(out, "%c%lld", separator, (long long)one->units);
	for (i = 0; i < p->age_count; i++) {
		age_name(p, i, &age);
		if (format == FORMAT_TABLE)
			buf_addf(out, " %*lld", age.len > CELL_MIN ?
			    (int)age.len : CELL_MIN, (long long)one->ages[i]);
		else if (format == FORMAT_JSONL)
			buf_addf(out, "%s\"%s\": %lld", i > 0 ? ", " : "",
			    age.ptr, (long long)one->ages[i]);
		else
			buf_addf(out, "%c%lld", separator,
			    (long long)one->ages[i]);
	}
	buf_adds(out, format == FORMAT_JSONL ? "}}\n" :
	    format == FORMAT_CSV ? "\r\n" : "\n");
	buf_done(&age);
}

static void
put_head(const struct queue_group_plan *p, enum query_format format,
    struct buf *out)
{
	struct buf age = BUF_INIT;
	size_t i;

	if (format == FORMAT_JSONL)
		return;
	if (format == FORMAT_TABLE)
		buf_addf(out, "%*s %6s", NAME_WIDTH, "", "T");
	else
		buf_addf(out, "%s%ctotal", p->fields[0]->name,
		    format == FORMAT_CSV ? ',' : '\t');
	for (i = 0; i < p->age_count; i++) {
		age_name(p, i, &age);
		if (format == FORMAT_TABLE)
			buf_addf(out, " %*s", CELL_MIN, age.ptr);
		else
			buf_addf(out, "%c%s", format == FORMAT_CSV ? ',' :
			    '\t', age.ptr);
	}
	buf_adds(out, format == FORMAT_CSV ? "\r\n" : "\n");
	buf_done(&age);
}

void
shape_print(struct queue_groups *g, const struct queue_group_plan *p,
    enum query_format format, int64_t top, struct buf *out)
{
	const struct queue_group *const *groups;
	size_t i, n;

	put_head(p, format, out);
	put_row(p, queue_groups_total(g), "TOTAL", true, format, out);
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_UNITS, &n);
	for (i = 0; i < n && (top < 0 || i < (size_t)top); i++)
		if (groups[i]->units > 0)
			put_row(p, groups[i], queue_group_value(groups[i], 0),
			    false, format, out);
}
