/*
 * queue_journal.c - who did what to which message, and when
 *
 * Writers append whole lines under a lock, and look whether the file is still
 * the one of that name: somebody may have rotated it while they waited.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_journal.h"

#include <ctype.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_journal_internal.h"

#define NAME		"actions.jsonl"
#define NOBODY		4294967295u	/* loginuid of what no login began */

void
queue_token_make(char out[QUEUE_TOKEN_SIZE], time_t now)
{
	unsigned short random = 0;
	struct tm tm;
	size_t n;

	localtime_r(&now, &tm);
	n = strftime(out, QUEUE_TOKEN_SIZE, "%Y%m%dT%H%M%S", &tm);
	if (getrandom(&random, sizeof(random), 0) == -1)
		random = (unsigned short)getpid();
	snprintf(out + n, QUEUE_TOKEN_SIZE - n, "-%04X", random);
}

bool
queue_token_is_valid(const char *token)
{
	static const char form[] = "dddddddd" "Tdddddd-xxxx";
	size_t i;

	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)token[i]) :
		    form[i] == 'x' ? !isxdigit((unsigned char)token[i]) :
		    token[i] != form[i])
			return false;
	}
	return token[i] == '\0';
}

void
queue_journal_stamp(struct queue_journal_action *a)
{
	struct timeval now = clock_timeval();

	a->time = now.tv_sec;
	a->usec = now.tv_usec;
}

/* ---- lines ---- */

static void
put_text(struct buf *out, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_adds(out, ", ");
	json_member(out, name, text);
}

static void
put_head(struct buf *out, const char *event, const char *token)
{
	buf_adds(out, "{\"v\": 1");
	put_text(out, "event", event);
	put_text(out, "token", token);
}

void
queue_journal_put_begin(struct buf *out, const struct queue_journal_action *a)
{
	put_head(out, "begin", a->token);
	buf_addf(out, ", \"time\": %lld", (long long)a->time);
	if (a->usec > 0)
		buf_addf(out, ", \"usec\": %lld", (long long)a->usec);
	put_text(out, "action", a->action);
	put_text(out, "user", a->user);
	put_text(out, "command", a->command);
	put_text(out, "select", a->select);
	put_text(out, "note", a->note);
	put_text(out, "of", a->of);
	put_text(out, "archive", a->archive);
	buf_addf(out, ", \"messages\": %lld, \"bytes\": %lld, "
	    "\"undo\": %s}\n", (long long)a->messages, (long long)a->bytes,
	    a->is_final ? "false" : "true");
}

void
queue_journal_put_message(struct buf *out, const char *token,
    const struct queue_journal_message *m)
{
	const struct queue_identity *w = &m->what;

	put_head(out, "message", token);
	put_text(out, "id", w->id);
	put_text(out, "queue", w->queue);
	put_text(out, "path", w->path);
	buf_addf(out, ", \"dev\": %llu, \"inode\": %llu, \"bytes\": %lld, "
	    "\"arrived\": %lld.%06ld, \"mtime\": %lld, \"mode\": %u, "
	    "\"recipients\": %lld", (unsigned long long)w->dev,
	    (unsigned long long)w->inode, (long long)w->bytes,
	    (long long)w->arrival.tv_sec, (long)w->arrival.tv_usec,
	    (long long)m->mtime, (unsigned)m->mode, (long long)m->rcpts);
	put_text(out, "new_id", m->new_id);
	buf_adds(out, "}\n");
}

void
queue_journal_put_result(struct buf *out, const char *token, const char *id,
    const char *result, const char *why, const char *new_id)
{
	put_head(out, "result", token);
	put_text(out, "id", id);
	put_text(out, "result", result);
	put_text(out, "why", why);
	put_text(out, "new_id", new_id);
	buf_adds(out, "}\n");
}

void
queue_journal_put_end(struct buf *out, const struct queue_journal_action *a)
{
	int i;

	put_head(out, "end", a->token);
	buf_addf(out, ", \"time\": %lld", (long long)a->ended);
	for (i = 0; i < QUEUE_RESULT_COUNT; i++)
		buf_addf(out, ", \"%s\": %lld",
		    queue_result_name((enum queue_result)i),
		    (long long)a->counts[i]);
	buf_adds(out, "}\n");
}

/* ---- the file ---- */

void
journal_path(struct buf *out, int nth)
{
	buf_setf(out, "%s/" NAME, params.data_directory);
	if (nth > 0)
		buf_addf(out, ".%d", nth);
}

/* Open the journal and lock it; the file that has the name once we have the lock. */
static int
open_locked(const char *path, struct err *err)
{
	struct stat ours, named;
	int fd;

	for (;;) {
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		    O_NOFOLLOW, 0600);
		if (fd == -1)
			return err_sys(err, "open %s", path);
		if (file_lock(fd, LOCK_EX) == -1 || fstat(fd, &ours) == -1) {
			err_sys(err, "lock %s", path);
			close(fd);
			return -1;
		}
		if (stat(path, &named) == 0 && named.st_ino == ours.st_ino &&
		    named.st_dev == ours.st_dev)
			return fd;
		close(fd);
	}
}

/* The file has grown enough: the next writer begins a new one. */
static void
rotate(void)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	int i;

	for (i = JOURNAL_KEPT; i > 0; i--) {
		journal_path(&from, i - 1);
		journal_path(&to, i);
		rename(from.ptr, to.ptr);
	}
	buf_done(&from);
	buf_done(&to);
}

int
queue_journal_append(const struct buf *lines, struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd, rc = 0;

	journal_path(&path, 0);
	if ((fd = open_locked(path.ptr, err)) == -1) {
		buf_done(&path);
		return -1;
	}
	if (fstat(fd, &st) == -1) {
		rc = err_sys(err, "fstat %s", path.ptr);
	} else if (file_write_all(fd, lines->ptr, lines->len) == -1 ||
	    fsync(fd) == -1 || (st.st_size == 0 &&
	    file_sync_parent(path.ptr, NULL) == -1)) {
		rc = err_sys(err, "write %s", path.ptr);
		/* Half a line would spoil the next one. */
		if (ftruncate(fd, st.st_size) == -1)
			err_prefix(err, "half a line is left: ");
	} else if (st.st_size + (off_t)lines->len >
	    params.posthorn_journal_size) {
		rotate();
	}
	close(fd);
	buf_done(&path);
	return rc;
}

void
queue_journal_user(struct buf *out)
{
	struct buf text = BUF_INIT;
	struct passwd pw, *found = NULL;
	char room[2048];
	uint64_t uid = getuid(), login;

	if (file_read("/proc/self/loginuid", &text, 32, NULL) == 0) {
		buf_trim_right(&text);
		if (num_parse_uint(text.ptr, NOBODY, &login, NULL) == 0 &&
		    login != NOBODY)
			uid = login;
	}
	if (getpwuid_r((uid_t)uid, &pw, room, sizeof(room), &found) == 0 &&
	    found != NULL)
		buf_adds(out, pw.pw_name);
	else
		buf_addf(out, "uid %llu", (unsigned long long)uid);
	buf_done(&text);
}
