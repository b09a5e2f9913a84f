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
#include <sys/socket.h>

struct attrs;
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

/* serve_on_stop - fn runs before the process ends for any good reason; for last log lines */
void	serve_on_stop(void (*fn)(void));

/*
 * serve_on_split - fn runs before a ROLE_MULTI process that is to end splits
 * off a child for the clients that are there; it gives up what only one may have
 */
void	serve_on_split(void (*fn)(void));

/* serve_set_max_idle - a role's own idle limit in seconds, from pre_jail or post_jail; 0: none */
void	serve_set_max_idle(int seconds);

/* serve_peer - address of the client being served, as accept gave it; NULL when there is none (-S on a pipe) */
const struct sockaddr	*serve_peer(socklen_t *len);

/* serve_passed - attributes that came with a passed descriptor (type pass: client_address, ...), NULL without */
const struct attrs	*serve_passed(void);

/* serve_watchdog - the process ends when it neither accepts nor finishes anything for so long; each skeleton sets its default */
void	serve_watchdog(int limit_s);

/* serve_set_watchdog - a ROLE_MULTI role's own limit, for each event; from pre_jail or post_jail */
void	serve_set_watchdog(int limit_s);

/* serve_stop - end cleanly after this client, as when the status channel closed */
void	serve_stop(const char *why);

/* serve_flow_token_put - write n in-flow tokens (qmgr); serve_flow_token_get - take one without waiting (cleanup module) */
void	serve_flow_token_put(int n);
bool	serve_flow_token_get(void);

/* serve_verbose etc. are in lib/base/log.h; serve_standalone - running with -S on stdin/stdout */
bool	serve_standalone(void);

#endif
