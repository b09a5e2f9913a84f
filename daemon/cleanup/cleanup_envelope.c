/*
 * cleanup_envelope.c - envelope records, and those behind the content
 *
 * Both segments hold recipients, and both share the small machine that gathers
 * what stands in front of one: O, dsn_orig_rcpt, notify_flags, until R, D or /
 * uses it up. Order of what is written: spec/queue-format.md 6.1, 3.4.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/agent.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

static void
reject(struct cleanup *c, const char *why)
{
	log_warning("%s: message rejected: %s", c->id.ptr, why);
	cleanup_fail(c, CLEANUP_BAD, NULL);
}

/* ---- recipients ---- */

static void
keep_for_bounce(struct cleanup *c, const char *orcpt, unsigned notify,
    const char *orig, const char *rcpt)
{
	if ((c->flags & CLEANUP_BOUNCE) == 0)
		return;
	if (c->bounce_count == c->bounce_room) {
		c->bounce_room = c->bounce_count * 2 + 4;
		c->bounce_rcpts = xreallocarray(c->bounce_rcpts,
		    c->bounce_room, sizeof(*c->bounce_rcpts));
	}
	c->bounce_rcpts[c->bounce_count++] = (struct bounce_rcpt){
		xstrdup(orcpt), xstrdup(orig), xstrdup(rcpt), notify };
}

void
cleanup_add_rcpt(struct cleanup *c, const char *orcpt, unsigned notify,
    const char *orig, const char *rcpt)
{
	if (!rcpt_dups_is_new(c->seen_rcpts, orcpt, notify, orig, rcpt))
		return;
	keep_for_bounce(c, orcpt, notify, orig, rcpt);
	cleanup_event_rewritten(c, orig, rcpt);
	if (notify != 0)
		cleanup_outf(c, QUEUE_REC_ATTR, "notify_flags=%u", notify);
	if (*orcpt != '\0')
		cleanup_outf(c, QUEUE_REC_ATTR, "dsn_orig_rcpt=%s", orcpt);
	cleanup_outs(c, QUEUE_REC_ORCPT, orig);
	cleanup_outs(c, QUEUE_REC_RCPT, rcpt);
	c->rcpt_count++;
}

static void
forget_pending(struct cleanup *c)
{
	c->has_orig = false;
	c->notify = 0;
	buf_reset(&c->orig_rcpt);
	buf_reset(&c->dsn_orcpt);
}

static void
take_notify(struct cleanup *c, const char *value)
{
	int64_t n;

	if (num_parse_int(value, 1, 14, &n, NULL) == -1 ||
	    ((n & DSN_NOTIFY_NEVER) != 0 && n != DSN_NOTIFY_NEVER)) {
		log_warning("%s: ignoring malformed DSN notify record <%s>",
		    c->id.ptr, value);
		return;
	}
	c->notify = (unsigned)n;
	c->qmgr_flags |= (unsigned)n << QMGR_NOTIFY_SHIFT;
}

static void
take_orig(struct cleanup *c, const char *value)
{
	buf_sets(&c->orig_rcpt, value);
	c->has_orig = true;
}

/* is_recipient_type - does a record belong to recipients (3.4)? */
static bool
is_recipient_type(int type)
{
	return strchr("DRO/Kon", type) != NULL;
}

/*
 * take_recipient - the records that both segments share
 *
 * Returns false when this is another kind.
 */
static bool
take_recipient(struct cleanup *c, int type, const char *value)
{
	switch (type) {
	case QUEUE_REC_RCPT:
		cleanup_new_rcpt(c, value);
		forget_pending(c);
		return true;
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		forget_pending(c);
		return true;
	case QUEUE_REC_ORCPT:
		take_orig(c, value);
		return true;
	case QUEUE_REC_DSN_ORCPT:
		buf_sets(&c->dsn_orcpt, value);
		return true;
	case QUEUE_REC_DSN_NOTIFY:
		take_notify(c, value);
		return true;
	default:
		return false;
	}
}

/* ---- attributes ---- */

static void
take_context(struct cleanup *c, const char *value)
{
	if (strcmp(value, "remote") == 0) {
		c->is_remote = true;
		c->rule = REWRITE_REMOTE;
	} else {
		c->is_remote = false;
		c->rule = REWRITE_LOCAL;
	}
}

/*
 * take_attr - one name=value
 *
 * Returns false when it is of no further interest; else it is copied.
 */
