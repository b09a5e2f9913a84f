/*
 * serve_internal.h - what the start-up and the loops of a role share
 *
 * One process serves one role, so its state is one struct.
 */
#ifndef DAEMON_SERVE_SERVE_INTERNAL_H
#define DAEMON_SERVE_SERVE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/ipc/attr.h"

struct role;

enum serve_transport { SERVE_INET, SERVE_UNIX, SERVE_FIFO, SERVE_PASS,
	SERVE_DGRAM };

/* Where master puts things (spec/master.md 2.3). */
enum serve_fds {
	SERVE_FD_FLOW_READ	= 3,
	SERVE_FD_FLOW_WRITE	= 4,
	SERVE_FD_STATUS		= 5,
	SERVE_FD_LISTEN		= 6
};

struct serve_state {
	const struct role *role;
	const char	*service;
	char		**operands;

	/* options */
	bool		 logs_to_stderr;	/* -V */
	bool		 is_standalone, is_sole, is_unlimited, wants_drop,
			 wants_chroot, wants_debugger, keeps_terminal;
	enum serve_transport transport;
	int		 listeners;
	int		 max_use, max_idle_s, retire_s;	/* 0: no limit */

	/* life */
	bool		 is_stopping;
	bool		 is_busy, was_busy;	/* as master knows it */
	int		 pid;		/* as master knows us */
	unsigned	 generation;
	bool		 is_watched_over;	/* our own master: see serve_single.c */
	int		 used;		/* clients so far */
	int		 open_clients;	/* ROLE_MULTI */
	void		(*on_stop)(void), (*on_split)(void);
	int		 watchdog_s;	/* ROLE_MULTI: 0: daemon_timeout */
	struct sockaddr_storage peer;	/* of the client being served */
	socklen_t	 peer_len;
	struct attrs	 passed;	/* what came with a passed descriptor */
};

extern struct serve_state serve_state;

/* serve_should_stop - max_use reached, or told to stop */
bool	serve_should_stop(void);
/* serve_tables_changed - log and return true when a restart is due */
bool	serve_tables_changed(void);
/* serve_alive - feed the watchdog */
void	serve_alive(void);
/* serve_end - run the role's last words and exit 0 */
void	serve_end(void) __attribute__((noreturn));
/*
 * serve_accept - next client of listener i: a blocking descriptor, or -1 when
 * there is none (any more)
 */
int	serve_accept(int i);

/* The loops; none returns. */
void	serve_single_loop(void) __attribute__((noreturn));
void	serve_datagram_loop(void) __attribute__((noreturn));
void	serve_event_loop(void) __attribute__((noreturn));
void	serve_single_standalone(void) __attribute__((noreturn));

/* serve_confine - change files only where the role table says */
void	serve_confine(void);

/* serve_event_prepare - make the event base, before post_jail */
void	serve_event_prepare(void);

#endif
