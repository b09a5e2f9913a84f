/*
 * queue_flush.c - deliver one message, or what waits for one site, now
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_flush.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <idn2.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/table/match_list.h"

#define REPLY_MAX	1024	/* one number */

enum queue_flush_status
queue_flush_is_eligible(const char *site)
{
	/* Tables stay open; a changed main.cf comes with a new process. */
	static struct match_list *domains;
	static const char *parsed;
	struct buf name = BUF_INIT;
	enum table_result found;

	if (params.fast_flush_domains[0] == '\0')
		return QUEUE_FLUSH_DENIED;
	if (domains == NULL || parsed != params.fast_flush_domains) {
		match_list_free(domains);
		parsed = params.fast_flush_domains;
		domains = match_list_new("fast_flush_domains", MATCH_DOMAIN,
		    parsed);
	}
	buf_sets(&name, site);
	text_lower(name.ptr);
	found = match_list_find(domains, name.ptr, NULL);
	buf_done(&name);
	return found == TABLE_FOUND ? QUEUE_FLUSH_OK :
	    found == TABLE_NOT_FOUND ? QUEUE_FLUSH_DENIED :
	    QUEUE_FLUSH_FAILED;
}

bool
queue_flush_list_name(struct buf *out, const char *site)
{
	char *ascii = NULL;
	const char *p;

	if (!text_is_ascii(site)) {
		if (idn2_to_ascii_8z(site, &ascii, IDN2_NONTRANSITIONAL) !=
		    IDN2_OK)
			return false;
		site = ascii;
	}
	buf_reset(out);
	for (p = site; *p != '\0'; p++)
		buf_addc(out, isalnum((unsigned char)*p) ?
		    tolower((unsigned char)*p) : '_');
	idn2_free(ascii);
	return queue_id_is_valid(out->ptr);
}

static int
open_list(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags, 0600);

	if (fd == -1 && errno == ENOENT && queue_mkdirs(path) == 0)
		fd = open(path, flags, 0600);
	return fd;
}

enum queue_flush_status
queue_flush_add(const char *site, const char *id, struct err *err)
{
	struct buf name = BUF_INIT, path = BUF_INIT, line = BUF_INIT;
	enum queue_flush_status status;
	int fd;

	status = queue_flush_is_eligible(site);
	if (status != QUEUE_FLUSH_OK)
		return status;
	if (!queue_id_is_valid(id))
		return QUEUE_FLUSH_BAD;
	if (!queue_flush_list_name(&name, site)) {
		buf_done(&name);
		return QUEUE_FLUSH_DENIED;
	}
	queue_path(&path, "flush", name.ptr);
	buf_setf(&line, "%s\n", id);
	status = QUEUE_FLUSH_FAILED;
	if ((fd = open_list(path.ptr)) == -1) {
		err_sys(err, "open %s", path.ptr);
	} else {
		if (file_lock(fd, LOCK_EX) == -1)
			err_sys(err, "lock %s", path.ptr);
		else if (file_write_all(fd, line.ptr, line.len) == -1)
			err_sys(err, "append to %s", path.ptr);
		else
			status = QUEUE_FLUSH_OK;
		close(fd);
	}
	buf_done(&name);
	buf_done(&path);
	buf_done(&line);
	return status;
}

/* One request of one argument; the service's status. */
static int
ask(const char *request, const char *name, const char *value, struct err *err)
{
	struct buf out = BUF_INIT;
	struct stream *s;
	struct attrs reply;
	int32_t status = QUEUE_FLUSH_FAILED;

	s = endpoint_connect_greeted("public", params.flush_service_name,
	    "queue_flush_protocol", params.ipc_timeout, err);
	if (s == NULL)
		return QUEUE_FLUSH_FAILED;
	attr_put_str(&out, "request", request);
	attr_put_str(&out, name, value);
	attr_put_end(&out);
	attrs_init(&reply);
	if (stream_write(s, out.ptr, out.len) == 0 && stream_flush(s) == 0 &&
	    attrs_read(s, &reply, REPLY_MAX, err) == 1 &&
	    !attrs_int(&reply, "status", 0, &status))
		status = QUEUE_FLUSH_FAILED;
	attrs_done(&reply);
	stream_free(s);
	buf_done(&out);
	return status;
}

int
queue_flush_send_site(const char *site, struct err *err)
{
	enum queue_flush_status status = queue_flush_is_eligible(site);

	return status != QUEUE_FLUSH_OK ? (int)status :
	    ask("send_site", "site", site, err);
}

int
queue_flush_send_file(const char *id, struct err *err)
{
	return ask("send_file", "queue_id", id, err);
}
