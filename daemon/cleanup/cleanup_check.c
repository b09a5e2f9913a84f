/*
 * cleanup_check.c - header and body checks: look a line up, do what is said
 *
 * One table says which word does what; each action is a small function. Rules
 * and texts: spec/tables.md 18; log lines: spec/master.md 6.2.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/agent.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_rec.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

#define LOG_TEXT_MAX	200	/* bytes of the offending line in a log line */

void
cleanup_check_init(void)
{
	struct cleanup_tables *t = &cleanup_tables;
	t->header_checks = maps_open("header_checks", params.header_checks,
	    SEARCH_TEXT);
	t->mime_checks = maps_open("mime_header_checks",
	    params.mime_header_checks, SEARCH_TEXT);
	t->nested_checks = maps_open("nested_header_checks",
	    params.nested_header_checks, SEARCH_TEXT);
	t->body_checks = maps_open("body_checks", params.body_checks,
	    SEARCH_TEXT);
	t->milter_checks = maps_open("milter_header_checks",
	    params.milter_header_checks, SEARCH_TEXT);
	t->has_checks = !maps_is_empty(t->header_checks) ||
	    !maps_is_empty(t->mime_checks) || !maps_is_empty(t->nested_checks);
}

void
cleanup_log_action(struct cleanup *c, const char *action, const char *class,
    const char *text, const char *optional)
{
	bool is_milter = strncmp(action, "milter-", 7) == 0;
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s: %s %.*s from %s; from=", c->id.ptr, action,
	    class, LOG_TEXT_MAX, text,
	    c->origin.len > 0 ? c->origin.ptr : "local");
	agent_log_address(&line, c->sender.ptr);
	if (c->last_rcpt.len > 0) {
		buf_adds(&line, " to=");
		agent_log_address(&line, c->last_rcpt.ptr);
	}
	if (c->proto.len > 0)
		buf_addf(&line, " proto=%s", c->proto.ptr);
	if (c->helo.len > 0)
		buf_addf(&line, " helo=<%s>", c->helo.ptr);
	if (*optional != '\0')
		buf_addf(&line, ": %s", optional);
	log_info("%s", line.ptr);
	buf_done(&line);
	if (is_milter)
		action += sizeof("milter-") - 1;
	cleanup_event_action(c, is_milter, action, *optional != '\0' ?
	    optional : text, c->last_rcpt.ptr);
}

/* What an action knows. */
struct check {
	struct cleanup	*c;
	enum check_kind	 kind;
	struct maps	*maps;
	struct buf	*text;		/* the header or line */
	const char	*arg;		/* behind the action word */
	const char	*name;		/* the word, lower case */
};

enum verdict { KEEP, DROP };

static void
log_as_check(const struct check *k, const char *optional)
{
	struct buf action = BUF_INIT;

	buf_setf(&action, "%s%s", k->kind == CHECK_MILTER ? "milter-header-" :
	    "", k->name);
	cleanup_log_action(k->c, action.ptr, k->kind == CHECK_BODY ? "body" :
	    "header", k->text->ptr, optional);
	buf_done(&action);
}

static void
log_check(const struct check *k)
{
	log_as_check(k, k->arg);
}

/* is_mail_address - user@domain, as far as an action's argument is checked */
static bool
is_mail_address(const char *arg)
{
	const char *at = strrchr(arg, '@');

	return at != NULL && at != arg && at[1] != '\0';
}

static enum verdict
act_dunno(const struct check *k)
{
	(void)k;
	return KEEP;
}

static enum verdict
act_log(const struct check *k)			/* INFO, WARN */
{
	log_check(k);
	return KEEP;
}

static enum verdict
act_ignore(const struct check *k)
{
	(void)k;
	return DROP;
}

static enum verdict
act_strip(const struct check *k)
{
	log_check(k);
	return DROP;
}

static enum verdict
act_pass(const struct check *k)
{
	log_check(k);
	k->c->stop_checks = true;
	return KEEP;
}

static enum verdict
act_discard(const struct check *k)
{
	log_check(k);
	k->c->flags |= CLEANUP_DISCARD;
	k->c->stop_checks = true;
	return KEEP;
}

static enum verdict
act_hold(const struct check *k)
{
	if (!k->c->has_hold_log)
		log_check(k);
	k->c->has_hold_log = true;
	k->c->flags |= CLEANUP_HOLD;
	return KEEP;
}

static enum verdict
act_filter(const struct check *k)
{
	const char *map = maps_title(k->maps);

	if (*k->arg == '\0') {
		log_warning("missing FILTER command argument in %s map", map);
	} else if (strchr(k->arg, ':') == NULL) {
		log_warning("bad FILTER command %s in %s -- need "
		    "transport:destination", k->arg, map);
	} else {
		buf_sets(&k->c->filter, k->arg);
		log_check(k);
	}
	return KEEP;
}

static enum verdict
act_redirect(const struct check *k)
{
	if (!is_mail_address(k->arg)) {
		log_warning("bad REDIRECT target \"%s\" in %s map -- need "
		    "user@domain", k->arg, maps_title(k->maps));
		return KEEP;
	}
	buf_sets(&k->c->redirect, k->arg);
	log_check(k);
	k->c->stop_checks = true;
	return KEEP;
}

