/*
 * load.h - how many clients there are, and how many are too many
 */
#ifndef DAEMON_POSTSCREEN_LOAD_H
#define DAEMON_POSTSCREEN_LOAD_H

#include <stdbool.h>

/*
 * load_enter - one more client with this address; its number among them
 * load_leave - it has gone
 */
int	load_enter(const char *address);
void	load_leave(const char *address);

/* load_test_begins, load_test_ends - of one client; this is where stress comes and goes */
void	load_test_begins(void);
void	load_test_ends(void);
/* load_is_full - as many are tested as postscreen_pre_queue_limit lets */
bool	load_is_full(void);
/* load_is_stress - nearly so: who waits, waits shorter */
bool	load_is_stress(void);

#endif
