/*
 * act.c - one message by its ID
 *
 * Every step is one system call on a name. The queue manager, pickup and other
 * operators do the same at the same time; who comes second finds the name
 * gone and looks once more, for the message may only have moved.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postsuper/super.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"

_Thread_local struct super_counts super_counts;

bool
super_is_message_queue(const char *queue)
{
	size_t i;

	for (i = 0; queue_message_queues[i] != NULL; i++)
		if (strcmp(queue, queue_message_queues[i]) == 0)
			return true;
	return false;
}

bool
super_is_known_queue(const char *queue)
{
	return super_is_message_queue(queue) || strcmp(queue, "defer") == 0 ||
	    strcmp(queue, "bounce") == 0 || strcmp(queue, "trace") == 0 ||
	    strcmp(queue, "flush") == 0;
}

bool
super_rename(const char *from, const char *to)
{
	if (queue_rename(from, to) == 0) {
		if (log_verbose > 0)
			log_info("renamed file %s as %s", from, to);
		return true;
	}
	if (errno != ENOENT)
		log_fatal("rename file %s as %s: %s", from, to,
		    strerror(errno));
	return false;
}

bool
super_remove(const char *path)
{
	if (unlink(path) == 0) {
		if (log_verbose > 0)
			log_info("removed file %s", path);
		return true;
	}
	if (errno != ENOENT)
		log_fatal("remove file %s: %s", path, strerror(errno));
	return false;
}

bool
super_expire(const char *path)
{
	struct err err = ERR_INIT;
	struct stat st;
	bool is_done = false;
	int fd;

	fd = file_safe_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, &st, &err);
	if (fd == -1) {
		if (err.errnum != ENOENT)
			log_warning("%s: %s", path, err.text);
		return false;
	}
	if (!S_ISREG(st.st_mode) || (st.st_mode & S_IXGRP) != 0)
		;
	else if (fchmod(fd, (st.st_mode | S_IXGRP) & 07777) == -1)
		log_warning("change mode of %s: %s", path, strerror(errno));
	else
		is_done = true;
	close(fd);
	return is_done;
}

static void
delete_logs(const char *id)
{
	static const char *const logs[] = { "bounce", "defer", "trace" };
	struct buf path = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		queue_path(&path, logs[i], id);
		super_remove(path.ptr);
	}
	buf_done(&path);
}

/* One action on one existing file; false when somebody was faster. */
static bool
act_on_file(const char *queue, const char *id, const char *path,
    unsigned action)
{
	struct timespec now[2] = { { 0, 0 }, { 0, 0 } };
	struct buf to = BUF_INIT;
	bool is_done = false;

	switch (action) {
	case SUPER_DELETE:
		delete_logs(id);
		if ((is_done = super_remove(path))) {
			log_info("%s: removed", id);
			log_json_message("deleted", id);
			super_counts.deleted++;
		}
		break;
	case SUPER_REQUEUE:
		if (strcmp(queue, "maildrop") == 0)
			break;
		queue_path(&to, "maildrop", id);
		if ((is_done = super_rename(path, to.ptr))) {
			now[0].tv_sec = now[1].tv_sec = clock_now();
			if (utimensat(AT_FDCWD, to.ptr, now,
			    AT_SYMLINK_NOFOLLOW) == -1 && errno != ENOENT)
				log_fatal("%s: reset time stamps: %s", to.ptr,
				    strerror(errno));
			log_info("%s: requeued", id);
			log_json_message("requeued", id);
			super_counts.requeued++;
		}
		break;
	case SUPER_HOLD:
		if (strcmp(queue, "maildrop") == 0 ||
		    strcmp(queue, "hold") == 0)
			break;
		queue_path(&to, "hold", id);
		if ((is_done = super_rename(path, to.ptr))) {
			log_info("%s: placed on hold", id);
			log_json_message("held", id);
			super_counts.held++;
		}
		break;
	case SUPER_RELEASE:
		if (strcmp(queue, "hold") != 0)
			break;
		queue_path(&to, "deferred", id);
		if ((is_done = super_rename(path, to.ptr))) {
			log_info("%s: released from hold", id);
			log_json_message("released", id);
			super_counts.released++;
		}
		break;
	case SUPER_EXPIRE:
		if (strcmp(queue, "maildrop") == 0)
			break;
		if ((is_done = super_expire(path))) {
			log_info("%s: expired", id);
			log_json_message("expired", id);
			super_counts.expired++;
		}
		break;
	}
	buf_done(&to);
	return is_done;
}

static void
act_once(const char *const *queues, const char *id, unsigned action)
{
	/* Only hold gives up messages on release: one look is enough. */
	int tries = action == SUPER_RELEASE ? 1 : 2;
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;
	bool is_done = false;
	size_t i;

	while (tries-- > 0 && !is_done) {
		for (i = 0; queues[i] != NULL && !is_done; i++) {
			if (!super_is_message_queue(queues[i]))
				continue;
			switch (queue_file_may_open(queues[i], id, &st,
			    &err)) {
			case 1:
				queue_path(&path, queues[i], id);
				is_done = act_on_file(queues[i], id, path.ptr,
				    action);
				break;
			case -1:
				log_warning("%s", err.text);
				break;
			}
		}
	}
	buf_done(&path);
}

void
act_on_id(const char *const *queues, const char *id, unsigned action)
{
	if (!queue_id_is_valid(id)) {
		log_warning("invalid mail queue id: %s", id);
		return;
	}
	if (action == SUPER_EXPIRE_RELEASE) {
		act_once(queues, id, SUPER_EXPIRE);
		act_once(queues, id, SUPER_RELEASE);
	} else {
		act_once(queues, id, action);
	}
}
