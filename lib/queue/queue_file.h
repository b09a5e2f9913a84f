/*
 * queue_file.h - read one queue file record by record
 *
 * The reader maps or reads ahead in large pieces and hands out views, so a
 * listing costs one read per small file. It knows framing and pointers and
 * trusts nothing; it never decides what should happen to a message.
 */
#ifndef LIB_QUEUE_QUEUE_FILE_H
#define LIB_QUEUE_QUEUE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct buf;
struct err;
struct queue_file;

enum queue_file_mode {
	QUEUE_FILE_NORMAL,	/* follows p, hides p and w, ends after E (3.2) */
	QUEUE_FILE_PLAIN	/* shows every record; the caller jumps */
};

/*
 * queue_file_new - read from fd (taken); name is for messages
 * queue_file_open - open QUEUE/ID read-only, by the rules of 12.1
 */
struct queue_file	*queue_file_new(int fd, const char *name,
			    enum queue_file_mode mode);
struct queue_file	*queue_file_open(const char *queue, const char *id,
			    enum queue_file_mode mode, struct err *err);
/* queue_file_open_path - the same for a path that a walk has found */
struct queue_file	*queue_file_open_path(const char *path,
			    enum queue_file_mode mode, struct err *err);
/*
 * queue_file_reopen - the same for one file after the other
 *
 * kept		*kept NULL, or a reader whose memory serves again; its file is
 *		closed. The caller frees it with queue_file_close
 *
 * 0, or -1 with err: then *kept is at rest.
 */
int	queue_file_reopen(struct queue_file **kept, const char *path,
	    enum queue_file_mode mode, struct err *err);
/* queue_file_rest - close the file, keep the memory for queue_file_reopen; NULL is fine */
void	queue_file_rest(struct queue_file *qf);
void	queue_file_close(struct queue_file *qf);
int	queue_file_fd(const struct queue_file *qf);
/* queue_file_take_fd - close the reader, keep the descriptor */
int	queue_file_take_fd(struct queue_file *qf);

/*
 * queue_file_next - the next record
 *
 * value	view, valid until the next call; NUL-terminated for convenience
 *
 * Returns 1, 0 at the end, or -1 with ERR_SYNTAX (text starts with the name).
 */
int	queue_file_next(struct queue_file *qf, int *type, const char **value,
	    size_t *len, struct err *err);
/* queue_file_offset - where the record just read begins; queue_file_tell - where the next one does */
off_t	queue_file_offset(const struct queue_file *qf);
off_t	queue_file_tell(const struct queue_file *qf);
/* queue_file_size - of a regular file as it was when opened, else -1 */
off_t	queue_file_size(const struct queue_file *qf);
/* queue_file_stat - what fstat said when it was opened */
const struct stat	*queue_file_stat(const struct queue_file *qf);
/* queue_file_seek - go on at an absolute offset; a target beyond EOF reads as end */
int	queue_file_seek(struct queue_file *qf, off_t at, struct err *err);
/* queue_file_jump - follow a pointer record's data in plain mode; loop guard of 3.5 */
int	queue_file_jump(struct queue_file *qf, const char *value,
	    struct err *err);

/*
 * queue_file_may_open - is QUEUE/ID a file that may be opened (12.1)?
 *
 * st		out. Returns 1, 0 silently no, -1 no with a warning in err.
 */
int	queue_file_may_open(const char *queue, const char *id, struct stat *st,
	    struct err *err);

/*
 * queue_file_mark_done - turn the R at offset into D (3.10)
 *
 * The byte there is checked first: anything but R changes nothing and is ERR_SYNTAX.
 */
int	queue_file_mark_done(int fd, off_t offset, struct err *err);

#endif
