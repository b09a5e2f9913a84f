/*
 * log.c - one logger for daemons and commands
 *
 * A line is formatted once, made printable, and handed to each destination.
 * The postlog socket is connected on first use and again after an error, so
 * that a restarted log service is found; a chrooted process reaches it by its
 * path relative to the queue directory, where it sits anyway. Lines of several
 * threads do not mix; the lock is one that its holder may take again, since a
 * signal handler may have something to say.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log_json.h"

#define LOG_TEXT_MAX	2000	/* spec/master.md 6.0 */
#define LOG_TAG_MAX	256
#define POSTLOG_WAIT_MS	10000
#define ERROR_LIMIT	13	/* spec/commands.md 1.1 */

int log_verbose;
bool log_is_ascii;

static struct {
	const char	*program;
	unsigned	 to;
	char		 tag[LOG_TAG_MAX];
	size_t		 tag_program;	/* where the program's name stands in tag */
	const char	*as;		/* another name for that place, or NULL */
	int		 facility, errors;
	char		*postlog_path, *postlog_relative, *fallback, *file;
	char		 host[65];
	int		 postlog_fd, postlog_wait_ms, file_fd;
	mode_t		 file_mode;	/* of one that is made */
	int		(*on_fatal)(void);
	void		(*capture)(enum log_severity sev, const char *text,
			    void *ctx);
	void		*capture_ctx;
	bool		 is_dying;
	bool		 needs_file;	/* no line may be lost for want of it */
	bool		 is_stuck;	/* waited in vain for the log service */
} lg = {
	.program = "posthorn", .to = LOG_TO_STDERR, .tag = "postfix",
	.facility = LOG_MAIL, .host = "amnesiac", .postlog_fd = -1,
	.postlog_wait_ms = POSTLOG_WAIT_MS, .file_fd = -1, .file_mode = 0600
};

static const struct {
	const char	*name;
	int		 priority;
} severities[] = {
	{ NULL,		LOG_INFO },
	{ "warning",	LOG_WARNING },
	{ "error",	LOG_ERR },
	{ "fatal",	LOG_CRIT },
	{ "panic",	LOG_CRIT },
};

static const struct {
	const char	*name;
	int		 value;
} facilities[] = {
	{ "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV },
	{ "cron", LOG_CRON }, { "daemon", LOG_DAEMON }, { "ftp", LOG_FTP },
	{ "kern", LOG_KERN }, { "lpr", LOG_LPR }, { "mail", LOG_MAIL },
	{ "news", LOG_NEWS }, { "syslog", LOG_SYSLOG }, { "user", LOG_USER },
	{ "uucp", LOG_UUCP }, { "local0", LOG_LOCAL0 },
	{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
	{ "local7", LOG_LOCAL7 },
};

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static void
replace(char **where, const char *value)
{
	free(*where);
	*where = value != NULL ? strdup(value) : NULL;
}

static void
set_host(const char *host)
{
	size_t n = host != NULL ? strcspn(host, ".") : 0;

	if (n == 0)
		return;
	if (n >= sizeof(lg.host))
		n = sizeof(lg.host) - 1;
	memcpy(lg.host, host, n);
	lg.host[n] = '\0';
}

/* Bytes that could drive a terminal or split a line never get out. */
static void
make_printable(char *text)
{
	unsigned char *p;

	for (p = (unsigned char *)text; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p >= 0x80 && log_is_ascii)
			*p = '?';
		else if (*p >= 0x80) {
			int more = *p >= 0xf0 && *p <= 0xf4 ? 3 :
			    *p >= 0xe0 && *p < 0xf0 ? 2 :
			    *p >= 0xc2 && *p < 0xe0 ? 1 : 0, i;

			for (i = 1; i <= more && (p[i] & 0xc0) == 0x80; i++)
				;
			if (more == 0 || i <= more ||
			    (*p == 0xc2 && p[1] < 0xa0))	/* C1 controls */
				*p = '?';
			else
				p += more;
		}
}

void
log_open(const char *program, unsigned to)
{
	const char *name = secure_getenv("MAIL_LOGTAG");

	lg.program = program;
	lg.to = to;
	log_tag(name != NULL && name[0] != '\0' ? name : "postfix", NULL);
}

void
log_to(unsigned to)
{
	lg.to = to;
}

void
log_tag(const char *syslog_name, const char *facility)
{
	size_t i;

	snprintf(lg.tag, sizeof(lg.tag), "%s/%s", syslog_name,
	    base_name(lg.program));
	make_printable(lg.tag);
	lg.tag_program = strlen(syslog_name) + 1;
	for (i = 0; facility != NULL &&
	    i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcmp(facility, facilities[i].name) == 0)
			lg.facility = facilities[i].value;
}

void
log_as(const char *program)
{
	lg.as = program;	/* lines are rare, calls are not */
}

void
log_instance(char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)lg.tag_program - 1, lg.tag);
}

