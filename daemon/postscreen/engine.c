/*
 * engine.c - a small SMTP server that takes no mail
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/postscreen/config.h"
#include "daemon/serve/ehlo.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define TEXT_SHOWN	100	/* characters of what a client said, in the log */
#define COME_AGAIN	"450 4.3.2 Service currently unavailable"
#define PROTOCOL_ERROR	"5.5.1 Protocol error"

static void
say(struct engine *e, const char *text)
{
	reply_put(&e->out, e->config, &e->caller, text);
}

static void
close_with(struct engine *e, const char *text)
{
	say(e, text);
	e->is_closing = true;
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
	close_with(e, words);
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

/* ---- verbs ---- */

static void
reset_mail(struct engine *e)
{
	free(e->sender);
	e->sender = NULL;
}

static bool
greeted(struct engine *e, const char *args, const char *protocol)
{
	size_t len = strcspn(args, " ");
	char text[64];

	if (len == 0) {
		snprintf(text, sizeof(text), "501 Syntax: %s hostname",
		    *protocol == 'E' ? "EHLO" : "HELO");
		say(e, text);
		return false;
	}
	free(e->helo);
	e->helo = xstrndup(args, len);
	reset_mail(e);
	/* Once ESMTP, a client keeps it, for the peer. */
	if (*protocol == 'E')
		e->protocol = protocol;
	return true;
}

static void
verb_helo(struct engine *e, const char *args)
{
	if (greeted(e, args, "SMTP"))
		buf_addf(&e->out, "250 %s\r\n", params.myhostname);
}

static void
find_discard(struct engine *e)
{
	struct buf value = BUF_INIT;

	e->ehlo_discard = e->config->ehlo_discard;
	if (!maps_is_empty(e->config->ehlo_discard_maps) &&
	    maps_find(e->config->ehlo_discard_maps, e->caller.addr, false,
	    &value) == TABLE_FOUND) {
		e->ehlo_discard = ehlo_parse(value.ptr);
		buf_reset(&value);
		ehlo_names(&value, e->ehlo_discard);
	}
	if (value.len > 0)
		/* Without a colon before the port: so the peer writes it. */
		log_info("[%s]%s: discarding EHLO keywords:%s", e->caller.addr,
		    e->caller.port, value.ptr);
	buf_done(&value);
}

static void
verb_ehlo(struct engine *e, const char *args)
{
	static const struct {
		enum ehlo_feature bit;
		const char	*keyword;
	} features[] = {		/* as smtpd, without groups of commands */
		{ EHLO_SIZE,		"SIZE" },
		{ EHLO_VRFY,		"VRFY" },
		{ EHLO_ETRN,		"ETRN" },
		{ EHLO_STARTTLS,	"STARTTLS" },
		{ EHLO_ENHANCED,	"ENHANCEDSTATUSCODES" },
		{ EHLO_8BITMIME,	"8BITMIME" },
		{ EHLO_DSN,		"DSN" },
		{ EHLO_SMTPUTF8,	"SMTPUTF8" },
		{ EHLO_CHUNKING,	"CHUNKING" },
	};
	unsigned hide;
	size_t i, last;

	if (!greeted(e, args, "ESMTP"))
		return;
	find_discard(e);
	hide = e->ehlo_discard;
	/* smtpd's parameter, as the peer has it: ours alone only disables the verb. */
	if (params.disable_vrfy_command)
		hide |= EHLO_VRFY;
	if (!e->config->offers_tls || e->is_encrypted)
		hide |= EHLO_STARTTLS;
	if (!params.smtputf8_enable)
		hide |= EHLO_SMTPUTF8;
	last = e->out.len;
	buf_addf(&e->out, "250-%s\r\n", params.myhostname);
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if ((hide & features[i].bit) != 0)
			continue;
		last = e->out.len;
		buf_addf(&e->out, "250-%s", features[i].keyword);
		if (features[i].bit == EHLO_SIZE &&
		    params.message_size_limit > 0)
			buf_addf(&e->out, " %ld", params.message_size_limit);
		buf_adds(&e->out, "\r\n");
	}
	e->out.ptr[last + 3] = ' ';
}

