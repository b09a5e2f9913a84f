/*
 * engine.c - a small SMTP server that takes no mail: lines, and what they give away
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/engine.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/postscreen/config.h"
#include "daemon/postscreen/engine_internal.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define TEXT_SHOWN	100	/* characters of what a client said, in the log */
#define COME_AGAIN	"450 4.3.2 Service currently unavailable"
#define PROTOCOL_ERROR	"5.5.1 Protocol error"
#define TRY_LATER	"Service unavailable - try again later"

void
engine_say(struct engine *e, const char *text)
{
	reply_put(&e->out, e->config, &e->caller, text);
}

void
engine_close(struct engine *e, const char *text)
{
	engine_say(e, text);
	e->is_closing = true;
}

void
engine_forget_mail(struct engine *e)
{
	free(e->sender);
	e->sender = NULL;
}

/* ---- tests ---- */

/*
 * A test was failed. Returns true when the client is dropped for it, and has
 * been told so with these words.
 */
static bool
fail(struct engine *e, enum test test, const char *words)
{
	e->failed |= TEST_BIT(test);
	switch (e->config->on_failure[test]) {
	case ACTION_IGNORE:
		return false;
	case ACTION_ENFORCE:
		e->is_refused = true;
		engine_refuse(e, "550 " PROTOCOL_ERROR);
		return false;
	case ACTION_DROP:
		break;
	}
	e->is_refused = true;
	engine_close(e, words);
	return true;
}

/* Is this test on for this client, and not failed yet? Each is told once. */
static bool
is_open(const struct engine *e, enum test test)
{
	return (e->due & ~e->failed & TEST_BIT(test)) != 0;
}

static bool
fails_bare_lf(struct engine *e, const char *line, size_t len)
{
	struct buf text = BUF_INIT;

	if (!is_open(e, TEST_BARE_LF))
		return false;
	text_escape(&text, line, len, TEXT_SHOWN);
	log_info("BARE NEWLINE from %s after %s", e->name, text.ptr);
	buf_done(&text);
	return fail(e, TEST_BARE_LF, "521 " PROTOCOL_ERROR);
}

/* A header line, an HTTP request: somebody makes another program talk to us. */
static bool
fails_non_smtp(struct engine *e, const char *args)
{
	const struct buf *verb = &e->verb;

	if (!is_open(e, TEST_NON_SMTP) || verb->len == 0 ||
	    (verb->ptr[verb->len - 1] != ':' && match_list_find(
	    e->config->forbidden_commands, verb->ptr, NULL) != TABLE_FOUND))
		return false;
	log_info("NON-SMTP COMMAND from %s after %s: %.100s %.100s", e->name,
	    e->where, verb->ptr, args);
	return fail(e, TEST_NON_SMTP,
	    "521 5.7.0 Error: I can break rules, too. Goodbye.");
}

/* Groups of commands were not offered (RFC 2920 3.1). */
static bool
fails_pipelining(struct engine *e, const char *rest, size_t len)
{
	struct buf text = BUF_INIT;

	if (len == 0 || !is_open(e, TEST_PIPELINING))
		return false;
	text_escape(&text, rest, len, TEXT_SHOWN);
	log_info("COMMAND PIPELINING from %s after %.100s: %s", e->name,
	    e->verb.ptr, text.ptr);
	buf_done(&text);
	return fail(e, TEST_PIPELINING, "521 " PROTOCOL_ERROR);
}

bool
engine_passed_all(const struct engine *e)
{
	return !e->is_refused && (e->due & ~(e->passed | e->failed)) == 0;
}

/* ---- lines ---- */

/* Up to a recipient nothing went wrong: what is not failed by now is passed. */
static void
note_recipient(struct engine *e)
{
	e->passed |= e->due & TESTS_DEEP & ~e->failed;
}