static bool
take_attr(struct cleanup *c, const char *data, size_t len)
{
	static const struct {
		const char	*name;
		size_t		 at;
	} keep[] = {
		{ "log_message_origin", offsetof(struct cleanup, origin) },
		{ "log_client_name", offsetof(struct cleanup, client) },
		{ "log_client_address", offsetof(struct cleanup, client_addr) },
		{ "sasl_username", offsetof(struct cleanup, sasl) },
		{ "log_protocol_name", offsetof(struct cleanup, proto) },
		{ "log_helo_name", offsetof(struct cleanup, helo) },
		{ "encoding", offsetof(struct cleanup, encoding) },
	};
	char *name, *value;
	const char *why;
	size_t i;

	buf_set(&c->value, data, len);
	if ((why = queue_rec_attr(c->value.ptr, &name, &value)) != NULL) {
		log_warning("%s: message rejected: malformed attribute: "
		    "%s: %.100s", c->id.ptr, why, data);
		cleanup_fail(c, CLEANUP_BAD, NULL);
		return false;
	}
	if (*value == '\0') {
		log_warning("%s: spurious null attribute value for \"%s\" "
		    "-- ignored", c->id.ptr, name);
		return false;
	}
	switch (queue_rec_attr_type(name)) {
	case QUEUE_REC_DSN_ORCPT:
		buf_sets(&c->dsn_orcpt, value);
		return false;
	case QUEUE_REC_DSN_NOTIFY:
		take_notify(c, value);
		return false;
	case QUEUE_REC_CTIME:
		return false;
	case QUEUE_REC_DSN_ENVID:
	case QUEUE_REC_DSN_RET:
		return true;
	default:
		break;
	}
	if (++c->attr_count > (size_t)params.queue_file_attribute_count_limit) {
		reject(c, "attribute count exceeds limit");
		return false;
	}
	if (strcmp(name, "rewrite_context") == 0)
		take_context(c, value);
	if (strcmp(name, "trace_flags") == 0)
		c->is_probe = (queue_rec_number(value) & AGENT_MTA_PROBE) != 0;
	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if (strcmp(name, keep[i].name) == 0)
			buf_sets((struct buf *)((char *)c + keep[i].at),
			    value);
	return true;
}

/* is_recipient_attr - does an attribute belong to the next recipient? */
static bool
is_recipient_attr(const char *data)
{
	return strncmp(data, "notify_flags", 12) == 0 ||
	    strncmp(data, "dsn_orig_rcpt", 13) == 0;
}

/* note_mixed - a reader that has seen enough recipients must read on (3.4) */
static void
note_mixed(struct cleanup *c, int type, const char *data)
{
	if (is_recipient_type(type))
		c->had_rcpt = true;
	else if (c->had_rcpt &&
	    !(type == QUEUE_REC_ATTR && is_recipient_attr(data)))
		c->qmgr_flags |= QMGR_MIXED;
}

/* ---- the envelope ---- */