/* The address behind the colon, internal; what cannot be one, as it is. */
static char *
take_address(const char *args)
{
	const char *text = text_skip_blank(strchr(args, ':') + 1), *rest;
	struct buf internal = BUF_INIT;

	if (address_parse_path(text, false, &internal, &rest, NULL) == -1) {
		buf_sets(&internal, text + (*text == '<'));
		while (internal.len > 0 &&
		    internal.ptr[internal.len - 1] == '>')
			buf_truncate(&internal, internal.len - 1);
	}
	return buf_take(&internal);
}

static void
verb_mail(struct engine *e, const char *args)
{
	if (e->helo == NULL && params.postscreen_helo_required) {
		say(e, "503 5.5.1 Error: send HELO/EHLO first");
	} else if (e->sender != NULL) {
		say(e, "503 5.5.1 Error: nested MAIL command");
	} else if (strchr(args, ':') == NULL) {
		say(e, "501 5.5.4 Syntax: MAIL FROM:<address>");
	} else {
		e->sender = take_address(args);
		say(e, "250 2.1.0 Ok");
	}
}

static void
log_refusal(struct engine *e, char *rcpt)
{
	struct buf from = BUF_INIT, to = BUF_INIT, text = BUF_INIT;

	address_quote(&from, e->sender);
	address_quote(&to, rcpt);
	reply_text(&text, e->refusal.ptr);
	log_info("NOQUEUE: reject: RCPT from %s: %s; from=<%s>, to=<%s>, "
	    "proto=%s, helo=<%s>", e->name, text.ptr, from.ptr, to.ptr,
	    e->protocol, e->helo != NULL ? e->helo : "");
	buf_done(&from);
	buf_done(&to);
	buf_done(&text);
}

static void
verb_rcpt(struct engine *e, const char *args)
{
	char *rcpt;

	if (e->sender == NULL) {
		say(e, "503 5.5.1 Error: need MAIL command");
	} else if (strchr(args, ':') == NULL) {
		say(e, "501 5.5.4 Syntax: RCPT TO:<address>");
	} else {
		rcpt = take_address(args);
		log_refusal(e, rcpt);
		say(e, e->refusal.ptr);
		free(rcpt);
	}
}

/* No recipient was taken: whatever the client sends now would not be commands. */
static void
verb_data(struct engine *e, const char *args)
{
	log_info("DATA without valid RCPT from %s", e->name);
	close_with(e, *args != '\0' ? "501 5.5.4 Syntax: DATA" :
	    e->sender == NULL ? "503 5.5.1 Error: need RCPT command" :
	    "554 5.5.1 Error: no valid recipients");
}

static void
verb_bdat(struct engine *e, const char *args)
{
	(void)args;
	log_info("BDAT without valid RCPT from %s", e->name);
	close_with(e, e->sender == NULL ? "554 5.5.1 Error: need MAIL command" :
	    "554 5.5.1 Error: no valid recipients");
}

static void
verb_rset(struct engine *e, const char *args)
{
	(void)args;
	reset_mail(e);
	say(e, "250 2.0.0 Ok");
}

static void
verb_noop(struct engine *e, const char *args)
{
	(void)args;
	say(e, "250 2.0.0 Ok");
}

static void
verb_vrfy(struct engine *e, const char *args)
{
	if (params.postscreen_disable_vrfy_command)
		say(e, "502 5.5.1 VRFY command is disabled");
	else if (*args == '\0')
		say(e, "501 5.5.4 Syntax: VRFY address");
	else
		say(e, e->refusal.ptr);
}

static void
verb_etrn(struct engine *e, const char *args)
{
	if (e->helo == NULL && params.postscreen_helo_required)
		say(e, "503 5.5.1 Error: send HELO/EHLO first");
	else if (*args == '\0')
		say(e, "500 Syntax: ETRN domain");
	else
		say(e, "458 Unable to queue messages");
}

