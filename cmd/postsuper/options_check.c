/*
 * options_check.c - what goes together on the command line of postsuper
 *
 * What belongs to something else than what is asked for is refused, not
 * forgotten: an option that means nothing is a mistake about what will be done.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postsuper/options_internal.h"

#include <string.h>

#include "lib/base/log.h"

/* Which options go with a mode; what belongs elsewhere is refused, not forgotten. */
static const struct {
	int		 mode;
	int		 options[24];	/* 0 ends it */
} companions[] = {
	{ LONG_ACTION, { LONG_SELECT, LONG_FROM_QUEUE, LONG_IDS, LONG_DRY_RUN,
	    LONG_YES, LONG_MAX, LONG_EXPECT, LONG_LIMIT, LONG_ORDER,
	    LONG_RATE, LONG_BATCH, LONG_PAUSE, LONG_NOTE, LONG_REASON,
	    LONG_NO_UNDO, LONG_JSON, LONG_EDITOR, LONG_KEEP_HELD,
	    LONG_WAIT, LONG_COPY_TO, LONG_EXPORT } },
	{ LONG_RECOVER, { LONG_RECOVER, LONG_JSON } },
	{ LONG_EXPORT_QUEUE, { LONG_EXPORT_QUEUE, LONG_KEEP, LONG_SELECT,
	    LONG_FROM_QUEUE, LONG_IDS, LONG_DRY_RUN, LONG_YES, LONG_MAX,
	    LONG_EXPECT, LONG_LIMIT, LONG_ORDER, LONG_NOTE, LONG_JSON } },
	{ LONG_IMPORT_QUEUE, { LONG_IMPORT_QUEUE, LONG_DRY_RUN, LONG_YES,
	    LONG_NOTE, LONG_JSON } },
	{ LONG_UNDO, { LONG_UNDO, LONG_SELECT, LONG_DRY_RUN, LONG_YES,
	    LONG_NOTE, LONG_JSON } },
	{ LONG_TRASH, { LONG_TRASH, LONG_JSON } },
	{ LONG_VERIFY, { LONG_VERIFY, LONG_JSON } },
	{ LONG_REPAIR, { LONG_REPAIR, LONG_DRY_RUN, LONG_YES, LONG_NOTE,
	    LONG_JSON } },
	{ LONG_REORDER, { LONG_REORDER, LONG_DRY_RUN, LONG_YES, LONG_NOTE,
	    LONG_JSON } },
	{ LONG_PURGE, { LONG_PURGE, LONG_OLDER_THAN, LONG_DRY_RUN, LONG_YES,
	    LONG_NOTE, LONG_JSON } },
	{ LONG_JOURNAL, { LONG_JOURNAL, LONG_SINCE, LONG_JSON } },
};

static bool
goes_with(int mode, int option)
{
	size_t i, j;

	if (option >= LONG_OP)
		return mode == LONG_ACTION || (mode == LONG_IMPORT_QUEUE &&
		    option == LONG_ACTION + QUEUE_ACT_RELEASE);
	for (i = 0; i < sizeof(companions) / sizeof(companions[0]); i++)
		for (j = 0; companions[i].mode == mode &&
		    companions[i].options[j] != 0; j++)
			if (companions[i].options[j] == option)
				return true;
	return false;
}

static bool
is_given(const struct reader *r, int option)
{
	return (r->given[(option - LONG_HELP) / 64] >>
	    ((option - LONG_HELP) % 64) & 1) != 0;
}

static bool
has_action(const struct bulk *b, enum queue_action action)
{
	size_t i;

	for (i = 0; i < b->action_count; i++)
		if (b->actions[i] == action)
			return true;
	return false;
}

