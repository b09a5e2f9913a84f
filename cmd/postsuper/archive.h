/*
 * archive.h - what --export-queue writes and --import-queue reads
 *
 *	4F2AB10C  4F2AB10C.defer ...	queue files, and the logs they have
 *	manifest.jsonl			the last member: a line for the archive,
 *					and one for each file
 *
 * {"v": 1, "format": "posthorn-queue", "archive": ID, "time": T, "host": NAME, "messages": N}
 * {"id": ID, "log": "" or defer, bounce, trace, "queue": Q, "mode": M, "mtime": T,
 *  "size": N, "sha256": HEX}
 */
#ifndef CMD_POSTSUPER_ARCHIVE_H
#define CMD_POSTSUPER_ARCHIVE_H

#include "cmd/postsuper/bulk.h"

#define ARCHIVE_MANIFEST	"manifest.jsonl"
#define ARCHIVE_FORMAT		"posthorn-queue"
#define ARCHIVE_ID_DIGITS	32

extern const char *const archive_logs[];	/* defer bounce trace, NULL */

/* archive_member - out = name of a member: "ID", or "ID.LOG" */
void	archive_member(struct buf *out, const char *id, const char *log);

/*
 * export_prepare - with the caller's rights: make the file beside the archive's
 * name, and a child that will give it that name
 */
void	export_prepare(struct bulk *b);
enum bulk_status	bulk_export_queue(const struct bulk *b);

/* import_prepare - with the caller's rights: open the archive */
void	import_prepare(struct bulk *b);
enum bulk_status	bulk_import_queue(const struct bulk *b);

#endif
