/*
 * engine_verbs.c - what the small SMTP server answers to each verb
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/postscreen/config.h"
#include "daemon/postscreen/events.h"
#include "daemon/postscreen/engine.h"
#include "daemon/serve/ehlo.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"

static bool
greeted(struct engine *e, const char *args, const char *protocol)
{
	size_t len = strcspn(args, " ");
	char text[64];

	if (len == 0) {
		snprintf(text, sizeof(text), "501 Syntax: %s hostname",
		    *protocol == 'E' ? "EHLO" : "HELO");
		engine_say(e, text);
		return false;
	}
	free(e->helo);
	e->helo = xstrndup(args, len);
	engine_forget_mail(e);
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
	struct buf names = BUF_INIT;

	e->ehlo_discard = e->config->ehlo_discard;
	if (!ehlo_find(e->config->ehlo_discard_maps, e->caller.addr,
	    &e->ehlo_discard))
		return;
	ehlo_names(&names, e->ehlo_discard);
	if (names.len > 0)
		/* Without a colon before the port: so the peer writes it. */
		log_info("[%s]%s: discarding EHLO keywords:%s", e->caller.addr,
		    e->caller.port, names.ptr);
	buf_done(&names);
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
		engine_say(e, "503 5.5.1 Error: send HELO/EHLO first");
	} else if (e->sender != NULL) {
		engine_say(e, "503 5.5.1 Error: nested MAIL command");
	} else if (strchr(args, ':') == NULL) {
		engine_say(e, "501 5.5.4 Syntax: MAIL FROM:<address>");
	} else {
		e->sender = take_address(args);
		engine_say(e, "250 2.1.0 Ok");
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
	events_tell(&e->caller, "reject", "reject", text.ptr, e->sender,
	    rcpt);
	buf_done(&from);
	buf_done(&to);
	buf_done(&text);
}

static void
verb_rcpt(struct engine *e, const char *args)
{
	char *rcpt;

	if (e->sender == NULL) {
		engine_say(e, "503 5.5.1 Error: need MAIL command");
	} else if (strchr(args, ':') == NULL) {
		engine_say(e, "501 5.5.4 Syntax: RCPT TO:<address>");
	} else {
		rcpt = take_address(args);
		log_refusal(e, rcpt);
		engine_say(e, e->refusal.ptr);
		free(rcpt);
	}
}

/* No recipient was taken: whatever the client sends now would not be commands. */
static void
verb_data(struct engine *e, const char *args)
{
	log_info("DATA without valid RCPT from %s", e->name);
	engine_close(e, *args != '\0' ? "501 5.5.4 Syntax: DATA" :
	    e->sender == NULL ? "503 5.5.1 Error: need RCPT command" :
	    "554 5.5.1 Error: no valid recipients");
}

static void
verb_bdat(struct engine *e, const char *args)
{
	(void)args;
	log_info("BDAT without valid RCPT from %s", e->name);
	engine_close(e, e->sender == NULL ? "554 5.5.1 Error: need MAIL command" :
	    "554 5.5.1 Error: no valid recipients");
}

static void
verb_rset(struct engine *e, const char *args)
{
	(void)args;
	engine_forget_mail(e);
	engine_say(e, "250 2.0.0 Ok");
}

static void
verb_noop(struct engine *e, const char *args)
{
	(void)args;
	engine_say(e, "250 2.0.0 Ok");
}

static void
verb_vrfy(struct engine *e, const char *args)
{
	if (params.postscreen_disable_vrfy_command)
		engine_say(e, "502 5.5.1 VRFY command is disabled");
	else if (*args == '\0')
		engine_say(e, "501 5.5.4 Syntax: VRFY address");
	else
		engine_say(e, e->refusal.ptr);
}

static void
verb_etrn(struct engine *e, const char *args)
{
	if (e->helo == NULL && params.postscreen_helo_required)
		engine_say(e, "503 5.5.1 Error: send HELO/EHLO first");
	else if (*args == '\0')
		engine_say(e, "500 Syntax: ETRN domain");
	else
		engine_say(e, "458 Unable to queue messages");
}

static void
verb_starttls(struct engine *e, const char *args)
{
	if (*args != '\0') {
		engine_say(e, "501 Syntax: EHLO hostname");	/* as the peer says it */
	} else if (e->is_encrypted) {
		engine_say(e, "554 5.5.1 Error: TLS already active");
	} else if (!e->config->offers_tls ||
	    (e->ehlo_discard & EHLO_STARTTLS) != 0) {
		engine_say(e, "502 5.5.1 Error: command not implemented");
	} else {
		e->wants_tls = true;	/* the answer comes when tlsproxy is there */
	}
}

static void
verb_quit(struct engine *e, const char *args)
{
	(void)args;
	engine_close(e, "221 2.0.0 Bye");
}

/* ---- the table ---- */

static const struct engine_verb verbs[] = {
	{ "HELO",	ENGINE_VERB_CLEAR,	verb_helo },
	{ "EHLO",	ENGINE_VERB_CLEAR,	verb_ehlo },
	{ "STARTTLS",	ENGINE_VERB_CLEAR,	verb_starttls },
	{ "MAIL",	0,			verb_mail },
	{ "RCPT",	ENGINE_VERB_RCPT,	verb_rcpt },
	{ "DATA",	0,			verb_data },
	{ "BDAT",	0,			verb_bdat },
	{ "RSET",	0,			verb_rset },
	{ "NOOP",	ENGINE_VERB_CLEAR,	verb_noop },
	{ "VRFY",	0,			verb_vrfy },
	{ "ETRN",	0,			verb_etrn },
	{ "QUIT",	ENGINE_VERB_CLEAR,	verb_quit },
};

const struct engine_verb *
engine_verb_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcasecmp(name, verbs[i].name) == 0)
			return verbs + i;
	return NULL;
}
