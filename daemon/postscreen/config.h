/*
 * config.h - what main.cf says about postscreen, parsed once
 *
 * Everything that can be wrong is found here, at start-up, and is fatal; the
 * clients borrow it. The role itself opens the cache. Tables are opened with the starting rights.
 */
#ifndef DAEMON_POSTSCREEN_CONFIG_H
#define DAEMON_POSTSCREEN_CONFIG_H

#include <stdbool.h>

#include "daemon/postscreen/stamps.h"

struct access_list;
struct dnsbl_sites;
struct expiring_cache;
struct maps;
struct match_list;

enum action {
	ACTION_IGNORE,		/* log, go on, test again next time */
	ACTION_ENFORCE,		/* go on, and refuse each recipient */
	ACTION_DROP		/* say so and hang up */
};

struct config {
	unsigned	 enabled;		/* tests that are on */
	enum action	 on_denied;		/* by the access list */
	enum action	 on_failure[TEST_COUNT];
	int		 ttl_s[TEST_COUNT];	/* how long a pass holds; of TEST_DNSBL the answer says */

	struct expiring_cache *cache;	/* who has passed; NULL: nothing is remembered, or no more */
	struct access_list *access;
	struct match_list *allowlist_interfaces;
	struct dnsbl_sites *dnsbl_sites;
	struct maps	*dnsbl_replies;		/* list to the name that clients see */
	bool		 is_proxied;		/* a load balancer says who the client is */

	/* The small SMTP server. */
	struct match_list *forbidden_commands;
	struct maps	*command_filter, *footers, *ehlo_discard_maps;
	unsigned	 ehlo_discard;
	bool		 offers_tls, requires_tls;

	/* Seconds: normally, and under stress. */
	int		 greet_wait_s[2], command_time_s[2];
};

/* config_new - read params; what is wrong with them is fatal */
struct config	*config_new(void);

#endif
