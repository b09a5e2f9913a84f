/*
 * flush.c - deliver now what waits for one site, or one message
 *
 * A list flush/SITE names messages that were deferred for the site, with
 * duplicates and with IDs that are long gone; nothing depends on it being
 * right. Its lock is held from reading to truncation, so that an ID that
 * arrives meanwhile waits and is not lost.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "daemon/role.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_flush.h"
#include "lib/queue/queue_id.h"

#define REQUEST_MAX	4096		/* bytes of a request */
#define LIST_MAX	(64 * 1024 * 1024)
#define IDS_REMEMBERED	10000		/* distinct IDs of one list (3.2) */

struct seen {
	UT_hash_handle	 hh;
	char		 id[];
};

static void
wake_qmgr(const char *bytes)
{
	struct err err = ERR_INIT;

	if (endpoint_trigger("public", params.queue_service_name, bytes,
	    strlen(bytes), params.trigger_timeout, 0, &err) == -1)
		log_warning("%s", err.text);
}

/* ---- moving messages ---- */

/* Make a deferred message due now. unthrottle: set mode bit 0040. */
static bool
send_message(const char *id, bool unthrottle)
{
	struct timespec now[2] = { { 0, 0 }, { 0, 0 } };
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;
	bool is_done = false;
	int fd;

	now[0].tv_sec = now[1].tv_sec = clock_now();
	queue_path(&path, "deferred", id);
	if (utimensat(AT_FDCWD, path.ptr, now, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			log_warning("update %s: %s", path.ptr,
			    strerror(errno));
		/* In incoming it may wait for a time in the future as well. */
		queue_path(&path, "incoming", id);
		is_done = utimensat(AT_FDCWD, path.ptr, now,
		    AT_SYMLINK_NOFOLLOW) == 0;
		buf_done(&path);
		return is_done;
	}
	if (unthrottle) {
		fd = file_safe_open(AT_FDCWD, path.ptr, O_RDONLY, &st, &err);
		if (fd != -1) {
			if ((st.st_mode & S_IRWXU) == S_IRWXU && fchmod(fd,
			    (st.st_mode & 07777) | S_IRGRP) == -1)
				log_warning("chmod %s: %s", path.ptr,
				    strerror(errno));
			close(fd);
		}
	}
	if (queue_move(id, "deferred", "incoming", &err) == 0)
		is_done = true;
	else if (err.kind != ERR_NOT_FOUND)
		log_warning("%s", err.text);
	buf_done(&path);
	return is_done;
}

/* Each distinct valid ID of a list, one a line. Returns how many moved. */
static int
send_list(char *text, const char *path)
{
	struct seen *seen = NULL, *s, *next;
	char *id, *rest = text;
	int moved = 0;

	while ((id = strsep(&rest, "\n")) != NULL) {
		if (id[0] == '\0')
			continue;
		if (!queue_id_is_valid(id)) {
			log_warning("%s: bad queue ID: %.100s", path, id);
			continue;
		}
		HASH_FIND_STR(seen, id, s);
		if (s != NULL)
			continue;
		if (HASH_COUNT(seen) < IDS_REMEMBERED) {
			s = xmalloc(sizeof(*s) + strlen(id) + 1);
			strcpy(s->id, id);
			HASH_ADD_STR(seen, id, s);
		}
		moved += send_message(id, false);
	}
	HASH_ITER(hh, seen, s, next) {
		HASH_DEL(seen, s);
		free(s);
	}
	return moved;
}

/* A list read under its lock, processed, and emptied. */
static int
flush_list(const char *path, struct err *err)
{
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct buf text = BUF_INIT;
	int fd, moved = 0, rc = -1;

	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", path);
	if (file_lock(fd, LOCK_EX) == -1) {
		err_sys(err, "lock %s", path);
	} else if (file_read_fd(fd, &text, LIST_MAX, err) == 0) {
		moved = send_list(text.ptr, path);
		if (ftruncate(fd, 0) == -1)
			err_sys(err, "truncate %s", path);
		else
			rc = 0;
		/* The refresh rule reads the time of access. */
		futimens(fd, now);
	}
	close(fd);
	buf_done(&text);
	if (moved > 0)
		wake_qmgr("I");
	return rc;
}

/* ---- requests ---- */

static int
send_site(const char *site)
{
	struct buf name = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	enum queue_flush_status status = queue_flush_is_eligible(site);

	if (status != QUEUE_FLUSH_OK)
		return status;
	if (!queue_flush_list_name(&name, site)) {
		buf_done(&name);
		return QUEUE_FLUSH_DENIED;
	}
	wake_qmgr("F");
	queue_path(&path, "flush", name.ptr);
	if (flush_list(path.ptr, &err) == -1) {
		log_warning("%s", err.text);
		status = QUEUE_FLUSH_FAILED;
	}
	buf_done(&name);
	buf_done(&path);
	return status;
}

static int
send_file(const char *id)
{
	if (!queue_id_is_valid(id))
		return QUEUE_FLUSH_BAD;
	if (send_message(id, true))
		wake_qmgr("I");
	return QUEUE_FLUSH_OK;
}

static int
add(const char *site, const char *id)
{
	struct err err = ERR_INIT;
	int status = queue_flush_add(site, id, &err);

	if (err.kind != ERR_NONE)
		log_warning("%s", err.text);
	return status;
}

/* Remove lists that stayed empty, deliver those that waited long. */
static void
keep_house(int max_age_s)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;
	struct buf path = BUF_INIT;
	struct stat st;
	time_t now = clock_now();

	if ((qd = queue_dir_open("flush", &err)) == NULL) {
		log_warning("%s", err.text);
		return;
	}
	while (queue_dir_next(qd) != NULL) {
		buf_sets(&path, queue_dir_path(qd));
		if (lstat(path.ptr, &st) == -1 || !S_ISREG(st.st_mode))
			continue;
		if (st.st_size == 0) {
			if (st.st_mtime + params.fast_flush_purge_time <= now &&
			    unlink(path.ptr) == -1 && errno != ENOENT)
				log_warning("remove %s: %s", path.ptr,
				    strerror(errno));
		} else if (st.st_atime + max_age_s <= now &&
		    flush_list(path.ptr, &err) == -1) {
			log_warning("%s", err.text);
		}
	}
	buf_done(&path);
	queue_dir_close(qd);
}

