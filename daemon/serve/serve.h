/*
 * serve.h - the server skeletons: how a role gets its work
 *
 * Parses the options that master passes (spec/master.md 2), loads main.cf,
 * opens what needs rights (pre_jail), chroots, drops, sandboxes, and then
 * accepts clients, tells master "busy" and "free", counts max_use and
 * max_idle, notices changed tables between clients, and ends when the status
 * channel closes.
 */
#ifndef DAEMON_SERVE_SERVE_H
#define DAEMON_SERVE_SERVE_H

#include <stdbool.h>

struct event_base;
struct role;

/* serve_run - run a role; does not return unless with an exit status for main */
int	serve_run(const struct role *role, int argc, char **argv);

/* serve_base - the event loop of ROLE_MULTI and ROLE_TRIGGER roles, from post_jail on */
struct event_base	*serve_base(void);

/* serve_busy, serve_free - report to master; the skeletons call them around each client, ROLE_MULTI roles around each request */
void	serve_busy(void);
void	serve_free(void);

/*
 * serve_client_closed - a ROLE_MULTI role says that an accepted client went away
 *
 * Idle time is counted from the last one.
 */
void	serve_client_closed(void);

/* serve_stop - end cleanly after this client, as when the status channel closed */
void	serve_stop(const char *why);

/* serve_flow_token_put - write n in-flow tokens (qmgr); serve_flow_token_get - take one without waiting (cleanup module) */
void	serve_flow_token_put(int n);
bool	serve_flow_token_get(void);

/* serve_verbose etc. are in lib/base/log.h; serve_standalone - running with -S on stdin/stdout */
bool	serve_standalone(void);

#endif