/* take_time - "seconds microseconds"; the first one counts */
static void
take_time(struct cleanup *c, const char *data)
{
	char *end;

	if (c->has_time || !isdigit((unsigned char)*data))
		return;
	c->has_time = true;
	c->arrival.tv_sec = (time_t)strtol(data, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (isdigit((unsigned char)*end))
		c->arrival.tv_usec = (suseconds_t)strtol(end, NULL, 10);
	cleanup_outs(c, QUEUE_REC_TIME, data);
	cleanup_outf(c, QUEUE_REC_ATTR, "create_time=%ld", (long)clock_now());
}

static void
take_sender(struct cleanup *c, const char *data)
{
	if (c->has_sender) {
		reject(c, "multiple envelope sender records");
		return;
	}
	c->has_sender = true;
	cleanup_rewrite(c, CLASS_ENV_FROM, data, &c->sender);
	cleanup_note_utf8(c, c->sender.ptr);
	if (!text_is_ascii(c->sender.ptr))
		c->sendopts |= SENDOPT_SENDER;
	cleanup_out(c, QUEUE_REC_FROM, c->sender.ptr, c->sender.len);
	cleanup_sender_bcc(c);
}

static void
take_verp(struct cleanup *c, const char *data)
{
	if (c->has_verp)
		return;
	if (c->sender.len == 0) {
		log_warning("%s: ignoring VERP request for null sender",
		    c->id.ptr);
		return;
	}
	if (strlen(data) != 2 ||
	    strspn(data, params.verp_delimiter_filter) != 2) {
		log_warning("%s: ignoring bad VERP request: \"%s\"",
		    c->id.ptr, data);
		return;
	}
	c->has_verp = true;
	cleanup_outs(c, QUEUE_REC_VERP, data);
}

/* put_warning_time - W, in front of the first recipient or of M */
static void
put_warning_time(struct cleanup *c)
{
	if (c->has_warn || c->sender.len == 0 ||
	    params.delay_warning_time <= 0)
		return;
	c->has_warn = true;
	cleanup_outf(c, QUEUE_REC_WARN, "%15ld",
	    (long)c->arrival.tv_sec + (long)params.delay_warning_time);
}

/* is_complete - time and sender must be there by now */
static bool
is_complete(struct cleanup *c)
{
	if (!c->has_time)
		reject(c, "missing time envelope record");
	else if (!c->has_sender)
		reject(c, "missing sender envelope record");
	return c->has_time && c->has_sender;
}

static void
end_envelope(struct cleanup *c)
{
	if (!is_complete(c))
		return;
	put_warning_time(c);
	forget_pending(c);
	cleanup_out(c, QUEUE_REC_MESG, "", 0);
	c->data_offset = queue_writer_tell(c->out);
	c->had_rcpt = false;
	c->segment = IN_MESSAGE;
	cleanup_message_start(c);
}

void
cleanup_envelope(struct cleanup *c, int type, const char *data, size_t len)
{
	long sendopts;

	if (type == 0 || strchr(QUEUE_REC_ENVELOPE, type) == NULL) {
		log_warning("%s: message rejected: unexpected record type %d "
		    "in envelope", c->id.ptr, type);
		cleanup_fail(c, CLEANUP_BAD, NULL);
		return;
	}
	buf_set(&c->line, data, len);		/* NUL-terminated from here on */
	data = c->line.ptr;
	if (type == QUEUE_REC_MESG) {
		end_envelope(c);
		return;
	}
	note_mixed(c, type, data);
	if (type == QUEUE_REC_RCPT) {
		if (!is_complete(c))
			return;
		put_warning_time(c);
	}
	if (take_recipient(c, type, data))
		return;
	switch (type) {
	case QUEUE_REC_SIZE:
		/* The other fields are -1 in a new submission. */
		if (sscanf(data, "%*d %*d %*d %*d %*d %ld", &sendopts) == 1)
			c->sendopts |= (unsigned)sendopts & SENDOPT_KEPT;
		break;
	case QUEUE_REC_TIME:
		take_time(c, data);
		break;
	case QUEUE_REC_CTIME:
		break;
	case QUEUE_REC_FULL:
		if (c->has_fullname)
			break;
		c->has_fullname = true;
		buf_sets(&c->fullname, data);
		cleanup_outs(c, type, data);
		break;
	case QUEUE_REC_FROM:
		take_sender(c, data);
		break;
	case QUEUE_REC_VERP:
		take_verp(c, data);
		break;
	case QUEUE_REC_WARN:
		if (!c->has_warn)
			cleanup_outs(c, type, data);
		c->has_warn = true;
		break;
	case QUEUE_REC_ATTR:
		if (take_attr(c, data, c->line.len))
			cleanup_outs(c, type, data);
		break;
	default:
		cleanup_outs(c, type, data);
	}
}

/* ---- behind the content ---- */

/* put_found - what header and body checks and the headers have come to, once */
static void
put_found(struct cleanup *c)
{
	if (c->had_rcpt)
		return;
	c->had_rcpt = true;
	if (c->filter.len > 0)
		cleanup_outs(c, QUEUE_REC_FILTER, c->filter.ptr);
	if (c->redirect.len > 0)
		cleanup_outs(c, QUEUE_REC_REDIRECT, c->redirect.ptr);
	if (c->encoding.len > 0)
		cleanup_outf(c, QUEUE_REC_ATTR, "encoding=%s",
		    c->encoding.ptr);
}

static void
end_extracted(struct cleanup *c)
{
	const char *p;

	put_found(c);
	forget_pending(c);
	if ((c->flags & CLEANUP_BCC) != 0 && *params.always_bcc != '\0' &&
	    c->rcpt_count > 0)
		cleanup_bcc_rcpt(c, params.always_bcc);
	for (p = c->bcc.ptr; p < c->bcc.ptr + c->bcc.len; p += strlen(p) + 1)
		cleanup_bcc_rcpt(c, p);
	cleanup_out(c, QUEUE_REC_END, "", 0);
	c->segment = IS_DONE;
}

void
cleanup_extracted(struct cleanup *c, int type, const char *data, size_t len)
{
	if (type == 0 || strchr(QUEUE_REC_EXTRACT, type) == NULL) {
		log_warning("%s: message rejected: unexpected record type %d "
		    "in extracted envelope", c->id.ptr, type);
		cleanup_fail(c, CLEANUP_BAD, NULL);
		return;
	}
	buf_set(&c->line, data, len);
	data = c->line.ptr;
	if (type == QUEUE_REC_END) {
		end_extracted(c);
		return;
	}
	if (is_recipient_type(type))
		put_found(c);
	note_mixed(c, type, data);
	if (take_recipient(c, type, data))
		return;
	switch (type) {
	case QUEUE_REC_FULL:
		if (c->has_fullname)
			break;
		c->has_fullname = true;
		cleanup_outs(c, type, data);
		break;
	case QUEUE_REC_ATTR:
		if (take_attr(c, data, c->line.len))
			cleanup_outs(c, type, data);
		break;
	default:
		cleanup_outs(c, type, data);
	}
}
