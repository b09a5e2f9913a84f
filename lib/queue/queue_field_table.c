/*
 * queue_field_table.c - the fields of a queued message, each a getter and a row in the table
 *
 * A getter finds read what the tier of its row says.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_field.h"

#include <string.h>
#include <strings.h>

#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_field_internal.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"

/* Within this part of its lifetime a message counts as dying: a tenth. */
#define DYING_PART	10

#define GET(name)	static void get_##name(struct queue_field_context *c, \
			    size_t rcpt, size_t nth, struct queue_value *out)
/* Getters of fields that need neither. */
#define UNUSED_RCPT	((void)rcpt, (void)nth)

static void
text(struct queue_value *out, const char *value)
{
	out->kind = VALUE_TEXT;
	out->text = value;
}

static void
number(struct queue_value *out, int64_t value)
{
	out->kind = VALUE_NUMBER;
	out->number = value;
}

static void
local_part(struct queue_field_context *c, const char *address,
    struct queue_value *out)
{
	const char *domain = address_domain(address);

	buf_set(&c->scratch, address, domain == NULL ? strlen(address) :
	    (size_t)(domain - 1 - address));
	text(out, c->scratch.ptr);
}

static void
domain_part(const char *address, struct queue_value *out)
{
	const char *domain = address_domain(address);

	text(out, domain != NULL ? domain : "");
}

/* ---- the entry ---- */

GET(id) { UNUSED_RCPT; text(out, c->m->id); }
GET(queue) { UNUSED_RCPT; text(out, c->m->queue); }
GET(filesize) { UNUSED_RCPT; number(out, c->m->st.st_size); }

static bool
waits(const struct queue_field_context *c)
{
	return c->m->st.st_mtime > c->now &&
	    (strcmp(c->m->queue, "deferred") == 0 ||
	    strcmp(c->m->queue, "incoming") == 0);
}

GET(next)
{
	UNUSED_RCPT;
	if (waits(c))
		number(out, c->m->st.st_mtime);
	else
		out->kind = VALUE_ABSENT;
}

GET(wait)
{
	UNUSED_RCPT;
	number(out, waits(c) ? c->m->st.st_mtime - c->now : 0);
}

GET(held) { UNUSED_RCPT; number(out, strcmp(c->m->queue, "hold") == 0); }
GET(expired) { UNUSED_RCPT; number(out, c->m->is_expired); }

GET(arriving)
{
	UNUSED_RCPT;
	number(out, (c->m->st.st_mode & S_IRWXU) != S_IRWXU);
}

GET(due)
{
	UNUSED_RCPT;
	number(out, !waits(c) && (strcmp(c->m->queue, "deferred") == 0 ||
	    strcmp(c->m->queue, "incoming") == 0));
}

/* Only a browser tags. */
GET(tagged) { UNUSED_RCPT; number(out, c->m->is_tagged); }

/* ---- the envelope ---- */

GET(arrived) { UNUSED_RCPT; number(out, c->m->arrival.tv_sec); }
GET(age) { UNUSED_RCPT; number(out, c->now - c->m->arrival.tv_sec); }
GET(sender) { UNUSED_RCPT; text(out, c->m->sender); }
GET(sender_local) { UNUSED_RCPT; local_part(c, c->m->sender, out); }
GET(sender_domain) { UNUSED_RCPT; domain_part(c->m->sender, out); }
GET(nrcpt) { UNUSED_RCPT; number(out, (int64_t)c->m->rcpt_count); }
GET(ndone) { UNUSED_RCPT; number(out, (int64_t)c->m->done_count); }
GET(size) { UNUSED_RCPT; number(out, c->m->size); }
GET(client) { UNUSED_RCPT; text(out, c->m->client_name); }
GET(helo) { UNUSED_RCPT; text(out, c->m->helo); }
GET(proto) { UNUSED_RCPT; text(out, c->m->proto); }
GET(sasl) { UNUSED_RCPT; text(out, c->m->sasl_user); }
GET(sasl_method) { UNUSED_RCPT; text(out, c->m->sasl_method); }
GET(sasl_sender) { UNUSED_RCPT; text(out, c->m->sasl_sender); }
GET(filter) { UNUSED_RCPT; text(out, c->m->filter); }
GET(redirect) { UNUSED_RCPT; text(out, c->m->redirect); }
GET(verp) { UNUSED_RCPT; text(out, c->m->verp); }
GET(envid) { UNUSED_RCPT; text(out, c->m->envid); }
GET(encoding) { UNUSED_RCPT; text(out, c->m->encoding); }

GET(client_addr)
{
	const char *addr = c->m->client_addr;

	UNUSED_RCPT;
	text(out, strncasecmp(addr, "IPv6:", 5) == 0 ? addr + 5 : addr);
}

