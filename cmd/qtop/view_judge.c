/*
 * view_judge.c - which rows pass the filter: a byte a slot, only what changed
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/qtop/selection.h"
#include "cmd/qtop/view_internal.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_select.h"

void
view_parse_filter(struct views *v)
{
	struct err err = ERR_INIT;

	queue_select_free(v->select);
	v->select = NULL;
	v->error[0] = '\0';
	if (v->now.filter[strspn(v->now.filter, " \t")] == '\0')
		return;
	v->select = selection_parse(v->now.filter, v->clock, &err);
	if (v->select == NULL)
		memcpy(v->error, err.text, sizeof(v->error) - 1);
}

static enum verdict
judge(struct views *v, uint32_t slot)
{
	const struct queue_row *row;
	enum queue_select_result result;

	queue_snapshot_lock(v->s);
	if ((row = queue_snapshot_row(v->s, slot)) != NULL)
		queue_snapshot_message(v->s, row, &v->m);
	queue_snapshot_unlock(v->s);
	if (row == NULL)
		return JUDGED_NO;
	result = queue_select_eval(v->select, &v->c);
	if (v->m.is_gone)
		return JUDGED_NO;
	/* What is still being written is soon judged anew. */
	if (result == SELECT_UNKNOWN && v->m.may_arrive)
		return JUDGED_NO;
	v->unknown += result == SELECT_UNKNOWN;
	return result == SELECT_YES ? JUDGED_YES : result == SELECT_NO ?
	    JUDGED_NO : JUDGED_UNKNOWN;
}

/* Which slots from "from" on hold rows that changed since they were judged? */
static size_t
find_changed(struct views *v, uint32_t from, uint32_t to,
    uint32_t changed[BATCH])
{
	const struct queue_row *row;
	size_t n = 0;
	uint32_t i;

	queue_snapshot_lock(v->s);
	for (i = from; i < to; i++) {
		if ((row = queue_snapshot_row(v->s, i)) == NULL)
			continue;
		if (v->oldest == 0 || row->arrival < v->oldest)
			v->oldest = row->arrival;
		if (row->changed > v->judged)
			changed[n++] = i;
	}
	queue_snapshot_unlock(v->s);
	return n;
}

static uint32_t
slots_of(struct views *v, uint32_t *version)
{
	uint32_t slots;

	queue_snapshot_lock(v->s);
	slots = queue_snapshot_slots(v->s);
	*version = queue_snapshot_version(v->s);
	queue_snapshot_unlock(v->s);
	return slots;
}

/* Bring the verdicts up to date. False: overtaken. */
bool
view_judge_all(struct views *v)
{
	uint32_t slots, version, from, to, changed[BATCH];
	size_t n, i;

	slots = slots_of(v, &version);
	if (slots > v->verdict_count) {
		v->verdicts = xrealloc(v->verdicts, slots);
		memset(v->verdicts + v->verdict_count, JUDGED_NO,
		    slots - v->verdict_count);
		v->verdict_count = slots;
	}
	v->oldest = 0;
	for (from = 0; from < slots; from = to) {
		to = slots - from > BATCH ? from + BATCH : slots;
		n = find_changed(v, from, to, changed);
		if (v->select == NULL) {
			for (i = 0; i < n; i++)
				v->verdicts[changed[i]] = JUDGED_YES;
		} else {
			for (i = 0; i < n; i++)
				v->verdicts[changed[i]] = (unsigned char)
				    judge(v, changed[i]);
			if (n > 0 && view_is_overtaken(v))
				return false;
		}
	}
	v->judged = version;
	return true;
}
