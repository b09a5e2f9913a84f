/*
 * logtail.h - what the mail log proves: deliveries, deferrals, bounces
 *
 * Differences between looks at the queue tell what left it, not how. The log
 * tells: a thread follows it, from its end on, counts what the delivery
 * agents of this instance write, and keeps the last lines. Where it cannot be
 * read nothing is claimed.
 */
#ifndef CMD_QTOP_LOGTAIL_H
#define CMD_QTOP_LOGTAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct logtail;

enum log_status { LOG_SENT, LOG_DEFERRED, LOG_BOUNCED, LOG_STATUS_COUNT };

struct logtail_rates {
	bool		 is_known;	/* there is a log, and it was followed for a while */
	double		 a_second[LOG_STATUS_COUNT];	/* recipients, over the last minute */
};

/*
 * logtail_new - follow a log
 *
 * path		NULL: there is none
 * name		syslog_name of the instance: "NAME/AGENT[PID]:" begins its lines
 */
struct logtail	*logtail_new(const char *path, const char *name);
/* logtail_free - ends the thread */
void	logtail_free(struct logtail *t);
void	logtail_rate(struct logtail *t, time_t now, struct logtail_rates *out);

/*
 * logtail_each - the last lines of this instance, oldest first
 *
 * count	at most so many, and no more than LOG_LINES
 * fn		text: "HH:MM:SS agent  what it says", cut, with whatever bytes; status
 *		LOG_STATUS_COUNT when it tells none
 *
 * Those that stood there before it was followed are among them. Returns
 * whether there is a log.
 */
#define LOG_LINES	200
typedef void (*logtail_line_fn)(const char *text, enum log_status status,
    void *ctx);
bool	logtail_each(struct logtail *t, size_t count, logtail_line_fn fn,
	    void *ctx);

/*
 * logtail_status - what a line tells of a recipient
 *
 * False when it is no such line, or another instance's.
 */
bool	logtail_status(const char *line, size_t len, const char *name,
	    enum log_status *out);

#endif
