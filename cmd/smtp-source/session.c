/*
 * session.c - one conversation of smtp-source
 *
 *	GREETING -> HELO -> MAIL -> RCPT ... -> DATA -> DOT -+-> MAIL (-d)
 *	                                                     +-> QUIT
 *
 * Each reply is for exactly one command, except that LMTP answers the dot
 * once for each recipient.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/smtp-source/source.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

void
source_session_init(struct source_session *s,
    const struct source_options *opts, int id, int *rcpt_number)
{
	memset(s, 0, sizeof(*s));
	s->opts = opts;
	s->id = id;
	s->rcpt_number = rcpt_number;
	buf_init(&s->in);
	buf_init(&s->out);
	buf_init(&s->error);
}

void
source_session_done(struct source_session *s)
{
	buf_done(&s->in);
	buf_done(&s->out);
	buf_done(&s->error);
}

static void
say(struct source_session *s, enum source_state state)
{
	const char *line = s->out.ptr;

	s->state = state;
	if (log_verbose > 0)
		log_info("%.*s", (int)strcspn(line, "\r\n"), line);
}

void
source_session_start(struct source_session *s, int number)
{
	buf_reset(&s->in);
	buf_reset(&s->out);
	s->number = number;
	s->state = SOURCE_GREETING;
}

static void
say_rcpt(struct source_session *s)
{
	const struct source_options *o = s->opts;

	if (o->numbers_rcpts)
		buf_addf(&s->out, "RCPT TO:<%d%s>\r\n", ++*s->rcpt_number,
		    o->recipient);
	else if (s->rcpts_left > 1)
		buf_addf(&s->out, "RCPT TO:<%d%s>\r\n", s->rcpts_left,
		    o->recipient);
	else
		buf_addf(&s->out, "RCPT TO:<%s>\r\n", o->recipient);
	s->rcpts_left--;
	say(s, SOURCE_RCPT);
}

static void
say_content(struct source_session *s)
{
	const struct source_options *o = s->opts;
	char date[CLOCK_RFC5322_SIZE];

	if (o->file == NULL && !o->is_old) {
		clock_rfc5322(clock_now(), date);
		buf_addf(&s->out, "From: <%s>\r\nTo: <%s>\r\nDate: %s\r\n"
		    "Message-Id: <%04x.%04x.%04x@%s>\r\n", o->sender,
		    o->recipient, date, (unsigned)getpid(), (unsigned)s->id,
		    (unsigned)s->number, o->hostname);
		if (o->subject != NULL)
			buf_addf(&s->out, "Subject: %s\r\n", o->subject);
		buf_adds(&s->out, "\r\n");
	}
	buf_add(&s->out, o->content.ptr, o->content.len);
	buf_adds(&s->out, ".\r\n");
	s->replies_left = o->is_lmtp ? o->rcpts : 1;
	s->state = SOURCE_DOT;
	log_debug(".");
}

void
source_session_message(struct source_session *s, int number)
{
	s->number = number;
	s->rcpts_left = s->opts->rcpts;
	buf_addf(&s->out, "MAIL FROM:<%s>\r\n", s->opts->sender);
	say(s, SOURCE_MAIL);
}

void
source_session_quit(struct source_session *s)
{
	buf_adds(&s->out, "QUIT\r\n");
	say(s, SOURCE_QUIT);
}

static enum source_next
fail(struct source_session *s, const char *what, struct span reply)
{
	buf_setf(&s->error, "%s rejected: %.*s", what, (int)reply.len,
	    reply.ptr);
	return SOURCE_FAILED;
}

/* The last line of a reply came: what do we say to that? */
static enum source_next
on_reply(struct source_session *s, struct span line)
{
	const struct source_options *o = s->opts;
	char class = line.len > 0 ? line.ptr[0] : '\0';

	switch (s->state) {
	case SOURCE_GREETING:
		if (class != '2')
			return fail(s, "connection", line);
		if (o->is_old) {
			source_session_message(s, s->number);
			return SOURCE_READ;
		}
		buf_addf(&s->out, "%s %s\r\n", o->is_lmtp ? "LHLO" : "HELO",
		    o->hostname);
		say(s, SOURCE_HELO);
		return SOURCE_READ;
	case SOURCE_HELO:
		if (class != '2')
			return fail(s, o->is_lmtp ? "LHLO" : "HELO", line);
		source_session_message(s, s->number);
		return SOURCE_READ;
	case SOURCE_MAIL:
		if (class != '2')
			return fail(s, "sender", line);
		say_rcpt(s);
		return SOURCE_READ;
	case SOURCE_RCPT:
		if (class != '2')
			return fail(s, "recipient", line);
		if (s->rcpts_left > 0) {
			say_rcpt(s);
			return SOURCE_READ;
		}
		buf_adds(&s->out, "DATA\r\n");
		say(s, SOURCE_DATA);
		return SOURCE_READ;
	case SOURCE_DATA:
		if (class != '3')
			return fail(s, "data", line);
		say_content(s);
		return SOURCE_READ;
	case SOURCE_DOT:
		if (class != '2')
			return fail(s, "end of data", line);
		return --s->replies_left > 0 ? SOURCE_READ : SOURCE_DONE;
	case SOURCE_QUIT:
		return SOURCE_CLOSED;
	}
	return SOURCE_CLOSED;
}

enum source_next
source_session_input(struct source_session *s, const char *data, size_t len)
{
	enum source_next next = SOURCE_READ;
	struct span line;
	size_t pos = 0;
	const char *lf;

	buf_add(&s->in, data, len);
	while (next == SOURCE_READ && (lf = memchr(s->in.ptr + pos, '\n',
	    s->in.len - pos)) != NULL) {
		line.ptr = s->in.ptr + pos;
		line.len = (size_t)(lf - line.ptr);
		pos += line.len + 1;
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (log_verbose > 0)
			log_info("<<< %.*s", (int)line.len, line.ptr);
		if (line.len < 4 || line.ptr[3] != '-')
			next = on_reply(s, line);
	}
	buf_delete(&s->in, 0, pos);
	return next;
}
