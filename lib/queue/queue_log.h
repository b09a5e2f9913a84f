/*
 * queue_log.h - per-message logs: bounce, defer, trace (spec/queue-format.md 8)
 *
 * Agents append here directly, under the same locks as a bounce service; the
 * bounce role and listers read.
 */
#ifndef LIB_QUEUE_QUEUE_LOG_H
#define LIB_QUEUE_QUEUE_LOG_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/mail/dsn.h"

struct err;
struct queue_log;

extern const char *const queue_logs[];	/* defer bounce trace, NULL */

/* One recipient as queue files and delivery requests know it; texts never NULL. */
struct queue_rcpt {
	const char	*address;	/* internal form, after rewriting */
	const char	*orig;		/* O record */
	const char	*dsn_orcpt;	/* "rfc822;a@b" or "" */
	unsigned	 dsn_notify;
	off_t		 offset;	/* of its R record; -1: do not mark */
};

/*
 * queue_log_append - add one entry, locked and fsynced
 *
 * log		"bounce", "defer" or "trace": the directory
 */
int	queue_log_append(const char *log, const char *id,
	    const struct queue_rcpt *rcpt, const struct dsn *dsn,
	    struct err *err);

struct queue_log_entry {
	struct queue_rcpt rcpt;		/* address in external form, as stored */
	struct dsn	  dsn;
};

/* queue_log_open - NULL with ERR_NOT_FOUND when there is no log */
struct queue_log	*queue_log_open(const char *log, const char *id,
			    struct err *err);
/*
 * queue_log_reopen - a defer log that stands at path, one after the other
 *
 * kept		*kept NULL, or a reader whose memory serves again; the caller
 *		frees it with queue_log_close
 *
 * 0, or -1 with err: then *kept holds no entries.
 */
int	queue_log_reopen(struct queue_log **kept, const char *path,
	    struct err *err);
/* queue_log_next - 1 with a view valid until the next call, 0 at the end; bad lines are warned about and skipped (8.3) */
int	queue_log_next(struct queue_log *ql, struct queue_log_entry *out);
void	queue_log_close(struct queue_log *ql);
/* queue_log_remove - unlink; ENOENT is success */
int	queue_log_remove(const char *log, const char *id, struct err *err);

#endif
