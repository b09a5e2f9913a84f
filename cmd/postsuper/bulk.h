/*
 * bulk.h - the long options: many messages, safely
 *
 *	pick  ->  plan  ->  guards, question  ->  act by identity  ->  report
 *
 * Functions return an exit status of spec/beyond.md 1. What is wrong with the
 * command itself, or with the rights to it, ends it with log_fatal.
 */
#ifndef CMD_POSTSUPER_BULK_H
#define CMD_POSTSUPER_BULK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/queue/queue_plan.h"
#include "lib/queue/queue_trash.h"

struct bulk_edit;
struct queue_act_options;
struct queue_select;

enum bulk_status {
	BULK_DONE	= 0,
	BULK_FATAL	= 1,
	BULK_NOTHING	= 3,	/* nothing matched */
	BULK_PARTLY	= 4,	/* some were gone, changed, unreadable: each is named */
	BULK_REFUSED	= 5	/* by --max, --expect, or for want of a yes */
};

enum bulk_export {
	BULK_FILES,		/* queue files and their logs */
	BULK_MBOX,
	BULK_EML
};

/* What the command line asks for; texts are NULL when not given. */
struct bulk {
	enum queue_action actions[QUEUE_ACT_COUNT];
	size_t		 action_count;

	/* Which messages: ALL, IDs, a file of IDs, a selection; the last two may narrow the others. */
	bool		 is_all;
	const char	*const *ids;
	size_t		 id_count;
	const char	*ids_file;
	const char	*select;
	const char	*from_queue;

	bool		 is_dry, is_sure, wants_json, has_no_undo;
	struct queue_plan_guards guards;
	int64_t		 limit;		/* -1: none */
	const char	*order;
	double		 rate;
	size_t		 batch;
	int64_t		 pause_ms;
	const char	*note, *reason;
	const char	*copy_to;	/* directory */
	enum bulk_export export;
	const char	*export_queue, *import_queue; /* archives */
	bool		 keeps;		/* what is exported stays, on hold */
	bool		 releases;	/* what is imported */

	const struct bulk_edit *edit;	/* of QUEUE_ACT_EDIT */

	const char	*undo;		/* token or "last" */
	int64_t		 older_s;	/* -1: not given */
	const char	*since;
	time_t		 now;

	/* Filled by bulk_prepare. */
	struct queue_select *selection;
	int		 ids_fd, copy_fd;
	char		 copy_dir[4096]; /* made below copy_to */
	char		 user[64];
	int		 archive_fd, publish_fd;
	pid_t		 publisher;	/* gives the archive its name */
};
#define BULK_INIT { .limit = -1, .older_s = -1, .ids_fd = -1, .copy_fd = -1, \
	.archive_fd = -1, .publish_fd = -1, \
	.guards = QUEUE_PLAN_GUARDS_INIT }

/* bulk_prepare - with the caller's rights: parse the selection, open files, make the trash */
void	bulk_prepare(struct bulk *b);
void	bulk_done(struct bulk *b);

enum bulk_status	bulk_act(const struct bulk *b);
enum bulk_status	bulk_undo(const struct bulk *b);
enum bulk_status	bulk_trash(const struct bulk *b);
enum bulk_status	bulk_purge(const struct bulk *b);
enum bulk_status	bulk_journal(const struct bulk *b);
/* bulk_verify - PARTLY when something is not as it should be; each is told */
enum bulk_status	bulk_verify(const struct bulk *b);

/* bulk_repair - mend what bulk_verify finds and can be mended; PARTLY when something is left */
enum bulk_status	bulk_repair(const struct bulk *b);

/* bulk_reorder - move files to where the hash parameters want them */
enum bulk_status	bulk_reorder(const struct bulk *b);

/* bulk_options - what the library's actions are told, but for the action */
void	bulk_options(const struct bulk *b, struct queue_act_options *out);

/*
 * bulk_confirm - is the operator sure about so many messages?
 *
 * Asks on the terminal; without one, --yes must have been given.
 */
bool	bulk_confirm(const struct bulk *b, const char *what, size_t count);

/* bulk_copy_prepare - make the directory of --copy-to; part of bulk_prepare */
void	bulk_copy_prepare(struct bulk *b);
/* bulk_copy - copy the plan's messages there; false when one of them could not be */
bool	bulk_copy(const struct bulk *b, const struct queue_plan *plan);

/* What bulk_pick met. */
struct bulk_picked {
	size_t		 matched;
	size_t		 unknown;	/* could not be judged */
	size_t		 missing;	/* IDs that are in no queue */
	size_t		 changed;	/* other messages than the listing showed */
	size_t		 unreadable;
};

/* bulk_pick - add the messages that are meant to each of the plans; which were not found is warned about */
void	bulk_pick(const struct bulk *b, struct queue_plan *const *plans,
	    size_t plan_count, bool wants_summary, struct bulk_picked *out);

/*
 * bulk_pick_checked - pick, show, guard and ask, for what is no enum queue_action
 *
 * name		of the action
 * *plan	out: the messages, of QUEUE_ACT_DELETE; also when it is refused
 *
 * DONE: go on, unless it is a dry run.
 */
enum bulk_status	bulk_pick_checked(const struct bulk *b, const char *name,
			    struct queue_plan **plan,
			    struct bulk_picked *picked);

/*
 * bulk_print_counts - "deleted: 12 messages, gone: 1": what became of how many
 * bulk_json_counts - the last members of an object, and its end
 */
void	bulk_print_counts(const char *done,
	    const size_t counts[QUEUE_RESULT_COUNT]);
void	bulk_json_counts(const size_t counts[QUEUE_RESULT_COUNT]);
/* bulk_is_partly - was something not as it was planned? */
bool	bulk_is_partly(const size_t counts[QUEUE_RESULT_COUNT]);

/* bulk_stop - not 0 once a signal asked to stop */
extern atomic_int bulk_stop;

#endif
