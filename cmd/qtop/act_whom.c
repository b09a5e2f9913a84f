/*
 * act_whom.c - whom an action concerns: tagged rows if any, else the current one
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/act_internal.h"

size_t
act_tagged(struct model *m)
{
	size_t gone, n;

	queue_snapshot_lock(m->snapshot);
	n = queue_snapshot_tagged(m->snapshot, &gone);
	queue_snapshot_unlock(m->snapshot);
	return n;
}

size_t
act_scope_count(struct model *m, const char **what)
{
	struct view_entry entry;
	const struct group *g;
	size_t n = act_tagged(m);

	*what = "message: the one that is open";
	if (m->reader.is_open)
		return 1;
	*what = n == 1 ? "tagged message" : "tagged messages";
	if (n > 0)
		return n;
	if ((g = model_group(m)) != NULL) {
		*what = g->messages == 1 ? "message: this group" :
		    "messages: this group";
		return g->messages;
	}
	*what = "message: the one under the cursor";
	return model_entry(m, &entry) ? 1 : 0;
}

/* ---- IDs for others ---- */

static void
add_id(struct model *m, const struct queue_row *row, struct buf *out)
{
	buf_adds(out, queue_snapshot_text(m->snapshot, row->id));
	buf_addc(out, '\n');
}

size_t
act_ids(struct model *m, bool is_all, struct buf *out)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	const struct queue_row *row;
	struct view_entry entry;
	size_t n = act_tagged(m), i, count = 0;
	uint32_t slot;

	queue_snapshot_lock(m->snapshot);
	if (n > 0) {
		for (slot = 0; slot < queue_snapshot_slots(m->snapshot);
		    slot++) {
			row = queue_snapshot_row(m->snapshot, slot);
			if (row == NULL || !row->is_tagged)
				continue;
			add_id(m, row, out);
			count++;
		}
	} else if (is_all && v != NULL && m->screen == SCREEN_MESSAGES) {
		for (i = 0; i < v->count; i++) {
			row = queue_snapshot_row(m->snapshot,
			    v->entries[i].slot);
			if (row == NULL || row->serial !=
			    v->entries[i].serial)
				continue;
			add_id(m, row, out);
			count++;
		}
	} else if (model_entry(m, &entry)) {
		row = queue_snapshot_row(m->snapshot, entry.slot);
		if (row != NULL && row->serial == entry.serial) {
			add_id(m, row, out);
			count++;
		}
	}
	queue_snapshot_unlock(m->snapshot);
	return count;
}
