/*
 * client.c - one connection: who it is, whether it is known, its end
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/postscreen/access.h"
#include "daemon/postscreen/config.h"
#include "daemon/postscreen/dnsbl.h"
#include "daemon/postscreen/engine.h"
#include "daemon/postscreen/events.h"
#include "daemon/postscreen/load.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/expiring_cache.h"
#include "daemon/serve/serve.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/match_list.h"

/* How long a failure that does not matter is let pass; the test is repeated later. */
#define IGNORED_TTL_S	60

/* ---- waiting ---- */

void
client_stop_waiting(struct client *c)
{
	if (c->io != NULL)
		event_free(c->io);
	if (c->timer != NULL)
		event_free(c->timer);
	c->io = c->timer = NULL;
}

void
client_wait(struct client *c, short what, int64_t timeout_ms,
    void (*fn)(int fd, short what, void *client))
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	client_stop_waiting(c);
	if (what != 0) {
		c->io = event_new(c->base, c->fd, what, fn, c);
		if (c->io == NULL || event_add(c->io, NULL) == -1)
			log_fatal("out of memory for events");
	}
	c->timer = event_new(c->base, -1, 0, fn, c);
	if (c->timer == NULL || event_add(c->timer, &tv) == -1)
		log_fatal("out of memory for events");
}

/* ---- the end ---- */

void
client_say(struct client *c, const char *text)
{
	struct buf out = BUF_INIT;
	ssize_t n;

	reply_put(&out, c->config, &c->caller, text);
	/* What does not go out now is lost with the connection. */
	n = send(c->fd, out.ptr, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n != (ssize_t)out.len)
		log_debug("%s: reply not sent", c->name);
	buf_done(&out);
}

void
client_log_hangup(const struct client *c, const char *when)
{
	struct buf delay = BUF_INIT;

	agent_format_delay(&delay, (clock_mono_ms() - c->phase_ms) * 1000);
	log_info("HANGUP after %s from %s in tests %s SMTP handshake",
	    delay.ptr, c->name, when);
	buf_done(&delay);
}

void
client_disconnect(struct client *c)
{
	log_info("DISCONNECT %s", c->name);
	client_free(c);
}

void
client_free(struct client *c)
{
	client_stop_waiting(c);
	dnsbl_stop(c->dnsbl);
	engine_free(c->engine);
	if (c->fd != -1)
		close(c->fd);
	if (c->is_testing)
		load_test_ends();
	if (c->is_counted)
		load_leave(c->addr);
	buf_done(&c->refusal);
	buf_done(&c->in);
	free(c);
	serve_client_closed();
}

static void
log_pass(const struct client *c, const char *how)
{
	log_info("PASS %s %s", how, c->name);
	events_tell(&c->caller, "policy", "pass", NULL, NULL, NULL);
}

static void
turn_away(struct client *c, const char *reply)
{
	events_tell(&c->caller, "reject", "reject", reply, NULL, NULL);
	client_say(c, reply);
	client_disconnect(c);
}

/* ---- tests ---- */

bool
client_fail(struct client *c, enum test test, const char *drop,
    const char *refuse)
{
	c->failed |= TEST_BIT(test);
	switch (c->config->on_failure[test]) {
	case ACTION_IGNORE:
		return false;
	case ACTION_ENFORCE:
		c->is_refused = true;
		buf_sets(&c->refusal, refuse);
		return false;
	case ACTION_DROP:
		break;
	}
	turn_away(c, drop);
	return true;
}

/* Enter the passed tests; is anything new in it? */
static bool
update_stamps(struct client *c)
{
	time_t now = clock_now();
	bool changed = false;
	int i, ttl_s;

	for (i = 0; i < TEST_COUNT; i++) {
		if ((c->passed & TEST_BIT(i)) != 0)
			ttl_s = c->ttl_s > 0 ? c->ttl_s : i == TEST_DNSBL ?
			    c->dnsbl_ttl_s : c->config->ttl_s[i];
		else if ((c->failed & TESTS_DEEP & TEST_BIT(i)) != 0)
			ttl_s = IGNORED_TTL_S;
		else
			continue;
		c->stamps.until[i] = now + ttl_s;
		changed = true;
	}
	return changed;
}

void
client_conclude(struct client *c)
{
	struct buf value = BUF_INIT;
	unsigned done;
	bool is_new;

	if (c->engine != NULL) {
		c->passed |= c->engine->passed & ~c->engine->failed;
		c->failed |= c->engine->failed;
		c->is_refused = c->is_refused || c->engine->is_refused;
	}
	if (c->is_concluded || c->is_refused || c->due == 0)
		return;
	c->is_concluded = true;
	is_new = !c->is_known || stamps_is_new(&c->stamps, c->config->enabled);
	/* A deep test whose failure is ignored holds nobody up; an early one leaves its mark. */
	done = c->passed | (c->failed & TESTS_DEEP);
	if ((c->due & ~done) == 0)
		log_pass(c, is_new ? "NEW" : "OLD");
	if (update_stamps(c)) {
		stamps_format(&c->stamps, &value);
		expiring_cache_store(c->config->cache, c->addr, value.ptr);
	}
	buf_done(&value);
}

