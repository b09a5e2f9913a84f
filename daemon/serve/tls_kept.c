/*
 * tls_kept.c - TLS sessions that may go on, kept by tlsmgr
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/tls_kept.h"

#include "daemon/serve/tlsmgr_client.h"
#include "lib/base/buf.h"
#include "lib/ipc/attr.h"
#include "lib/net/tls.h"

/* What all three requests begin with. */
static void
put_request(struct buf *out, const char *request, const char *name,
    const char *id)
{
	attr_put_str(out, "request", request);
	attr_put_str(out, "cache_type", name);
	attr_put_str(out, "cache_id", id);
}

static bool
find(const char *name, const char *id, struct buf *out)
{
	struct buf request = BUF_INIT;
	struct attrs reply;
	bool found;

	put_request(&request, "lookup", name, id);
	attr_put_end(&request);
	attrs_init(&reply);
	found = tlsmgr_ask(&request, &reply) &&
	    tlsmgr_data(&reply, "session", out);
	attrs_done(&reply);
	buf_done(&request);
	return found;
}

/* What is not kept is begun anew. */
static void
tell(struct buf *request)
{
	struct attrs reply;

	attr_put_end(request);
	attrs_init(&reply);
	tlsmgr_ask(request, &reply);
	attrs_done(&reply);
	buf_done(request);
}

static void
save(const char *name, const char *id, const struct buf *session)
{
	struct buf request = BUF_INIT;

	put_request(&request, "update", name, id);
	attr_put_data(&request, "session", session->ptr, session->len);
	tell(&request);
}

static void
drop(const char *name, const char *id)
{
	struct buf request = BUF_INIT;

	put_request(&request, "delete", name, id);
	tell(&request);
}

const struct tls_sessions *
tls_kept(const char *name, const char *database, int timeout_s)
{
	static struct tls_sessions kept;

	if (database[0] == '\0' || timeout_s <= 0)
		return NULL;
	/* A process has one side only. */
	kept = (struct tls_sessions){ .name = name, .find = find,
	    .save = save, .drop = drop };
	return &kept;
}
