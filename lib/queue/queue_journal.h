/*
 * queue_journal.h - who did what to which message, and when
 *
 * $data_directory/actions.jsonl: JSON lines, only ever appended to. An action
 * begins with a line that says who, what and why; then comes a line a message
 * with what it was like *before*, so that even an action that was killed can
 * be undone; at the end a line with what became of it. Three lines and more
 * with one token:
 *
 *	{"v":1,"event":"begin","token":T,"time":...,"action":"hold","user":"root",...}
 *	{"v":1,"event":"message","token":T,"id":"4F...","queue":"deferred",...}
 *	{"v":1,"event":"result","token":T,"id":"4F...","result":"gone"}	unless done
 *	{"v":1,"event":"end","token":T,"done":12,"gone":1,...}
 *
 * When the file is larger than posthorn_journal_size it becomes
 * actions.jsonl.1, and so on.
 */
#ifndef LIB_QUEUE_QUEUE_JOURNAL_H
#define LIB_QUEUE_QUEUE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#include "lib/queue/queue_identity.h"

struct buf;
struct err;

#define QUEUE_TOKEN_SIZE	32
/* queue_token_make - "YYYYMMDDThhmmss-XXXX": local time, random digits */
void	queue_token_make(char out[QUEUE_TOKEN_SIZE], time_t now);
/* queue_token_is_valid - may it be a name in trash? */
bool	queue_token_is_valid(const char *token);

/* Texts are "" when there is none, never NULL. */
struct queue_journal_action {
	const char	*token;
	const char	*action;	/* name: delete, hold, ..., undo, purge, edit */
	const char	*user;		/* who: queue_journal_user */
	const char	*command;	/* postsuper, qtop, ... */
	const char	*select;	/* selection text */
	const char	*note;
	const char	*of;		/* undo: token that was undone */
	const char	*archive;	/* export: the ID of the archive that has the messages, too */
	int64_t		 time, usec;	/* when it began: queue_journal_stamp; usec 0 when not told */
	int64_t		 messages, bytes; /* planned */
	bool		 is_final;	/* cannot be undone: deleted for good */
	bool		 is_ended;	/* false: killed, or still at it */
	bool		 is_undone;	/* read: a later undo took all of it back that was there */
	int64_t		 ended;		/* when */
	int64_t		 counts[QUEUE_RESULT_COUNT];
};

struct queue_journal_message {
	struct queue_identity what;
	int64_t		 mtime;		/* before the action */
	mode_t		 mode;
	const char	*new_id;	/* edits, copies to another file system; "" */
	/* Of the result; "done" when nothing else was told. */
	const char	*result, *why;
	int64_t		 rcpts;
};

/* queue_journal_stamp - it begins now: time and usec */
void	queue_journal_stamp(struct queue_journal_action *a);

/* queue_journal_put_* - append one line to out; queue_journal_append stores it */
void	queue_journal_put_begin(struct buf *out,
	    const struct queue_journal_action *a);
void	queue_journal_put_message(struct buf *out, const char *token,
	    const struct queue_journal_message *m);
void	queue_journal_put_result(struct buf *out, const char *token,
	    const char *id, const char *result, const char *why,
	    const char *new_id);
void	queue_journal_put_end(struct buf *out,
	    const struct queue_journal_action *a);

/*
 * queue_journal_append - add whole lines, flushed to stable storage
 *
 * Concurrent writers take turns. -1 with err: nothing, or not all of it, was
 * written down.
 */
int	queue_journal_append(const struct buf *lines, struct err *err);

/* queue_journal_user - append who is behind this: login name, else the real user's */
void	queue_journal_user(struct buf *out);

typedef bool (*queue_journal_action_fn)(const struct queue_journal_action *a,
    void *ctx);
/*
 * queue_journal_each - the actions begun at since or later, oldest first
 *
 * fn		returns false to stop
 *
 * 0, or -1 with err when the journal cannot be read; there being none yet is
 * fine. Lines that are damaged are counted in *damaged (may be NULL) and
 * passed over.
 */
int	queue_journal_each(time_t since, queue_journal_action_fn fn, void *ctx,
	    size_t *damaged, struct err *err);

typedef bool (*queue_journal_line_fn)(struct span line, void *ctx);
/* queue_journal_lines - the lines of those actions as they stand there */
int	queue_journal_lines(time_t since, queue_journal_line_fn fn, void *ctx,
	    size_t *damaged, struct err *err);

typedef bool (*queue_journal_message_fn)(
    const struct queue_journal_message *m, void *ctx);
/* queue_journal_messages - the messages of one action, in its order, with their results */
int	queue_journal_messages(const char *token, queue_journal_message_fn fn,
	    void *ctx, struct err *err);
/*
 * queue_journal_begin_in, queue_journal_messages_in - the first line, and the
 * messages, of another file of such lines: the manifest of a trash directory
 */
int	queue_journal_begin_in(const char *path, queue_journal_action_fn fn,
	    void *ctx, struct err *err);
int	queue_journal_messages_in(const char *path, const char *token,
	    queue_journal_message_fn fn, void *ctx, struct err *err);

#endif
