/*
 * screen_flow.c - where mail is on its way, and what the log says of it now
 *
 * The picture is the queue manager's: queues as stations, in the order in
 * which a message passes them. Below it the last lines of the log, the newest
 * at the end.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/qtop/column.h"
#include "cmd/qtop/logtail.h"
#include "cmd/qtop/screen.h"
#include "lib/base/buf.h"

#define INDENT	9		/* of what does not fit into the line before */

/* A line that goes on in the next where it does not fit. */
struct path {
	struct grid	*g;
	int		 x, y;
};

static void
put_word(struct path *p, enum role role, const char *text)
{
	if (p->x > INDENT && p->x + (int)strlen(text) > p->g->width - 1) {
		p->x = INDENT;
		p->y++;
	}
	p->x = grid_add(p->g, p->x, p->y, role, text);
}

/* "incoming 12" */
static void
put_queue(struct path *p, const struct overview *o, enum queue_number q,
    bool is_trouble)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s ", queue_snapshot_queues[q]);
	column_number(&text, o->messages[q]);
	put_word(p, o->messages[q] == 0 ? ROLE_DIM : is_trouble ? ROLE_BAD :
	    ROLE_NORMAL, text.ptr);
	buf_done(&text);
}

static void
put_rate(struct path *p, const struct logtail_rates *rates,
    enum log_status status, const char *name, enum role role)
{
	struct buf text = BUF_INIT;

	if (rates->is_known)
		buf_addf(&text, "%s %.1f/s  ", name, rates->a_second[status]);
	else
		buf_addf(&text, "%s  ", name);
	put_word(p, rates->is_known && rates->a_second[status] > 0 ? role :
	    ROLE_DIM, text.ptr);
	buf_done(&text);
}

static int
draw_stations(struct model *m, struct grid *g, int y,
    const struct overview *o)
{
	struct logtail_rates rates;
	struct path p = { g, 1, y };
	struct buf text = BUF_INIT;

	logtail_rate(m->logtail, m->now, &rates);
	put_queue(&p, o, QUEUE_MAILDROP, false);
	put_word(&p, ROLE_DIM, " -> ");
	put_queue(&p, o, QUEUE_INCOMING, false);
	put_word(&p, ROLE_DIM, " -> ");
	put_queue(&p, o, QUEUE_ACTIVE, false);
	put_word(&p, ROLE_DIM, " -> ");
	put_rate(&p, &rates, LOG_SENT, "sent", ROLE_GOOD);
	put_rate(&p, &rates, LOG_DEFERRED, "deferred", ROLE_WARN);
	put_rate(&p, &rates, LOG_BOUNCED, "bounced", ROLE_BAD);
	p.x = INDENT;
	p.y++;
	put_queue(&p, o, QUEUE_DEFERRED, false);
	if (o->dated[QUEUE_DEFERRED] > 0) {
		buf_adds(&text, ", ");
		column_number(&text, o->due[QUEUE_DEFERRED]);
		buf_adds(&text, " due");
		put_word(&p, o->due[QUEUE_DEFERRED] > 0 ? ROLE_NORMAL :
		    ROLE_DIM, text.ptr);
	}
	put_word(&p, ROLE_DIM, " -> active   ");
	put_queue(&p, o, QUEUE_HOLD, false);
	put_word(&p, ROLE_DIM, "   ");
	put_queue(&p, o, QUEUE_CORRUPT, true);
	buf_done(&text);
	return p.y + 1;
}

/* ---- the log ---- */

struct tail {
	struct model	*m;
	struct grid	*g;
	int		 y;
};

static void
draw_line(const char *text, enum log_status status, void *ctx)
{
	static const enum role roles[] = { ROLE_GOOD, ROLE_WARN, ROLE_BAD };
	struct tail *t = ctx;
	enum role role = status < LOG_STATUS_COUNT ? roles[status] :
	    strstr(text, " warning: ") != NULL || strstr(text, " error: ") !=
	    NULL || strstr(text, " fatal: ") != NULL || strstr(text,
	    " panic: ") != NULL ? ROLE_BAD : ROLE_NORMAL;

	grid_put(t->g, 1, t->y, t->g->width - 2, role, CUT_END, text);
	grid_mark(t->g, 1, t->y, t->g->width - 2, t->m->search);
	t->y++;
}

void
screen_flow(struct model *m, struct grid *g)
{
	const struct view *v = m->shown[SCREEN_FLOW];
	struct tail t = { m, g, 2 };
	int room;
	bool is_there;

	grid_put(g, 0, t.y, g->width, ROLE_COLUMNS, CUT_END,
	    " From submission to delivery");
	if (v == NULL) {
		grid_put(g, 2, LIST_TOP + 1, g->width - 4, ROLE_DIM, CUT_END,
		    "looking ...");
		return;
	}
	t.y = draw_stations(m, g, LIST_TOP, &v->overview);
	grid_put(g, 0, t.y, g->width, ROLE_COLUMNS, CUT_END, " Mail log");
	room = g->height - 2 - ++t.y;
	is_there = logtail_each(m->logtail, room > 0 ? (size_t)room : 0,
	    draw_line, &t);
	if (!is_there && room > 0)
		grid_put(g, 2, t.y, g->width - 4, ROLE_DIM, CUT_END,
		    "there is no mail log that could be read");
}
