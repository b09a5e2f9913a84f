/*
 * policy.h - ask a policy server what to do (check_policy_service)
 *
 * The server gets what is known of the request as lines of name=value up to
 * an empty line, and answers "action=..." with anything an access table may
 * say. No answer is smtpd_policy_service_default_action.
 */
#ifndef DAEMON_SMTPD_POLICY_H
#define DAEMON_SMTPD_POLICY_H

#include "daemon/smtpd/restrict.h"

struct policy_server;

/* policy_check - server: "unix:path" or "inet:host:port", or in braces, with name=value settings behind it */
enum restrict_result	policy_check(struct session *s, const char *server,
	    const char *reply_name, enum restrict_class class);

/* policy_free - hang up and forget all servers */
void	policy_free(struct policy_server **servers);

#endif
