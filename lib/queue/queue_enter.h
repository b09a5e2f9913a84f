/*
 * queue_enter.h - go to the queue directory, with no more rights than its owner
 */
#ifndef LIB_QUEUE_QUEUE_ENTER_H
#define LIB_QUEUE_QUEUE_ENTER_H

struct err;

/*
 * queue_enter - chdir to $queue_directory
 *
 * Paths in lib/queue are relative to it.
 */
int	queue_enter(struct err *err);

/*
 * queue_become_owner - when root: become $mail_owner for good, groups too
 *
 * Without root nothing is to be dropped and nothing is done.
 */
int	queue_become_owner(struct err *err);

#endif
