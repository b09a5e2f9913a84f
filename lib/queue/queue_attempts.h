/*
 * queue_attempts.h - what the mail log tells of the deliveries of a message
 *
 * The log file and the older ones that rotation left beside it: NAME.1,
 * NAME-20261121, NAME.20261121-073726.gz, as they are or packed (lib/base/pack.h).
 */
#ifndef LIB_QUEUE_QUEUE_ATTEMPTS_H
#define LIB_QUEUE_QUEUE_ATTEMPTS_H

#include <stdbool.h>
#include <time.h>

struct queue_attempts;

/*
 * queue_attempts_open - open the log files, with the caller's rights
 *
 * maillog_file, else the system's. What cannot be opened is left out; never NULL.
 */
struct queue_attempts	*queue_attempts_open(void);
void	queue_attempts_free(struct queue_attempts *a);

/* line: without its end, from strangers in part; returns false to stop */
typedef bool (*queue_attempts_fn)(const char *line, void *ctx);
/*
 * queue_attempts_each - the lines that tell a delivery status, oldest first
 *
 * since	arrival of the message: earlier lines are about another one that
 *		had this ID
 */
void	queue_attempts_each(struct queue_attempts *a, const char *id,
	    time_t since, queue_attempts_fn fn, void *ctx);

#endif