static void
run_line(struct engine *e, char *line, const char *rest, size_t rest_len)
{
	const struct engine_verb *v;
	char *args, *end;

	line += strspn(line, " ");
	args = line + strcspn(line, " ");
	buf_set(&e->verb, line, (size_t)(args - line));
	args += strspn(args, " ");
	for (end = args + strlen(args); end > args && end[-1] == ' '; )
		*--end = '\0';
	v = engine_verb_find(e->verb.ptr);
	if (v == NULL && fails_non_smtp(e, args))
		return;
	if (fails_pipelining(e, rest, rest_len))
		return;
	e->where = v != NULL ? v->name : "UNIMPLEMENTED";
	if (v == NULL) {
		engine_say(e, "502 5.5.2 Error: command not recognized");
		return;
	}
	if ((v->flags & ENGINE_VERB_RCPT) != 0)
		note_recipient(e);
	if ((v->flags & ENGINE_VERB_CLEAR) == 0 && e->config->requires_tls &&
	    !e->is_encrypted)
		engine_say(e, "530 5.7.0 Must issue a STARTTLS command first");
	else
		v->run(e, args);
}

/* One that talks too much, or too little: the log says which limit it was. */
static void
stop_at(struct engine *e, const char *limit, const char *code,
    const char *why)
{
	struct buf reply = BUF_INIT;

	log_info("%s from %s after %s", limit, e->name, e->where);
	buf_addf(&reply, "%s %s %s", code, params.myhostname, why);
	engine_close(e, reply.ptr);
	buf_done(&reply);
}

void
engine_line(struct engine *e, char *line, size_t len, bool is_bare,
    const char *rest, size_t rest_len)
{
	struct buf other = BUF_INIT;

	if (e->last_words != NULL && strcasecmp(line, "QUIT") != 0) {
		engine_close(e, e->last_words);
		return;
	}
	if (++e->commands > params.postscreen_command_count_limit) {
		stop_at(e, "COMMAND COUNT LIMIT", "421", TRY_LATER);
	} else if (!is_bare || !fails_bare_lf(e, line, len)) {
		if (!maps_is_empty(e->config->command_filter) &&
		    maps_find(e->config->command_filter, line, false,
		    &other) == TABLE_FOUND) {
			log_info("%s: replacing command \"%.100s\" with "
			    "\"%.100s\"", e->name, line, other.ptr);
			line = other.ptr;
		}
		run_line(e, line, rest, rest_len);
	}
	buf_done(&other);
}

void
engine_too_long(struct engine *e)
{
	stop_at(e, "COMMAND LENGTH LIMIT", "421", TRY_LATER);
}

void
engine_timeout(struct engine *e)
{
	stop_at(e, "COMMAND TIME LIMIT", "421 4.4.2",
	    "Error: timeout exceeded");
}

void
engine_tls_started(struct engine *e)
{
	e->wants_tls = false;
	e->is_encrypted = true;
	engine_forget_mail(e);
	free(e->helo);
	e->helo = NULL;
	e->protocol = "SMTP";
	buf_reset(&e->out);
}

void
engine_tls_failed(struct engine *e)
{
	e->wants_tls = false;
	engine_say(e, "454 4.7.0 TLS not available due to local problem");
}

/* ---- life ---- */

struct engine *
engine_new(const struct config *config, const struct caller *caller,
    const char *name, unsigned due)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->config = config;
	e->caller = *caller;
	e->name = name;
	e->due = due;
	e->where = "CONNECT";
	e->protocol = "SMTP";
	e->ehlo_discard = config->ehlo_discard;
	buf_init(&e->out);
	buf_init(&e->refusal);
	buf_init(&e->verb);
	buf_sets(&e->refusal, COME_AGAIN);
	return e;
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	free(e->helo);
	free(e->sender);
	buf_done(&e->out);
	buf_done(&e->refusal);
	buf_done(&e->verb);
	free(e);
}

void
engine_refuse(struct engine *e, const char *reply)
{
	buf_sets(&e->refusal, reply);
}

void
engine_greet(struct engine *e)
{
	buf_addf(&e->out, "220 %s\r\n", params.smtpd_banner);
}
