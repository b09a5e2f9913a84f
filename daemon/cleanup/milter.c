/*
 * milter.c - the filters that look at mail while it comes in
 *
 *	READY --MAIL--> READY (in a message) --accept, discard--> MESSAGE_OVER
 *	  ^                   |                                        |
 *	  +------ abort ------+----------------------------------------+
 *	any --accept or refusal at connect and HELO, shutdown, trouble--> OVER
 *
 * What is OVER keeps its verdict for the rest of the session.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/cleanup/milter.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/milter_internal.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/stream.h"

#define TEXT_REJECT	"550 5.7.1 Command rejected"
#define TEXT_TEMPFAIL	"451 4.7.1 Service unavailable - try again later"
#define TEXT_CLOSING	"421 4.7.0 Server closing connection"
#define TEXT_DENIED	"550 5.5.0 Service unavailable"
#define TEXT_CONFIG \
	"451 4.3.5 Server configuration problem - try again later"

/* ---- verdicts ---- */

static void
end_session(struct milter *m, enum milter_verdict verdict, const char *text)
{
	stream_free(m->stream);
	m->stream = NULL;
	m->state = OVER;
	m->verdict = verdict;
	buf_sets(&m->text, text);
}

static void
broken_config(struct milter *m)
{
	end_session(m, MILTER_REFUSE, TEXT_CONFIG);
}

void
milter_fail(struct milter *m)
{
	const char *action = m->default_action;

	if (strcasecmp(action, "accept") == 0) {
		end_session(m, MILTER_GO_ON, "");
	} else if (strcasecmp(action, "reject") == 0) {
		end_session(m, MILTER_REFUSE, TEXT_DENIED);
	} else if (strcasecmp(action, "tempfail") == 0) {
		end_session(m, MILTER_REFUSE, TEXT_TEMPFAIL);
	} else if (strcasecmp(action, "quarantine") == 0) {
		end_session(m, MILTER_HOLD, "");
	} else if (strcasecmp(action, "shutdown") == 0) {
		end_session(m, MILTER_CLOSE, TEXT_CLOSING);
	} else {
		log_warning("milter %s: unrecognized default action: %s",
		    m->name, action);
		broken_config(m);
	}
}

/* is_reply - a 4xx or 5xx reply, each line of which has the same code */
static bool
is_reply(const char *text)
{
	const char *line = text;

	if ((*text != '4' && *text != '5') || strlen(text) < 4)
		return false;
	for (;;) {
		const char *eol = strstr(line, "\r\n");

		if (!isdigit((unsigned char)line[1]) ||
		    !isdigit((unsigned char)line[2]) ||
		    strncmp(line, text, 3) != 0 ||
		    line[3] != (eol != NULL ? '-' : ' '))
			return false;
		if (eol == NULL)
			break;
		line = eol + 2;
	}
	/* A lone line end would be a reply of the client's choice. */
	for (; *text != '\0'; text++)
		if ((*text == '\n' && text[-1] != '\r') ||
		    (*text == '\r' && text[1] != '\n'))
			return false;
	return true;
}

static enum milter_verdict
refuse(struct milter *m, const char *text)
{
	enum milter_verdict v = strncmp(text, "421", 3) == 0 ? MILTER_CLOSE :
	    MILTER_REFUSE;

	if (!m->in_message && m->asked != MILTER_UNKNOWN &&
	    m->asked != MILTER_MAIL)
		end_session(m, v, text);
	else
		buf_sets(&m->text, text);
	return v;
}

/* judge - what a final answer comes to */
static enum milter_verdict
judge(struct milter *m, const struct milter_answer *a)
{
	switch (a->kind) {
	case MILTER_ACCEPT:
		if (m->in_message)
			m->state = MESSAGE_OVER;
		else
			end_session(m, MILTER_GO_ON, "");
		return MILTER_GO_ON;
	case MILTER_DISCARD:
		if (!m->in_message) {
			log_warning("milter %s: DISCARD action is not allowed "
			    "for connect or helo", m->name);
			return MILTER_GO_ON;
		}
		m->state = MESSAGE_OVER;
		return MILTER_DROP;
	case MILTER_REJECT:
		return refuse(m, TEXT_REJECT);
	case MILTER_TEMPFAIL:
		return refuse(m, TEXT_TEMPFAIL);
	case MILTER_REPLY:
		if (is_reply(a->text))
			return refuse(m, a->text);
		log_warning("milter %s: malformed reply: %s", m->name, a->text);
		broken_config(m);
		return m->verdict;
	case MILTER_SHUTDOWN:
		end_session(m, MILTER_CLOSE, TEXT_CLOSING);
		return m->verdict;
	default:
		return MILTER_GO_ON;
	}
}