GET(bounce) { UNUSED_RCPT; number(out, c->m->sender[0] == '\0'); }

GET(smtputf8)
{
	UNUSED_RCPT;
	number(out, (c->m->sendopts & QUEUE_MESSAGE_SMTPUTF8) != 0);
}

GET(probe)
{
	UNUSED_RCPT;
	number(out, (c->m->trace_flags & QUEUE_MESSAGE_TRACE_PROBE) != 0);
}

GET(local) { UNUSED_RCPT; number(out, c->m->client_addr[0] == '\0'); }
GET(damaged) { UNUSED_RCPT; number(out, c->m->is_damaged); }

GET(double)
{
	const char *sender = c->m->sender;
	size_t len = strlen(params.double_bounce_sender);

	UNUSED_RCPT;
	number(out, strncasecmp(sender, params.double_bounce_sender,
	    len) == 0 && (sender[len] == '\0' || sender[len] == '@'));
}

GET(late)
{
	UNUSED_RCPT;
	number(out, params.delay_warning_time > 0 &&
	    c->now - c->m->arrival.tv_sec >= params.delay_warning_time);
}

GET(dying)
{
	int life = c->m->sender[0] == '\0' ? params.bounce_queue_lifetime :
	    params.maximal_queue_lifetime;

	UNUSED_RCPT;
	number(out, c->now - c->m->created >= life - life / DYING_PART);
}

GET(rcpt) { (void)nth; text(out, c->m->rcpts[rcpt].address); }
GET(rcpt_orig) { (void)nth; text(out, c->m->rcpts[rcpt].orig); }

GET(rcpt_local)
{
	(void)nth;
	local_part(c, c->m->rcpts[rcpt].address, out);
}

GET(rcpt_domain)
{
	(void)nth;
	domain_part(c->m->rcpts[rcpt].address, out);
}

GET(notify)
{
	static const struct {
		unsigned	 flag;
		const char	*name;
	} names[] = {
		{ DSN_NOTIFY_NEVER, "never" },
		{ DSN_NOTIFY_SUCCESS, "success" },
		{ DSN_NOTIFY_FAILURE, "failure" },
		{ DSN_NOTIFY_DELAY, "delay" },
	};
	size_t i;

	(void)nth;
	buf_reset(&c->scratch);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((c->m->rcpts[rcpt].dsn_notify & names[i].flag) == 0)
			continue;
		if (c->scratch.len > 0)
			buf_addc(&c->scratch, ',');
		buf_adds(&c->scratch, names[i].name);
	}
	text(out, c->scratch.ptr);
}

/* ---- the defer log ---- */

GET(reason) { (void)nth; text(out, c->m->rcpts[rcpt].reason); }
GET(dsn) { (void)nth; text(out, c->m->rcpts[rcpt].dsn); }

GET(logged)
{
	UNUSED_RCPT;
	number(out, c->m->entry_count > 0 || c->m->was_logged);
}

GET(class)
{
	(void)nth;
	text(out, queue_reason_class_name(queue_message_class(c->m, rcpt)));
}

GET(code)
{
	bool is_suspended;
	int code = queue_reason_code(queue_reason_peel(
	    c->m->rcpts[rcpt].reason, &is_suspended));

	(void)nth;
	if (code > 0)
		number(out, code);
	else
		out->kind = VALUE_ABSENT;
}

GET(suspended)
{
	bool is_suspended;

	(void)nth;
	queue_reason_peel(c->m->rcpts[rcpt].reason, &is_suspended);
	number(out, is_suspended);
}

static void
relay(struct queue_field_context *c, size_t rcpt, bool wants_addr,
    struct queue_value *out)
{
	struct buf other = BUF_INIT;

	buf_reset(&c->scratch);
	if (!queue_reason_relay(c->m->rcpts[rcpt].reason,
	    wants_addr ? &other : &c->scratch,
	    wants_addr ? &c->scratch : &other) && !wants_addr)
		buf_adds(&c->scratch, c->m->rcpts[rcpt].mta);
	text(out, c->scratch.ptr);
	buf_done(&other);
}

GET(relay) { (void)nth; relay(c, rcpt, false, out); }
GET(relay_addr) { (void)nth; relay(c, rcpt, true, out); }

GET(signature)
{
	(void)nth;
	buf_reset(&c->scratch);
	queue_reason_signature(c->m->rcpts[rcpt].reason, &c->scratch);
	text(out, c->scratch.ptr);
}

/* ---- the headers ---- */

void
queue_field_header(struct queue_field_context *c, const char *name,
    size_t nth, struct queue_value *out)
{
	out->kind = VALUE_ABSENT;
	buf_reset(&c->scratch);
	if (queue_message_want(c->m, QUEUE_MESSAGE_HEADERS, NULL) != 1 ||
	    (c->m->has & QUEUE_MESSAGE_HEADERS) == 0)
		out->kind = VALUE_UNKNOWN;
	else if (queue_message_header(c->m, name, nth, &c->scratch))
		text(out, c->scratch.ptr);
}

