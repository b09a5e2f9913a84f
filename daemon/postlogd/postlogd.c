/*
 * postlogd.c - the log service: datagrams in, lines in maillog_file out
 *
 * The file is opened with the starting rights and then only appended to. A
 * reload ends this process, and the next one opens the file by name again:
 * that is how a rotated log is let go. Lines that arrive together are written
 * together.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/role.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

static int log_fd = -1;
static struct buf pending = BUF_INIT;

static void
postlogd_open(const char *service, char **argv)
{
	const char *path = params.maillog_file;
	mode_t mode = (mode_t)strtoul(params.maillog_file_permissions, NULL, 8);

	(void)service;
	(void)argv;
	/* What we say ourselves must not come back to us as a datagram. */
	log_to(LOG_TO_SYSLOG);
	if (*path == '\0')
		return;
	log_fd = file_open_log(path, mode, 0);
	/* /dev/stdout cannot be opened by name when it is a socket. */
	if (log_fd == -1 && strcmp(path, "/dev/stdout") == 0)
		log_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (log_fd == -1)
		log_fatal("open logfile '%s': %s", path, strerror(errno));
	log_file(path, params.myhostname);
	log_to(LOG_TO_FILE);
}

/*
 * Somebody still sends to us although main.cf no longer names a file: hand
 * "Mmm dd hh:mm:ss host NAME[PID]: text" on to syslog under NAME and PID.
 */
static void
forward_to_syslog(const char *line)
{
	char tag[256];
	const char *p = line;
	char *end;
	long pid;
	size_t n;
	int i;

	for (i = 0; i < 4; i++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	n = strcspn(p, "[ ");
	if (n == 0 || n >= sizeof(tag) || p[n] != '[')
		return;
	memcpy(tag, p, n);
	tag[n] = '\0';
	pid = strtol(p + n + 1, &end, 10);
	if (strncmp(end, "]: ", 3) == 0)
		log_raw(LOG_SEV_INFO, tag, pid, end + 3);
}

static void
postlogd_line(const char *bytes, size_t len)
{
	size_t i;

	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\0'))
		len--;
	if (len == 0)
		return;
	if (log_fd == -1) {
		forward_to_syslog(bytes);
		return;
	}
	buf_reserve(&pending, len + 1);
	/* A sender must not be able to forge further lines. */
	for (i = 0; i < len; i++)
		buf_addc(&pending, (unsigned char)bytes[i] < 0x20 ||
		    bytes[i] == 0x7f ? '?' : bytes[i]);
	buf_addc(&pending, '\n');
}

static void
postlogd_write(void)
{
	if (pending.len > 0 &&
	    file_write_all(log_fd, pending.ptr, pending.len) == -1)
		log_fatal("write logfile '%s': %s", params.maillog_file,
		    strerror(errno));
	buf_reset(&pending);
}

const struct role postlogd_role = {
	.name = "postlogd", .summary = "write log lines to maillog_file",
	.skeleton = ROLE_DATAGRAM,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT | ROLE_CHANGES_NOTHING,
	.pre_jail = postlogd_open,
	.datagram = postlogd_line, .datagrams_done = postlogd_write
};
