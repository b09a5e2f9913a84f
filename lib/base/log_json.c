/*
 * log_json.c - events as JSON objects, beside the lines that people read
 *
 * An event is a list of values that somebody else owns; the object is put
 * together at its end, in memory that was taken when the log was opened:
 * a signal handler may have something to log while malloc is at work. What it
 * logs in the middle of an object is lost, and counted. An object that would
 * be longer than a pipe takes in one piece is made again from shorter texts.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/log_json.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log_sink.h"

/*
 * A text of control bytes takes six times its length, one that is not UTF-8
 * that and its base64: no member is longer than half of this.
 */
#define ROOM		(10 * LOG_JSON_TEXT_MAX + LOG_JSON_LINE_MAX)
#define TEXT_MIN	8	/* of each text at least so much stays */

static struct {
	bool		 is_on;
	bool		 is_busy;	/* an object is being put together */
	char		 host[256];
	char		 session[LOG_JSON_SESSION_SIZE];
	struct buf	 line;
	struct buf	 who;		/* what all objects of this process have */
	pid_t		 pid;		/* for whom it was put together */
	time_t		 second;	/* that stamp is of */
	char		 stamp[32];
} lj = { .line = BUF_INIT, .who = BUF_INIT };

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void
log_json_open(const char *target, const char *relative, const char *host,
    mode_t mode)
{
	snprintf(lj.host, sizeof(lj.host), "%s", host);
	lj.is_on = false;	/* that it cannot be opened is no event */
	lj.pid = 0;
	buf_reset(&lj.line);
	if (*target != '\0') {
		buf_reserve(&lj.line, ROOM);
		buf_reserve(&lj.who, ROOM);
	}
	lj.is_on = log_sink_open(target, relative, mode);
}

/* ---- what an event says ---- */

bool
log_json_begin(struct log_json *e, const char *event)
{
	e->event = event;
	e->level = LOG_SEV_INFO;
	e->count = 0;
	return lj.is_on;
}

static void
add(struct log_json *e, const char *name, const char *text, int64_t n,
    bool is_usec)
{
	if (e->count == LOG_JSON_MEMBERS)
		log_panic("too many members in event %s", e->event);
	e->values[e->count++] = (struct log_json_value){ name, text, n,
	    is_usec };
}

void
log_json_text(struct log_json *e, const char *name, const char *text)
{
	if (text != NULL)
		add(e, name, text, 0, false);
}

void
log_json_some(struct log_json *e, const char *name, const char *text)
{
	if (text != NULL && *text != '\0')
		add(e, name, text, 0, false);
}

void
log_json_int(struct log_json *e, const char *name, int64_t n)
{
	add(e, name, NULL, n, false);
}

void
log_json_usec(struct log_json *e, const char *name, int64_t usec)
{
	add(e, name, NULL, usec, true);
}

/* ---- the object ---- */

/* The fraction of a second. */
static void
put_micro(struct buf *out, long usec)
{
	char digits[6];
	int i;

	for (i = 5; i >= 0; i--, usec /= 10)
		digits[i] = (char)('0' + usec % 10);
	buf_add(out, digits, sizeof(digits));
}

static void
put_seconds(struct buf *out, int64_t usec)
{
	if (usec < 0) {
		buf_addc(out, '-');
		usec = -usec;
	}
	buf_addi(out, usec / 1000000);
	buf_addc(out, '.');
	put_micro(out, (long)(usec % 1000000));
}

/* put_text - the member, of at most limit bytes of text; was it cut? */
static bool
put_text(struct buf *out, const char *name, const char *text, size_t limit)
{
	char part[LOG_JSON_TEXT_MAX + 1];
	size_t n = strnlen(text, limit + 1);

	if (n <= limit) {
		json_member(out, name, text);
		return false;
	}
	/* Not through a character of UTF-8. */
	for (n = limit; n > limit - 3 && (text[n] & 0xc0) == 0x80; n--)
		;
	memcpy(part, text, n);
	part[n] = '\0';
	json_member(out, name, part);
	return true;
}

static void
put_name(struct buf *out, const char *name)
{
	buf_adds(out, ", \"");
	buf_adds(out, name);
	buf_adds(out, "\": ");
}