/* ---- the protocol ---- */

static void
reply(struct stream *client, int status)
{
	struct buf out = BUF_INIT;

	attr_put_int(&out, "status", status);
	attr_put_end(&out);
	stream_write(client, out.ptr, out.len);
	stream_flush(client);
	buf_done(&out);
}

/* The trigger "W" NUL: at most two bytes, where a request has many. */
static bool
is_trigger(struct stream *client)
{
	char bytes[3];
	ssize_t n;

	if (stream_flush(client) == -1 ||
	    !stream_wait_readable(client, params.ipc_timeout * 1000))
		return false;
	n = recv(stream_fd(client), bytes, sizeof(bytes),
	    MSG_PEEK | MSG_DONTWAIT);
	return n > 0 && n <= 2 && bytes[0] == 'W';
}

static void
serve_request(struct stream *client, const struct attrs *a)
{
	const char *request = attrs_get(a, "request", 0);
	const char *site = attrs_get(a, "site", 0);
	const char *id = attrs_get(a, "queue_id", 0);

	if (request == NULL)
		return;
	if (strcmp(request, "add") == 0) {
		reply(client, site != NULL && id != NULL ? add(site, id) :
		    QUEUE_FLUSH_BAD);
	} else if (strcmp(request, "send_site") == 0) {
		reply(client, site != NULL ? send_site(site) :
		    QUEUE_FLUSH_BAD);
	} else if (strcmp(request, "send_file") == 0) {
		reply(client, id != NULL ? send_file(id) : QUEUE_FLUSH_BAD);
	} else if (strcmp(request, "rfrsh") == 0) {
		reply(client, QUEUE_FLUSH_OK);
		keep_house(params.fast_flush_refresh_time);
	} else if (strcmp(request, "purge") == 0) {
		reply(client, QUEUE_FLUSH_OK);
		keep_house(0);
	} else {
		log_warning("unknown request: %.100s", request);
	}
}

static void
serve_flush(struct stream *client, const char *service, char **argv)
{
	struct err err = ERR_INIT;
	struct attrs a;

	(void)service;
	if (argv != NULL && argv[0] != NULL)
		log_fatal("unexpected command-line argument: %s", argv[0]);
	if (is_trigger(client)) {
		reply(client, QUEUE_FLUSH_OK);
		keep_house(params.fast_flush_refresh_time);
		return;
	}
	attrs_init(&a);
	switch (attrs_read(client, &a, REQUEST_MAX, &err)) {
	case 1:
		serve_request(client, &a);
		break;
	case -1:
		log_warning("malformed request: %s", err.text);
		reply(client, QUEUE_FLUSH_BAD);
		break;
	default:
		break;
	}
	attrs_done(&a);
}

const struct role flush_role = {
	.name = "flush",
	.summary = "deliver what waits for one site, or one message, now",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_MAXPROC_0 | ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.greeting = "queue_flush_protocol",
	.serve = serve_flush,
};
