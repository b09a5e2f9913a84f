/*
 * import_check.c - an archive's messages must not be here already
 *
 * They are when the archive was made here, and its messages stayed or came
 * back: then its import would deliver them twice.
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postsuper/archive.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_manifest.h"
#include "lib/queue/queue_message.h"

/* The size record and the time of arrival: nobody changes these in place. */
#define BEGINNING	128

/* ---- what the journal tells ---- */

struct exported {
	const char	*archive;
	char		 tokens[2][QUEUE_TOKEN_SIZE];	/* its hold, and its deletion */
	size_t		 count;
	char		 undo[QUEUE_TOKEN_SIZE];	/* what took one of them back, or "" */
};

static bool
find_undo(const struct queue_journal_action *a, void *ctx)
{
	struct exported *x = ctx;
	size_t i;

	if (strcmp(a->archive, x->archive) == 0 && x->count < 2)
		snprintf(x->tokens[x->count++], QUEUE_TOKEN_SIZE, "%s",
		    a->token);
	for (i = 0; i < x->count; i++)
		if (strcmp(a->of, x->tokens[i]) == 0 &&
		    a->counts[QUEUE_RESULT_DONE] > 0)
			snprintf(x->undo, sizeof(x->undo), "%s", a->token);
	return x->undo[0] == '\0';
}

static int
check_undone(const struct bulk *b, const struct queue_manifest *m,
    struct err *err)
{
	struct exported x = { .archive = m->archive };

	if (queue_journal_each(0, find_undo, &x, NULL, err) == -1)
		return -1;
	return x.undo[0] == '\0' ? 0 : err_set(err, ERR_DENIED, "%s: was "
	    "exported here, and its messages came back by the undo %s",
	    b->import_queue, x.undo);
}

/* ---- what the queues hold ---- */

static bool
is_same(const struct bulk *b, const struct queue_archive_member *member,
    const char *path)
{
	char ours[BEGINNING], theirs[BEGINNING];
	size_t len = member->size < BEGINNING ? (size_t)member->size :
	    BEGINNING;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool is_so;

	if (fd == -1)
		return false;
	is_so = fstat(fd, &st) == 0 && st.st_size == member->size &&
	    pread(fd, ours, len, 0) == (ssize_t)len &&
	    pread(b->archive_fd, theirs, len, member->at) == (ssize_t)len &&
	    memcmp(ours, theirs, len) == 0;
	close(fd);
	return is_so;
}

static int
check_queues(const struct bulk *b, const struct queue_manifest *m,
    struct err *err)
{
	struct buf path = BUF_INIT;
	size_t i, q;
	int rc = 0;

	for (i = 0; rc == 0 && i < m->messages; i++)
		for (q = 0; rc == 0 && queue_message_queues[q] != NULL; q++) {
			queue_path(&path, queue_message_queues[q],
			    m->entries[i].id);
			if (is_same(b, m->entries[i].member, path.ptr))
				rc = err_set(err, ERR_DENIED, "%s: its "
				    "message %s is here, in %s",
				    b->import_queue, m->entries[i].id,
				    queue_message_queues[q]);
		}
	buf_done(&path);
	return rc;
}

int
import_check_here(const struct bulk *b, const struct queue_manifest *m,
    struct err *err)
{
	return check_queues(b, m, err) == -1 ? -1 : check_undone(b, m, err);
}
