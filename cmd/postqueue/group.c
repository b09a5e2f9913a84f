/*
 * group.c - print groups of messages
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/group.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/postqueue/output.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_group.h"

struct printing {
	const struct queue_group_plan *plan;
	enum query_format format;
	bool		 is_short;	/* only messages, recipients and bytes */
	time_t		 now;
	struct buf	*out;
};

static bool
is_table(const struct printing *p)
{
	return p->format == FORMAT_TABLE;
}

static char
separator(const struct printing *p)
{
	return p->format == FORMAT_CSV ? ',' : '\t';
}

static void
end_row(const struct printing *p)
{
	buf_adds(p->out, p->format == FORMAT_JSONL ? "}\n" :
	    p->format == FORMAT_CSV ? "\r\n" : "\n");
}

static void
put_number(const struct printing *p, const char *name, const char *type_of,
    int64_t n)
{
	const struct queue_field *f = queue_field_find(type_of, false);
	struct queue_value v = { VALUE_NUMBER, NULL, n };
	struct buf text = BUF_INIT;

	if (p->format == FORMAT_JSONL) {
		buf_addf(p->out, ", \"%s\": %lld", name, (long long)n);
	} else if (is_table(p)) {
		queue_field_text(f, &v, &text);
		buf_addf(p->out, "%10s ", text.ptr);
	} else {
		buf_addf(p->out, "%c%lld", separator(p), (long long)n);
	}
	buf_done(&text);
}

static bool
is_number(const struct queue_field *f)
{
	return f->type == FIELD_NUMBER || f->type == FIELD_SIZE ||
	    f->type == FIELD_DURATION || f->type == FIELD_TIME ||
	    f->type == FIELD_FLAG;
}

void
group_value_shown(const struct queue_field *f, const char *value,
    struct buf *out)
{
	struct queue_value v = { VALUE_NUMBER, NULL, 0 };

	if (!is_number(f) || value[0] == '\0' || value[0] == '?') {
		text_visible(out, value[0] != '\0' ? value : "-", 0);
		return;
	}
	v.number = strtoll(value, NULL, 10);
	queue_field_text(f, &v, out);
}

void
group_value_json(const struct queue_field *f, const char *value,
    struct buf *out)
{
	if (!is_number(f) || value[0] == '?') {
		json_member(out, f->name, value);
		return;
	}
	json_member(out, f->name, "");
	buf_truncate(out, out->len - 2);	/* the empty string */
	buf_adds(out, value[0] != '\0' ? value : "null");
}

/* The values of the key, last in a table, first elsewhere. */
static void
put_key(const struct printing *p, const struct queue_group *one)
{
	const struct queue_field *f;
	const char *value;
	size_t i;

	for (i = 0; i < p->plan->field_count; i++) {
		f = p->plan->fields[i];
		value = queue_group_value(one, i);
		if (p->format == FORMAT_JSONL) {
			buf_adds(p->out, ", ");
			group_value_json(f, value, p->out);
		} else if (is_table(p)) {
			buf_addc(p->out, ' ');
			group_value_shown(f, value, p->out);
		} else {
			if (i > 0)
				buf_addc(p->out, separator(p));
			output_csv(p->out, value, p->format == FORMAT_TSV);
		}
	}
}

static void
put_class(const struct printing *p, const char *name)
{
	if (p->format == FORMAT_JSONL) {
		buf_adds(p->out, ", ");
		json_member(p->out, "top_class", name);
	} else if (is_table(p)) {
		buf_addf(p->out, "%-14s", name);
	} else {
		buf_addf(p->out, "%c%s", separator(p), name);
	}
}

/* Is the class what is counted by? Then the column of the top one has another name, or says nothing new. */
static bool
is_by_class(const struct queue_group_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->field_count; i++)
		if (strcmp(plan->fields[i]->name, "class") == 0)
			return true;
	return false;
}

static bool
has_recipients(const struct queue_group_plan *p)
{
	return (p->facts & (QUEUE_GROUP_BY_ENTRY | QUEUE_GROUP_BY_NAME)) == 0;
}

static bool
has_bytes(const struct queue_group_plan *p)
{
	return (p->facts & QUEUE_GROUP_BY_NAME) == 0;
}

static void
put_group(const struct printing *p, const struct queue_group *one)
{
	size_t from = p->out->len;

	if (p->format == FORMAT_JSONL)
		buf_adds(p->out, "{\"v\": 1");
	if (!is_table(p))
		put_key(p, one);
	put_number(p, "messages", "nrcpt", one->messages);
	if (has_recipients(p->plan))
		put_number(p, "recipients", "nrcpt", one->recipients);
	if (has_bytes(p->plan))
		put_number(p, "bytes", "size", one->bytes);
	if (!p->is_short) {
		put_number(p, "oldest_age", "age", p->now - one->oldest);
		put_number(p, "newest_age", "age", p->now - one->newest);
		put_number(p, "due", "nrcpt", one->due);
		if (!is_table(p) || !is_by_class(p->plan))
			put_class(p, queue_reason_class_name(
			    queue_group_top_class(one)));
	}
	if (is_table(p))
		put_key(p, one);
	if (p->plan->field_count == 0 && (p->format == FORMAT_CSV ||
	    p->format == FORMAT_TSV))
		buf_delete(p->out, from, 1);	/* nothing stands before it */
	end_row(p);
}

static void
put_head(const struct printing *p)
{
	static const char *const names[] = { "messages", "recipients",
	    "bytes", "oldest", "newest", "due" };
	size_t i, n = p->is_short ? 3 : 6, from = p->out->len;

	if (p->format == FORMAT_JSONL)
		return;
	for (i = 0; !is_table(p) && i < p->plan->field_count; i++) {
		if (i > 0)
			buf_addc(p->out, separator(p));
		buf_adds(p->out, p->plan->fields[i]->name);
	}
	for (i = 0; i < n; i++) {
		if ((i == 1 && !has_recipients(p->plan)) ||
		    (i == 2 && !has_bytes(p->plan)))
			continue;
		if (is_table(p))
			buf_addf(p->out, "%10s ", names[i]);
		else
			buf_addf(p->out, "%c%s", separator(p), names[i]);
	}
	if (!p->is_short && !is_table(p))
		buf_addf(p->out, "%c%s", separator(p), is_by_class(p->plan) ?
		    "top_class" : "class");
	else if (!p->is_short && !is_by_class(p->plan))
		buf_addf(p->out, "%-14s", "class");
	for (i = 0; is_table(p) && i < p->plan->field_count; i++)
		buf_addf(p->out, " %s", p->plan->fields[i]->name);
	if (p->plan->field_count == 0 && !is_table(p))
		buf_delete(p->out, from, 1);
	end_row(p);
}

void
group_print(struct queue_groups *g, const struct queue_group_plan *plan,
    enum query_format format, bool is_short, int64_t top, time_t now,
    struct buf *out)
{
	struct printing p = { plan, format, is_short, now, out };
	const struct queue_group *const *groups;
	size_t i, n;

	put_head(&p);
	if (plan->field_count == 0) {	/* nothing counted is a count too */
		put_group(&p, queue_groups_total(g));
		return;
	}
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_MESSAGES, &n);
	for (i = 0; i < n && (top < 0 || i < (size_t)top); i++)
		put_group(&p, groups[i]);
}
