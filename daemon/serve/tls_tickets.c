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

#include "daemon/serve/tlsmgr_client.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/ipc/attr.h"
#include "lib/net/tls_ticket.h"

static bool
ask(const unsigned char *name, struct tls_ticket_key *out)
{
	struct buf request = BUF_INIT, key = BUF_INIT;
	struct attrs reply;
	bool ok;

	attr_put_str(&request, "request", "tktkey");
	attr_put_data(&request, "keyname", name != NULL ? name :
	    (const unsigned char *)"", name != NULL ? sizeof(out->name) : 0);
	attr_put_end(&request);
	attrs_init(&reply);
	ok = tlsmgr_ask(&request, &reply) &&
	    tlsmgr_data(&reply, "keybuf", &key) && key.len == sizeof(*out);
	if (ok)
		memcpy(out, key.ptr, sizeof(*out));
	attrs_done(&reply);
	buf_done(&key);
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
