/*
 * rights.h - work as a user for a while, and come back
 *
 * For mailboxes, .forward and :include: files: every file of a user's is
 * opened with that user's rights and nothing more. Only the effective ids
 * change, so the user can neither signal nor trace the process. A process
 * without root stays what it is.
 */
#ifndef DAEMON_SERVE_RIGHTS_H
#define DAEMON_SERVE_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

/* rights_become - effective uid and gid, no other groups; ends the process when that fails */
void	rights_become(uid_t uid, gid_t gid);
/* rights_restore - root again */
void	rights_restore(void);
/* rights_drop - in a child: for good, real and saved ids too; false with errno */
bool	rights_drop(uid_t uid, gid_t gid);

#endif