GET(subject) { (void)rcpt; queue_field_header(c, "subject", nth, out); }
GET(from) { (void)rcpt; queue_field_header(c, "from", nth, out); }
GET(to) { (void)rcpt; queue_field_header(c, "to", nth, out); }
GET(msgid) { (void)rcpt; queue_field_header(c, "message-id", nth, out); }
GET(date) { (void)rcpt; queue_field_header(c, "date", nth, out); }

GET(nreceived)
{
	struct queue_value v;
	size_t i = 0;

	UNUSED_RCPT;
	do {
		queue_field_header(c, "received", i, &v);
	} while (v.kind == VALUE_TEXT && ++i < 1000);
	number(out, (int64_t)i);
}

/* "Received: by HOST (NAME, from userid 1000)" is all that says who it was. */
GET(submitter)
{
	struct queue_value v;
	const char *p;
	size_t i;

	UNUSED_RCPT;
	text(out, "");
	for (i = 0; i < 1000; i++) {
		queue_field_header(c, "received", i, &v);
		if (v.kind != VALUE_TEXT)
			return;
		if ((p = strstr(v.text, "from userid ")) != NULL) {
			p += strlen("from userid ");
			buf_delete(&c->scratch, 0,
			    (size_t)(p - c->scratch.ptr));
			buf_truncate(&c->scratch,
			    strspn(c->scratch.ptr, "0123456789"));
			text(out, c->scratch.ptr);
			return;
		}
	}
}

/* ---- the content ---- */

GET(parts) { UNUSED_RCPT; number(out, (int64_t)c->m->part_count); }

GET(attachment)
{
	const char *name = c->m->attachments;

	(void)rcpt;
	while (nth-- > 0 && *name != '\0')
		name += strlen(name) + 1;
	if (*name != '\0')
		text(out, name);
	else
		out->kind = VALUE_ABSENT;
}

/* These two cost a second reading. */
static void
body_text(struct queue_field_context *c, bool is_fingerprint,
    struct queue_value *out)
{
	queue_message_want(c->m, QUEUE_MESSAGE_BODY, NULL);
	out->kind = VALUE_UNKNOWN;
	if (c->m->has_content)
		text(out, is_fingerprint ? c->m->fingerprint : c->m->body);
}

GET(body) { UNUSED_RCPT; body_text(c, false, out); }
GET(fingerprint) { UNUSED_RCPT; body_text(c, true, out); }

/* ---- the table ---- */

#define TOLD		QUEUE_FIELD_TOLD
#define NAMED		QUEUE_FIELD_NAMED
#define REPEATS		QUEUE_FIELD_REPEATS
#define OF_DAMAGED	QUEUE_FIELD_OF_DAMAGED

