/*
 * queue_edit.h - safe changes to a queued message
 *
 *	e = queue_edit_new();
 *	queue_edit_add(e, EDIT_SET_SENDER, "new@example.org", &err);
 *	s = queue_edit_begin(e, &options, 1, &err);
 *	queue_edit_apply(s, &identity, &result);
 *	queue_edit_end(s, &err);
 *
 * The original goes on hold first. Where only recipients are dropped or marked
 * done one byte each changes in place; everything else is a complete new file
 * with a new ID, made beside it, read again and compared, before the original
 * goes to the trash. Whatever is killed at whatever moment: at most two copies,
 * both on hold, never two that are delivered, never none; queue_edit_recover
 * makes one of two.
 *
 *	QUEUE/OLD --hold--> hold/OLD --------trash--> trash/TOKEN/OLD
 *	                       \--write--> hold/NEW --release--> QUEUE/NEW
 *	journal: intent         (OLD, NEW)                    result
 *
 * When recipients are requeued apart, NEW is a message for them alone:
 *
 *	QUEUE/OLD --hold--> hold/OLD, these cancelled --release--> QUEUE/OLD
 *	                       \--write--> hold/NEW --requeue--> maildrop/NEW
 */
#ifndef LIB_QUEUE_QUEUE_EDIT_H
#define LIB_QUEUE_QUEUE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_identity.h"
#include "lib/queue/queue_journal.h"

struct err;
struct queue_edit;
struct queue_edit_session;
struct queue_field_context;

enum queue_edit_op {
	EDIT_SET_SENDER,
	EDIT_ADD_RCPT,
	EDIT_DROP_RCPT,		/* selection: which recipients */
	EDIT_MAP_RCPT,		/* "s/pattern/replacement/flags" or "map TYPE:NAME" */
	EDIT_REDIRECT,
	EDIT_SET_HEADER,	/* "Name: value" */
	EDIT_DEL_HEADER,
	EDIT_STRIP_ATTACHMENT,	/* globs: file name or type */
	EDIT_FILTER,		/* "transport:nexthop" */
	EDIT_MARK_DONE,		/* selection: which recipients */
	EDIT_REQUEUE_RCPT,	/* selection: which recipients; alone */
	EDIT_OP_COUNT
};

/* The table that option parsers and menus are made of. */
struct queue_edit_info {
	const char	*name;		/* "set-sender" */
	const char	*argument;	/* "ADDR" */
	const char	*meaning;
};
extern const struct queue_edit_info queue_edit_ops[EDIT_OP_COUNT];

struct queue_edit	*queue_edit_new(void);
void	queue_edit_free(struct queue_edit *e);
/* queue_edit_add - one more change; -1 with err when arg is not what it should be */
int	queue_edit_add(struct queue_edit *e, enum queue_edit_op op,
	    const char *arg, struct err *err);
bool	queue_edit_is_empty(const struct queue_edit *e);
/* queue_edit_describe - append all changes in a few words, for plans and the journal */
void	queue_edit_describe(const struct queue_edit *e, struct buf *out);

/*
 * queue_edit_preview - append what would change in a message, a line each
 *
 * c	its message is read as far as needed
 *
 * Lines are safe to show. Returns DONE, NOTHING when nothing would, or FAILED
 * with err when it cannot be edited.
 */
enum queue_result	queue_edit_preview(const struct queue_edit *e,
			    struct queue_field_context *c, struct buf *out,
			    struct err *err);

struct queue_edit_options {
	const char	*user;		/* queue_journal_user found it */
	const char	*command;	/* "postsuper", "qtop" */
	const char	*select;	/* text of the selection, or NULL */
	const char	*note;		/* or NULL */
	bool		 keeps_held;	/* leave them on hold */
	int		 wait_s;	/* how long to wait for who delivers it */
};

struct queue_edit_result {
	enum queue_result result;
	struct buf	 new_id;	/* "": the old one stays */
	struct buf	 queue;		/* where it is now */
	struct buf	 lines;		/* what changed, a line each, safe to show */
	struct err	*err;		/* the caller's; why it failed */
};

/*
 * queue_edit_begin - start to change messages: token, trash, journal
 *
 * e, options	borrowed until queue_edit_end
 * messages	how many are meant
 */
struct queue_edit_session	*queue_edit_begin(const struct queue_edit *e,
				    const struct queue_edit_options *options,
				    size_t messages, struct err *err);
/* queue_edit_apply - change one message; r's buffers are replaced */
void	queue_edit_apply(struct queue_edit_session *s,
	    const struct queue_identity *what, struct queue_edit_result *r);
/* queue_edit_token - for undo */
const char	*queue_edit_token(const struct queue_edit_session *s);
/* queue_edit_end - the journal learns that it is over; frees s */
int	queue_edit_end(struct queue_edit_session *s, struct err *err);

/*
 * queue_edit_undo - give one message back as it was before an edit
 *
 * token	of the edit
 * m		what the journal has of the message
 * new_id	out: when it had to get another ID (queue_trash.h); else ""
 *
 * GONE when the edited one is; FAILED with err when it must not be.
 */
enum queue_result	queue_edit_undo(const char *token,
			    const struct queue_journal_message *m,
			    bool is_dry, struct buf *new_id,
			    struct err *err);

/* One message that an edit left behind, and what was made of it. */
struct queue_edit_recovery {
	const char	*token, *old_id, *new_id;
	enum queue_result result;	/* NOTHING: it was in order */
	const char	*what;		/* in words */
};
typedef void (*queue_edit_recovery_fn)(const struct queue_edit_recovery *r,
    void *ctx);
/*
 * queue_edit_recover - bring every edit that did not come to its end to one
 *
 * Edits that are still going on are left alone. Returns 0, or -1 with err
 * when the journal cannot be read; *failed counts messages that need a person.
 */
int	queue_edit_recover(const struct queue_edit_options *options,
	    queue_edit_recovery_fn fn, void *ctx, size_t *failed,
	    struct err *err);

/* ---- the form for an editor ---- */

/*
 * queue_edit_form - append a message as text that can be changed and read back
 *
 * Envelope lines "sender:", "recipient:", "filter:", "redirect:" and then,
 * behind an empty line, the message as it is. -1 with err: too large (max), or
 * holds NUL bytes, which editors do not keep.
 */
int	queue_edit_form(struct queue_field_context *c, size_t max,
	    struct buf *out, struct err *err);
/*
 * queue_edit_read_form - make of the differences between two forms an edit
 *
 * -1 with err, which names the line that is wrong.
 */
int	queue_edit_read_form(struct queue_edit *e, const struct buf *before,
	    const struct buf *after, struct err *err);

#endif
