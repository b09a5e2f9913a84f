/*
 * early.c - the tests before the real greeting: patience, and DNS lists
 *
 * The client gets the first line of a greeting, "220-", and has to wait for
 * the second. What it says before that is looked at and left where it is, so
 * that smtpd, or our engine, can read it.
 *
 *	teaser --> wait --+-- it speaks:  PREGREET; the wait is over, lists may go on
 *	                  +-- it goes:    HANGUP
 *	                  +-- lists say yes: let it in at once
 *	                  +-- time is up
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "daemon/postscreen/config.h"
#include "daemon/postscreen/dnsbl.h"
#include "daemon/postscreen/load.h"
#include "daemon/serve/agent.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"

#define PEEK_MAX	1023	/* bytes looked at, of a client that speaks early */
#define TEXT_SHOWN	100	/* characters of them in the log */

static bool
is_due(const struct client *c, enum test test)
{
	return (c->due & ~c->failed & TEST_BIT(test)) != 0;
}

/* ---- DNS lists ---- */

/* The name that clients see instead of a list's own, which may hold a password. */
static void
put_list_name(const struct client *c, const char *domain, struct buf *out)
{
	if (maps_is_empty(c->config->dnsbl_replies) || maps_find(
	    c->config->dnsbl_replies, domain, false, out) != TABLE_FOUND)
		buf_sets(out, domain);
}

/* Returns true when the client was dropped. */
static bool
judge_score(struct client *c, const struct dnsbl_answer *answer)
{
	struct buf drop = BUF_INIT, refuse = BUF_INIT, name = BUF_INIT;
	bool gone;

	if (answer->score < params.postscreen_dnsbl_threshold) {
		c->passed |= TEST_BIT(TEST_DNSBL);
		c->dnsbl_ttl_s = answer->ttl_s;
		return false;
	}
	log_info("DNSBL rank %d for %s", answer->score, c->name);
	put_list_name(c, answer->domain, &name);
	buf_addf(&drop, "521 5.7.1 Service unavailable; client [%s] blocked "
	    "using %s", c->addr, name.ptr);
	buf_addf(&refuse, "550%s", drop.ptr + 3);
	gone = client_fail(c, TEST_DNSBL, drop.ptr, refuse.ptr);
	buf_done(&drop);
	buf_done(&refuse);
	buf_done(&name);
	return gone;
}

/* The lists speak for it: then nothing else counts, until that has to be asked again. */
static bool
is_recommended(const struct client *c, const struct dnsbl_answer *answer)
{
	int threshold = params.postscreen_dnsbl_allowlist_threshold;

	return threshold < 0 && answer->is_complete &&
	    answer->score <= threshold && !c->is_refused;
}

/* ---- what follows ---- */

static void
conclude(struct client *c)
{
	struct dnsbl_answer answer;
	unsigned deep;

	client_stop_waiting(c);
	if (is_due(c, TEST_GREET))
		c->passed |= TEST_BIT(TEST_GREET);
	if (c->dnsbl != NULL) {
		dnsbl_answer(c->dnsbl, &answer);
		dnsbl_stop(c->dnsbl);
		c->dnsbl = NULL;
		if (is_recommended(c, &answer)) {
			c->due = c->passed = c->config->enabled;
			c->failed = 0;
			c->ttl_s = answer.ttl_s;
		} else if (judge_score(c, &answer)) {
			return;
		}
	}
	deep = c->due & ~c->passed & TESTS_DEEP;
	if (c->is_refused)
		client_talk(c, TESTS_DEEP,
		    (c->failed & TEST_BIT(TEST_GREET)) == 0, NULL);
	else if (deep != 0)
		client_talk(c, deep, true, NULL);
	else {
		client_conclude(c);
		client_pass(c, true);
	}
}

static void
on_lists(void *arg)
{
	struct client *c = arg;
	struct dnsbl_answer answer;

	dnsbl_answer(c->dnsbl, &answer);
	if (!is_due(c, TEST_GREET) || is_recommended(c, &answer))
		conclude(c);
	/* Else the wait goes on: its end shows the rest. */
}

/* Returns true when the client was dropped. */
static bool
note_pregreet(struct client *c, const char *data, size_t len)
{
	struct buf text = BUF_INIT, delay = BUF_INIT;

	agent_format_delay(&delay, (clock_mono_ms() - c->phase_ms) * 1000);
	text_escape(&text, data, len, TEXT_SHOWN);
	log_info("PREGREET %zu after %s from %s: %s", len, delay.ptr, c->name,
	    text.ptr);
	buf_done(&text);
	buf_done(&delay);
	return client_fail(c, TEST_GREET, "521 5.5.1 Protocol error",
	    "550 5.5.1 Protocol error");
}

static bool
lists_are_pending(const struct client *c)
{
	struct dnsbl_answer answer;

	if (c->dnsbl == NULL)
		return false;
	dnsbl_answer(c->dnsbl, &answer);
	return !answer.is_complete;
}

static void
on_event(int fd, short what, void *arg)
{
	struct client *c = arg;
	char data[PEEK_MAX];
	ssize_t n;

	if ((what & EV_READ) == 0) {
		conclude(c);
		return;
	}
	n = recv(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		event_add(c->io, NULL);
		return;
	}
	if (n <= 0) {
		client_log_hangup(c, "before");
		client_disconnect(c);
		return;
	}
	/* Its bytes stay where they are, so they must not wake us again. */
	if (is_due(c, TEST_GREET) && note_pregreet(c, data, (size_t)n))
		return;
	if (!lists_are_pending(c))
		conclude(c);
}

static void
tease(struct client *c)
{
	struct buf out = BUF_INIT;

	buf_addf(&out, "220-%s\r\n", params.postscreen_greet_banner);
	if (send(c->fd, out.ptr, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)out.len)
		log_debug("%s: greeting not sent", c->name);
	buf_done(&out);
}

void
client_early(struct client *c)
{
	int wait_s = c->config->greet_wait_s[load_is_stress()];

	if ((c->due & TESTS_EARLY) == 0) {
		conclude(c);
		return;
	}
	if (is_due(c, TEST_GREET))
		tease(c);
	if (is_due(c, TEST_DNSBL))
		c->dnsbl = dnsbl_start(c->base, c->config->dnsbl_sites,
		    c->addr, on_lists, c);
	client_wait(c, EV_READ, (int64_t)wait_s * 1000, on_event);
}