/* ---- packets ---- */

static bool
read_trouble(struct milter *m, const char *what)
{
	enum stream_status status = stream_status(m->stream);

	log_warning("milter %s: can't read %s reply packet %s: %s", m->name,
	    milter_wire_event_name(m->asked), what,
	    status == STREAM_TIMEOUT ? "Connection timed out" :
	    status == STREAM_EOF ? "Application error" :
	    strerror(stream_errno(m->stream)));
	return false;
}

/* read_packet - the next one, without its length, to m->in */
static bool
read_packet(struct milter *m)
{
	unsigned char head[4];
	size_t len;

	if (stream_read(m->stream, head, sizeof(head)) == -1)
		return read_trouble(m, "header");
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
	    (size_t)head[2] << 8 | head[3];
	if (len == 0 || len > MILTER_PACKET_MAX) {
		log_warning("milter %s: unreasonable packet length: %zu",
		    m->name, len);
		return false;
	}
	buf_reset(&m->in);
	buf_reserve(&m->in, len);
	if (stream_read(m->stream, m->in.ptr, len) == -1)
		return read_trouble(m, "data");
	m->in.len = len;
	m->in.ptr[len] = '\0';
	return true;
}

bool
milter_read_answer(struct milter *m, struct milter_answer *a)
{
	struct err err = ERR_INIT;

	do {
		if (!read_packet(m))
			return false;
		if (milter_wire_answer(m->asked, m->in.ptr, m->in.len, a,
		    &err) == -1) {
			log_warning("milter %s: %s", m->name, err.text);
			return false;
		}
	} while (a->kind == MILTER_PROGRESS);
	return true;
}

bool
milter_send(struct milters *ms, struct milter *m, enum milter_event event)
{
	enum milter_stage stage = milter_wire_stage(event);

	m->asked = event;
	stream_set_timeout(m->stream, event >= MILTER_HEADER ? m->content_s :
	    m->command_s);
	if (stage != MILTER_STAGE_COUNT) {
		buf_reset(&m->out);
		milter_wire_macros(&m->out, event,
		    milter_macro_names(m, stage), milter_macro, ms);
		stream_write(m->stream, m->out.ptr, m->out.len);
	}
	stream_write(m->stream, ms->packet.ptr, ms->packet.len);
	if (stream_status(m->stream) == STREAM_OK)
		return true;
	log_warning("milter %s: can't send %s packet: %s", m->name,
	    milter_wire_event_name(event), strerror(stream_errno(m->stream)));
	return false;
}

/* ---- one event ---- */

enum milter_verdict
milter_ask(struct milters *ms, struct milter *m, enum milter_event event,
    struct milter_answer *a)
{
	a->kind = MILTER_CONTINUE;
	if (m->state != READY)
		return m->state == OVER ? m->verdict : MILTER_GO_ON;
	if (event == MILTER_MAIL)
		m->in_message = true;
	if (!milter_wire_wants(&m->wire, event))
		return MILTER_GO_ON;
	if (!milter_send(ms, m, event) || (milter_wire_answers(&m->wire,
	    event) && !milter_read_answer(m, a))) {
		milter_fail(m);
		return m->verdict;
	}
	return judge(m, a);
}

enum milter_verdict
milter_judge(struct milter *m, const struct milter_answer *a)
{
	return judge(m, a);
}

static enum milter_verdict
ask_all(struct milters *ms, enum milter_event event)
{
	enum milter_verdict v, result = MILTER_GO_ON;
	struct milter_answer a;
	struct milter *m;

	for (m = ms->first; m != NULL; m = m->next) {
		v = milter_ask(ms, m, event, &a);
		if (v == MILTER_HOLD) {
			result = v;
		} else if (v != MILTER_GO_ON) {
			buf_sets(&ms->text, m->text.ptr);
			return v;
		}
	}
	return result;
}

static enum milter_verdict
tell(struct milters *ms, enum milter_event event, const char *const *strings,
    size_t count)
{
	if (ms == NULL)
		return MILTER_GO_ON;
	buf_reset(&ms->packet);
	milter_wire_put(&ms->packet, event, strings, count);
	return ask_all(ms, event);
}

enum milter_verdict
milters_helo(struct milters *ms, const char *name)
{
	return tell(ms, MILTER_HELO, &name, 1);
}

