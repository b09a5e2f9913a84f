/*
 * rules_verify.c - does the address exist? The server that would take its mail
 * is asked, through the verify service
 *
 * The first question about an address starts a probe; so it is asked again
 * after a while, and at last the client is told to come back.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/serve/verify_client.h"
#include "daemon/serve/verify_sender.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"

bool
rule_plain_probe_sender(char **address)
{
	struct buf full = BUF_INIT, plain = BUF_INIT;
	bool found;

	rewrite_internal(REWRITE_LOCAL, params.address_verify_sender, &full);
	found = verify_sender_plain(full.ptr, params.address_verify_sender_ttl,
	    clock_now(), *address, &plain);
	if (found) {
		free(*address);
		*address = buf_take(&plain);
	}
	buf_done(&full);
	buf_done(&plain);
	return found;
}

static enum verify_status
ask(const char *address, struct buf *reason)
{
	enum verify_status status = verify_query(address, reason);
	int i;

	for (i = 1; status == VERIFY_UNKNOWN &&
	    i < params.address_verify_poll_count; i++) {
		sleep((unsigned)params.address_verify_poll_delay);
		status = verify_query(address, reason);
	}
	return status;
}

static enum restrict_result
refuse(struct session *s, int class, const char *address,
    enum verify_status status, const char *reason)
{
	bool is_sender = class == CLASS_SENDER;
	const char *instead = is_sender ?
	    params.unverified_sender_reject_reason :
	    params.unverified_recipient_reject_reason;
	const char *dsn = is_sender ? "4.1.7" : "4.1.1";
	int code;

	if (status == VERIFY_BOUNCED)
		code = is_sender ? params.unverified_sender_reject_code :
		    params.unverified_recipient_reject_code;
	else
		code = is_sender ? params.unverified_sender_defer_code :
		    params.unverified_recipient_defer_code;
	if (instead[0] != '\0')
		reason = instead;
	if (code / 100 == 5)
		return restrict_reject(s, code, dsn, "<%s>: %s rejected: "
		    "undeliverable address: %s", address,
		    restrict_class_text((enum restrict_class)class), reason);
	return rule_tempfail(s, is_sender ?
	    params.unverified_sender_tempfail_action :
	    params.unverified_recipient_tempfail_action, code, dsn,
	    "<%s>: %s rejected: unverified address: %s", address,
	    restrict_class_text((enum restrict_class)class), reason);
}

enum restrict_result
rule_unverified(struct session *s, const struct ask *a)
{
	const char *address = rule_address(s, a->detail);
	enum restrict_result r = RESTRICT_DUNNO;
	struct buf reason = BUF_INIT;
	enum verify_status status;

	if (address[0] == '\0')
		return r;
	status = ask(address, &reason);
	if (status != VERIFY_DELIVERABLE)
		r = refuse(s, a->detail, address, status, reason.ptr);
	buf_done(&reason);
	return r;
}
