/*
 * tls_tickets.c - the keys of session tickets, asked of tlsmgr
 *
 * A key is kept as long as it makes tickets, so that most sessions ask
 * nobody. The key of a ticket that we do not know is asked for each time: it
 * is rare, and a name that does not exist may be anybody's invention.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/tls_tickets.h"

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
#include "lib/net/tls_ticket.h"

#define PATIENCE_S	5	/* a client is waiting, and can do without */
#define SULK_S		60	/* nor is a service that failed asked again at once */
#define REPLY_MAX	1024

static bool
take_reply(const struct attrs *reply, struct tls_ticket_key *out)
{
	const char *text = attrs_get(reply, "keybuf", 0);
	struct buf key = BUF_INIT;
	int32_t status;
	bool ok;

	ok = attrs_int(reply, "status", 0, &status) && status == TLSMGR_OK &&
	    text != NULL && base64_decode(&key, text, strlen(text)) &&
	    key.len == sizeof(*out);
	if (ok)
		memcpy(out, key.ptr, sizeof(*out));
	buf_done(&key);
	return ok;
}

static bool
ask(const unsigned char *name, struct tls_ticket_key *out)
{
	static int64_t failed_ms;
	struct buf request = BUF_INIT;
	struct attrs reply;
	struct err err = ERR_INIT;
	bool ok = false;

	if (failed_ms != 0 && clock_mono_ms() - failed_ms < SULK_S * 1000)
		return false;
	attr_put_str(&request, "request", "tktkey");
	attr_put_data(&request, "keyname", name != NULL ? name :
	    (const unsigned char *)"", name != NULL ? sizeof(out->name) : 0);
	attr_put_end(&request);
	attrs_init(&reply);
	failed_ms = 0;
	if (endpoint_ask("private", params.tlsmgr_service_name,
	    TLSMGR_PROTOCOL, &request, PATIENCE_S, REPLY_MAX, &reply,
	    &err) == 0) {
		ok = take_reply(&reply, out);
	} else {
		log_warning("%s: TLS sessions cannot be resumed", err.text);
		failed_ms = clock_mono_ms();
	}
	attrs_done(&reply);
	buf_done(&request);
	return ok;
}

bool
tls_tickets_key(void *ctx, const unsigned char *name,
    struct tls_ticket_key *out)
{
	static struct tls_ticket_key kept;

	(void)ctx;
	if (clock_now() < kept.expires && (name == NULL ||
	    memcmp(name, kept.name, sizeof(kept.name)) == 0)) {
		*out = kept;
		return true;
	}
	if (!ask(name, out))
		return false;
	if (name == NULL)
		kept = *out;
	return true;
}
