/*
 * selection.c - which recipients a report is about
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/selection.h"

#include "lib/base/err.h"
#include "lib/base/log.h"

static bool
is_wanted(const struct selection *s, const struct queue_log_entry *e)
{
	/* No NOTIFY at all means the default: failure and delay. */
	return s->wanted == 0 || (e->rcpt.dsn_notify & s->wanted) != 0 ||
	    (e->rcpt.dsn_notify == 0 &&
	    (s->wanted & (DSN_NOTIFY_FAILURE | DSN_NOTIFY_DELAY)) != 0);
}

void
selection_rewind(void *ctx)
{
	struct selection *s = ctx;
	struct err err = ERR_INIT;

	s->gave_single = false;
	if (s->log == NULL)
		return;
	if (s->file != NULL)
		queue_log_close(s->file);
	s->file = queue_log_open(s->log, s->queue_id, &err);
	if (s->file == NULL && err.kind != ERR_NOT_FOUND) {
		log_warning("%s", err.text);
		s->is_unreadable = true;
	}
}

int
selection_next(void *ctx, struct queue_log_entry *e)
{
	struct selection *s = ctx;

	if (s->log == NULL) {
		if (s->gave_single)
			return 0;
		s->gave_single = true;
		*e = s->single;
		return is_wanted(s, e);
	}
	while (s->file != NULL && queue_log_next(s->file, e) == 1)
		if (is_wanted(s, e))
			return 1;
	return 0;
}

void
selection_done(struct selection *s)
{
	if (s->file != NULL)
		queue_log_close(s->file);
	s->file = NULL;
}

bool
selection_is_empty(struct selection *s)
{
	struct queue_log_entry e;

	selection_rewind(s);
	return selection_next(s, &e) == 0;
}
