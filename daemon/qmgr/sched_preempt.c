/*
 * sched_preempt.c - may a small job overtake the big one in front?
 *
 * Every slot_cost entries that a job hands out earn it one slot. A job that
 * needs r entries may overtake when the one in front has earned r slots, less
 * slot_discount percent of r, less slot_loan. The slots are then used up (the
 * debt is to be earned before the next one overtakes), so a big message loses
 * at most one in slot_cost of its turns.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/sched_internal.h"

#include <utlist.h>

#include "daemon/qmgr/sched.h"

#define LOOK_AGAIN_MS	1000		/* for a job that may overtake */

/* Entries a job still needs; what is unread counts as one each, which is at most too many. */
static int
entries_left(const struct job *job)
{
	return job->todo + job->unread;
}

static bool
job_can_run(const struct job *job)
{
	const struct peer *p;

	DL_FOREACH2(job->peers, p, next_of_job)
		if (p->dest->place != 0)
			return true;
	return false;
}

/* The job that gains most from overtaking, of those the slots allow. */
static struct job *
find_overtaker(const struct transport *t, const struct job *front, int earned,
    int64_t now_ms)
{
	const struct transport_limits *l = &t->limits;
	struct job *job, *best = NULL;
	double score, best_score = 0;
	int need;

	DL_FOREACH(t->jobs, job) {
		need = entries_left(job);
		if (job == front || job->order <= front->order || need == 0 ||
		    need >= entries_left(front))
			continue;
		if (need - earned > need * l->slot_discount / 100 +
		    l->slot_loan)
			continue;
		score = (double)(now_ms - job->since_ms + 1) / need;
		if (score > best_score && job_can_run(job)) {
			best = job;
			best_score = score;
		}
	}
	return best;
}

static void
overtake(struct transport *t, struct job *front, struct job *job)
{
	struct peer *p;

	front->slots_used += entries_left(job);
	/* Out of the heap first: it must not see half of the keys changed. */
	DL_FOREACH2(job->peers, p, next_of_job)
		heap_drop(&t->ready, p->dest);
	job->order = --t->front_order;
	DL_FOREACH2(job->peers, p, next_of_job) {
		DL_DELETE(p->dest->peers, p);
		DL_PREPEND(p->dest->peers, p);
	}
	DL_FOREACH2(job->peers, p, next_of_job)
		sched_dest_update(p->dest);
}

void
sched_preempt(struct transport *t, struct job *front, int64_t now_ms)
{
	const struct transport_limits *l = &t->limits;
	struct job *job;
	int earned;

	if (l->slot_cost == 0 || front->next == NULL ||
	    (front->selected + entries_left(front)) / l->slot_cost <
	    l->min_slots)
		return;
	earned = front->selected / l->slot_cost - front->slots_used;
	if (t->looked_job == front && t->looked_earned == earned &&
	    now_ms - t->looked_ms < LOOK_AGAIN_MS)
		return;
	t->looked_job = front;
	t->looked_earned = earned;
	t->looked_ms = now_ms;
	if ((job = find_overtaker(t, front, earned, now_ms)) != NULL)
		overtake(t, front, job);
}
