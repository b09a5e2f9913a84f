/*
 * tlsmgr.c - what TLS needs to go on with a session: keys of tickets, sessions
 *
 * There are two keys: tickets are made with the newer one for one ticket's
 * lifetime, and can be read with it for another, when it is the older one.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_clients.h"
#include "daemon/serve/tlsmgr_protocol.h"
#include "daemon/tlsmgr/sessions.h"
#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/tls_ticket.h"

#define SEED_MAX	255	/* bytes of one request */

static struct tls_ticket_key keys[2];	/* the newer one first */

static void
fill_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		log_fatal("no random bytes from the system");
}

/* Time goes on: is the newer key still good, and the older one? */
static void
turn_keys(int64_t now)
{
	int64_t lifetime = params.smtpd_tls_session_cache_timeout;

	if (now < keys[0].expires)
		return;
	keys[1] = keys[0];
	if (now >= keys[1].expires + lifetime)
		explicit_bzero(&keys[1], sizeof(keys[1]));
	fill_random(keys[0].name, sizeof(keys[0].name));
	fill_random(keys[0].cipher, sizeof(keys[0].cipher));
	fill_random(keys[0].mac, sizeof(keys[0].mac));
	keys[0].expires = now + lifetime;
}

/* NULL: nobody has that name any more. An empty name: the one to use now. */
static const struct tls_ticket_key *
find_key(const struct buf *name)
{
	int64_t now = clock_now();
	size_t i;

	turn_keys(now);
	if (name->len == 0)
		return &keys[0];
	for (i = 0; i < 2; i++)
		if (name->len == sizeof(keys[i].name) &&
		    keys[i].expires + params.smtpd_tls_session_cache_timeout >
		    now && memcmp(name->ptr, keys[i].name, name->len) == 0)
			return &keys[i];
	return NULL;
}

static bool
answer_key(const struct attrs *a, struct buf *out)
{
	const char *text = attrs_get(a, "keyname", 0);
	const struct tls_ticket_key *key;
	struct buf name = BUF_INIT;

	if (text == NULL || !base64_decode(&name, text, strlen(text)))
		return false;
	key = find_key(&name);
	attr_put_int(out, "status", key != NULL ? TLSMGR_OK : TLSMGR_NONE);
	attr_put_data(out, "keybuf", key != NULL ? (const char *)key : "",
	    key != NULL ? sizeof(*key) : 0);
	buf_done(&name);
	return true;
}

static bool
answer_seed(const struct attrs *a, struct buf *out)
{
	unsigned char seed[SEED_MAX];
	int32_t size;

	if (!attrs_int(a, "size", 0, &size))
		return false;
	if (size < 1 || size > SEED_MAX) {
		log_warning("bogus seed length \"%d\" in \"seed\" request",
		    (int)size);
		size = 0;
	}
	if (size > 0)
		fill_random(seed, (size_t)size);
	attr_put_int(out, "status", size > 0 ? TLSMGR_OK : TLSMGR_BAD);
	attr_put_data(out, "seed", seed, (size_t)size);
	return true;
}

/* ---- sessions ---- */

static void
answer_policy(const struct sessions *s, struct buf *out)
{
	int timeout_s = sessions_timeout(s);

	attr_put_int(out, "status", TLSMGR_OK);
	attr_put_int(out, "cachable", timeout_s > 0);
	attr_put_int(out, "timeout", timeout_s);
}

static void
answer_lookup(struct sessions *s, const char *id, struct buf *out)
{
	struct buf session = BUF_INIT;
	bool found = sessions_find(s, id, &session);

	attr_put_int(out, "status", found ? TLSMGR_OK : TLSMGR_NONE);
	attr_put_data(out, "session", session.ptr, session.len);
	explicit_bzero(session.ptr, session.len);
	buf_done(&session);
}

