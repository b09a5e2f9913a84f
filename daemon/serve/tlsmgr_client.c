/*
 * tlsmgr_client.c - ask the tlsmgr service, which TLS can do without
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/tlsmgr_client.h"

#include <string.h>

#include "daemon/serve/tlsmgr_protocol.h"
#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"

#define PATIENCE_S	5	/* somebody is waiting for a handshake */
#define SULK_S		60	/* nor is a service that failed asked again at once */

bool
tlsmgr_ask(const struct buf *request, struct attrs *reply)
{
	static int64_t failed_ms;
	struct err err = ERR_INIT;
	int32_t status;

	if (failed_ms != 0 && clock_mono_ms() - failed_ms < SULK_S * 1000)
		return false;
	failed_ms = 0;
	if (endpoint_ask("private", params.tlsmgr_service_name,
	    TLSMGR_PROTOCOL, request, PATIENCE_S, TLSMGR_LIST_MAX, reply,
	    &err) == -1) {
		log_warning("%s: TLS sessions cannot be resumed", err.text);
		failed_ms = clock_mono_ms();
		return false;
	}
	return attrs_int(reply, "status", 0, &status) && status == TLSMGR_OK;
}

bool
tlsmgr_data(const struct attrs *reply, const char *name, struct buf *out)
{
	const char *text = attrs_get(reply, name, 0);

	buf_reset(out);
	return text != NULL && base64_decode(out, text, strlen(text)) &&
	    out->len > 0;
}
