/*
 * snapshot.c - --save and --from: the queue as it was
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postqueue/query_internal.h"
#include "lib/base/log.h"
#include "lib/queue/queue_scan.h"

void
snapshot_open(struct run *r)
{
	const char *path = r->q->from;

	r->source.name = path;
	r->source.fd = STDIN_FILENO;
	if (strcmp(path, "-") == 0)
		return;
	query_as_caller(true);
	r->source.fd = open(path, O_RDONLY | O_CLOEXEC);
	query_as_caller(false);
	if (r->source.fd == -1)
		log_fatal("--from: open %s: %s", path, strerror(errno));
}

static bool
write_lines(struct buf *out, void *ctx)
{
	(void)ctx;
	output_write(out);
	return true;
}

int
save_run(struct run *r)
{
	struct queue_scan_job job = { .text = write_lines };
	struct part sum;
	int status;

	query_scan(r, &job);
	status = query_status(r, true);
	query_count(r, &sum);
	if (strcmp(r->q->save, "-") != 0)
		log_info("%s: %lld message%s", r->q->save,
		    (long long)sum.matched, sum.matched == 1 ? "" : "s");
	return status;
}