static void
verb_starttls(struct engine *e, const char *args)
{
	if (*args != '\0') {
		say(e, "501 Syntax: EHLO hostname");	/* as the peer says it */
	} else if (e->is_encrypted) {
		say(e, "554 5.5.1 Error: TLS already active");
	} else if (!e->config->offers_tls ||
	    (e->ehlo_discard & EHLO_STARTTLS) != 0) {
		say(e, "502 5.5.1 Error: command not implemented");
	} else {
		e->wants_tls = true;	/* the answer comes when tlsproxy is there */
	}
}

static void
verb_quit(struct engine *e, const char *args)
{
	(void)args;
	close_with(e, "221 2.0.0 Bye");
}

/* ---- dispatch ---- */

static const struct engine_verb {
	const char	*name;
	bool		 in_clear;	/* also where TLS is required */
	void		(*run)(struct engine *e, const char *args);
} verbs[] = {
	{ "HELO",	true,	verb_helo },
	{ "EHLO",	true,	verb_ehlo },
	{ "STARTTLS",	true,	verb_starttls },
	{ "MAIL",	false,	verb_mail },
	{ "RCPT",	false,	verb_rcpt },
	{ "DATA",	false,	verb_data },
	{ "BDAT",	false,	verb_bdat },
	{ "RSET",	false,	verb_rset },
	{ "NOOP",	true,	verb_noop },
	{ "VRFY",	false,	verb_vrfy },
	{ "ETRN",	false,	verb_etrn },
	{ "QUIT",	true,	verb_quit },
};

static const struct engine_verb *
find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcasecmp(name, verbs[i].name) == 0)
			return verbs + i;
	return NULL;
}

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
	v = find_verb(e->verb.ptr);
	if (v == NULL && fails_non_smtp(e, args))
		return;
	if (fails_pipelining(e, rest, rest_len))
		return;
	e->where = v != NULL ? v->name : "UNIMPLEMENTED";
	if (v == NULL) {
		say(e, "502 5.5.2 Error: command not recognized");
		return;
	}
	if (v->run == verb_rcpt)
		note_recipient(e);
	if (!v->in_clear && e->config->requires_tls && !e->is_encrypted)
		say(e, "530 5.7.0 Must issue a STARTTLS command first");
	else
		v->run(e, args);
}

void
engine_line(struct engine *e, char *line, size_t len, bool is_bare,
    const char *rest, size_t rest_len)
{
	struct buf other = BUF_INIT;

	if (e->last_words != NULL && strcasecmp(line, "QUIT") != 0) {
		close_with(e, e->last_words);
		return;
	}
	if (++e->commands > params.postscreen_command_count_limit) {
		log_info("COMMAND COUNT LIMIT from %s after %s", e->name,
		    e->where);
		buf_addf(&other, "421 %s Service unavailable - try again "
		    "later", params.myhostname);
		close_with(e, other.ptr);
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
	struct buf text = BUF_INIT;

	log_info("COMMAND LENGTH LIMIT from %s after %s", e->name, e->where);
	buf_addf(&text, "421 %s Service unavailable - try again later",
	    params.myhostname);
	close_with(e, text.ptr);
	buf_done(&text);
}

void
engine_timeout(struct engine *e)
{
	struct buf text = BUF_INIT;

	log_info("COMMAND TIME LIMIT from %s after %s", e->name, e->where);
	buf_addf(&text, "421 4.4.2 %s Error: timeout exceeded",
	    params.myhostname);
	close_with(e, text.ptr);
	buf_done(&text);
}

void
engine_tls_started(struct engine *e)
{
	e->wants_tls = false;
	e->is_encrypted = true;
	reset_mail(e);
	free(e->helo);
	e->helo = NULL;
	e->protocol = "SMTP";
	buf_reset(&e->out);
}

void
engine_tls_failed(struct engine *e)
{
	e->wants_tls = false;
	say(e, "454 4.7.0 TLS not available due to local problem");
}

/* ---- life ---- */

struct engine *
engine_new(const struct config *config, const char *addr, const char *port,
    const char *name, unsigned due)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->config = config;
	e->caller = (struct caller){ addr, port };
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
