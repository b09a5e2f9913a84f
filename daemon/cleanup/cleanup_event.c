/*
 * cleanup_event.c - what becomes of a message here, for the log of events
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/counters.h"
#include "daemon/serve/reply_text.h"
#include "lib/base/log_json.h"
#include "lib/mail/dsn.h"

static void
put_message(struct log_json *e, const struct cleanup *c)
{
	log_json_text(e, "queue_id", c->id.ptr);
	log_json_some(e, "msgid", c->msgid.ptr);
	if (c->has_sender)
		log_json_text(e, "sender", c->sender.ptr);
	log_json_some(e, "client", c->client.ptr);
	log_json_some(e, "client_addr", c->client_addr.ptr);
	log_json_some(e, "sasl", c->sasl.ptr);
}

void
cleanup_event_accepted(const struct cleanup *c)
{
	int64_t size = (int64_t)(c->xtra_offset - c->data_offset);
	struct log_json e;

	counters_add(COUNT_RECEIVED_MESSAGES, 1, NULL, NULL, NULL);
	counters_add(COUNT_RECEIVED_BYTES, size, NULL, NULL, NULL);
	counters_add(COUNT_RECEIVED_RECIPIENTS, c->rcpt_count, NULL, NULL,
	    NULL);
	if (!log_json_begin(&e, "accept"))
		return;
	put_message(&e, c);
	log_json_int(&e, "size", size);
	log_json_int(&e, "nrcpt", c->rcpt_count);
	log_json_end(&e);
	if ((c->flags & CLEANUP_HOLD) != 0)
		log_json_message("held", c->id.ptr);
}

void
cleanup_event_rewritten(const struct cleanup *c, const char *orig,
    const char *rcpt)
{
	struct log_json e;

	if (*orig == '\0' || strcasecmp(orig, rcpt) == 0 ||
	    !log_json_begin(&e, "rewrite"))
		return;
	log_json_text(&e, "queue_id", c->id.ptr);
	log_json_text(&e, "orig_rcpt", orig);
	log_json_text(&e, "rcpt", rcpt);
	log_json_end(&e);
}

void
cleanup_event_action(const struct cleanup *c, bool is_milter,
    const char *action, const char *reply, const char *rcpt)
{
	/* A header that a filter added has "header-reject". */
	bool refuses = strcmp(action, "reject") == 0 ||
	    strcmp(action, "header-reject") == 0;
	char dsn[DSN_STATUS_SIZE], status[64];
	struct log_json e;

	if (refuses)
		counters_rejected("content", reply);
	if (!log_json_begin(&e, refuses ? "reject" : is_milter ? "milter" :
	    "policy"))
		return;
	put_message(&e, c);
	log_json_some(&e, "rcpt", rcpt);
	snprintf(status, sizeof(status), "%s%s", is_milter ? "milter-" : "",
	    action);
	log_json_text(&e, "status", status);
	reply_event(&e, reply, dsn);
	log_json_end(&e);
}
