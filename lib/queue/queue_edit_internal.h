/*
 * queue_edit_internal.h - what the parts of the editor share
 */
#ifndef LIB_QUEUE_QUEUE_EDIT_INTERNAL_H
#define LIB_QUEUE_QUEUE_EDIT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/base/buf.h"

struct err;
struct queue_field_context;
struct queue_message;
struct queue_file;
struct queue_journal_message;
struct queue_select;
struct queue_writer;
struct table;

#define EDIT_ADDRESS_MAX	1000	/* what the envelope of real mail holds is far shorter */
#define EDIT_ERROR_ROOM		256	/* of a message of PCRE2 */

struct edit_text {		/* a list of texts */
	char	**items;
	size_t	 count;
};

struct edit_header {
	char		*name;
	struct buf	 lines;		/* as records hold them, joined by '\n'; empty: delete */
};

struct edit_map {		/* either */
	pcre2_code	*regex;
	char		*replacement;
	bool		 is_global;
	struct table	*table;
};

struct queue_edit {
	char		*sender;	/* NULL: stays */
	char		*redirect, *filter;	/* "": none any more */
	struct edit_text added;
	struct queue_select **drop, **done;
	size_t		 drop_count, done_count;
	struct queue_select **requeue;	/* alone */
	size_t		 requeue_count;
	struct edit_text dropped, marked;	/* by address: of a form */
	struct edit_map	*maps;
	size_t		 map_count;
	struct edit_header *headers;
	size_t		 header_count;
	struct edit_text strip;		/* globs */
	struct buf	 content;	/* of a form: replaces all of it */
	bool		 has_content;
	struct buf	 words;		/* for queue_edit_describe */
};

/* What becomes of one recipient that is still to do. */
struct edit_rcpt {
	off_t	 offset;	/* of its record */
	char	 type;		/* what it becomes: R D / */
	char	*mapped;	/* its new address, or NULL */
};

/* A part of the message that a note takes the place of. */
struct edit_strip {
	off_t		 from, to;	/* whole lines, in bytes of content */
	struct buf	 note;		/* its header and body, lines joined by '\n' */
};

struct edit_decision {
	struct edit_rcpt *rcpts;	/* by offset, ascending */
	size_t		 count;
	char		**added;	/* of the additions, those not there yet; the edit's */
	size_t		 added_count;
	size_t		 changed;	/* recipients that become something else */
	size_t		 left;		/* recipients still to do afterwards */
	struct edit_strip *strips;	/* by from, ascending */
	size_t		 strip_count;
	bool		 needs_file;	/* more than type bytes changes */
	bool		 splits;	/* who is cancelled here is to do in a file of their own */
	struct buf	 lines;		/* what changes, in words */
};

/* edit_decide - what an edit means for this message; -1 with err when it cannot be */
int	edit_decide(const struct queue_edit *e, struct queue_field_context *c,
	    struct edit_decision *d, struct err *err);
void	edit_decision_done(struct edit_decision *d);
/* edit_decision_invert - of a split: what the other file's recipients become */
void	edit_decision_invert(const struct edit_decision *d,
	    struct edit_decision *out);
/* edit_decision_find - NULL when no recipient to do stands there */
const struct edit_rcpt	*edit_decision_find(const struct edit_decision *d,
			    off_t offset);

/* Where recipients' records stood, and where they stand. */
struct edit_offsets {
	struct { off_t from, to; } *at;
	size_t	 count, room;
};

/*
 * edit_write - the new file's records, size record patched
 *
 * offsets	out: appended to
 */
int	edit_write(const struct queue_edit *e, const struct edit_decision *d,
	    struct queue_file *from, struct queue_writer *to,
	    struct edit_offsets *offsets, struct err *err);
/*
 * edit_check - read both as strictly as can be: is all there that should be?
 *
 * 0, or -1 with err, which names what is not.
 */
int	edit_check(const struct queue_edit *e, const struct edit_decision *d,
	    struct queue_file *before, struct queue_file *after,
	    struct err *err);

/* edit_decide_content - the part of edit_decide that looks at the content */
int	edit_decide_content(const struct queue_edit *e,
	    struct queue_message *m, struct edit_decision *d, struct err *err);
void	edit_text_add(struct edit_text *t, const char *item);
/* edit_address - internal form of an address that a person gave, to be freed; NULL with err */
char	*edit_address(const char *arg, bool may_be_empty, struct err *err);

/* Where a record stands in a message, seen from an edit. */
enum edit_place { EDIT_ENVELOPE, EDIT_HEADERS, EDIT_BODY, EDIT_EXTRACTED };
struct edit_walk {
	struct queue_file *qf;		/* in normal mode, at its start */
	const struct queue_edit *e;
	enum edit_place	 place;		/* of the record; M, X, E belong to what they end */
	bool		 begins_field;	/* the first record of a header field */
	const struct edit_header *field; /* what the edit does to it, NULL: nothing */
	size_t		 field_index;	/* among e->headers */
	off_t		 pos;		/* of a text record, in bytes of content */
	off_t		 next_pos;
	enum edit_place	 next_place;
	bool		 in_line;	/* the last text record was no line's end */
};
/* edit_walk_next - as queue_file_next, and w tells where that is */
int	edit_walk_next(struct edit_walk *w, int *type, const char **value,
	    size_t *len, struct err *err);

#define EDIT_ACTION	"edit"	/* in the journal */

/* edit_release_queue - where a message goes on that was in this queue */
const char	*edit_release_queue(const char *home);
/*
 * edit_mark - change the type bytes of a file's recipients, and flush them
 *
 * st	the file that path must still name; its times, which the file keeps. A
 *	byte that is no R any more stays.
 */
int	edit_mark(const char *path, const struct stat *st,
	    const struct edit_decision *d, struct err *err);

/* edit_keep_times - give a file that was written to its times back, and flush it; 0 or -1 with errno */
int	edit_keep_times(int fd, const struct stat *st);
/* edit_requeue - from hold to maildrop, as postsuper -r does it; 0 or -1 */
int	edit_requeue(const char *id, struct err *err);

/* edit_is_split - does the journal tell of a new file beside the old one, and of who went there? */
bool	edit_is_split(const struct queue_journal_message *m);

/* edit_read_offsets - what the journal keeps of it: "833/ 901D" */
void	edit_read_offsets(const char *text, struct edit_decision *d);

/*
 * edit_logs_rewrite - defer/ID without those that are not to do any more
 * edit_logs_copy - the logs of a message for its new file: offsets follow
 * edit_logs_remove - of a file that is given up
 */
int	edit_logs_rewrite(const char *id, const struct edit_decision *d,
	    struct err *err);
int	edit_logs_copy(const char *old_id, const char *new_id,
	    const struct edit_decision *d, const struct edit_offsets *offsets,
	    struct err *err);
void	edit_logs_remove(const char *id);

#endif
