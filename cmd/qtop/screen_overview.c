/*
 * screen_overview.c - the whole queue on one screen
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <sys/statvfs.h>

#include "cmd/qtop/logtail.h"
#include "cmd/qtop/screen.h"
#include "lib/base/buf.h"

#define MANY		100	/* messages before a share says anything */
#define SHARE		0.5	/* one sender above this is an alarm */
#define GROWTH		2.0	/* arrivals to departures */
#define LOW_PERCENT	5
#define SMALL		16	/* lines: no queues without messages */

/* ---- queues ---- */

static int
draw_queues(struct model *m, struct grid *g, int y, const struct overview *o)
{
	static const enum queue_number order[] = { QUEUE_MAILDROP,
	    QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HOLD,
	    QUEUE_CORRUPT };
	struct buf text = BUF_INIT;
	uint32_t most = 1;
	int q, x;
	size_t i;

	grid_fill(g, 0, y, g->width, ROLE_COLUMNS);
	grid_addf(g, 1, y++, ROLE_COLUMNS, "%-9s %9s %9s %7s %8s %8s", "Queue",
	    "Messages", "Rcpts", "Bytes", "Oldest", "Due");
	for (q = 0; q < QUEUE_COUNT; q++)
		if (o->messages[q] > most)
			most = o->messages[q];
	for (i = 0; i < QUEUE_COUNT && y < g->height - 2; i++) {
		q = order[i];
		/* Alarms need what room there is. */
		if (g->height < SMALL && o->messages[q] == 0)
			continue;
		grid_put(g, 1, y, 9, q == QUEUE_CORRUPT && o->messages[q] > 0 ?
		    ROLE_BAD : ROLE_NORMAL, CUT_END,
		    queue_snapshot_queues[q]);
		buf_reset(&text);
		column_number(&text, o->messages[q]);
		grid_put_right(g, 11, y, 9, ROLE_NORMAL, text.ptr);
		buf_reset(&text);
		column_number(&text, o->rcpts[q]);
		grid_put_right(g, 21, y, 9, ROLE_NORMAL, text.ptr);
		buf_reset(&text);
		column_size(&text, (int64_t)o->bytes[q]);
		grid_put_right(g, 31, y, 7, ROLE_NORMAL, text.ptr);
		buf_reset(&text);
		if (o->oldest[q] > 0)
			column_duration(&text, m->now - o->oldest[q]);
		grid_put_right(g, 39, y, 8, ROLE_NORMAL, text.ptr);
		buf_reset(&text);
		if (o->messages[q] > 0 && o->dated[q] == 0)
			buf_addc(&text, '?');
		else if (q == QUEUE_DEFERRED || q == QUEUE_INCOMING)
			column_number(&text, o->due[q]);
		grid_put_right(g, 48, y, 8, ROLE_NORMAL, text.ptr);
		x = 58;
		if (g->width > x + 8 && o->messages[q] > 0)
			grid_bar(g, x, y, g->width - x - 1, ROLE_BAR,
			    (double)o->messages[q] / most);
		y++;
	}
	buf_done(&text);
	return y;
}

/* ---- comings and goings ---- */

static void
draw_history(struct grid *g, int y, const char *title,
    const struct queue_history *h)
{
	int x = 22, width = g->width - x - 1;
	size_t n = h->known;

	if (width > QUEUE_HISTORY_SIZE)
		width = QUEUE_HISTORY_SIZE;
	grid_addf(g, 1, y, ROLE_TITLE, "%-11s", title);
	grid_add(g, 13, y, ROLE_NORMAL, "arrived");
	grid_spark(g, x, y, width, ROLE_GOOD, h->arrived +
	    QUEUE_HISTORY_SIZE - n, n);
	grid_add(g, 13, y + 1, ROLE_NORMAL, "left");
	grid_spark(g, x, y + 1, width, ROLE_WARN, h->left +
	    QUEUE_HISTORY_SIZE - n, n);
}

/* What left can have been delivered or deleted; the log knows. */
static int
draw_log(struct model *m, struct grid *g, int y)
{
	struct logtail_rates rates;

	logtail_rate(m->logtail, m->now, &rates);
	if (!rates.is_known)
		return y;
	grid_add(g, 1, y, ROLE_TITLE, "log");
	grid_addf(g, 13, y, ROLE_NORMAL, "sent %.1f/s  deferred %.1f/s  "
	    "bounced %.1f/s", rates.a_second[LOG_SENT],
	    rates.a_second[LOG_DEFERRED], rates.a_second[LOG_BOUNCED]);
	return y + 1;
}

/* ---- alarms ---- */

static int
alarm_line(struct grid *g, int y, enum role role, const char *text)
{
	if (y >= g->height - 2)
		return y;
	grid_put(g, 1, y, g->width - 2, role, CUT_END, text);
	return y + 1;
}

