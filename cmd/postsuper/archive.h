/*
 * archive.h - --export-queue and --import-queue: mail for another host, and from one
 *
 * What is in the archive: lib/queue/queue_manifest.h.
 */
#ifndef CMD_POSTSUPER_ARCHIVE_H
#define CMD_POSTSUPER_ARCHIVE_H

#include "cmd/postsuper/bulk.h"

struct err;
struct queue_manifest;

/*
 * export_prepare - with the caller's rights: make the file beside the archive's
 * name, and a child that will give it that name
 */
void	export_prepare(struct bulk *b);
enum bulk_status	bulk_export_queue(const struct bulk *b);

/* import_prepare - with the caller's rights: open the archive */
void	import_prepare(struct bulk *b);
enum bulk_status	bulk_import_queue(const struct bulk *b);

/*
 * imported_open - $data_directory/imports.jsonl, which archives came here
 *
 * m		its messages get the names that an interrupted import gave them
 * *was_begun	out: there was one
 *
 * Locked until it is closed: two imports take turns. A descriptor, or -1:
 * ERR_DENIED when this archive was imported before.
 */
int	imported_open(const char *archive, struct queue_manifest *m,
	    bool *was_begun, struct err *err);
/* imported_add - "begin" or "end", on stable storage or not there at all */
int	imported_add(int fd, const char *event,
	    const struct queue_manifest *m, struct err *err);

#endif