static enum verdict
act_bcc(const struct check *k)
{
	if (!is_mail_address(k->arg)) {
		log_warning("bad BCC address \"%s\" in %s map -- need "
		    "user@domain", k->arg, maps_title(k->maps));
		return KEEP;
	}
	buf_add(&k->c->bcc, k->arg, strlen(k->arg) + 1);
	log_check(k);
	return KEEP;
}

/* put_text - write a line of the administrator's in front of this one */
static void
put_text(const struct check *k)
{
	if (k->kind == CHECK_HEADER)
		cleanup_out_header(k->c, k->arg, strlen(k->arg));
	else
		cleanup_outs(k->c, QUEUE_REC_TEXT, k->arg);
}

static enum verdict
act_prepend(const struct check *k)
{
	const char *map = maps_title(k->maps);

	if (*k->arg == '\0') {
		log_warning("PREPEND action without text in %s map", map);
	} else if (k->kind == CHECK_HEADER &&
	    header_name_len(k->arg, strlen(k->arg)) == 0) {
		log_warning("bad PREPEND header text \"%s\" in %s map -- need "
		    "\"headername: headervalue\"", k->arg, map);
	} else {
		log_check(k);
		put_text(k);
	}
	return KEEP;
}

static enum verdict
act_replace(const struct check *k)
{
	const char *map = maps_title(k->maps);

	if (*k->arg == '\0') {
		log_warning("REPLACE action without text in %s map", map);
	} else if (k->kind != CHECK_BODY &&
	    header_name_len(k->arg, strlen(k->arg)) == 0) {
		log_warning("bad REPLACE header text \"%s\" in %s map -- need "
		    "\"headername: headervalue\"", k->arg, map);
	} else {
		log_check(k);
		buf_sets(k->text, k->arg);
	}
	return KEEP;
}

static enum verdict
act_reject(const struct check *k)
{
	struct cleanup *c = k->c;
	char status[DSN_STATUS_SIZE];
	const char *text = dsn_split(k->arg, "5.7.1", status);

	if (status[0] != '4' && status[0] != '5') {
		log_warning("bad DSN action in %s -- need 4.x.x or 5.x.x",
		    k->arg);
		status[0] = '4';
	}
	if (*text == '\0')
		text = "message content rejected";
	buf_setf(&c->work, "%s %s", status, text);
	log_as_check(k, c->work.ptr);
	cleanup_fail(c, status[0] == '4' ? CLEANUP_DEFER : CLEANUP_CONTENT,
	    c->work.ptr);
	c->stop_checks = true;
	return KEEP;
}

static const struct action {
	const char	*word;
	const char	*name;		/* in the log */
	enum verdict	(*run)(const struct check *k);
} actions[] = {
	{ "BCC",	"bcc",		act_bcc },
	{ "DISCARD",	"discard",	act_discard },
	{ "DUNNO",	"",		act_dunno },
	{ "FILTER",	"filter",	act_filter },
	{ "HOLD",	"hold",		act_hold },
	{ "IGNORE",	"",		act_ignore },
	{ "INFO",	"info",		act_log },
	{ "OK",		"",		act_dunno },
	{ "PASS",	"pass",		act_pass },
	{ "PREPEND",	"prepend",	act_prepend },
	{ "REDIRECT",	"redirect",	act_redirect },
	{ "REJECT",	"reject",	act_reject },
	{ "REPLACE",	"replace",	act_replace },
	{ "STRIP",	"strip",	act_strip },
	{ "WARN",	"warning",	act_log },
};

/* run_action - find the word and do it */
static enum verdict
run_action(struct check *k, const char *result)
{
	size_t len = strcspn(result, " \t"), i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strlen(actions[i].word) != len ||
		    strncasecmp(actions[i].word, result, len) != 0)
			continue;
		if (k->kind == CHECK_MILTER && (actions[i].run == act_pass ||
		    actions[i].run == act_prepend)) {
			log_warning("unsupported command in %s map: %s",
			    maps_title(k->maps), result);
			return KEEP;
		}
		k->name = actions[i].name;
		k->arg = text_skip_blank(result + len);
		return actions[i].run(k);
	}
	log_warning("unknown command in %s map: %s", maps_title(k->maps),
	    result);
	return KEEP;
}

bool
cleanup_check(struct cleanup *c, enum check_kind kind, struct maps *maps,
    struct buf *text)
{
	struct check k = { .c = c, .kind = kind, .maps = maps, .text = text };
	struct buf result = BUF_INIT;
	enum verdict verdict = KEEP;

	switch (maps_find(maps, text->ptr, false, &result)) {
	case TABLE_FOUND:
		verdict = run_action(&k, result.ptr);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		log_warning("%s: %s map lookup problem -- message not "
		    "accepted, try again later", c->id.ptr, maps_title(maps));
		cleanup_fail(c, CLEANUP_WRITE, NULL);
		break;
	}
	buf_done(&result);
	return verdict == KEEP;
}
