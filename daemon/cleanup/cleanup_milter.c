/*
 * cleanup_milter.c - filters see the message that has been written
 *
 * smtpd's filters know the session already, and get the content only. Other
 * mail has no session: non_smtpd_milters are told of one, from localhost, with
 * the envelope as it is now. A refusal then is a bounce, or waits for the next
 * attempt of whoever hands the message in.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <sys/socket.h>

#include "daemon/cleanup/cleanup_edit.h"
#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/cleanup/milter.h"
#include "daemon/serve/agent.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define LOCAL_NAME	"localhost"
#define LOCAL_ADDR	"127.0.0.1"

/* ---- what is logged ---- */

/* log_milter - "ID: milter-ACTION: STAGE from ORIGIN: TEXT; from=<> ..." */
static void
log_milter(struct cleanup *c, const char *action, const char *stage,
    const char *text, const char *rcpt)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: milter-%s: %s from %s: ", c->id.ptr, action,
	    stage, c->origin.len > 0 ? c->origin.ptr :
	    LOCAL_NAME "[" LOCAL_ADDR "]");
	text_printable(&line, text, strlen(text), params.smtputf8_enable);
	buf_adds(&line, "; from=");
	agent_log_address(&line, c->sender.ptr);
	if (*rcpt != '\0') {
		buf_adds(&line, " to=");
		agent_log_address(&line, rcpt);
	}
	if (c->proto.len > 0)
		buf_addf(&line, " proto=%s", c->proto.ptr);
	if (c->helo.len > 0)
		buf_addf(&line, " helo=<%s>", c->helo.ptr);
	log_info("%s", line.ptr);
	buf_done(&line);
	cleanup_event_action(c, true, action, text, rcpt);
}

/*
 * refuse - the reply as it is for a client of ours, without its code for a
 * bounce and for the log
 */
static void
refuse(struct cleanup *c, const char *stage, const char *reply,
    const char *rcpt)
{
	bool is_soft = *reply == '4';

	log_milter(c, "reject", stage, reply + 4, rcpt);
	cleanup_fail(c, is_soft ? CLEANUP_DEFER : CLEANUP_CONTENT,
	    (c->flags & CLEANUP_SMTP_REPLY) != 0 ? reply : reply + 4);
}

/* apply - do what filters say about the message; false: nobody else is asked */
static bool
apply(struct cleanup *c, struct milters *ms, enum milter_verdict v,
    const char *stage, const char *rcpt)
{
	switch (v) {
	case MILTER_GO_ON:
		return true;
	case MILTER_REFUSE:
	case MILTER_CLOSE:
		refuse(c, stage, milters_text(ms), rcpt);
		return false;
	case MILTER_DROP:
		log_milter(c, "discard", stage,
		    "milter triggers DISCARD action", rcpt);
		c->flags |= CLEANUP_DISCARD;
		c->is_discarded = true;
		return false;
	case MILTER_HOLD:
		if ((c->flags & CLEANUP_HOLD) == 0)
			log_milter(c, "hold", stage,
			    "milter triggers HOLD action", rcpt);
		c->flags |= CLEANUP_HOLD;
		return true;
	}
	return true;
}

/* ---- a session for mail that had none ---- */

struct envelope {
	struct cleanup	*c;
	const char	*rcpt;
};

static const char *
macro(const char *name, void *ctx)
{
	const struct envelope *e = ctx;

	if (strcmp(name, "i") == 0)
		return e->c->id.ptr;
	if (strcmp(name, "_") == 0)
		return LOCAL_NAME " [" LOCAL_ADDR "]";
	if (strcmp(name, "client_addr") == 0 ||
	    strcmp(name, "daemon_addr") == 0)
		return LOCAL_ADDR;
	if (strcmp(name, "client_name") == 0 || strcmp(name, "client_ptr") == 0)
		return LOCAL_NAME;
	if (strcmp(name, "client_port") == 0)
		return "0";
	if (strcmp(name, "mail_addr") == 0)
		return e->c->sender.ptr;
	if (strcmp(name, "rcpt_addr") == 0)
		return e->rcpt;
	return NULL;
}

/* cannot_refuse - nobody is there who would send to the other recipients */
static void
cannot_refuse(struct cleanup *c)
{
	log_warning("%s: milter configuration error: can't reject recipient "
	    "in non-smtpd(8) submission", c->id.ptr);
	log_warning("%s: message not accepted, try again later", c->id.ptr);
	c->status = CLEANUP_DEFER;
}

static bool
tell_recipients(struct envelope *e, struct milters *ms)
{
	struct cleanup *c = e->c;
	const struct buf *list = &c->seen_by_milters;
	const char *s;

	for (s = list->ptr; s < list->ptr + list->len; s += strlen(s) + 1) {
		e->rcpt = s;
		if (apply(c, ms, milters_rcpt(ms, &s, 1), "RCPT", s))
			continue;
		if (c->status != 0)
			cannot_refuse(c);
		return false;
	}
	return true;
}

static bool
tell_envelope(struct envelope *e, struct milters *ms)
{
	struct cleanup *c = e->c;
	const char *sender = c->sender.ptr;

	return apply(c, ms, milters_connect(ms, LOCAL_NAME, AF_INET, "0",
	    LOCAL_ADDR), "CONNECT", "") &&
	    apply(c, ms, milters_helo(ms, LOCAL_NAME), "EHLO", "") &&
	    apply(c, ms, milters_mail(ms, &sender, 1), "MAIL", "") &&
	    tell_recipients(e, ms) &&
	    apply(c, ms, milters_data(ms), "DATA", c->last_rcpt.ptr);
}

/* ---- the content ---- */

static void
show_content(struct cleanup *c, struct milters *ms)
{
	struct cleanup_edit *e = cleanup_edit_new(c);
	struct milter_content content;
	enum milter_verdict v;

	cleanup_edit_content(e, &content);
	v = milters_content(ms, c->id.ptr, &content);
	if (v == MILTER_GO_ON || v == MILTER_HOLD)
		cleanup_edit_finish(e);
	apply(c, ms, v, "END-OF-MESSAGE", c->last_rcpt.ptr);
	cleanup_edit_free(e);
	/* Or all recipients were taken away: there is nobody to send it to. */
	if ((c->flags & CLEANUP_DISCARD) != 0 ||
	    (c->status == 0 && c->rcpt_count == 0))
		c->is_discarded = true;
}

void
cleanup_milter(struct cleanup *c)
{
	struct envelope e = { c, NULL };
	struct milters *ms;

	if (c->milters != NULL) {
		show_content(c, c->milters);
		return;
	}
	if ((ms = milters_new(params.non_smtpd_milters, macro, &e)) == NULL)
		return;
	if (tell_envelope(&e, ms))
		show_content(c, ms);
	milters_free(ms);
}