/* Operands of a bulk action: ALL, or IDs. */
static void
read_operands(struct bulk *b, char **argv)
{
	size_t i;

	for (i = 0; argv[i] != NULL; i++)
		if (argv[i][0] == '-')
			log_fatal("options stand before ALL and queue IDs: %s",
			    argv[i]);
	b->is_all = argv[0] != NULL && strcmp(argv[0], "ALL") == 0;
	if (b->is_all && argv[1] != NULL)
		log_fatal("ALL stands alone");
	if (b->is_all)
		return;
	b->ids = (const char *const *)argv;
	for (; argv[b->id_count] != NULL; b->id_count++)
		if (strcmp(argv[b->id_count], "ALL") == 0)
			log_fatal("ALL stands alone");
}

/* To requeue some recipients is to split a message: an edit. */
static void
check_split(struct reader *r)
{
	struct bulk *b = &r->o->bulk;

	if (!is_given(r, LONG_OP + EDIT_REQUEUE_RCPT))
		return;
	if (b->action_count != 1 || b->actions[0] != QUEUE_ACT_REQUEUE)
		log_fatal("--only-recipients goes with --requeue, which "
		    "stands alone then");
	b->actions[0] = QUEUE_ACT_EDIT;
}

/* An edit is an action of its own: where it leads, other actions do not follow. */
static void
check_edit(struct reader *r)
{
	const struct bulk *b = &r->o->bulk;
	bool has_parts = r->o->edit.count > 0 || r->o->edit.has_editor;

	if (!has_action(b, QUEUE_ACT_EDIT)) {
		if (has_parts || is_given(r, LONG_KEEP_HELD) ||
		    is_given(r, LONG_WAIT))
			log_fatal("--set-sender, --drop-rcpt, --editor, "
			    "--keep-held, ... go with --edit");
		return;
	}
	if (b->action_count > 1)
		log_fatal("--edit stands alone");
	if (b->rate > 0 || b->batch > 0)
		log_fatal("--edit goes with neither --rate nor --batch");
	if (r->o->edit.has_editor && b->is_dry)
		log_fatal("--editor shows the differences and asks: "
		    "--dry-run does not go with it");
	r->o->bulk.edit = &r->o->edit;
}

void
options_check(struct reader *r, char **operands)
{
	struct bulk *b = &r->o->bulk;
	size_t i;

	/* Here --release is no action of its own. */
	if (b->import_queue != NULL) {
		b->releases = has_action(b, QUEUE_ACT_RELEASE);
		r->mode = LONG_IMPORT_QUEUE;
	}
	if (r->has_short)
		log_fatal("short and long options for actions do not mix");
	if (r->mode == 0)
		log_fatal("no action: --delete, --hold, --release, --requeue, "
		    "--expire, ...; see --help");
	for (i = 0; super_long_options[i].name != NULL; i++)
		if (is_given(r, super_long_options[i].val) &&
		    !goes_with(r->mode, super_long_options[i].val))
			log_fatal("--%s does not go with what else is asked "
			    "for", super_long_options[i].name);
	if (r->mode != LONG_ACTION && r->mode != LONG_EXPORT_QUEUE) {
		if (operands[0] != NULL)
			log_fatal("no operand is wanted: %s", operands[0]);
		return;
	}
	read_operands(b, operands);
	if (!b->is_all && b->id_count == 0 && b->select == NULL &&
	    b->ids_file == NULL)
		log_fatal("which messages? --select, --ids, queue IDs, or "
		    "ALL");
	if (b->is_all && (b->select != NULL || b->ids_file != NULL))
		log_fatal("ALL goes with neither --select nor --ids");
	if (b->export != BULK_FILES && b->copy_to == NULL)
		log_fatal("--export goes with --copy-to");
	if (b->pause_ms > 0 && b->batch == 0)
		log_fatal("--pause goes with --batch");
	if (has_action(b, QUEUE_ACT_BOUNCE) != (b->reason != NULL))
		log_fatal("--bounce and --reason go together");
	check_split(r);
	check_edit(r);
	if (b->has_no_undo && !has_action(b, QUEUE_ACT_DELETE) &&
	    !has_action(b, QUEUE_ACT_DROP))
		log_fatal("--no-undo goes with --delete and --bounce-quiet");
}
