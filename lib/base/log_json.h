/*
 * log_json.h - events as JSON objects, beside the lines that people read
 *
 * Where a line about mail is logged, the same fact is told to programs as one
 * object a line, from the values that the code has at hand:
 *
 *	struct log_json e;
 *
 *	if (log_json_begin(&e, "deferred")) {
 *		log_json_text(&e, "queue_id", id);
 *		log_json_usec(&e, "delay", usec);
 *		log_json_end(&e);
 *	}
 *
 * Each object has v, ts (seconds with fraction), ts_utc (RFC 3339), host,
 * instance, service, pid, event and level; session, while there is one. What
 * is not known is left out. Names of events and members are an interface
 * (spec/beyond.md 11.2, posthorn-events(5)). Where objects go: log_sink.h.
 */
#ifndef LIB_BASE_LOG_JSON_H
#define LIB_BASE_LOG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/log.h"

#define LOG_JSON_TEXT_MAX	2048	/* a longer text is cut, with "cut": true */
#define LOG_JSON_LINE_MAX	4096	/* PIPE_BUF: what is written at once stays in one piece */
#define LOG_JSON_MEMBERS	24
#define LOG_JSON_SESSION_SIZE	32

/* An event under way, in its caller's frame. Texts are borrowed until log_json_end. */
struct log_json {
	const char	*event;
	enum log_severity level;
	size_t		 count;
	struct log_json_value {
		const char	*name;
		const char	*text;		/* NULL: a number */
		int64_t		 n;
		bool		 is_usec;	/* written as seconds */
	} values[LOG_JSON_MEMBERS];
};

/*
 * log_json_open - say where events go, instead of where they went
 *
 * target	"/FILE", "unix:/SOCKET", "stdout"; "" for nowhere
 * relative	the same file or socket seen from the queue directory, for who
 *		will be locked up there; NULL when it is elsewhere
 * host		what stands as host
 * mode		of a file that is made
 *
 * Opened now, with rights that the caller is about to give up. What fails is
 * logged once, and tried again with later events.
 */
void	log_json_open(const char *target, const char *relative,
	    const char *host, mode_t mode);

/*
 * log_json_begin - begin an event
 *
 * event	a literal
 *
 * Returns false when nobody wants it; then leave the other calls out.
 */
bool	log_json_begin(struct log_json *e, const char *event);
/* log_json_text - a member, from whomever the text comes; none when it is NULL */
void	log_json_text(struct log_json *e, const char *name, const char *text);
/* log_json_some - the same, and none when it is empty */
void	log_json_some(struct log_json *e, const char *name, const char *text);
void	log_json_int(struct log_json *e, const char *name, int64_t n);
/* log_json_usec - microseconds, which stand there as seconds with fraction */
void	log_json_usec(struct log_json *e, const char *name, int64_t usec);
void	log_json_end(struct log_json *e);

/* log_json_message - an event that says no more than a queue ID */
void	log_json_message(const char *event, const char *queue_id);
/* log_json_config - an event "config" that says why in words */
void	log_json_config(enum log_severity level, const char *reason);

/* log_json_line - for log.c: what it logs as a warning or worse is an event, too */
void	log_json_line(enum log_severity sev, const char *text);

/* log_json_new_session - a name for a connection that no other has on this host */
void	log_json_new_session(char name[LOG_JSON_SESSION_SIZE]);
/* log_json_set_session - what happens from now on belongs to it; NULL: to none */
void	log_json_set_session(const char *name);

#endif
