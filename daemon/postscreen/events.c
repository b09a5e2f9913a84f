/*
 * events.c - what happens to a client, for the log of events
 *
 * Many clients are here at once: the session is set for one event only.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/events.h"

#include <string.h>

#include "daemon/postscreen/reply.h"
#include "daemon/serve/counters.h"
#include "daemon/serve/reply_text.h"
#include "lib/base/log_json.h"

void
events_tell(const struct caller *caller, const char *event,
    const char *status, const char *reply, const char *sender,
    const char *rcpt)
{
	char dsn[DSN_STATUS_SIZE];
	struct log_json e;

	if (strcmp(event, "connect") == 0)
		counters_add(COUNT_CONNECTIONS, 1, "in", NULL, NULL);
	else if (strcmp(event, "reject") == 0)
		counters_rejected(rcpt != NULL ? "RCPT" : "CONNECT", reply);
	if (!log_json_begin(&e, event))
		return;
	log_json_text(&e, "client_addr", caller->addr);
	log_json_text(&e, "sender", sender);
	log_json_text(&e, "rcpt", rcpt);
	log_json_text(&e, "status", status);
	if (reply != NULL)
		reply_event(&e, reply, dsn);
	log_json_set_session(caller->session);
	log_json_end(&e);
	log_json_set_session(NULL);
}