static int
disk_alarm(const struct model *m, struct grid *g, int y)
{
	struct statvfs fs;
	struct buf text = BUF_INIT;

	if (m->status.kind != SOURCE_LIVE || statvfs(".", &fs) == -1 ||
	    fs.f_blocks == 0)
		return y;
	if (fs.f_bavail * 100 / fs.f_blocks < LOW_PERCENT ||
	    (fs.f_files > 0 && fs.f_favail * 100 / fs.f_files <
	    LOW_PERCENT)) {
		buf_adds(&text, "! the queue's file system is nearly full: ");
		column_size(&text, (int64_t)(fs.f_bavail * fs.f_frsize));
		buf_addf(&text, " and %llu inodes are free",
		    (unsigned long long)fs.f_favail);
		y = alarm_line(g, y, ROLE_BAD, text.ptr);
	}
	buf_done(&text);
	return y;
}

static int
draw_alarms(struct model *m, struct grid *g, int y, const struct overview *o,
    const struct queue_snapshot_rates *rates)
{
	struct buf text = BUF_INIT;
	uint64_t all = 0;
	int q, first = y;

	for (q = 0; q < QUEUE_COUNT; q++)
		all += o->messages[q];
	if (o->expiring > 0) {
		column_number(&text, o->expiring);
		buf_addf(&text, " message%s within 6 h", o->expiring == 1 ?
		    " expires" : "s expire");
		buf_insert(&text, 0, "! ", 2);
		y = alarm_line(g, y, ROLE_WARN, text.ptr);
	}
	if (o->local_trouble > 0) {
		buf_sets(&text, "! ");
		column_number(&text, o->local_trouble);
		buf_adds(&text, " wait for trouble of our own "
		    "(filter: @local-trouble)");
		y = alarm_line(g, y, ROLE_BAD, text.ptr);
	}
	if (o->top_count[0] > 0 && all >= MANY &&
	    o->top[0][0].messages > SHARE * (double)all) {
		buf_setf(&text, "! %d %% of all mail is from %s",
		    (int)(o->top[0][0].messages * 100 / all),
		    o->top[0][0].label);
		y = alarm_line(g, y, ROLE_WARN, text.ptr);
	}
	if (rates->is_known && rates->arrived > 1 &&
	    rates->arrived > GROWTH * rates->left) {
		buf_setf(&text, "! growing: %.1f/s arrive, %.1f/s leave",
		    rates->arrived, rates->left);
		y = alarm_line(g, y, ROLE_WARN, text.ptr);
	}
	if (o->damaged > 0 || o->messages[QUEUE_CORRUPT] > 0) {
		buf_setf(&text, "! %u damaged, %u in corrupt", o->damaged,
		    o->messages[QUEUE_CORRUPT]);
		y = alarm_line(g, y, ROLE_BAD, text.ptr);
	}
	y = disk_alarm(m, g, y);
	if (y == first)
		y = alarm_line(g, y, ROLE_DIM, "no alarms");
	buf_done(&text);
	return y;
}

/* ---- the top of everything ---- */

static void
draw_top(struct grid *g, int x, int y, int width, const char *title,
    const struct group *top, size_t count)
{
	struct buf text = BUF_INIT;
	size_t i;

	if (y < g->height - 2)
		grid_put(g, x, y++, width, ROLE_TITLE, CUT_END, title);
	for (i = 0; i < count && y < g->height - 2; i++, y++) {
		buf_reset(&text);
		column_number(&text, top[i].messages);
		grid_put_right(g, x, y, 7, ROLE_NORMAL, text.ptr);
		grid_put(g, x + 8, y, width - 9, ROLE_NORMAL, CUT_MIDDLE,
		    top[i].label);
	}
	if (count == 0 && y < g->height - 2)
		grid_put(g, x + 2, y, width - 2, ROLE_DIM, CUT_END, "none");
	buf_done(&text);
}

void
screen_overview(struct model *m, struct grid *g)
{
	static const char *const titles[4] = { "Senders", "Domains",
	    "Classes", "Logins" };
	const struct view *v = m->shown[SCREEN_OVERVIEW];
	struct queue_snapshot_rates rates;
	int y, i, columns_shown, width;

	if (v == NULL) {
		grid_put(g, 2, LIST_TOP + 1, g->width - 4, ROLE_DIM, CUT_END,
		    "looking ...");
		return;
	}
	queue_snapshot_lock(m->snapshot);
	queue_snapshot_rate(m->snapshot, m->now, &rates);
	queue_snapshot_unlock(m->snapshot);
	y = draw_queues(m, g, 2, &v->overview);
	y = draw_alarms(m, g, y + (g->height > 30), &v->overview, &rates);
	if (g->height - y > 8) {
		y += g->height > 30;
		draw_history(g, y, "10 minutes", &rates.minutes);
		y = draw_log(m, g, y + 2);
	}
	if (g->height - y > 14) {
		draw_history(g, y, "24 hours", &rates.day);
		y += 2;
	}
	y += g->height > 30;
	columns_shown = g->width >= 120 ? 4 : g->width >= 60 ? 3 : 1;
	width = (g->width - 2) / columns_shown;
	for (i = 0; i < columns_shown; i++)
		draw_top(g, 1 + i * width, y, width, titles[i],
		    v->overview.top[i], v->overview.top_count[i]);
}