/* ---- the beginning ---- */

static const char *
word(const char *respectful, const char *other)
{
	return params.respectful_logging ? respectful : other;
}

/* The access list's word, when it has one. True: the client needs no test, or is gone. */
static bool
is_decided(struct client *c)
{
	switch (access_list_find(c->config->access, c->addr)) {
	case ACCESS_DUNNO:
		return false;
	case ACCESS_PERMIT:
		log_info("%s %s", word("ALLOWLISTED", "WHITELISTED"), c->name);
		events_tell(&c->caller, "policy", "allowlisted", NULL, NULL,
		    NULL);
		client_pass(c, false);
		return true;
	case ACCESS_REJECT:
		break;
	}
	log_info("%s %s", word("DENYLISTED", "BLACKLISTED"), c->name);
	events_tell(&c->caller, "policy", "denylisted", NULL, NULL, NULL);
	switch (c->config->on_denied) {
	case ACTION_IGNORE:
		break;
	case ACTION_ENFORCE:
		c->is_refused = true;
		buf_sets(&c->refusal,
		    "550 5.3.2 Service currently unavailable");
		break;
	case ACTION_DROP:
		client_say(c, "521 5.3.2 Service currently unavailable");
		client_disconnect(c);
		return true;
	}
	return false;
}

static void
look_up(struct client *c)
{
	struct buf value = BUF_INIT;

	stamps_init(&c->stamps, c->config->enabled);
	c->is_known = expiring_cache_find(c->config->cache, c->addr, &value);
	if (c->is_known)
		stamps_parse(&c->stamps, value.ptr);
	c->due = stamps_due(&c->stamps, c->config->enabled, clock_now());
	buf_done(&value);
}

/* It cannot become known at this address of ours: a spammer's second choice. */
static void
veto(struct client *c)
{
	if (match_list_find(c->config->allowlist_interfaces, c->server_addr,
	    NULL) == TABLE_FOUND)
		return;
	log_info("%s %s", word("ALLOWLIST VETO", "WHITELIST VETO"), c->name);
	c->is_refused = true;
}

void
client_start(struct client *c)
{
	int limit = params.postscreen_client_connection_count_limit;
	int same;

	log_info("CONNECT from %s to [%s]:%s", c->name, c->server_addr,
	    c->server_port);
	events_tell(&c->caller, "connect", NULL, NULL, NULL, NULL);
	same = load_enter(c->addr);
	c->is_counted = true;
	if (limit > 0 && same > limit) {
		log_info("NOQUEUE: reject: CONNECT from %s: too many "
		    "connections", c->name);
		turn_away(c, "421 4.7.0 Error: too many connections");
		return;
	}
	if (is_decided(c))
		return;
	look_up(c);
	if (c->due == 0 && !c->is_refused) {
		if (c->config->enabled != 0)
			log_pass(c, "OLD");
		client_pass(c, false);
		return;
	}
	if (load_is_full()) {
		log_info("reject: connect from %s: all screening ports busy",
		    c->name);
		turn_away(c, "421 4.3.2 All screening ports are busy");
		return;
	}
	c->is_testing = true;
	load_test_begins();
	veto(c);
	client_early(c);
}

void
client_set_addresses(struct client *c, const struct netaddr *client,
    const struct netaddr *server)
{
	struct netaddr a = *client, b = *server;

	netaddr_unmap(&a);
	netaddr_unmap(&b);
	netaddr_text(&a, c->addr);
	netaddr_text(&b, c->server_addr);
	snprintf(c->port, sizeof(c->port), "%d", netaddr_port(&a));
	snprintf(c->server_port, sizeof(c->server_port), "%d",
	    netaddr_port(&b));
	snprintf(c->name, sizeof(c->name), "[%s]:%s", c->addr, c->port);
}

void
client_accept(struct event_base *base, const struct config *config, int fd)
{
	struct client *c = xcalloc(1, sizeof(*c));
	struct netaddr client = { 0 }, server = { .len = sizeof(server.ss) };
	const struct sockaddr *sa;

	c->base = base;
	c->config = config;
	c->fd = fd;
	log_json_new_session(c->session);
	c->caller = (struct caller){ c->addr, c->port, c->session };
	c->phase_ms = clock_mono_ms();
	buf_init(&c->refusal);
	buf_init(&c->in);
	sa = serve_peer(&client.len);
	if (sa == NULL || (sa->sa_family != AF_INET &&
	    sa->sa_family != AF_INET6) || getsockname(fd,
	    (struct sockaddr *)&server.ss, &server.len) == -1) {
		/* It has gone already. */
		client_free(c);
		return;
	}
	memcpy(&client.ss, sa, client.len);
	client_set_addresses(c, &client, &server);
	if (config->is_proxied)
		client_upstream(c);
	else
		client_start(c);
}
