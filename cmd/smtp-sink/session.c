/*
 * session.c - one SMTP or LMTP session of the sink
 *
 * Input is cut into lines; a line is a command, or content while in_data.
 * Every command passes one place, run_command, where the options' rules
 * (delay, refuse, hang up, scripted reply) come before its own function.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/smtp-sink/sink.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

#define COMMAND_MAX	(64 * 1024)	/* longer lines end the session */

const char *const sink_command_names[SINK_COMMANDS] = {
	"connect", "helo", "ehlo", "lhlo", "mail", "rcpt", "data", ".",
	"rset", "noop", "vrfy", "quit", "xclient", "xforward", "auth"
};

static void	cmd_greeting(struct sink_session *, struct span);
static void	cmd_helo(struct sink_session *, struct span);
static void	cmd_ehlo(struct sink_session *, struct span);
static void	cmd_mail(struct sink_session *, struct span);
static void	cmd_rcpt(struct sink_session *, struct span);
static void	cmd_data(struct sink_session *, struct span);
static void	cmd_dot(struct sink_session *, struct span);
static void	cmd_rset(struct sink_session *, struct span);
static void	cmd_ok(struct sink_session *, struct span);
static void	cmd_quit(struct sink_session *, struct span);

static void (*const command_fn[SINK_COMMANDS])(struct sink_session *,
    struct span) = {
	[SINK_CONNECT] = cmd_greeting, [SINK_HELO] = cmd_helo,
	[SINK_EHLO] = cmd_ehlo, [SINK_LHLO] = cmd_ehlo,
	[SINK_MAIL] = cmd_mail, [SINK_RCPT] = cmd_rcpt,
	[SINK_DATA] = cmd_data, [SINK_DOT] = cmd_dot, [SINK_RSET] = cmd_rset,
	[SINK_NOOP] = cmd_ok, [SINK_VRFY] = cmd_ok, [SINK_QUIT] = cmd_quit,
	[SINK_XCLIENT] = cmd_ok, [SINK_XFORWARD] = cmd_ok,
	[SINK_AUTH] = cmd_ok
};

struct sink_session *
sink_session_new(const struct sink_options *opts, struct sink_counts *counts,
    const char *client)
{
	struct sink_session *s = xcalloc(1, sizeof(*s));

	s->opts = opts;
	s->counts = counts;
	s->client = client;
	s->proto = opts->is_lmtp ? "LMTP" : "SMTP";
	buf_init(&s->in);
	buf_init(&s->out);
	buf_init(&s->helo);
	buf_init(&s->mail);
	buf_init(&s->rcpts);
	return s;
}

void
sink_session_free(struct sink_session *s)
{
	if (s == NULL)
		return;
	sink_dump_close(s->dump);
	buf_done(&s->in);
	buf_done(&s->out);
	buf_done(&s->helo);
	buf_done(&s->mail);
	buf_done(&s->rcpts);
	free(s);
}

static void
reply(struct sink_session *s, const char *text)
{
	buf_adds(&s->out, text);
	buf_add(&s->out, "\r\n", 2);
}

static void
transaction_reset(struct sink_session *s)
{
	s->has_mail = false;
	s->rcpt_count = 0;
	buf_reset(&s->mail);
	buf_reset(&s->rcpts);
}

/* ---- the commands ---- */

static void
cmd_greeting(struct sink_session *s, struct span args)
{
	(void)args;
	if (s->opts->is_pix)
		reply(s, "220 ********");
	else
		buf_addf(&s->out, "220 %s%s\r\n", s->opts->hostname,
		    s->opts->no_esmtp ? "" : " ESMTP");
}

static void
cmd_helo(struct sink_session *s, struct span args)
{
	buf_set(&s->helo, args.ptr, args.len);
	transaction_reset(s);
	buf_addf(&s->out, "250 %s\r\n", s->opts->hostname);
}

static void
cmd_ehlo(struct sink_session *s, struct span args)
{
	const struct sink_options *o = s->opts;

	buf_set(&s->helo, args.ptr, args.len);
	transaction_reset(s);
	if (!o->is_lmtp)
		s->proto = "ESMTP";
	buf_addf(&s->out, "250-%s\r\n", o->hostname);
	if (!o->no_pipelining)
		reply(s, "250-PIPELINING");
	if (o->with_size)
		buf_addf(&s->out, "250-SIZE %ld\r\n", o->size);
	if (!o->no_8bitmime)
		reply(s, "250-8BITMIME");
	if (!o->no_auth)
		reply(s, "250-AUTH PLAIN LOGIN");
	if (!o->no_xclient)
		reply(s, "250-XCLIENT NAME HELO");
	if (!o->no_xforward)
		reply(s, "250-XFORWARD NAME ADDR PROTO HELO");
	if (!o->no_enhanced)
		reply(s, "250-ENHANCEDSTATUSCODES");
	if (!o->no_dsn)
		reply(s, "250-DSN");
	if (o->with_smtputf8)
		reply(s, "250-SMTPUTF8");
	reply(s, "250 ");
}

