/*
 * log.h - one logger for daemons and commands
 *
 * Every line has the shape that readers of mail logs know:
 * "Mmm dd hh:mm:ss HOST TAG/PROGRAM[PID]: [SEVERITY: ]text" (spec/master.md
 * 6.0). The text passes a sink that turns non-printable bytes into '?' and
 * cuts at 2000 bytes, so callers need not clean what came from outside.
 *
 * Where lines go: standard error, syslog, the postlog service (a datagram
 * socket), or straight into a file; any combination. A logger that was never
 * opened writes to standard error.
 */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum log_to {
	LOG_TO_STDERR	= 1,	/* "PROGRAM: [severity: ]text" */
	LOG_TO_SYSLOG	= 2,
	LOG_TO_POSTLOG	= 4,	/* log_postlog said where */
	LOG_TO_FILE	= 8	/* log_file said where */
};

enum log_severity {
	LOG_SEV_INFO, LOG_SEV_WARNING, LOG_SEV_ERROR, LOG_SEV_FATAL,
	LOG_SEV_PANIC
};

/*
 * log_open - name this program and say where its lines go
 *
 * program	what stands in stderr lines; its last path component stands in
 *		the tag. Not copied: argv[0] or a literal.
 * to		LOG_TO_* bits
 *
 * The tag is "$MAIL_LOGTAG/PROGRAM", or "postfix/PROGRAM", until log_tag.
 */
void	log_open(const char *program, unsigned to);

/* log_to - change the destinations */
void	log_to(unsigned to);

/*
 * log_tag - set the syslog name, "postfix" giving "postfix/PROGRAM"
 *
 * facility	a syslog facility name ("mail"), or NULL to leave it
 */
void	log_tag(const char *syslog_name, const char *facility);

/*
 * log_as - until the next call, put another program's name into the tag
 *
 * For a module that works inside another program but whose lines are looked
 * for under its own name ("postfix/cleanup"). NULL: this program's name again.
 * program is kept, not copied.
 */
void	log_as(const char *program);

/* log_instance - the syslog name that lines stand under: "postfix", "postfix/submission" */
void	log_instance(char *out, size_t size);
/* log_program - the name of this program in them, log_as or not */
const char	*log_program(void);

/*
 * log_postlog - where the postlog service listens, and our host label
 *
 * socket_path	absolute path; after a chroot or a restart of the service the
 *		logger also tries "public/postlog"-style relative_path
 * fallback	file to append to while nobody listens, or NULL to lose the line
 */
void	log_postlog(const char *socket_path, const char *relative_path,
	    const char *host, const char *fallback);

/* log_connect - find the postlog service now: whoever takes another's rights may not reach it then */
void	log_connect(void);

/* log_postlog_never_wait - a line that the service has no room for goes to the fallback file, or is lost */
void	log_postlog_never_wait(void);

/*
 * log_needs_file - while nobody serves the log, a file that cannot be opened
 * is fatal, rather than its lines lost. One that is there is opened now, with
 * rights that the caller is about to give up.
 */
void	log_needs_file(void);

/*
 * log_file - append lines to this file ("/dev/stdout" works); for LOG_TO_FILE
 *
 * One that is there is opened now, whatever rights the caller gives up later;
 * another one is made when there is a line to write.
 */
void	log_file(const char *path, const char *host);

/* log_file_mode - of a log file that is made from now on; 0600 if never said */
void	log_file_mode(mode_t mode);

/*
 * log_capture - give what this program logs to fn, and nobody else, until the
 * next call; NULL: to the destinations again
 *
 * For a caller that makes something else of it. text is cleaned as always,
 * without program and severity.
 */
void	log_capture(void (*fn)(enum log_severity sev, const char *text,
	    void *ctx), void *ctx);

/* log_verbose - how much log_debug says: 0 nothing */
extern int log_verbose;
/* log_is_ascii - every byte above 126 becomes '?', UTF-8 too */
extern bool log_is_ascii;

/*
 * log_on_fatal - what log_fatal does instead of sleeping 1 s and exit(1)
 *
 * fn		returns the exit status to use
 */
void	log_on_fatal(int (*fn)(void));

void	log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* log_fatal - log and end the process; for main(), role entries and memory */
void	log_fatal(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));
/* log_panic - log our own bug and abort */
void	log_panic(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));
void	log_at(enum log_severity sev, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * log_raw - write a line under another program's tag (postlog, postlogd)
 *
 * tag		whole tag without the pid, "postfix/smtpd"
 * pid		pid to show
 */
void	log_raw(enum log_severity sev, const char *tag, long pid,
	    const char *text);

#endif
