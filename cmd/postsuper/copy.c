/*
 * copy.c - --copy-to: evidence, before anything is done
 *
 * The directory is made and opened with the caller's rights and written with
 * the queue owner's. When a message that is still there cannot be copied,
 * nothing is done to any.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/postsuper/bulk.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_message.h"

#define MBOX	"messages.mbox"
#define PIECE	65536

void
bulk_copy_prepare(struct bulk *b)
{
	char token[QUEUE_TOKEN_SIZE];
	struct passwd *pw;

	if (b->copy_to == NULL)
		return;
	queue_token_make(token, b->now);
	snprintf(b->copy_dir, sizeof(b->copy_dir), "%s/%s", b->copy_to,
	    token);
	if (mkdir(b->copy_dir, 0700) == -1)
		log_fatal("--copy-to: make directory %s: %s", b->copy_dir,
		    strerror(errno));
	/* Its parent may be somebody's who would have us give away another. */
	b->copy_fd = open(b->copy_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (b->copy_fd == -1)
		log_fatal("--copy-to: open %s: %s", b->copy_dir,
		    strerror(errno));
	if (geteuid() == 0 && (pw = account_named(params.mail_owner)) != NULL &&
	    fchown(b->copy_fd, pw->pw_uid, (gid_t)-1) == -1)
		log_fatal("--copy-to: change owner of %s: %s", b->copy_dir,
		    strerror(errno));
}

static int
make_file(const struct bulk *b, const char *name, int flags,
    struct err *err)
{
	int fd = openat(b->copy_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW | flags, 0600);

	return fd == -1 ? err_sys(err, "make %s/%s", b->copy_dir, name) : fd;
}

/* Flush and close; the error of either counts. */
static int
end_file(const struct bulk *b, int fd, const char *name, int rc,
    struct err *err)
{
	if (rc == 0 && fsync(fd) == -1)
		rc = err_sys(err, "write %s/%s", b->copy_dir, name);
	close(fd);
	return rc;
}

static int
copy_bytes(const struct bulk *b, int from, const char *name, struct err *err)
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;
	int fd, rc = 0;

	if ((fd = make_file(b, name, O_EXCL, err)) == -1)
		return -1;
	while (rc == 0 && (n = pread(from, piece, sizeof(piece), at)) != 0) {
		if (n == -1 || file_write_all(fd, piece, (size_t)n) == -1)
			rc = err_sys(err, "copy to %s/%s", b->copy_dir, name);
		at += n;
	}
	return end_file(b, fd, name, rc, err);
}

/* The queue file, and its logs where there are any. */
static int
copy_queue_file(const struct bulk *b, const struct queue_found *f,
    struct err *err)
{
	static const char *const logs[] = { "defer", "bounce", "trace" };
	struct buf path = BUF_INIT, name = BUF_INIT;
	int fd, rc;
	size_t i;

	rc = copy_bytes(b, f->fd, f->id, err);
	for (i = 0; rc == 0 && i < 3; i++) {
		queue_path(&path, logs[i], f->id);
		buf_setf(&name, "%s.%s", f->id, logs[i]);
		fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1)
			continue;
		rc = copy_bytes(b, fd, name.ptr, err);
		close(fd);
	}
	buf_done(&path);
	buf_done(&name);
	return rc;
}

/* ---- messages as mail ---- */

struct sink {
	int		 fd;
	bool		 is_mbox;
	bool		 in_line;	/* the last byte was no line's end */
	struct buf	 line;		/* mbox: what is held back to be looked at */
	bool		 has_failed;
};

/* mboxrd: any line of ">"s and "From " gets one more ">". */
static void
put_mbox_line(struct sink *s)
{
	size_t i = strspn(s->line.ptr, ">");

	if (strncmp(s->line.ptr + i, "From ", 5) == 0)
		buf_insert(&s->line, 0, ">", 1);
	s->has_failed |= file_write_all(s->fd, s->line.ptr, s->line.len) ==
	    -1;
	buf_reset(&s->line);
}

