/*
 * rights.h - who touches what: queue files are read with their owner's rights
 *
 * Called by root, the threads that look into the queue and act on it become
 * mail_owner, each for itself; the thread that draws, writes settings and
 * exports, and runs the user's commands stays who called.
 */
#ifndef CMD_QTOP_RIGHTS_H
#define CMD_QTOP_RIGHTS_H

struct err;

/*
 * rights_prepare - look up who that is, while still single-threaded
 *
 * dir		of a copied queue: the owner of this directory; NULL: mail_owner
 *
 * 0, or -1 with err.
 */
int	rights_prepare(const char *dir, struct err *err);
/* rights_become_owner - this thread, and those it starts; nothing for who is not root */
int	rights_become_owner(struct err *err);

#endif
