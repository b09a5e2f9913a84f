/*
 * active.c - messages enter and leave the active queue
 *
 * Entering: rename, open, lock, read, schedule, close. The exclusive lock is
 * a question only: an agent of a former queue manager that still delivers
 * holds a shared one. Whatever is wrong with a file, it is set aside in
 * corrupt and the next one is taken.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/agent.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"

#define PUT_BACK_S	60	/* still being delivered, say: look again then */
#define MODE_UNTHROTTLE	0040	/* spec/queue-format.md 1.4 */
#define MODE_EXPIRE	0010

/* Set both times of a file in active: when to look at it again. */
static void
set_times(const char *queue, const char *id, time_t when)
{
	struct timespec ts[2] = { { when, 0 }, { when, 0 } };
	struct buf path = BUF_INIT;

	queue_path(&path, queue, id);
	if (utimensat(AT_FDCWD, path.ptr, ts, 0) == -1 && errno != ENOENT)
		log_warning("%s: set time: %s", path.ptr, strerror(errno));
	buf_done(&path);
}

void
active_start(void)
{
	struct err err = ERR_INIT;
	struct queue_dir *dir = queue_dir_open("active", &err);
	const char *id;

	if (dir == NULL)
		log_fatal("%s", err.text);
	while ((id = queue_dir_next(dir)) != NULL) {
		set_times("active", id, clock_now());
		if (queue_move(id, "active", "incoming", &err) == -1 &&
		    err.kind != ERR_NOT_FOUND)
			log_warning("%s", err.text);
	}
	queue_dir_close(dir);
}

int
active_open(const struct message *m, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd;

	queue_path(&path, "active", m->id);
	fd = open(path.ptr, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		err_sys(err, "open %s", path.ptr);
	buf_done(&path);
	return fd;
}

void
active_forget(struct qmgr *qm, struct message *m)
{
	HASH_DEL(qm->messages, m);
	qm->message_count--;
	if (m->is_counted_probe)
		qm->probe_count--;
	message_free(m);
	scan_go_on(qm);
}

void
active_corrupt(struct qmgr *qm, struct message *m)
{
	struct err err = ERR_INIT;

	log_warning("saving corrupt file \"%s\" from queue \"active\" to "
	    "queue \"corrupt\"", m->id);
	if (queue_move(m->id, "active", "corrupt", &err) == -1)
		log_warning("%s", err.text);
	active_forget(qm, m);
}

/*
 * How many recipients may be read now (7.2). A new message takes from what
 * all have in common; one that has been assigned from what its transports
 * may hold, whatever others do.
 */
static size_t
read_limit(const struct qmgr *qm, const struct message *m)
{
	int room = m->jobs != NULL ? sched_room(m) :
	    params.qmgr_message_recipient_limit - qm->sched.rcpts;

	if (room < params.qmgr_message_recipient_minimum)
		room = params.qmgr_message_recipient_minimum;
	return (size_t)room;
}

static int
read_envelope(struct qmgr *qm, struct message *m, int fd)
{
	struct queue_file *qf;
	struct buf path = BUF_INIT;
	int rc;

	queue_path(&path, "active", m->id);
	qf = queue_file_new(fd, path.ptr, QUEUE_FILE_PLAIN);
	rc = message_read(m, qf, read_limit(qm, m));
	m->read_ms = clock_mono_ms();
	queue_file_take_fd(qf);
	buf_done(&path);
	return rc;
}

static void
log_active(const struct message *m)
{
	struct buf line = BUF_INIT;
	struct log_json e;

	buf_addf(&line, "%s: from=", m->id);
	agent_log_address(&line, m->sender);
	log_info("%s, size=%ld, nrcpt=%ld (queue active)", line.ptr,
	    m->content_length, m->rcpt_count);
	buf_done(&line);
	if (log_json_begin(&e, "queued")) {
		log_json_text(&e, "queue_id", m->id);
		log_json_text(&e, "sender", m->sender);
		log_json_int(&e, "size", m->content_length);
		log_json_int(&e, "nrcpt", m->rcpt_count);
		log_json_end(&e);
	}
}

static bool
has_defer_log(const char *id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc;

	queue_path(&path, "defer", id);
	rc = stat(path.ptr, &st);
	buf_done(&path);
	return rc == 0 && st.st_size > 0;
}

/* It cannot be taken now: back, for later. */
static void
put_back(const char *id)
{
	struct err err = ERR_INIT;

	set_times("active", id, clock_now() + PUT_BACK_S);
	if (queue_move(id, "active", "incoming", &err) == -1)
		log_warning("%s", err.text);
}

/* What the mode bits of 1.4 ask for. */
static void
take_mode(struct message *m, int fd, mode_t mode)
{
	if ((mode & MODE_UNTHROTTLE) != 0) {
		m->wants_unthrottle = true;
		if (fchmod(fd, mode & 07777 & ~(mode_t)MODE_UNTHROTTLE) == -1)
			log_warning("%s: clear flush request: %s", m->id,
			    strerror(errno));
	}
	m->is_forced = (mode & MODE_EXPIRE) != 0;
}

static struct message *
remember(struct qmgr *qm, const char *id, bool is_flush)
{
	struct message *m = message_new(id);

	m->active = clock_timeval();
	m->is_flush = is_flush;
	HASH_ADD_KEYPTR(hh, qm->messages, m->id, strlen(m->id), m);
	qm->message_count++;
	return m;
}

bool
active_take(struct qmgr *qm, const char *queue, const char *id,
    const struct stat *st, bool is_flush)
{
	struct err err = ERR_INIT;
	struct message *m;
	int fd;

	HASH_FIND_STR(qm->messages, id, m);
	if (m != NULL) {
		log_warning("%s/%s: ignored: active/%s exists", queue, id, id);
		return false;
	}
	if (queue_move(id, queue, "active", &err) == -1) {
		log_warning("%s", err.text);
		return false;
	}
	m = remember(qm, id, is_flush);
	if ((fd = active_open(m, &err)) == -1) {
		log_warning("%s", err.text);
		if (err.errnum != ENOENT)
			put_back(id);	/* no descriptor left is no reason to lie in active */
		active_forget(qm, m);
		return false;
	}
	if (file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		log_info("%s: skipped, still being delivered", id);
		put_back(id);
		close(fd);
		active_forget(qm, m);
		return false;
	}
	if (read_envelope(qm, m, fd) == -1) {
		close(fd);
		active_corrupt(qm, m);
		return true;
	}
	log_active(m);
	take_mode(m, fd, st->st_mode);
	if (m->is_forced && has_defer_log(id)) {
		m->has_failed = true;	/* expires with the reasons it has */
		close(fd);
		report_begin(qm, m);
		return true;
	}
	if (queue_log_remove("defer", id, &err) == -1)
		log_warning("%s", err.text);
	/* Closing drops the lock: before any agent can be asked. */
	close(fd);
	assign_batch(qm, m);
	return true;
}

int
active_read_more(struct qmgr *qm, struct message *m)
{
	struct err err = ERR_INIT;
	int fd = active_open(m, &err), rc = -1;

	if (fd == -1) {
		log_warning("%s", err.text);	/* an operator took it away */
	} else {
		rc = read_envelope(qm, m, fd);
		m->is_damaged = rc == -1;
		close(fd);
	}
	if (rc == -1) {
		/* Agents may be at it: no more is read, the end decides. */
		m->next_offset = 0;
		m->unread = 0;
		m->has_failed = true;
		return -1;
	}
	assign_batch(qm, m);
	return 0;
}
