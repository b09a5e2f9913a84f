/*
 * checks.c - header and body checks for content on its way out
 *
 * The client may change what it sends, and log; where a message goes, or
 * whether it is accepted at all, was decided when it came in (daemon/cleanup).
 * Rules and texts: spec/tables.md 18.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "daemon/smtp/smtp.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"
#include "lib/table/maps.h"

#define LOG_TEXT_MAX	60	/* bytes of the line in a log line */

/* What an action knows. */
struct check {
	struct smtp_content *c;
	struct maps	*maps;
	bool		 is_header;
	struct buf	*text;		/* the header or line */
	const char	*word;		/* for the log */
	const char	*arg;		/* behind the action word */
};

static void
log_action(const struct check *k)
{
	log_info("%s: %s: %s %.*s%s%s", k->c->queue_id, k->word,
	    k->is_header ? "header" : "body", LOG_TEXT_MAX, k->text->ptr,
	    k->arg[0] != '\0' ? ": " : "", k->arg);
}

/* Is there a text, and can it stand where it is to go? */
static bool
has_text(const struct check *k, const char *action)
{
	const char *map = maps_title(k->maps);

	if (k->arg[0] == '\0')
		log_warning("%s action without text in %s map", action, map);
	else if (k->is_header && header_name_len(k->arg, strlen(k->arg)) == 0)
		log_warning("bad %s header text \"%s\" in %s map -- need "
		    "\"headername: headervalue\"", action, k->arg, map);
	else
		return true;
	return false;
}

/* Each action returns whether the text stays. */

static bool
act_none(const struct check *k)
{
	(void)k;
	return true;
}

static bool
act_ignore(const struct check *k)
{
	(void)k;
	return false;
}

static bool
act_log(const struct check *k)
{
	log_action(k);
	return true;
}

static bool
act_strip(const struct check *k)
{
	log_action(k);
	return false;
}

static bool
act_prepend(const struct check *k)
{
	if (has_text(k, "PREPEND")) {
		log_action(k);
		smtp_content_lines(k->c, k->arg, strlen(k->arg));
	}
	return true;
}

static bool
act_replace(const struct check *k)
{
	if (has_text(k, "REPLACE")) {
		log_action(k);
		buf_sets(k->text, k->arg);
	}
	return true;
}

static const struct {
	const char	*name;
	const char	*word;
	bool		(*run)(const struct check *k);
} actions[] = {
	{ "DUNNO",	"",		act_none },
	{ "IGNORE",	"",		act_ignore },
	{ "INFO",	"info",		act_log },
	{ "OK",		"",		act_none },
	{ "PREPEND",	"prepend",	act_prepend },
	{ "REPLACE",	"replace",	act_replace },
	{ "STRIP",	"strip",	act_strip },
	{ "WARN",	"warning",	act_log },
};

static bool
run_action(struct check *k, const char *result)
{
	size_t len = strcspn(result, " \t"), i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strlen(actions[i].name) != len ||
		    strncasecmp(actions[i].name, result, len) != 0)
			continue;
		k->word = actions[i].word;
		k->arg = text_skip_blank(result + len);
		return actions[i].run(k);
	}
	log_warning("unsupported command in %s map: %s", maps_title(k->maps),
	    result);
	return true;
}

static bool
check(struct check *k)
{
	struct buf result = BUF_INIT;
	bool stays = true;

	switch (maps_find(k->maps, k->text->ptr, false, &result)) {
	case TABLE_FOUND:
		stays = run_action(k, result.ptr);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		log_warning("%s: smtp %s checks lookup error",
		    k->c->queue_id, k->is_header ? "header" : "body");
		k->c->has_failed = true;
		stays = false;
		break;
	}
	buf_done(&result);
	return stays;
}

bool
smtp_check_header(struct smtp_content *c, enum mime_class class,
    struct buf *text)
{
	struct check k = { .c = c, .is_header = true, .text = text };

	if (mime_is_about_mime(class, text))
		k.maps = c->cfg->mime_checks;
	else
		k.maps = class == MIME_NESTED ? c->cfg->nested_checks :
		    c->cfg->header_checks;
	return k.maps == NULL || check(&k);
}

bool
smtp_check_body(struct smtp_content *c, struct buf *text)
{
	struct check k = { .c = c, .maps = c->cfg->body_checks, .text = text };

	return check(&k);
}
