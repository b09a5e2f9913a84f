/*
 * explain_log.c - log lines, field by field
 *
 *	TIME HOST NAME/PROGRAM[PID]: ID: to=<...>, ..., status=deferred (why)
 *
 * Lines of other programs pass as they are. What a field means is a row of a
 * table; status, delays, dsn and the reason have words of their own.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_reason.h"

static const char usage_text[] =
	"usage: postfix [-c config_dir] explain log [--json] < lines\n"
	"\n"
	"  grep 4bXyZ /var/log/mail.log | postfix explain log\n"
	"\n"
	"Exit status: 0 done, 3 no line of the mail system among them, 1 error.\n";

static const struct field {
	const char	*name, *meaning;
} fields[] = {
	{ "client", "who connected: name[address]" },
	{ "conn_use", "messages sent over this connection, with this one" },
	{ "delay", "seconds from arrival to the end of this attempt" },
	{ "delays", NULL },
	{ "dsn", NULL },
	{ "from", "the envelope sender" },
	{ "helo", "how the client called itself" },
	{ "message-id", "of the message's header" },
	{ "nrcpt", "recipients that are left" },
	{ "orig_client", "who connected first, as the client says" },
	{ "orig_queue_id", "its queue ID there" },
	{ "orig_to", "the recipient before aliases and rewriting" },
	{ "proto", "of the client" },
	{ "relay", "who was asked: name[address]:port, local, or none" },
	{ "resent-message-id", "of the header that a resender added" },
	{ "sasl_method", "how the client logged in" },
	{ "sasl_sender", "who logged in first, as the client says" },
	{ "sasl_username", "the client's login" },
	{ "size", "bytes" },
	{ "status", NULL },
	{ "to", "the recipient" },
	{ "uid", "of the user who submitted it" },
};

static const struct field states[] = {
	{ "sent", "delivered, or handed on" },
	{ "deferred", "not now: it stays in the queue and is tried again" },
	{ "bounced", "never: it is returned to the sender" },
	{ "expired", "too old: it is returned to the sender" },
	{ "force-expired", "returned to the sender because somebody said so" },
	{ "deliverable", "a probe: mail would be taken" },
	{ "undeliverable", "a probe: mail would be refused" },
};

static const struct field delays[] = {	/* JSON names, and for people */
	{ "d_receive", "before the queue manager: receiving, waiting" },
	{ "d_queue", "in the queue manager: its turn" },
	{ "d_connect", "connecting: DNS, TCP, TLS, greeting" },
	{ "d_transmit", "sending it, and waiting for the answer" },
};

/* Those that are numbers in JSON, as far as what stands there is one. */
#define NUMBERS	"conn_use delay nrcpt size uid d_receive d_queue d_connect " \
		"d_transmit"

struct line {
	char		*text;
	const char	*tag;		/* "postfix/smtp[12]" */
	size_t		 tag_len;
	const char	*id;		/* NULL: none */
	size_t		 id_len;
	const char	*rest;
	struct buf	 out;		/* JSON */
	bool		 is_json;
};

static void
put(struct line *l, const char *name, const char *value, const char *meaning)
{
	if (l->is_json)
		table_report_members(&l->out, name, value, NULL);
	else
		explain_line(stdout, name, value, meaning);
}

/* A number stays one in JSON: "12", "0.5". */
static bool
is_number(const char *value)
{
	size_t whole = strspn(value, "0123456789"), part;

	if (whole == 0 || value[whole] == '\0')
		return whole > 0;
	part = strspn(value + whole + 1, "0123456789");
	return value[whole] == '.' && part > 0 &&
	    value[whole + 1 + part] == '\0';
}

/* What a row tells of; in JSON names have no '-'. */
static void
put_row(struct line *l, const struct field *f, const char *value)
{
	struct buf name = BUF_INIT;
	char *p;

	buf_sets(&name, f->name);
	for (p = name.ptr; l->is_json && (p = strchr(p, '-')) != NULL;)
		*p = '_';
	if (l->is_json && text_list_has(NUMBERS, f->name) &&
	    is_number(value))
		buf_addf(&l->out, ", \"%s\": %s", name.ptr, value);
	else
		put(l, name.ptr, value, f->meaning);
	buf_done(&name);
}