/* What follows FROM: or TO:, as the client wrote it. */
static struct span
after_colon(struct span args)
{
	const char *colon = memchr(args.ptr, ':', args.len);

	if (colon == NULL)
		return args;
	return span_trim((struct span){ colon + 1,
	    args.len - (size_t)(colon + 1 - args.ptr) });
}

static void
cmd_mail(struct sink_session *s, struct span args)
{
	if (s->has_mail) {
		reply(s, "503 5.5.1 Error: nested MAIL command");
		return;
	}
	args = after_colon(args);
	buf_set(&s->mail, args.ptr, args.len);
	s->has_mail = true;
	reply(s, "250 2.1.0 Ok");
}

static void
cmd_rcpt(struct sink_session *s, struct span args)
{
	if (!s->has_mail) {
		reply(s, "503 5.5.1 Error: need MAIL command");
		return;
	}
	args = after_colon(args);
	buf_add(&s->rcpts, args.ptr, args.len);
	buf_addc(&s->rcpts, '\0');
	s->rcpt_count++;
	reply(s, "250 2.1.5 Ok");
}

static void
cmd_data(struct sink_session *s, struct span args)
{
	(void)args;
	if (s->rcpt_count == 0) {
		reply(s, "503 5.5.1 Error: need RCPT command");
		return;
	}
	reply(s, "354 End data with <CR><LF>.<CR><LF>");
	if (s->opts->abort_delay_s >= 0) {
		s->delay_s = s->opts->abort_delay_s;
		s->is_closing = true;
		if (s->delay_s == 0)
			reply(s, "550 This violates SMTP");
		return;
	}
	s->in_data = true;
	s->at_line_start = true;
	if (s->opts->dump_single != NULL || s->opts->dump_multi != NULL)
		s->dump = sink_dump_open(s);
}

static const struct sink_reply *
scripted(const struct sink_session *s, enum sink_command cmd, struct span args)
{
	const struct sink_reply *r;

	for (r = s->opts->replies; r != NULL; r = r->next)
		if (r->command == cmd && (r->match[0] == '\0' ||
		    memmem(args.ptr, args.len, r->match, strlen(r->match)) !=
		    NULL))
			return r;
	return NULL;
}

/* The end of one recipient's copy (LMTP), or of the message. */
static void
dot_reply(struct sink_session *s, const char *rcpt)
{
	const struct sink_rule *rule = &s->opts->rules[SINK_DOT];
	const struct sink_reply *r = scripted(s, SINK_DOT, span_of(rcpt));

	if (r != NULL)
		reply(s, r->reply);
	else if (rule->is_hard)
		reply(s, s->opts->hard_reply);
	else if (rule->is_soft)
		reply(s, s->opts->soft_reply);
	else
		reply(s, s->opts->is_lmtp ? "250 2.2.0 Ok" : "250 2.0.0 Ok");
}

static void
cmd_dot(struct sink_session *s, struct span args)
{
	const char *rcpt = s->rcpts.ptr;
	int i;

	(void)args;
	if (!s->in_data) {		/* a dot where none belongs */
		reply(s, "250 2.0.0 Ok");
		return;
	}
	s->in_data = false;
	s->counts->messages++;
	sink_dump_close(s->dump);
	s->dump = NULL;
	if (s->opts->is_lmtp)
		for (i = 0; i < s->rcpt_count; i++, rcpt += strlen(rcpt) + 1)
			dot_reply(s, rcpt);
	else
		dot_reply(s, rcpt);
	transaction_reset(s);
}

static void
cmd_rset(struct sink_session *s, struct span args)
{
	(void)args;
	transaction_reset(s);
	reply(s, "250 2.1.0 Ok");
}

static void
cmd_ok(struct sink_session *s, struct span args)
{
	(void)args;
	reply(s, "250 2.0.0 Ok");
}

static void
cmd_quit(struct sink_session *s, struct span args)
{
	(void)args;
	s->counts->quits++;
	reply(s, "221 Bye");
	s->is_closing = true;
}

/* ---- every command passes here ---- */

static bool
wants_delay(struct sink_session *s, const struct sink_rule *rule)
{
	if (rule->delay_s == 0 || s->is_delayed)
		return false;
	if (rule->odds < 100 && rand() % 100 >= rule->odds)
		return false;
	s->is_delayed = true;
	s->delay_s = rule->delay_s;
	return true;
}