/* Who speaks: with the first event, and after a fork; names are known by then, and stay. */
static void
know_who(pid_t pid)
{
	char instance[256];
	struct buf *out = &lj.who;

	lj.pid = pid;
	buf_reset(out);
	buf_adds(out, "Z\", ");
	json_member(out, "host", lj.host);
	buf_adds(out, ", ");
	log_instance(instance, sizeof(instance));
	json_member(out, "instance", instance);
	buf_adds(out, ", ");
	json_member(out, "service", log_program());
	put_name(out, "pid");
	buf_addi(out, pid);
	buf_adds(out, ", \"event\": \"");
}

/* What all objects have. Most of it is the same for many. */
static void
put_head(struct buf *out, const struct log_json *e)
{
	static const char *const levels[] = { "info", "warning", "error",
	    "fatal", "panic" };
	struct timeval now = clock_timeval();
	pid_t pid = getpid();
	struct tm tm;

	if (pid != lj.pid)
		know_who(pid);
	if (now.tv_sec != lj.second || lj.stamp[0] == '\0') {
		lj.second = now.tv_sec;
		gmtime_r(&now.tv_sec, &tm);
		strftime(lj.stamp, sizeof(lj.stamp), "%Y-%m-%dT%H:%M:%S.",
		    &tm);
	}
	buf_adds(out, "{\"v\": 1, \"ts\": ");
	put_seconds(out, (int64_t)now.tv_sec * 1000000 + now.tv_usec);
	buf_adds(out, ", \"ts_utc\": \"");
	buf_adds(out, lj.stamp);
	put_micro(out, now.tv_usec);
	buf_add(out, lj.who.ptr, lj.who.len);
	buf_adds(out, e->event);
	buf_adds(out, "\", \"level\": \"");
	buf_adds(out, levels[e->level]);
	buf_addc(out, '"');
	if (lj.session[0] != '\0') {
		buf_adds(out, ", \"session\": \"");
		buf_adds(out, lj.session);
		buf_addc(out, '"');
	}
}

/* compose - the line, of texts up to limit; false when it is too long */
static bool
compose(const struct log_json *e, size_t limit)
{
	struct buf *out = &lj.line;
	const struct log_json_value *v;
	bool was_cut = false;

	buf_reset(out);
	put_head(out, e);
	for (v = e->values; v < e->values + e->count; v++) {
		if (v->text != NULL) {
			buf_adds(out, ", ");
			was_cut |= put_text(out, v->name, v->text, limit);
		} else {
			put_name(out, v->name);
			if (v->is_usec)
				put_seconds(out, v->n);
			else
				buf_addi(out, v->n);
		}
		if (out->len > LOG_JSON_LINE_MAX)
			return false;
	}
	buf_adds(out, was_cut ? ", \"cut\": true}\n" : "}\n");
	return out->len <= LOG_JSON_LINE_MAX;
}

void
log_json_end(struct log_json *e)
{
	size_t limit = LOG_JSON_TEXT_MAX;

	pthread_mutex_lock(&lock);
	if (lj.is_busy) {
		log_sink_lost();
	} else {
		lj.is_busy = true;
		while (!compose(e, limit) && limit > TEXT_MIN)
			limit /= 2;
		log_sink_write(lj.line.ptr, lj.line.len);
		lj.is_busy = false;
	}
	pthread_mutex_unlock(&lock);
}

/* ---- events of one kind in many places ---- */

void
log_json_message(const char *event, const char *queue_id)
{
	struct log_json e;

	if (!log_json_begin(&e, event))
		return;
	log_json_text(&e, "queue_id", queue_id);
	log_json_end(&e);
}

static void
say(const char *event, enum log_severity level, const char *reason)
{
	struct log_json e;

	if (!log_json_begin(&e, event))
		return;
	e.level = level;
	log_json_text(&e, "reason", reason);
	log_json_end(&e);
}

void
log_json_config(enum log_severity level, const char *reason)
{
	say("config", level, reason);
}

void
log_json_line(enum log_severity sev, const char *text)
{
	if (lj.is_on && sev >= LOG_SEV_WARNING)
		say("warning", sev, text);
}

/* ---- sessions ---- */

void
log_json_new_session(char name[LOG_JSON_SESSION_SIZE])
{
	static unsigned count;

	/* A process may serve two within a tick of a clock that tests have stopped. */
	snprintf(name, LOG_JSON_SESSION_SIZE, "%llx.%lx.%x",
	    (unsigned long long)clock_now(), (long)getpid(), ++count);
}

void
log_json_set_session(const char *name)
{
	snprintf(lj.session, sizeof(lj.session), "%s", name != NULL ? name :
	    "");
}