static bool
put_content(void *ctx, const char *data, size_t len)
{
	struct sink *s = ctx;
	size_t i;

	if (len > 0)
		s->in_line = data[len - 1] != '\n';
	if (!s->is_mbox) {
		s->has_failed |= file_write_all(s->fd, data, len) == -1;
		return !s->has_failed;
	}
	for (i = 0; i < len && !s->has_failed; i++) {
		buf_addc(&s->line, data[i]);
		if (data[i] == '\n')
			put_mbox_line(s);
	}
	return !s->has_failed;
}

static void
put_from_line(const struct queue_found *f, struct sink *s)
{
	struct buf line = BUF_INIT;
	struct queue_message m;
	char when[64] = "Thu Jan  1 00:00:00 1970";
	struct tm tm;

	queue_message_init(&m);
	queue_message_begin(&m, f->queue, f->id, f->path.ptr, &f->st);
	queue_message_want(&m, QUEUE_MESSAGE_ENVELOPE, NULL);
	if (gmtime_r(&m.arrival.tv_sec, &tm) != NULL)
		strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm);
	buf_addf(&line, "From %s  %s\n", m.has_sender ? m.sender_shown :
	    "MAILER-DAEMON", when);
	s->has_failed |= file_write_all(s->fd, line.ptr, line.len) == -1;
	queue_message_done(&m);
	buf_done(&line);
}

static int
copy_mail(const struct bulk *b, const struct queue_found *f, struct err *err)
{
	struct sink s = { .line = BUF_INIT,
	    .is_mbox = b->export == BULK_MBOX };
	struct queue_file *qf;
	struct buf name = BUF_INIT;
	int rc = -1;

	if (s.is_mbox)
		buf_sets(&name, MBOX);
	else
		buf_setf(&name, "%s.eml", f->id);
	s.fd = make_file(b, name.ptr, s.is_mbox ? O_APPEND : O_EXCL, err);
	if (s.fd != -1 && (qf = queue_file_new(dup(f->fd), f->path.ptr,
	    QUEUE_FILE_NORMAL)) != NULL) {
		if (s.is_mbox)
			put_from_line(f, &s);
		rc = queue_content_message(qf, f->path.ptr, put_content, &s,
		    err);
		if (s.line.len > 0)
			put_mbox_line(&s);
		if (s.in_line || s.is_mbox)
			s.has_failed |= file_write_all(s.fd, "\n\n",
			    (size_t)s.in_line + s.is_mbox) == -1;
		if (s.has_failed)
			rc = err_sys(err, "write %s/%s", b->copy_dir,
			    name.ptr);
		queue_file_close(qf);
	}
	if (s.fd != -1)
		rc = end_file(b, s.fd, name.ptr, rc, err);
	buf_done(&s.line);
	buf_done(&name);
	return rc;
}

bool
bulk_copy(const struct bulk *b, const struct queue_plan *plan)
{
	const struct queue_plan_item *item;
	struct queue_found f = QUEUE_FOUND_INIT;
	struct err err = ERR_INIT;
	size_t i, count = 0;
	bool is_good = true;

	for (i = 0; bulk_stop == 0 && (item = queue_plan_at(plan, i)) != NULL;
	    i++) {
		switch (queue_identity_open(&item->what, &f, &err)) {
		case QUEUE_RESULT_DONE:
			if ((b->export == BULK_FILES ? copy_queue_file(b, &f,
			    &err) : copy_mail(b, &f, &err)) == 0) {
				count++;
				break;
			}
			/* FALLTHROUGH */
		case QUEUE_RESULT_FAILED:
			log_error("--copy-to: %s: %s", item->what.id,
			    err.text);
			is_good = false;
			break;
		default:	/* gone: nothing will be done to it either */
			break;
		}
		queue_found_close(&f);
	}
	if (fsync(b->copy_fd) == -1)
		is_good = false;
	if (b->wants_json)
		printf("{\"event\": \"copied\", \"v\": 1, \"messages\": %zu}\n",
		    count);
	else
		printf("copied: %zu message%s to %s\n", count, count == 1 ?
		    "" : "s", b->copy_dir);
	return is_good && bulk_stop == 0;
}
