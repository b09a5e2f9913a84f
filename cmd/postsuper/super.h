/*
 * super.h - what the parts of postsuper share: actions, counts, plain errors
 */
#ifndef CMD_POSTSUPER_SUPER_H
#define CMD_POSTSUPER_SUPER_H

#include <stdbool.h>
#include <stddef.h>

enum super_action {
	SUPER_DELETE	= 1,	/* -d */
	SUPER_EXPIRE	= 2,	/* -e */
	SUPER_HOLD	= 4,	/* -h */
	SUPER_RELEASE	= 8,	/* -H */
	SUPER_REQUEUE	= 16,	/* -r */
	SUPER_PURGE	= 32,	/* -p */
	SUPER_STRUCT	= 64,	/* -s */
	SUPER_STRUCT_ALL = 128	/* -S: names of long IDs too */
};
#define SUPER_REPAIR	(SUPER_PURGE | SUPER_STRUCT | SUPER_STRUCT_ALL)
#define SUPER_EXPIRE_RELEASE	(SUPER_EXPIRE | SUPER_RELEASE)	/* -f */

struct super_counts {
	long	deleted, expired, held, released, requeued;
	long	renamed;	/* files whose name is right now */
	long	mismatched;	/* files given an interim name */
	long	repaired;	/* renames of -s, of whatever kind */
};

/* Each thread counts for itself; the main thread's are reported. */
extern _Thread_local struct super_counts super_counts;

/* An action by ID: ALL and "-" are special. */
struct super_order {
	unsigned	 action;
	const char	*id;
};

/* What the short options ask for. */
struct super_request {
	unsigned	 repair;	/* -p -s -S */
	unsigned	 asked;		/* all by-ID actions together */
	struct super_order *orders;
	size_t		 count;
};

/*
 * super_run - carry it out, and report
 *
 * queues	NULL-terminated; empty: those of a command line without any
 */
void	super_run(const struct super_request *rq, const char *const *queues);
/* super_warn_incomplete - when the process ends in the middle of a repair that has changed names */
void	super_warn_incomplete(void);

/* super_is_message_queue - maildrop incoming active deferred hold */
bool	super_is_message_queue(const char *queue);
/* super_is_known_queue - those, and defer bounce trace flush */
bool	super_is_known_queue(const char *queue);

/*
 * super_rename, super_remove - true when done, false when the file is gone;
 * any other failure ends the process
 */
bool	super_rename(const char *from, const char *to);
bool	super_remove(const char *path);
/* super_expire - set the forced-expiration bit; false when gone, set already, or not safe to open */
bool	super_expire(const char *path);
/* super_has_signal - has one asked to stop? */
bool	super_has_signal(void);
/* super_check_signal - end cleanly when a signal has asked for it */
void	super_check_signal(void);

/*
 * act_on_id - do one action to the message with this ID, in whichever of the
 * queues it is; says and counts what was done
 */
void	act_on_id(const char *const *queues, const char *id, unsigned action);

/* sweep - do actions to every file of the queues */
void	sweep(const char *const *queues, unsigned actions);

/*
 * super_trash - -d of an ID, "-" or ALL when posthorn_trash_classic is set
 *
 * Only messages are deleted then: no logs without one, no unfinished files.
 */
void	super_trash(const char *const *queues, const char *id);

#endif
