/*
 * queue_manifest.h - what an archive of queue files says of them
 *
 *	4F2AB10C  4F2AB10C.defer ...	queue files, and the logs they have
 *	manifest.jsonl			the last member: a line for the archive,
 *					and one for each file
 *
 * {"v": 1, "format": "posthorn-queue", "archive": ID, "time": T, "host": NAME, "messages": N}
 * {"id": ID, "log": "" or defer, bounce, trace, "queue": Q, "mode": M, "mtime": T,
 *  "size": N, "sha256": HEX}
 *
 * Written by postsuper --export-queue. What is read comes from strangers: it is
 * refused as a whole unless every file is named once, and is as it says.
 */
#ifndef LIB_QUEUE_QUEUE_MANIFEST_H
#define LIB_QUEUE_QUEUE_MANIFEST_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "lib/queue/queue_archive.h"

struct buf;
struct err;
struct stat;

#define QUEUE_MANIFEST_ID	33	/* of an archive, with its NUL: 32 hexadecimal digits */

/* queue_manifest_member - out = name of a member: "ID", or "ID.LOG" */
void	queue_manifest_member(struct buf *out, const char *id,
	    const char *log);

/* ---- writing ---- */

/* queue_manifest_put_head - append the line of the archive */
void	queue_manifest_put_head(struct buf *out, const char *archive,
	    time_t now, const char *host, size_t messages);
/*
 * queue_manifest_put_file - append the line of a file
 *
 * log		"": the message itself
 * queue	where the message was
 * mtime	its next attempt; of a log its own
 */
void	queue_manifest_put_file(struct buf *out, const char *id,
	    const char *log, const char *queue, const struct stat *st,
	    time_t mtime, const char *sum);
/* queue_manifest_end - add these lines as the last member, and end the archive */
int	queue_manifest_end(int fd, const struct buf *lines, time_t now,
	    struct err *err);

/* ---- reading ---- */

/* A file of the manifest: a message, or a log of one. */
struct queue_manifest_entry {
	char		*id;
	const char	*log;		/* of queue_logs; "": a message */
	const struct queue_archive_member *member;
	char		 sum[QUEUE_ARCHIVE_SUM];
	mode_t		 mode;
	time_t		 mtime;
	char		*new_id;	/* the reader's to fill; freed with the rest */
};

struct queue_manifest {
	char		 archive[QUEUE_MANIFEST_ID];
	char		*host;
	struct queue_manifest_entry *entries;	/* messages before their logs */
	size_t		 count, messages;
	struct queue_archive_member *members;
};

/*
 * queue_manifest_read - index the archive, read its manifest, check all files
 *
 * name		of the archive, for messages
 * m		out: queue_manifest_done, also after an error
 *
 * 0, or -1 with err: what is wrong with which file.
 */
int	queue_manifest_read(int fd, const char *name,
	    struct queue_manifest *m, struct err *err);
/* queue_manifest_message - the message of that ID; NULL when there is none */
struct queue_manifest_entry	*queue_manifest_message(
    const struct queue_manifest *m, const char *id);
void	queue_manifest_done(struct queue_manifest *m);

#endif
