/*
 * request.c - postqueue -f, -i and -s: deliver now
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/request.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_flush.h"
#include "lib/queue/queue_id.h"

#define SHOWN_MAX	100	/* bytes of a bad argument that are repeated */
#define LINGER_MS	1000	/* for a server to take the trigger; two of them */

static const char down[] = "Cannot flush mail queue - mail system is down";

static void
trigger(const char *service, const char *bytes)
{
	struct err err = ERR_INIT;

	if (endpoint_trigger("public", service, bytes, strlen(bytes),
	    params.trigger_timeout, LINGER_MS, &err) == -1) {
		log_warning("%s", err.text);
		log_fatal("%s", down);
	}
}

void
request_flush_all(void)
{
	trigger(params.queue_service_name, "FADI");
	trigger(params.pickup_service_name, "W");
}

static void
refuse_argument(const char *what, const char *argument)
{
	log_fatal("%s: \"%.*s%s\"", what, SHOWN_MAX, argument,
	    strlen(argument) > SHOWN_MAX ? "..." : "");
}

static void
judge(int status, const char *argument, const char *unexpected,
    const struct err *err)
{
	switch (status) {
	case QUEUE_FLUSH_OK:
		return;
	case QUEUE_FLUSH_BAD:
		log_fatal("Invalid request: \"%s\"", argument);
	case QUEUE_FLUSH_FAILED:
		if (err->kind != ERR_NONE)
			log_warning("%s", err->text);
		log_fatal("%s", down);
	case QUEUE_FLUSH_DENIED:
		log_fatal("Flush service is not configured for destination "
		    "\"%s\"", argument);
	default:
		log_fatal("%s flush server reply status %d", unexpected,
		    status);
	}
}

void
request_flush_site(const char *site)
{
	struct err err = ERR_INIT;
	struct buf ip = BUF_INIT;
	bool is_valid;

	is_valid = site[0] == '[' ? address_is_literal(site, &ip) :
	    address_is_hostname(site);
	buf_done(&ip);
	if (!is_valid)
		refuse_argument("Cannot flush mail queue - invalid destination",
		    site);
	judge(queue_flush_send_site(site, &err), site, "Unknown", &err);
}

void
request_flush_message(const char *id)
{
	struct err err = ERR_INIT;

	if (!queue_id_is_valid(id))
		refuse_argument("Cannot flush queue ID - invalid name", id);
	judge(queue_flush_send_file(id, &err), id, "Unexpected", &err);
}
