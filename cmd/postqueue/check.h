/*
 * check.h - --check: is the queue well? for monitoring systems
 */
#ifndef CMD_POSTQUEUE_CHECK_H
#define CMD_POSTQUEUE_CHECK_H

struct buf;
struct queue_groups;
struct run;

enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/* check_prepare - read the thresholds, plan what they need to be counted */
void	check_prepare(struct run *r);
/* check_print - append one line; the exit status */
int	check_print(struct run *r, struct queue_groups *g, struct buf *out);

#endif
