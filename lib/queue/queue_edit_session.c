/*
 * queue_edit_session.c - one edit of many messages: its token, trash and lines of the journal
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_edit_session.h"
#include "lib/queue/queue_trash.h"

#define TOKENS		20	/* tries for one that nobody has */

/* ---- the session ---- */

static int
open_trash(struct queue_edit_session *s, struct err *err)
{
	struct err why = ERR_INIT;
	int tries = TOKENS;

	do {
		queue_token_make(s->token, (time_t)s->a.time);
		s->a.token = s->token;
		s->trash = queue_trash_open(&s->a, &why);
	} while (s->trash == NULL && why.errnum == EEXIST && --tries > 0);
	if (s->trash == NULL && err != NULL)
		*err = why;
	return s->trash != NULL ? 0 : -1;
}

static const char *
or_nothing(const char *text)
{
	return text != NULL ? text : "";
}

struct queue_edit_session *
queue_edit_begin(const struct queue_edit *e,
    const struct queue_edit_options *options, size_t messages,
    struct err *err)
{
	struct queue_edit_session *s = xcalloc(1, sizeof(*s));

	s->e = e;
	s->o = options;
	buf_init(&s->words);
	buf_init(&s->lines);
	queue_edit_describe(e, &s->words);
	if (options->note != NULL && options->note[0] != '\0') {
		buf_adds(&s->words, " # ");
		text_visible(&s->words, options->note, 0);
	}
	queue_message_init(&s->m);
	s->c.m = &s->m;
	s->c.now = clock_now();
	buf_init(&s->c.scratch);
	s->a = (struct queue_journal_action){ .action = EDIT_ACTION,
	    .user = or_nothing(options->user),
	    .command = or_nothing(options->command),
	    .select = or_nothing(options->select), .note = s->words.ptr,
	    .of = "", .messages = (int64_t)messages };
	queue_journal_stamp(&s->a);
	if (open_trash(s, err) == 0) {
		queue_journal_put_begin(&s->lines, &s->a);
		return s;
	}
	queue_edit_end(s, NULL);
	return NULL;
}

const char *
queue_edit_token(const struct queue_edit_session *s)
{
	return s->token;
}

int
queue_edit_end(struct queue_edit_session *s, struct err *err)
{
	int rc = 0;

	if (s->trash != NULL) {
		s->a.ended = clock_now();
		if (!s->is_open)
			queue_journal_put_end(&s->lines, &s->a);
		rc = queue_journal_append(&s->lines, err);
		queue_trash_close(s->trash);
	}
	if (s->wakes)
		queue_act_wake("qmgr", "I");
	if (s->wakes_pickup)
		queue_act_wake("pickup", "W");
	queue_message_done(&s->m);
	queue_field_context_done(&s->c);
	buf_done(&s->words);
	buf_done(&s->lines);
	free(s);
	return rc;
}
