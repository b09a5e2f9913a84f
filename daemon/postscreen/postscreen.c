/*
 * postscreen.c - the role in front of smtpd: who is worth a server process?
 *
 * Most clients of a mail server want nothing good, and most of them are easily
 * known: they cannot wait, they are on lists, they speak no proper SMTP. One
 * process looks at all of them at once, so that smtpd processes are there for
 * the rest.
 *
 * SPDX-License-Identifier: ISC
 */
#include <unistd.h>

#include "daemon/postscreen/client.h"
#include "daemon/postscreen/config.h"
#include "daemon/role.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/expiring_cache.h"
#include "daemon/serve/serve.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

static struct config *config;

static bool
is_of_use(void *ctx, const char *key, const char *value)
{
	struct stamps s;

	(void)ctx, (void)key;
	stamps_parse(&s, value);
	return stamps_is_kept(&s, config->enabled,
	    params.postscreen_cache_retention_time, clock_now());
}

static void
close_cache(void)
{
	expiring_cache_close(config->cache);
	config->cache = NULL;
}

static void
accepted(struct event_base *base, int fd, const char *service)
{
	(void)service;
	client_accept(base, config, fd);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	config = config_new();
	if (params.postscreen_cache_map[0] == '\0')
		return;
	agent_as_owner();
	config->cache = expiring_cache_open(params.postscreen_cache_map,
	    is_of_use, NULL);
	agent_as_root();
}

static void
post_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	/* At the end the supervisor signals its group: what is being written is finished first. */
	setsid();
	serve_set_watchdog(params.postscreen_watchdog_timeout);
	expiring_cache_start_cleanup(config->cache, serve_base(),
	    params.postscreen_cache_cleanup_interval);
	/* The next process needs the cache; who is still here does without. */
	serve_on_split(close_cache);
	serve_on_stop(close_cache);
}

const struct role postscreen_role = {
	.name = "postscreen",
	.summary = "keep clients that send no proper mail away from smtpd",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT | ROLE_BACKGROUND,
	.pre_jail = pre_jail,
	.post_jail = post_jail,
	.accepted = accepted
};
