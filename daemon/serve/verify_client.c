/*
 * verify_client.c - ask and tell the service that knows which addresses exist
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/verify_client.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/queue/queue_log.h"

#define TIMEOUT_S	10	/* it answers from memory or not at all */
#define REPLY_MAX	100000

/* One request; the reply is the caller's to free, whatever is returned. */
static bool
ask(const struct buf *request, struct attrs *reply)
{
	struct err err = ERR_INIT;
	int32_t status;

	if (endpoint_ask("private", params.address_verify_service_name,
	    VERIFY_PROTOCOL, request, TIMEOUT_S, REPLY_MAX, reply,
	    &err) == -1) {
		log_warning("%s", err.text);
		return false;
	}
	return attrs_int(reply, "status", 0, &status) && status == 0;
}

enum verify_status
verify_query(const char *address, struct buf *reason)
{
	struct buf request = BUF_INIT;
	struct attrs reply;
	const char *text = NULL;
	int32_t status = VERIFY_DEFERRED;

	attr_put_str(&request, "request", "query");
	attr_put_str(&request, "address", address);
	attr_put_end(&request);
	if (ask(&request, &reply) &&
	    attrs_int(&reply, "recipient_status", 0, &status) &&
	    status >= 0 && status < VERIFY_STATUS_COUNT)
		text = attrs_get(&reply, "reason", 0);
	else
		status = VERIFY_DEFERRED;
	buf_sets(reason, text != NULL ? text :
	    "Address verification status unavailable");
	attrs_done(&reply);
	buf_done(&request);
	return (enum verify_status)status;
}

static void
update(const char *address, enum verify_status status, const char *reason)
{
	struct buf request = BUF_INIT;
	struct attrs reply;

	attr_put_str(&request, "request", "update");
	attr_put_str(&request, "address", address);
	attr_put_int(&request, "recipient_status", status);
	attr_put_str(&request, "reason", reason);
	attr_put_end(&request);
	ask(&request, &reply);
	attrs_done(&reply);
	buf_done(&request);
}

const char *
verify_report(const struct queue_rcpt *rcpt, enum verify_status status,
    const char *reason)
{
	bool is_good = status == VERIFY_DELIVERABLE;

	if (!is_good && !params.address_verify_negative_cache)
		return "undeliverable-but-not-cached";
	if (rcpt->orig[0] != '\0' && strcmp(rcpt->orig, rcpt->address) != 0)
		update(rcpt->orig, status, reason);
	update(rcpt->address, status, reason);
	return is_good ? "deliverable" : "undeliverable";
}
