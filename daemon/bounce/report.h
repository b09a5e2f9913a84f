/*
 * report.h - who hears what became of a message
 */
#ifndef DAEMON_BOUNCE_REPORT_H
#define DAEMON_BOUNCE_REPORT_H

struct notice;
struct wordings;

/*
 * report_send - answer any request but NOTICE_APPEND
 *
 * log		directory of the logs: the service's own name
 * wordings	of the reports
 *
 * Marks the recipients done and removes the log, as the request says. Returns
 * -1, logged, when it is to be asked for again.
 */
int	report_send(const struct notice *n, const char *log,
	    const struct wordings *wordings);

#endif