const struct queue_field queue_fields[] = {
#define F(name, inner, type, tier, flags, fn, meaning) \
	{ name, inner, FIELD_##type, TIER_##tier, flags, meaning, get_##fn, \
	    false, 0 }
F("id", NULL, TEXT, ENTRY, TOLD | NAMED, id, "queue ID"),
F("queue", NULL, QUEUE, ENTRY, TOLD | NAMED, queue, "queue it is in"),
F("next", NULL, TIME, ENTRY, 0, next, "next attempt"),
F("wait", NULL, DURATION, ENTRY, 0, wait, "until the next attempt"),
F("filesize", NULL, SIZE, ENTRY, 0, filesize, "bytes on disk"),
F("age", NULL, DURATION, ENVELOPE, TOLD, age, "since it arrived"),
F("arrived", NULL, TIME, ENVELOPE, TOLD, arrived, "time of arrival"),
F("sender", NULL, ADDRESS, ENVELOPE, TOLD, sender, "envelope sender"),
F("sender.local", NULL, TEXT, ENVELOPE, TOLD, sender_local, "its local part"),
F("sender.domain", NULL, DOMAIN, ENVELOPE, TOLD, sender_domain, "its domain"),
F("rcpt", "addr", ADDRESS, ENVELOPE, TOLD, rcpt, "recipient still to do"),
F("rcpt.local", "local", TEXT, ENVELOPE, TOLD, rcpt_local, "its local part"),
F("rcpt.domain", "domain", DOMAIN, ENVELOPE, TOLD, rcpt_domain, "its domain"),
F("rcpt.orig", "orig", ADDRESS, ENVELOPE, 0, rcpt_orig,
    "recipient as it was given"),
F("nrcpt", NULL, NUMBER, ENVELOPE, TOLD, nrcpt, "recipients to do"),
F("ndone", NULL, NUMBER, ENVELOPE, 0, ndone, "recipients done"),
F("size", NULL, SIZE, ENVELOPE, TOLD, size, "message size"),
F("client", NULL, TEXT, ENVELOPE, 0, client, "client's name"),
F("client.addr", NULL, IP, ENVELOPE, 0, client_addr, "client's address"),
F("helo", NULL, TEXT, ENVELOPE, 0, helo, "client's HELO name"),
F("proto", NULL, TEXT, ENVELOPE, 0, proto, "SMTP, ESMTP, ..."),
F("sasl", NULL, TEXT, ENVELOPE, 0, sasl, "login name"),
F("sasl.method", NULL, TEXT, ENVELOPE, 0, sasl_method, "login method"),
F("sasl.sender", NULL, TEXT, ENVELOPE, 0, sasl_sender, "AUTH= of MAIL"),
F("submitter", NULL, TEXT, HEADERS, 0, submitter,
    "user ID of a local submission"),
F("filter", NULL, TEXT, ENVELOPE, 0, filter, "content filter"),
F("redirect", NULL, TEXT, ENVELOPE, 0, redirect, "redirect address"),
F("verp", NULL, TEXT, ENVELOPE, 0, verp, "VERP delimiters"),
F("envid", NULL, TEXT, ENVELOPE, 0, envid, "DSN envelope ID"),
F("encoding", NULL, TEXT, ENVELOPE, 0, encoding, "7bit or 8bit"),
F("notify", "notify", TEXT, ENVELOPE, 0, notify, "DSN NOTIFY"),
F("reason", "reason", TEXT, LOG, TOLD, reason, "why it waits"),
F("class", "class", CLASS, LOG, TOLD, class, "kind of reason"),
F("dsn", "dsn", TEXT, LOG, 0, dsn, "enhanced status code"),
F("code", "code", NUMBER, LOG, TOLD, code, "SMTP reply code"),
F("relay", "relay", TEXT, LOG, TOLD, relay, "host that answered"),
F("relay.domain", "relay.domain", DOMAIN, LOG, TOLD, relay,
    "host that answered, as a domain"),
F("relay.addr", "relay.addr", IP, LOG, TOLD, relay_addr,
    "address that answered"),
F("signature", "signature", TEXT, LOG, TOLD, signature,
    "reason without what varies"),
F("subject", NULL, TEXT, HEADERS, REPEATS, subject, "Subject header"),
F("from", NULL, TEXT, HEADERS, REPEATS, from, "From header"),
F("to", NULL, TEXT, HEADERS, REPEATS, to, "To header"),
F("msgid", NULL, TEXT, HEADERS, REPEATS, msgid, "Message-ID header"),
F("date", NULL, TEXT, HEADERS, REPEATS, date, "Date header"),
F("nreceived", NULL, NUMBER, HEADERS, 0, nreceived, "hops so far"),
F("parts", NULL, NUMBER, CONTENT, 0, parts, "MIME parts"),
F("attachment", NULL, TEXT, CONTENT, REPEATS, attachment,
    "file name of an attachment"),
F("body", NULL, TEXT, CONTENT, 0, body, "text of the message"),
F("fingerprint", NULL, TEXT, CONTENT, 0, fingerprint,
    "digest of sender, recipients, subject and content"),
F("due", NULL, FLAG, ENTRY, 0, due, "would be tried now"),
F("held", NULL, FLAG, ENTRY, TOLD | NAMED, held, "on hold"),
F("bounce", NULL, FLAG, ENVELOPE, TOLD, bounce, "null sender"),
F("expired", NULL, FLAG, ENTRY, TOLD, expired,
    "to be returned at the next attempt"),
F("late", NULL, FLAG, ENVELOPE, TOLD, late,
    "older than the delay warning time"),
F("dying", NULL, FLAG, ENVELOPE, TOLD, dying,
    "in the last tenth of its lifetime"),
F("smtputf8", NULL, FLAG, ENVELOPE, 0, smtputf8, "needs SMTPUTF8"),
F("tagged", NULL, FLAG, ENTRY, TOLD | NAMED, tagged, "tagged in a browser"),
F("damaged", NULL, FLAG, ENVELOPE, OF_DAMAGED, damaged, "cannot be read"),
F("logged", NULL, FLAG, LOG, 0, logged, "has a defer log"),
F("double", NULL, FLAG, ENVELOPE, TOLD, double, "double-bounce sender"),
F("probe", NULL, FLAG, ENVELOPE, 0, probe, "address verification"),
F("local", NULL, FLAG, ENVELOPE, 0, local, "no client address"),
F("suspended", "suspended", FLAG, LOG, TOLD, suspended,
    "its destination is suspended"),
F("arriving", NULL, FLAG, ENTRY, 0, arriving, "still being written"),
#undef F
};

const size_t queue_field_count = sizeof(queue_fields) /
    sizeof(queue_fields[0]);
