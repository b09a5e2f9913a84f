/*
 * flush_client.c - ask the flush service to deliver mail for a site (ETRN)
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/flush_client.h"

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"
#include "lib/table/match_list.h"

#define STATUS_BAD	3	/* no site name */
#define STATUS_DENIED	4	/* not in fast_flush_domains */

static enum flush_answer
ask(const char *domain)
{
	struct err err = ERR_INIT;
	struct buf request = BUF_INIT;
	struct stream *st;
	struct attrs reply;
	int32_t status = -1;

	st = endpoint_connect_greeted("public", params.flush_service_name,
	    "queue_flush_protocol", params.ipc_timeout, &err);
	if (st == NULL) {
		log_warning("%s", err.text);
		return FLUSH_FAILED;
	}
	attr_put_str(&request, "request", "send_site");
	attr_put_str(&request, "site", domain);
	attr_put_end(&request);
	attrs_init(&reply);
	if (stream_write(st, request.ptr, request.len) == 0 &&
	    attrs_read(st, &reply, 4096, &err) == 1)
		attrs_int(&reply, "status", 0, &status);
	attrs_done(&reply);
	stream_free(st);
	buf_done(&request);
	return status == 0 ? FLUSH_DONE :
	    status == STATUS_DENIED || status == STATUS_BAD ? FLUSH_DENIED :
	    FLUSH_FAILED;
}

enum flush_answer
flush_client_site(const char *domain)
{
	struct match_list *list = match_list_new("fast_flush_domains",
	    MATCH_DOMAIN, params.fast_flush_domains);
	enum table_result found = match_list_find(list, domain, NULL);

	match_list_free(list);
	switch (found) {
	case TABLE_FOUND:
		return ask(domain);
	case TABLE_NOT_FOUND:
		return FLUSH_DENIED;
	default:
		return FLUSH_FAILED;
	}
}
