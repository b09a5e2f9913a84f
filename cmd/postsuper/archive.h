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
 * import_check_here - would the archive's messages be here twice?
 *
 * 0; or -1: ERR_DENIED when one of them is in a queue, or when their export
 * was undone.
 */
int	import_check_here(const struct bulk *b,
	    const struct queue_manifest *m, struct err *err);

#endif
