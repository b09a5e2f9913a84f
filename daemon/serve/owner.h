/*
 * owner.h - the ids and groups of mail_owner
 *
 * Finding out which groups a user is in is two thirds of what the start of a
 * process costs where it goes through a directory service. So the supervisor
 * asks at each start and reload, and its children are told.
 */
#ifndef DAEMON_SERVE_OWNER_H
#define DAEMON_SERVE_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#define OWNER_GROUPS_MAX	64

struct owner {
	uid_t	uid;
	gid_t	gid;
	gid_t	groups[OWNER_GROUPS_MAX];
	int	group_count;	/* -1: more than fit, initgroups(3) has to do it */
};

/* owner_look_up - ask the system; false: no such user */
bool	owner_look_up(struct owner *o);
/* owner_hand_down - put o into the environment of children that are started as root */
void	owner_hand_down(const struct owner *o);
/* owner_find - what was handed down, or else owner_look_up */
bool	owner_find(struct owner *o);
/* owner_set_groups - supplementary groups; ends the process when that fails */
void	owner_set_groups(const struct owner *o);

#endif
