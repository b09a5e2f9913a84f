/*
 * role.c - the role table of posthornd
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <string.h>

static const struct role *const roles[] = {
	&master_role,
	&smtpd_role, &pickup_role, &cleanup_role, &trivial_rewrite_role,
	&qmgr_role,
	&smtp_role, &lmtp_role, &local_role, &virtual_role, &pipe_role,
	&discard_role, &error_role,
	&bounce_role, &flush_role, &showq_role, &anvil_role, &postlogd_role,
	&proxymap_role, &spawn_role, &verify_role, &qmqpd_role, &scache_role,
	&tlsmgr_role, &dnsblog_role, &postscreen_role,
	&tlsproxy_role, &metrics_role,
};

#define ROLE_COUNT	(sizeof(roles) / sizeof(roles[0]))

const struct role *
role_at(size_t i)
{
	return i < ROLE_COUNT ? roles[i] : NULL;
}

const struct role *
role_find(const char *name)
{
	const struct role *role;
	size_t i;

	for (i = 0; (role = role_at(i)) != NULL; i++)
		if (strcmp(role->name, name) == 0)
			return role;
	return NULL;
}
