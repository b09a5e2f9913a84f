/*
 * edit.h - --edit: change queued messages
 *
 * The plan, its guards and its report are those of every action (bulk.h);
 * this is what an edit adds to them.
 */
#ifndef CMD_POSTSUPER_EDIT_H
#define CMD_POSTSUPER_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/postsuper/bulk.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_edit.h"

struct err;

struct bulk_edit {
	struct {
		enum queue_edit_op op;
		const char	*arg;
	} *orders;
	size_t		 count;
	bool		 has_editor;	/* --editor */
	bool		 keeps_held;
	int64_t		 wait_s;
	struct queue_edit *e;		/* made by edit_prepare */
};
#define BULK_EDIT_INIT { .wait_s = 60 }

/* edit_order - an option that says what to change; its argument is looked at by edit_prepare */
void	edit_order(struct bulk_edit *be, enum queue_edit_op op,
	    const char *arg);
/* edit_prepare - read what is to be changed; what is wrong with it is fatal */
void	edit_prepare(struct bulk_edit *be);
void	edit_done(struct bulk_edit *be);

/* edit_preview - show what would change in the first messages of a plan */
void	edit_preview(const struct bulk *b, const struct queue_plan *plan);
/*
 * edit_with_editor - let the operator change the only message of a plan
 *
 * False when that came to nothing; why was said.
 */
bool	edit_with_editor(const struct bulk *b, const struct queue_plan *plan);
/* edit_run - as queue_act_run, for QUEUE_ACT_EDIT */
int	edit_run(const struct bulk *b, const struct queue_plan *plan,
	    queue_act_fn fn, void *ctx, struct queue_act_report *report,
	    struct err *err);
/* edit_recover - --recover */
enum bulk_status	edit_recover(const struct bulk *b);

#endif