/* Returns false when the command has to wait: it will be run again. */
static bool
run_command(struct sink_session *s, enum sink_command cmd, struct span args)
{
	const struct sink_rule *rule = &s->opts->rules[cmd];
	const struct sink_reply *r;

	if (wants_delay(s, rule))
		return false;
	s->is_delayed = false;
	if (rule->is_logged)
		log_info("%s: %s %.*s", s->client, sink_command_names[cmd],
		    (int)args.len, args.ptr);
	if (rule->drops) {
		s->is_closing = true;
	} else if (rule->drops_421) {
		reply(s, "421 4.0.0 Server closing connection");
		s->is_closing = true;
	} else if (cmd == SINK_DOT) {
		cmd_dot(s, args);
	} else if ((r = scripted(s, cmd, args)) != NULL) {
		reply(s, r->reply);
		if (strncmp(r->reply, "421", 3) == 0)
			s->is_closing = true;
	} else if (rule->is_hard) {
		reply(s, s->opts->hard_reply);
	} else if (rule->is_soft) {
		reply(s, s->opts->soft_reply);
	} else {
		command_fn[cmd](s, args);
	}
	return true;
}

/* Which command is it?  SINK_COMMANDS: none that this session knows. */
static enum sink_command
command_find(const struct sink_session *s, struct span word)
{
	const struct sink_options *o = s->opts;
	int i;

	for (i = SINK_HELO; i < SINK_COMMANDS; i++)
		if (span_ieq(word, sink_command_names[i]))
			break;
	if (i == SINK_LHLO && !o->is_lmtp)
		return SINK_COMMANDS;
	if ((i == SINK_EHLO || i == SINK_HELO) && o->is_lmtp)
		return SINK_COMMANDS;
	if (i == SINK_EHLO && (o->no_esmtp || o->is_pix))
		return SINK_COMMANDS;
	return (enum sink_command)i;
}

static bool
command_line(struct sink_session *s, struct span line)
{
	struct span word;
	enum sink_command cmd;

	while (line.len > 0 && strchr("\r\n", line.ptr[line.len - 1]) != NULL)
		line.len--;
	log_debug("%.*s", (int)line.len, line.ptr);
	word = span_word(&line);
	cmd = command_find(s, word);
	if (cmd != SINK_COMMANDS)
		return run_command(s, cmd, span_trim(line));
	reply(s, word.len == 0 ? "500 5.5.2 Error: unknown command" :
	    "500 5.5.1 Error: unknown command");
	return true;
}

static bool
content_line(struct sink_session *s, struct span line)
{
	bool is_whole = line.len > 0 && line.ptr[line.len - 1] == '\n';

	if (s->at_line_start && line.len == 3 &&
	    memcmp(line.ptr, ".\r\n", 3) == 0)
		return run_command(s, SINK_DOT, SPAN_LIT(""));
	if (s->dump != NULL)
		sink_dump_line(s->dump, line.ptr, line.len, s->at_line_start);
	s->at_line_start = is_whole && line.len >= 2 &&
	    line.ptr[line.len - 2] == '\r';
	return true;
}

static bool
reached_limit(const struct sink_session *s)
{
	return s->opts->quit_messages > 0 &&
	    s->counts->messages >= s->opts->quit_messages;
}

static enum sink_next
run(struct sink_session *s)
{
	struct span line;
	const char *lf;

	while (!s->is_closing && !reached_limit(s)) {
		line.ptr = s->in.ptr + s->in_pos;
		line.len = s->in.len - s->in_pos;
		lf = memchr(line.ptr, '\n', line.len);
		if (lf != NULL) {
			line.len = (size_t)(lf - line.ptr) + 1;
		} else if (line.len < COMMAND_MAX) {
			break;
		} else if (!s->in_data) {
			reply(s, "500 5.5.2 Error: line too long");
			s->is_closing = true;
			break;
		}
		if (!(s->in_data ? content_line(s, line) :
		    command_line(s, line)))
			return SINK_DELAY;
		s->in_pos += line.len;
	}
	buf_delete(&s->in, 0, s->in_pos);
	s->in_pos = 0;
	if (s->is_closing && s->delay_s > 0)
		return SINK_DELAY;
	return s->is_closing ? SINK_CLOSE : SINK_READ;
}

enum sink_next
sink_session_start(struct sink_session *s)
{
	if (!run_command(s, SINK_CONNECT, SPAN_LIT("")))
		return SINK_DELAY;
	s->is_greeted = true;
	return s->is_closing ? SINK_CLOSE : SINK_READ;
}

enum sink_next
sink_session_input(struct sink_session *s, const char *data, size_t len)
{
	buf_add(&s->in, data, len);
	return run(s);
}

enum sink_next
sink_session_resume(struct sink_session *s)
{
	s->delay_s = 0;
	if (s->is_closing) {		/* -A: the delayed refusal */
		reply(s, "550 This violates SMTP");
		return SINK_CLOSE;
	}
	if (!s->is_greeted && sink_session_start(s) == SINK_CLOSE)
		return SINK_CLOSE;
	return run(s);
}
