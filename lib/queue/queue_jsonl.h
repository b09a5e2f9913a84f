/*
 * queue_jsonl.h - a message as one line of JSON, and back
 *
 * What queue_jsonl_put writes holds all that directory entry, envelope and
 * defer log tell, so that whatever can be asked of a queued message can be
 * asked of its line later. Keys, and how they came, are in postqueue(1), JSON
 * OUTPUT. Lines of a plain "postqueue -j" are read as well; they tell what a
 * listing service does.
 */
#ifndef LIB_QUEUE_QUEUE_JSONL_H
#define LIB_QUEUE_QUEUE_JSONL_H

#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct queue_field;
struct queue_field_context;
struct queue_jsonl;
struct queue_message;

/*
 * queue_jsonl_put - append the object and a newline
 *
 * more		fields of headers or content to add; others are there anyway
 *
 * Reads of the message what it needs.
 */
void	queue_jsonl_put(struct buf *out, struct queue_field_context *c,
	    const struct queue_field *const *more, size_t more_count);

/*
 * queue_jsonl_parse - make m the message of this line
 *
 * m is told then (is_told), as by queue_listing_tell, and more: with our own
 * lines is_snapshot is set, and the members that identify the file are where
 * a look at it would have put them: st.st_dev, st.st_ino, st.st_size,
 * st.st_mtime, arrival. They are 0 where the line has none (plain -j).
 * Returns 0, or -1 with ERR_SYNTAX.
 */
int	queue_jsonl_parse(const char *line, size_t len,
	    struct queue_message *m, struct err *err);

/*
 * queue_jsonl_new - read lines
 *
 * read		as read(2), of ctx
 * name		for messages: a file name
 */
struct queue_jsonl	*queue_jsonl_new(ssize_t (*read)(void *ctx,
			    void *data, size_t len), void *ctx,
			    const char *name);
/* queue_jsonl_new_fd - read lines of a descriptor, which stays the caller's */
struct queue_jsonl	*queue_jsonl_new_fd(int fd, const char *name);
/*
 * queue_jsonl_next - the message of the next line; empty lines are passed
 *
 * Returns 1; 0 at the end; -1 with err, which names file and line:
 * ERR_SYNTAX is about one line, and the next may be better; after other kinds
 * nothing follows.
 */
int	queue_jsonl_next(struct queue_jsonl *r, struct queue_message *m,
	    struct err *err);
void	queue_jsonl_free(struct queue_jsonl *r);

#endif
