/*
 * agent_internal.h - what agent.c, agent_end.c and agent_log.c share
 */
#ifndef DAEMON_SERVE_AGENT_INTERNAL_H
#define DAEMON_SERVE_AGENT_INTERNAL_H

#include "daemon/serve/agent.h"

/* agent_end_init - the tables that outcomes depend on; arguments as of agent_init */
void	agent_end_init(const char *filter_title, const char *filter_list);

/*
 * agent_owner_begin, agent_owner_end - mail_owner's rights for a while; the
 * caller may have them already, and keeps them then
 */
bool	agent_owner_begin(void);
void	agent_owner_end(bool was_root);

/* agent_time_is_set - false for a moment that has not come */
bool	agent_time_is_set(struct timeval tv);

#endif
