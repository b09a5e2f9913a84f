/*
 * master.h - the supervisor's own parts: services, their listeners, children
 *
 *	master.c    start-up, signals, reload, end
 *	service.c   master.cf -> struct service; what changed at a reload
 *	listener.c  endpoint names, sockets and FIFOs
 *	child.c     spawn, status reports, reap, throttle, stress, wake-ups
 */
#ifndef DAEMON_MASTER_MASTER_H
#define DAEMON_MASTER_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/serve/owner.h"
#include "lib/conf/master_cf.h"

struct err;
struct event;
struct event_base;

struct service {
	struct service	*next;
	enum master_type type;
	char		*endpoint;	/* identity: "public/qmgr", "25", "[::1]:25" */
	char		*name;		/* as shown and as -n says */
	char		*canon;		/* what stands in parentheses in messages */
	char		*path;		/* $daemon_directory/COMMAND */
	char		**argv;		/* whole, NULL-terminated */
	int		 stress_arg;	/* index of "stress=..." in argv, 0: none */
	int		 maxproc;	/* 0: no limit */
	int		 wakeup_s;
	bool		 wakeup_is_conditional;
	bool		 is_private;
	bool		 is_remote;	/* reachable from other hosts */

	int		*fds;		/* listeners */
	int		 fd_count;
	struct event	**listen_events;
	bool		 is_watched;	/* listen_events are pending */

	int		 status_ours, status_theirs;
	struct event	*status_event;
	unsigned	 generation;

	int		 children;	/* of any generation */
	int		 avail;		/* free ones of this generation */
	bool		 is_throttled, is_stressed;
	bool		 is_kept;	/* mark during reload */
	long		 warned_limit;	/* monotonic seconds of the last warning, 0: never */
	struct event	*throttle_timer, *wakeup_timer, *stress_timer;
};

/* What the parts share. */
struct master {
	struct event_base *base;
	struct service	*services;
	int		 flow[2];	/* in-flow control pipe, read and write end */
	bool		 is_init;	/* -i: we are process 1 */
	bool		 wants_debug;	/* -d: pass it on */
	char		*inet_interfaces;	/* as at the start */
	char		*queue_directory;	/* as at the start */
	struct owner	 owner;		/* of the queue, when we are root */
};

extern struct master master;

/*
 * listener_identify - set endpoint, name, canon of s from a master.cf entry
 *
 * Returns 0, or -1 with "FILE: line N: ..." in err.
 */
int	listener_identify(struct service *s, const struct master_service *e,
	    const char *file, struct err *err);
/* listener_open - create the sockets of s and set is_remote */
int	listener_open(struct service *s, struct err *err);
void	listener_close(struct service *s);
/* listener_high_fd - move fd out of the way of what children inherit */
int	listener_high_fd(int fd);

/*
 * service_load - read master.cf and make master.services follow it
 *
 * is_start	any failure is an error; otherwise a service that cannot listen
 *		is left out with a logged error and the others go on
 *
 * Returns 0, or -1 with err and nothing changed.
 */
int	service_load(const char *config_dir, bool is_start, struct err *err);

/* child_start - status channel, listening, first wake-up; again after a reload */
void	child_start(struct service *s);
/* child_forget - s is about to go: its children get SIGTERM and no owner */
void	child_forget(struct service *s);
void	child_reap(void);
/* child_kill_all - send sig to every child */
void	child_kill_all(int sig);

#endif