/* ---- the parts of a line ---- */

/* Words such as "warning" and NOQUEUE stand in the same place. */
static bool
is_id(const char *text, size_t len)
{
	size_t i;

	if (len < 6 || strncmp(text, "NOQUEUE", len) == 0)
		return false;
	for (i = 0; i < len; i++)
		if (!islower((unsigned char)text[i]))
			return true;
	return false;
}

/* Name, program and process ID, then the queue ID, if there is one; false: no line of ours. */
static bool
take_head(struct line *l)
{
	const char *end = strstr(l->text, "]: "), *p;

	if (end == NULL)
		return false;
	for (p = end; p > l->text && p[-1] != ' '; p--)
		;
	l->tag = p;
	l->tag_len = (size_t)(end + 1 - p);
	if (memchr(p, '/', l->tag_len) == NULL ||
	    memchr(p, '[', l->tag_len) == NULL)
		return false;
	l->rest = end + 3;
	l->id_len = strspn(l->rest, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz");
	if (is_id(l->rest, l->id_len) &&
	    strncmp(l->rest + l->id_len, ": ", 2) == 0) {
		l->id = l->rest;
		l->rest += l->id_len + 2;
	}
	return true;
}

static const struct field *
find_field(const struct field *table, size_t count, const char *name,
    size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strncmp(table[i].name, name, len) == 0 &&
		    table[i].name[len] == '\0')
			return &table[i];
	return NULL;
}

/* What text=... at p holds: "<...>", or up to a comma or blank. */
static size_t
value_len(const char *p)
{
	const char *end;

	if (*p == '<' && (end = strchr(p, '>')) != NULL)
		return (size_t)(end + 1 - p);
	return strcspn(p, ", ;");
}

static void
put_delays(struct line *l, const char *value)
{
	char *copy = xstrdup(value), *rest = copy, *part;
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < 4 && (part = strsep(&rest, "/")) != NULL; i++) {
		buf_setf(&text, "%s s", part);
		if (l->is_json)
			put_row(l, &delays[i], part);
		else
			put(l, i == 0 ? "delays" : "", text.ptr,
			    delays[i].meaning);
	}
	free(copy);
	buf_done(&text);
}

static void
put_field(struct line *l, const struct field *f, const char *value)
{
	const struct field *state;

	if (strcmp(f->name, "delays") == 0) {
		put_delays(l, value);
	} else if (strcmp(f->name, "dsn") == 0 && !l->is_json) {
		explain_dsn(stdout, value);
	} else if (strcmp(f->name, "status") == 0) {
		state = find_field(states, sizeof(states) / sizeof(states[0]),
		    value, strlen(value));
		put(l, f->name, value, state != NULL ? state->meaning : "");
	} else {
		put_row(l, f, value);
	}
}

/* Each "name=value" whose name is known; a reason in parentheses is not one of them. */
static void
put_fields(struct line *l, char **dsn)
{
	const char *p = l->rest, *name;
	const struct field *f;
	size_t len;
	char *value;

	for (; *p != '\0'; p++) {
		if (*p == '(')
			return;
		if (!islower((unsigned char)*p) ||
		    (p > l->rest && p[-1] != ' '))
			continue;
		name = p;
		p += strspn(p, "abcdefghijklmnopqrstuvwxyz_-");
		if (*p != '=') {
			p--;
			continue;
		}
		f = find_field(fields, sizeof(fields) / sizeof(fields[0]),
		    name, (size_t)(p - name));
		len = value_len(++p);
		value = xstrndup(p, len);
		if (f != NULL)
			put_field(l, f, value);
		if (f != NULL && strcmp(f->name, "dsn") == 0) {
			free(*dsn);
			*dsn = value;
		} else {
			free(value);
		}
		p += len;
		if (*p == '\0')
			return;
	}
}

