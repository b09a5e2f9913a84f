/*
 * child.h - wait for a process of our own
 */
#ifndef LIB_BASE_CHILD_H
#define LIB_BASE_CHILD_H

#include <sys/types.h>

/*
 * child_wait - wait until a child has ended, going on after EINTR
 *
 * Returns its exit status, or 128 and the number of the signal that ended it,
 * as a shell does. Ends this process when there is no such child.
 */
int	child_wait(pid_t pid);

#endif