static bool
answer_update(struct sessions *s, const char *id, const struct attrs *a,
    struct buf *out)
{
	const char *text = attrs_get(a, "session", 0);
	struct buf session = BUF_INIT;
	bool ok = text != NULL && base64_decode(&session, text, strlen(text));

	if (ok && sessions_timeout(s) > 0) {
		sessions_save(s, id, &session);
		attr_put_int(out, "status", TLSMGR_OK);
	} else if (ok) {
		attr_put_int(out, "status", TLSMGR_NONE);
	}
	explicit_bzero(session.ptr, session.len);
	buf_done(&session);
	return ok;
}

static void
answer_delete(struct sessions *s, const char *id, struct buf *out)
{
	sessions_drop(s, id);
	attr_put_int(out, "status", TLSMGR_OK);
}

/* Each of these names the kind of session. */
static bool
answer_session(const char *request, const struct attrs *a, struct buf *out)
{
	const char *kind = attrs_get(a, "cache_type", 0);
	const char *id = attrs_get(a, "cache_id", 0);
	struct sessions *s;

	if (kind == NULL)
		return false;
	if ((s = sessions_of(kind)) == NULL) {
		log_warning("unknown session cache type \"%.100s\" in "
		    "\"%s\" request", kind, request);
		attr_put_int(out, "status", TLSMGR_BAD);
		return true;
	}
	if (strcmp(request, "policy") == 0)
		answer_policy(s, out);
	else if (id == NULL)
		return false;
	else if (strcmp(request, "lookup") == 0)
		answer_lookup(s, id, out);
	else if (strcmp(request, "update") == 0)
		return answer_update(s, id, a, out);
	else
		answer_delete(s, id, out);
	return true;
}

/* ---- requests ---- */

static bool
is_about_sessions(const char *request)
{
	return strcmp(request, "policy") == 0 ||
	    strcmp(request, "lookup") == 0 ||
	    strcmp(request, "update") == 0 || strcmp(request, "delete") == 0;
}

static bool
answer(const struct attrs *a, void **state, struct buf *out)
{
	const char *request = attrs_get(a, "request", 0);
	bool is_good = true;

	(void)state;
	if (request == NULL)		/* the supervisor's wake-up, say */
		return false;
	if (strcmp(request, "tktkey") == 0) {
		is_good = answer_key(a, out);
	} else if (strcmp(request, "seed") == 0) {
		is_good = answer_seed(a, out);
	} else if (is_about_sessions(request)) {
		is_good = answer_session(request, a, out);
	} else {
		log_warning("unrecognized request: \"%.100s\", ignored",
		    request);
		attr_put_int(out, "status", TLSMGR_BAD);
	}
	attr_put_end(out);
	return is_good;
}

/* A wake-up is no list: one byte, and perhaps its NUL. */
static int
parse(struct attrs *out, const char *data, size_t len, size_t max_bytes,
    size_t *used, struct err *err)
{
	if (len > 2)
		return attrs_parse(out, data, len, max_bytes, used, err);
	*used = len;
	return data[len - 1] == '\0';
}

static struct serve_protocol protocol = {
	.parse = parse,
	.request_max = TLSMGR_LIST_MAX,
	.answer = answer,
};

static void
pre_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	agent_as_owner();
	sessions_open();
	agent_as_root();
}

static void
post_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	/* At the end the supervisor signals its group: what is being written is finished first. */
	setsid();
	sessions_start_cleanup(serve_base());
	serve_on_stop(sessions_close);
	serve_set_max_idle(0);		/* the keys would be gone */
}

const struct role tlsmgr_role = {
	.name = "tlsmgr",
	.summary = "keep TLS sessions, and the keys of their tickets",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT | ROLE_CHANGES_NOTHING |
	    ROLE_OPENS_TABLES,
	.greeting = TLSMGR_PROTOCOL,
	.pre_jail = pre_jail,
	.post_jail = post_jail,
	.protocol = &protocol,
};
