/*
 * role.h - the role table of posthornd
 *
 * A role is one row: its name (the command column of master.cf), what it is
 * for, the skeleton that serves it, the rights it needs, and its functions.
 * main.c finds the row by argv[0] or the first argument and hands it to
 * serve_run.
 */
#ifndef DAEMON_ROLE_H
#define DAEMON_ROLE_H

#include <stddef.h>

struct event_base;
struct serve_protocol;
struct stream;

enum role_skeleton {
	ROLE_SINGLE,		/* one client at a time, blocking code */
	ROLE_MULTI,		/* many clients in one process, libevent */
	ROLE_TRIGGER,		/* wake-up bytes; libevent while idle */
	ROLE_DATAGRAM,		/* one datagram at a time */
	ROLE_OWN		/* runs itself: master */
};

enum role_needs {		/* one bit each, in this order: the next one is 1 << 14 */
	ROLE_MAXPROC_1	= 1 << 0,	/* "service NAME requires a process limit of 1" */
	ROLE_MAXPROC_0	= 1 << 1,
	ROLE_PRIVILEGED	= 1 << 2,	/* "service NAME requires privileged operation" */
	ROLE_NO_USE_LIMIT = 1 << 3,	/* max_use does not apply */
	ROLE_NO_IDLE_LIMIT = 1 << 4,
	ROLE_DELAYED_ACCEPT = 1 << 5,	/* in_flow_delay before serving (cleanup) */
	ROLE_ARGUMENTS	= 1 << 6,	/* takes words after the options (pipe, spawn); others refuse them */
	ROLE_KEEPS_TABLES = 1 << 7,	/* deals with changed tables itself (qmgr) */
	ROLE_COMMANDS	= 1 << 8,	/* runs programs, set-gid ones too: no sandbox */

	/* Where it may change files (serve/confine.h). Neither of the first two: anywhere; serve/README.md says why. */
	ROLE_CHANGES_NOTHING = 1 << 9,
	ROLE_CHANGES_QUEUES = 1 << 10,
	ROLE_OPENS_TABLES = 1 << 11,	/* not confined when a table's library may keep files elsewhere */
	ROLE_USES_SASL	= 1 << 12,	/* the same for SASL libraries */

	ROLE_BACKGROUND = 1 << 13	/* when a table changed, the log says that clients stay as long as they like */
};

struct role {
	const char	*name;		/* as in master.cf, field 8 */
	const char	*summary;	/* one line for --help */
	enum role_skeleton skeleton;
	unsigned	 needs;		/* ROLE_* bits */
	const char	*greeting;	/* protocol attribute sent on accept, or NULL */

	/* pre_jail runs with the starting rights, before chroot and drop; post_jail after. Either may be NULL. */
	void	(*pre_jail)(const char *service, char **argv);
	void	(*post_jail)(const char *service, char **argv);

	/* Exactly the one of the skeleton is set; of ROLE_MULTI, accepted or protocol. */
	void	(*serve)(struct stream *client, const char *service,
		    char **argv);				/* ROLE_SINGLE */
	void	(*accepted)(struct event_base *base, int fd,
		    const char *service);			/* ROLE_MULTI: takes fd */
	const struct serve_protocol *protocol;			/* ROLE_MULTI: clients ask in attribute lists */
	void	(*trigger)(const char *bytes, size_t len,
		    const char *service);			/* ROLE_TRIGGER */
	void	(*datagram)(const char *bytes, size_t len);	/* ROLE_DATAGRAM */
	void	(*datagrams_done)(void);	/* or NULL: none is waiting now */
	int	(*run)(int argc, char **argv);			/* ROLE_OWN: exit status */
};

/* role_find - row by name, NULL if there is none */
const struct role	*role_find(const char *name);
/* role_at - for listing; NULL at the end */
const struct role	*role_at(size_t i);

/* The rows themselves; each is defined in its role's folder. */
extern const struct role master_role, smtpd_role, pickup_role, cleanup_role,
    trivial_rewrite_role, qmgr_role, smtp_role, lmtp_role, local_role,
    virtual_role, pipe_role, discard_role, error_role, bounce_role,
    flush_role, showq_role, postlogd_role, anvil_role, proxymap_role,
    spawn_role, verify_role, qmqpd_role,
    scache_role,
    tlsmgr_role,
    dnsblog_role, postscreen_role, tlsproxy_role, metrics_role;

#endif