/* The text in the last parentheses behind "status=". */
static void
put_reason(struct line *l, const char *dsn)
{
	const char *status = strstr(l->rest, "status="), *open, *end, *advice;
	enum queue_reason_class class;
	char *reason;

	if (status == NULL || (open = strchr(status, '(')) == NULL ||
	    (end = strrchr(open, ')')) == NULL)
		return;
	reason = xstrndup(open + 1, (size_t)(end - open - 1));
	put(l, "reason", reason, NULL);
	if (strncmp(status, "status=sent", 11) != 0) {
		class = queue_reason_classify(reason, dsn, &advice);
		put(l, "class", queue_reason_class_name(class), NULL);
		if (*advice != '\0')
			put(l, "advice", advice, NULL);
	}
	free(reason);
}

static void
put_event(struct line *l)
{
	static const struct field events[] = {
		{ "removed", "all recipients are dealt with: the message has "
		    "left the queue" },
		{ "NOQUEUE: ", "refused before there was a message: no queue "
		    "ID" },
		{ "reject: ", "refused; the reply to the client follows" },
		{ "warning: ", "something to look at" },
		{ "fatal: ", "the process could not go on" },
		{ "panic: ", "a fault of the program" },
		{ "connect from ", "a client has come" },
		{ "disconnect from ", "a client has gone; behind each command "
		    "how often it gave it, accepted/all" },
		{ "lost connection ", "the client hung up without QUIT" },
		{ "timeout ", "the client said nothing for too long" },
	};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strncmp(l->rest, events[i].name, strlen(events[i].name)) ==
		    0)
			put(l, "event", events[i].meaning, NULL);
	if (strstr(l->rest, "(queue active)") != NULL)
		put(l, "event", "the queue manager has taken it", NULL);
	/* Two of them may be nested: "NOQUEUE: reject: ...". */
	if (strncmp(l->rest, "NOQUEUE: ", 9) == 0) {
		l->rest += 9;
		put_event(l);
	}
}

static void
put_text(FILE *out, const char *text)
{
	struct buf safe = BUF_INIT;

	text_visible(&safe, text, 0);
	fprintf(out, "%s\n", safe.ptr);
	buf_done(&safe);
}

/* False: no line of the mail system. */
static bool
explain_one(char *text, bool is_json)
{
	struct line l = { .text = text, .is_json = is_json };
	struct buf word = BUF_INIT;
	char *dsn = xstrdup("");

	if (!take_head(&l)) {
		if (!is_json)
			put_text(stdout, text);
		free(dsn);
		return false;
	}
	buf_init(&l.out);
	if (is_json)
		buf_adds(&l.out, "{\"v\": 1");
	else
		put_text(stdout, text);
	buf_set(&word, l.tag, l.tag_len);
	put(&l, "program", word.ptr, "syslog_name/program[process ID]");
	if (l.id != NULL) {
		buf_set(&word, l.id, l.id_len);
		put(&l, is_json ? "queue_id" : "queue ID", word.ptr,
		    "of this message here");
	}
	put_event(&l);
	put_fields(&l, &dsn);
	put_reason(&l, dsn);
	if (is_json)
		printf("%s}\n", l.out.ptr);
	buf_done(&l.out);
	buf_done(&word);
	free(dsn);
	return true;
}

int
explain_log(char **args)
{
	bool is_json = false, has_found = false;
	char *text = NULL;
	size_t room = 0, i;
	ssize_t len;

	for (i = 1; args[i] != NULL; i++) {
		if (strcmp(args[i], "--help") == 0) {
			fputs(usage_text, stdout);
			return 0;
		}
		if (strcmp(args[i], "--json") != 0) {
			fputs(usage_text, stderr);
			return 1;
		}
		is_json = true;
	}
	explain_load_reasons();
	while ((len = getline(&text, &room, stdin)) > 0) {
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		has_found |= explain_one(text, is_json);
	}
	free(text);
	if (ferror(stdin))
		log_fatal("read standard input");
	return has_found ? 0 : EXPLAIN_NO_ROUTE;
}