const char *
log_program(void)
{
	return base_name(lg.program);
}

static void
drop(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
log_postlog(const char *socket_path, const char *relative_path,
    const char *host, const char *fallback)
{
	replace(&lg.postlog_path, socket_path);
	replace(&lg.postlog_relative, relative_path);
	replace(&lg.fallback, fallback);
	set_host(host);
	drop(&lg.postlog_fd);
	/* The fallback too: a reload follows the rotation of the log. */
	drop(&lg.file_fd);
}

void
log_postlog_never_wait(void)
{
	lg.postlog_wait_ms = 0;
}

void
log_needs_file(void)
{
	lg.needs_file = true;
	if (lg.fallback != NULL && lg.file_fd == -1)
		lg.file_fd = open(lg.fallback, O_WRONLY | O_APPEND |
		    O_CLOEXEC | O_NOCTTY);
}

void
log_file(const char *path, const char *host)
{
	replace(&lg.file, path);
	set_host(host);
	drop(&lg.file_fd);
	lg.file_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
}

void
log_file_mode(mode_t mode)
{
	lg.file_mode = mode;
}

void
log_capture(void (*fn)(enum log_severity sev, const char *text, void *ctx),
    void *ctx)
{
	lg.capture = fn;
	lg.capture_ctx = ctx;
}

void
log_on_fatal(int (*fn)(void))
{
	lg.on_fatal = fn;
}

static int
postlog_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval limit = { lg.postlog_wait_ms / 1000,
	    lg.postlog_wait_ms % 1000 * 1000 };
	int fd;

	if (path == NULL || strlen(path) >= sizeof(sun.sun_path))
		return -1;
	strcpy(sun.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		close(fd);
		return -1;
	}
	if (lg.postlog_wait_ms > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

void
log_connect(void)
{
	if (lg.postlog_fd == -1 &&
	    (lg.postlog_fd = postlog_connect(lg.postlog_path)) == -1)
		lg.postlog_fd = postlog_connect(lg.postlog_relative);
}

/*
 * May a line wait for room in the service's queue? For a time, and once, not
 * again for every line as long as nothing moves.
 */
static bool
may_wait(void)
{
	return !lg.is_stuck && lg.postlog_wait_ms > 0;
}

/*
 * The kernel lets those that wait inside send() in one after the other, while
 * all who poll wake up for the same room.
 */
static bool
postlog_send(const char *line, size_t len)
{
	int64_t until = may_wait() ? clock_mono_ms() + lg.postlog_wait_ms : 0;
	int lost = 0;

	while (lost < 2) {
		log_connect();
		if (lg.postlog_fd == -1)
			return false;
		if (send(lg.postlog_fd, line, len, MSG_NOSIGNAL |
		    (may_wait() ? 0 : MSG_DONTWAIT)) != -1) {
			lg.is_stuck = false;
			return true;
		}
		if (errno == EAGAIN || (errno == EINTR && until != 0 &&
		    clock_mono_ms() >= until)) {
			lg.is_stuck = true;
			return false;
		}
		if (errno == EINTR)
			continue;
		close(lg.postlog_fd);
		lg.postlog_fd = -1;
		lost++;
	}
	return false;
}

/* The file that must be written cannot be: say so where there is somebody, and end. */
static void
file_refused(const char *path)
{
	int why = errno;
	bool is_there = access(path, F_OK) == 0;

	lg.to &= ~(unsigned)(LOG_TO_POSTLOG | LOG_TO_FILE);
	log_fatal("open logfile '%s': cannot %s: %s", path, is_there ?
	    "open file" : "create file exclusively", strerror(why));
}

static void
file_append(const char *path, const char *line, size_t len)
{
	char out[LOG_TEXT_MAX + LOG_TAG_MAX + 256];

	if (lg.file_fd == -1)
		lg.file_fd = file_open_log(path, lg.file_mode, 0);
	/* /dev/stdout cannot be opened when it is a socket or a lost terminal. */
	if (lg.file_fd == -1 && strcmp(path, "/dev/stdout") == 0)
		lg.file_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	/* A service that is only behind is no reason to end. */
	if (lg.file_fd == -1 && lg.needs_file && !lg.is_stuck)
		file_refused(path);
	if (lg.file_fd == -1 || len + 1 > sizeof(out))
		return;
	memcpy(out, line, len);
	out[len] = '\n';
	(void)file_write_all(lg.file_fd, out, len + 1);	/* nobody left to tell */
}

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void
emit(enum log_severity sev, const char *tag, long pid, char *text, bool own)
{
	const char *label = severities[sev].name;
	char line[LOG_TEXT_MAX + LOG_TAG_MAX + 128], stamp[32];
	time_t now;
	struct tm tm;
	int n, saved = errno;

	make_printable(text);
	if (lg.capture != NULL && own) {
		lg.capture(sev, text, lg.capture_ctx);
		errno = saved;
		return;
	}
	pthread_mutex_lock(&lock);
	if ((lg.to & LOG_TO_STDERR) != 0 && own) {
		/* The name may be argv[0], which the caller of a set-gid command chose. */
		n = snprintf(line, sizeof(line), "%.*s: %s%s%s\n",
		    LOG_TAG_MAX - 1, lg.program, label != NULL ? label : "",
		    label != NULL ? ": " : "", text);
		if (n > 0)
			(void)file_write_all(STDERR_FILENO, line, (size_t)n);
	}
	if ((lg.to & (LOG_TO_POSTLOG | LOG_TO_FILE)) != 0) {
		now = time(NULL);
		localtime_r(&now, &tm);
		strftime(stamp, sizeof(stamp), "%b %d %H:%M:%S", &tm);
		n = snprintf(line, sizeof(line), "%s %s %s[%ld]: %s%s%s",
		    stamp, lg.host, tag, pid, label != NULL ? label : "",
		    label != NULL ? ": " : "", text);
		if (n >= (int)sizeof(line))
			n = sizeof(line) - 1;
		if ((lg.to & LOG_TO_POSTLOG) != 0 &&
		    !postlog_send(line, (size_t)n) && lg.fallback != NULL)
			file_append(lg.fallback, line, (size_t)n);
		if ((lg.to & LOG_TO_FILE) != 0 && lg.file != NULL)
			file_append(lg.file, line, (size_t)n);
	}
	if ((lg.to & LOG_TO_SYSLOG) != 0) {
		snprintf(line, sizeof(line), "%s[%ld]", tag, pid);
		openlog(line, LOG_NDELAY, lg.facility);
		syslog(severities[sev].priority, "%s%s%s",
		    label != NULL ? label : "", label != NULL ? ": " : "",
		    text);
	}
	pthread_mutex_unlock(&lock);
	if (own)
		log_json_line(sev, text);
	errno = saved;
}

static void
vlog(enum log_severity sev, const char *fmt, va_list ap)
{
	char text[LOG_TEXT_MAX + 1], tag[LOG_TAG_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	snprintf(tag, sizeof(tag), "%.*s%s", (int)lg.tag_program, lg.tag,
	    lg.as != NULL ? lg.as : lg.tag + lg.tag_program);
	emit(sev, tag, (long)getpid(), text, true);
}

#define VLOG(sev)				\
	do {					\
		va_list ap_;			\
		va_start(ap_, fmt);		\
		vlog((sev), fmt, ap_);		\
		va_end(ap_);			\
	} while (0)

void
log_debug(const char *fmt, ...)
{
	if (log_verbose > 0)
		VLOG(LOG_SEV_INFO);
}

void
log_info(const char *fmt, ...)
{
	VLOG(LOG_SEV_INFO);
}

void
log_warning(const char *fmt, ...)
{
	VLOG(LOG_SEV_WARNING);
}

void
log_error(const char *fmt, ...)
{
	VLOG(LOG_SEV_ERROR);
	if (++lg.errors >= ERROR_LIMIT)
		log_fatal("too many errors - program terminated");
}

void
log_at(enum log_severity sev, const char *fmt, ...)
{
	VLOG(sev);
}

void
log_fatal(const char *fmt, ...)
{
	int status = 1;

	VLOG(LOG_SEV_FATAL);
	if (!lg.is_dying) {
		lg.is_dying = true;
		if (lg.on_fatal != NULL)
			status = lg.on_fatal();
		else
			sleep(1);	/* keeps a failing service from spinning */
	}
	exit(status);
}

void
log_panic(const char *fmt, ...)
{
	VLOG(LOG_SEV_PANIC);
	abort();
}

void
log_raw(enum log_severity sev, const char *tag, long pid, const char *text)
{
	char copy[LOG_TEXT_MAX + 1];

	snprintf(copy, sizeof(copy), "%s", text);
	emit(sev, tag, pid, copy, false);
}
