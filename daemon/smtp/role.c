/*
 * role.c - the smtp and lmtp roles
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/debug_peer.h"
#include "daemon/smtp/shared.h"
#include "daemon/smtp/smtp.h"
#include "lib/conf/params.h"

static struct smtp_config config;

static void
pre_jail_smtp(const char *service, char **argv)
{
	shared_init(service);
	smtp_config_load(&config, false);
	smtp_config_args(&config, argv);
	debug_peer_init();
	agent_init("smtp_delivery_status_filter",
	    params.smtp_delivery_status_filter);
	srandom((unsigned)time(NULL) ^ (unsigned)getpid() << 8);
}

static void
pre_jail_lmtp(const char *service, char **argv)
{
	shared_init(service);
	smtp_config_load(&config, true);
	smtp_config_args(&config, argv);
	debug_peer_init();
	agent_init("lmtp_delivery_status_filter",
	    params.lmtp_delivery_status_filter);
	srandom((unsigned)time(NULL) ^ (unsigned)getpid() << 8);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	(void)argv;
	agent_serve(client, service, smtp_deliver, &config);
}

const struct role smtp_role = {
	.name = "smtp",
	.summary = "deliver mail to other hosts by SMTP",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_ARGUMENTS | ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES |
	    ROLE_USES_SASL,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail_smtp,
	.serve = serve
};

const struct role lmtp_role = {
	.name = "lmtp",
	.summary = "deliver mail to mailbox servers by LMTP",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_ARGUMENTS | ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES |
	    ROLE_USES_SASL,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail_lmtp,
	.serve = serve
};