enum milter_verdict
milters_mail(struct milters *ms, const char *const *words, size_t count)
{
	return tell(ms, MILTER_MAIL, words, count);
}

enum milter_verdict
milters_rcpt(struct milters *ms, const char *const *words, size_t count)
{
	return tell(ms, MILTER_RCPT, words, count);
}

void
milters_rcpt_refused(struct milters *ms, const char *const *words,
    size_t count)
{
	struct milter_answer a;
	struct milter *m;

	if (ms == NULL)
		return;
	buf_reset(&ms->packet);
	milter_wire_put(&ms->packet, MILTER_RCPT, words, count);
	for (m = ms->first; m != NULL; m = m->next)
		if ((m->wire.steps & MILTER_REJECTED_RCPT) != 0)
			(void)milter_ask(ms, m, MILTER_RCPT, &a);
}

enum milter_verdict
milters_data(struct milters *ms)
{
	return tell(ms, MILTER_DATA, NULL, 0);
}

enum milter_verdict
milters_unknown(struct milters *ms, const char *command)
{
	return tell(ms, MILTER_UNKNOWN, &command, 1);
}

void
milters_abort(struct milters *ms)
{
	struct milter *m;

	if (ms == NULL)
		return;
	buf_reset(&ms->packet);
	milter_wire_put(&ms->packet, MILTER_ABORT, NULL, 0);
	for (m = ms->first; m != NULL; m = m->next) {
		if (m->state == OVER)
			continue;
		m->state = READY;
		m->in_message = false;
		if (!milter_send(ms, m, MILTER_ABORT) ||
		    stream_flush(m->stream) == -1)
			milter_fail(m);
	}
}

/* ---- beginning and end ---- */

static bool
shake_hands(struct milter *m)
{
	struct err err = ERR_INIT;

	m->asked = MILTER_OFFER;
	buf_reset(&m->out);
	milter_wire_offer(&m->wire, &m->out);
	stream_write(m->stream, m->out.ptr, m->out.len);
	if (!read_packet(m)) {
		log_warning("milter %s: read error in initial handshake",
		    m->name);
		return false;
	}
	if (milter_wire_agree(&m->wire, m->in.ptr, m->in.len, &err) == -1) {
		log_warning("milter %s: %s", m->name, err.text);
		return false;
	}
	return true;
}

static void
open_one(struct milter *m)
{
	struct err err = ERR_INIT;

	if (milter_wire_protocol(&m->wire, m->protocol, &err) == -1) {
		log_warning("milter %s: %s", m->name, err.text);
		broken_config(m);
		return;
	}
	if ((m->stream = milter_dial(m->name, m->connect_s, &err)) == NULL) {
		log_warning("connect to Milter service %s: %s", m->name,
		    err.kind == ERR_SYSTEM ? strerror(err.errnum) : err.text);
		milter_fail(m);
	} else if (!shake_hands(m)) {
		milter_fail(m);
	}
}

enum milter_verdict
milters_connect(struct milters *ms, const char *host, int family,
    const char *port, const char *addr)
{
	struct milter *m;
	int64_t number = 0;

	if (ms == NULL)
		return MILTER_GO_ON;
	for (m = ms->first; m != NULL; m = m->next)
		if (m->state == READY)
			open_one(m);
	num_parse_int(port, 0, 65535, &number, NULL);
	buf_reset(&ms->packet);
	milter_wire_put_connect(&ms->packet, host, family, (int)number, addr);
	return ask_all(ms, MILTER_CONNECT);
}

const char *
milters_text(const struct milters *ms)
{
	return ms->text.ptr;
}

struct milters *
milters_new(const char *list, milter_macro_fn fn, void *ctx)
{
	struct milters *ms;

	if (*text_skip_blank(list) == '\0')
		return NULL;
	ms = xcalloc(1, sizeof(*ms));
	buf_init(&ms->text);
	buf_init(&ms->packet);
	buf_init(&ms->value);
	ms->lookup = fn;
	ms->ctx = ctx;
	milter_config(ms, list);
	return ms;
}

void
milters_free(struct milters *ms)
{
	struct milter *m;

	if (ms == NULL)
		return;
	buf_reset(&ms->packet);
	milter_wire_put(&ms->packet, MILTER_QUIT, NULL, 0);
	while ((m = ms->first) != NULL) {
		ms->first = m->next;
		if (m->stream != NULL && milter_send(ms, m, MILTER_QUIT))
			stream_flush(m->stream);
		milter_free(m);
	}
	buf_done(&ms->text);
	buf_done(&ms->packet);
	buf_done(&ms->value);
	free(ms);
}
