/*
 * milter_wire.c - the protocol between a mail server and its filters, no I/O
 *
 * Two tables say it all: one row an event, with its letter and the bits that
 * leave it out or silence its answer; one row an answer, with its letter, its
 * arguments, and whether only the end of a message may be answered so.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/milter_wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define LENGTH_SIZE	4
#define ALL_ACTIONS	0x1ff

static const struct event {
	const char	*name;
	char		 letter;
	unsigned	 left_out, mute;
	enum milter_stage stage;
} events[] = {
	[MILTER_OFFER] = { "SMFIC_OPTNEG", 'O', 0, 0, MILTER_STAGE_COUNT },
	[MILTER_CONNECT] = { "SMFIC_CONNECT", 'C', MILTER_NO_CONNECT,
	    MILTER_MUTE_CONNECT, MILTER_AT_CONNECT },
	[MILTER_HELO] = { "SMFIC_HELO", 'H', MILTER_NO_HELO, MILTER_MUTE_HELO,
	    MILTER_AT_HELO },
	[MILTER_MAIL] = { "SMFIC_MAIL", 'M', MILTER_NO_MAIL, MILTER_MUTE_MAIL,
	    MILTER_AT_MAIL },
	[MILTER_RCPT] = { "SMFIC_RCPT", 'R', MILTER_NO_RCPT, MILTER_MUTE_RCPT,
	    MILTER_AT_RCPT },
	[MILTER_DATA] = { "SMFIC_DATA", 'T', MILTER_NO_DATA, MILTER_MUTE_DATA,
	    MILTER_AT_DATA },
	[MILTER_UNKNOWN] = { "SMFIC_UNKNOWN", 'U', MILTER_NO_UNKNOWN,
	    MILTER_MUTE_UNKNOWN, MILTER_AT_UNKNOWN },
	[MILTER_HEADER] = { "SMFIC_HEADER", 'L', MILTER_NO_HEADERS,
	    MILTER_MUTE_HEADER, MILTER_AT_EOH },
	[MILTER_EOH] = { "SMFIC_EOH", 'N', MILTER_NO_EOH, MILTER_MUTE_EOH,
	    MILTER_AT_EOH },
	[MILTER_BODY] = { "SMFIC_BODY", 'B', MILTER_NO_BODY, MILTER_MUTE_BODY,
	    MILTER_AT_EOM },
	[MILTER_EOM] = { "SMFIC_BODYEOB", 'E', 0, 0, MILTER_AT_EOM },
	[MILTER_ABORT] = { "SMFIC_ABORT", 'A', 0, ~0u, MILTER_STAGE_COUNT },
	[MILTER_QUIT] = { "SMFIC_QUIT", 'Q', 0, ~0u, MILTER_STAGE_COUNT },
};

/* Arguments: s a string, o a string that may be missing, u a number, b bytes. */
static const struct answer {
	char		 letter;
	const char	*name;
	enum milter_kind kind;
	const char	*args;
	bool		 only_at_end;
} answers[] = {
	{ 'c', "SMFIR_CONTINUE",   MILTER_CONTINUE,	"", false },
	{ 'a', "SMFIR_ACCEPT",	   MILTER_ACCEPT,	"", false },
	{ 'r', "SMFIR_REJECT",	   MILTER_REJECT,	"", false },
	{ 't', "SMFIR_TEMPFAIL",   MILTER_TEMPFAIL,	"", false },
	{ 'y', "SMFIR_REPLYCODE",  MILTER_REPLY,	"s", false },
	{ 'd', "SMFIR_DISCARD",	   MILTER_DISCARD,	"", false },
	{ '4', "SMFIR_SHUTDOWN",   MILTER_SHUTDOWN,	"", false },
	{ 's', "SMFIR_SKIP",	   MILTER_SKIP,		"", false },
	{ 'p', "SMFIR_PROGRESS",   MILTER_PROGRESS,	"", false },
	{ 'h', "SMFIR_ADDHEADER",  MILTER_ADD_HEADER,	"ss", true },
	{ 'i', "SMFIR_INSHEADER",  MILTER_INSERT_HEADER, "uss", true },
	{ 'm', "SMFIR_CHGHEADER",  MILTER_CHANGE_HEADER, "uss", true },
	{ 'e', "SMFIR_CHGFROM",	   MILTER_CHANGE_FROM,	"so", true },
	{ '+', "SMFIR_ADDRCPT",	   MILTER_ADD_RCPT,	"s", true },
	{ '2', "SMFIR_ADDRCPT_PAR", MILTER_ADD_RCPT,	"so", true },
	{ '-', "SMFIR_DELRCPT",	   MILTER_DELETE_RCPT,	"s", true },
	{ 'b', "SMFIR_REPLBODY",   MILTER_REPLACE_BODY, "b", true },
	{ 'q', "SMFIR_QUARANTINE", MILTER_QUARANTINE,	"o", true },
};

/* ---- packets out ---- */

static size_t
begin(struct buf *out, char letter)
{
	size_t at = out->len;

	buf_add(out, "\0\0\0\0", LENGTH_SIZE);
	buf_addc(out, letter);
	return at;
}

static void
put_number(char *p, uint32_t n)
{
	p[0] = (char)(n >> 24);
	p[1] = (char)(n >> 16);
	p[2] = (char)(n >> 8);
	p[3] = (char)n;
}

static void
add_number(struct buf *out, uint32_t n)
{
	char bytes[4];

	put_number(bytes, n);
	buf_add(out, bytes, sizeof(bytes));
}

static void
add_string(struct buf *out, const char *s)
{
	buf_add(out, s, strlen(s) + 1);
}

static void
end(struct buf *out, size_t at)
{
	put_number(out->ptr + at, (uint32_t)(out->len - at - LENGTH_SIZE));
}

void
milter_wire_put(struct buf *out, enum milter_event event,
    const char *const *strings, size_t count)
{
	size_t at = begin(out, events[event].letter), i;

	for (i = 0; i < count; i++)
		add_string(out, strings[i]);
	end(out, at);
}

void
milter_wire_put_data(struct buf *out, enum milter_event event,
    const void *data, size_t len)
{
	size_t at = begin(out, events[event].letter);

	buf_add(out, data, len);
	end(out, at);
}

void
milter_wire_put_connect(struct buf *out, const char *host, int family,
    int port, const char *addr)
{
	size_t at = begin(out, events[MILTER_CONNECT].letter);

	add_string(out, host);
	if (family != AF_INET && family != AF_INET6) {
		buf_addc(out, 'U');
	} else {
		buf_addc(out, family == AF_INET ? '4' : '6');
		buf_addc(out, port >> 8 & 0xff);
		buf_addc(out, port & 0xff);
		add_string(out, addr);
	}
	end(out, at);
}

void
milter_wire_macros(struct buf *out, enum milter_event event, const char *names,
    const char *(*lookup)(const char *name, void *ctx), void *ctx)
{
	size_t at = begin(out, 'D');
	char *copy = xstrdup(names), *rest = copy, *word;
	struct buf bare = BUF_INIT;
	const char *value;

	buf_addc(out, events[event].letter);
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		buf_sets(&bare, word);
		if (bare.len > 1 && bare.ptr[0] == '{') {
			buf_delete(&bare, 0, 1);
			if (bare.len > 0 && bare.ptr[bare.len - 1] == '}')
				buf_truncate(&bare, bare.len - 1);
		}
		if ((value = lookup(bare.ptr, ctx)) == NULL)
			continue;
		add_string(out, word);
		add_string(out, value);
	}
	end(out, at);
	buf_done(&bare);
	free(copy);
}

/* ---- the agreement ---- */

void
milter_wire_init(struct milter_wire *w)
{
	memset(w, 0, sizeof(*w));
}

void
milter_wire_done(struct milter_wire *w)
{
	size_t i;

	for (i = 0; i < MILTER_STAGE_COUNT; i++) {
		free(w->macros[i]);
		w->macros[i] = NULL;
	}
}

/* protocol_word - one word of milter_protocol; false: unknown */
static bool
protocol_word(struct milter_wire *w, const char *word)
{
	static const struct {
		const char	*word;
		unsigned	 version, steps;
	} words[] = {
		{ "2", 2, 0x7f }, { "3", 3, 0x17f }, { "4", 4, 0x37f },
		{ "6", 6, 0x1fffff }, { "no_header_reply", 0,
		    MILTER_MUTE_HEADER },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(word, words[i].word) != 0)
			continue;
		if (words[i].version != 0 && w->version != 0)
			return false;
		w->version += words[i].version;
		w->steps |= words[i].steps;
		return true;
	}
	return false;
}

int
milter_wire_protocol(struct milter_wire *w, const char *text, struct err *err)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	int rc = 0;

	w->version = w->steps = 0;
	w->actions = ALL_ACTIONS;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		if (!protocol_word(w, word))
			rc = err_set(err, ERR_CONFIG,
			    "bad protocol information: %s", text);
	if (rc == 0 && w->version == 0)
		rc = err_set(err, ERR_CONFIG, "no protocol version: %s", text);
	free(copy);
	return rc;
}

void
milter_wire_offer(const struct milter_wire *w, struct buf *out)
{
	size_t at = begin(out, 'O');

	add_number(out, w->version);
	add_number(out, w->actions);
	add_number(out, w->steps);
	end(out, at);
}

/* A packet that is being read. */
struct reader {
	const char	*p, *end;
};

static int
get_number(struct reader *r, uint32_t *n, struct err *err)
{
	const unsigned char *p = (const unsigned char *)r->p;

	if (r->end - r->p < 4)
		return err_set(err, ERR_SYNTAX,
		    "input packet too short for network long");
	*n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
	r->p += 4;
	return 0;
}

static int
get_string(struct reader *r, const char **s, struct err *err)
{
	const char *nul;

	if (r->p == r->end)
		return err_set(err, ERR_SYNTAX, "packet too short for string");
	if ((nul = memchr(r->p, '\0', (size_t)(r->end - r->p))) == NULL)
		return err_set(err, ERR_SYNTAX, "string without its end");
	*s = r->p;
	r->p = nul + 1;
	return 0;
}

/* take_macros - pairs of a stage's number and names; an empty list is no wish */
static int
take_macros(struct milter_wire *w, struct reader *r, struct err *err)
{
	const char *names;
	uint32_t stage;

	while (r->p < r->end) {
		if (get_number(r, &stage, err) == -1 ||
		    get_string(r, &names, err) == -1)
			return -1;
		if (stage >= MILTER_AT_UNKNOWN)
			return err_set(err, ERR_SYNTAX,
			    "macros for an unknown stage %u", stage);
		free(w->macros[stage]);
		w->macros[stage] = *names != '\0' ? xstrdup(names) : NULL;
	}
	return 0;
}

int
milter_wire_agree(struct milter_wire *w, const char *packet, size_t len,
    struct err *err)
{
	struct reader r = { packet + 1, packet + len };
	uint32_t version, actions, steps;

	if (len == 0 || packet[0] != 'O')
		return err_set(err, ERR_SYNTAX,
		    "unexpected reply \"%c\" in initial handshake",
		    len > 0 && packet[0] > ' ' && packet[0] < 0x7f ?
		    packet[0] : '?');
	if (get_number(&r, &version, err) == -1 ||
	    get_number(&r, &actions, err) == -1 ||
	    get_number(&r, &steps, err) == -1)
		return -1;
	if (version > w->version)
		return err_set(err, ERR_SYNTAX, "protocol version %u conflict "
		    "with MTA protocol version %u", version, w->version);
	if ((actions & ~w->actions) != 0)
		return err_set(err, ERR_SYNTAX, "request mask 0x%x conflict "
		    "with MTA request mask 0x%x", actions, w->actions);
	if ((steps & ~w->steps) != 0)
		return err_set(err, ERR_SYNTAX, "event mask 0x%x conflict "
		    "with MTA event mask 0x%x", steps, w->steps);
	w->version = version;
	w->actions = actions;
	w->steps = steps;
	if (version < 3)
		w->steps |= MILTER_NO_UNKNOWN;
	if (version < 4)
		w->steps |= MILTER_NO_DATA;
	return take_macros(w, &r, err);
}

bool
milter_wire_wants(const struct milter_wire *w, enum milter_event event)
{
	return (w->steps & events[event].left_out) == 0;
}

bool
milter_wire_answers(const struct milter_wire *w, enum milter_event event)
{
	return events[event].mute != ~0u &&
	    (w->steps & events[event].mute) == 0;
}

enum milter_stage
milter_wire_stage(enum milter_event event)
{
	return events[event].stage;
}

const char *
milter_wire_event_name(enum milter_event event)
{
	return events[event].name;
}

/* ---- packets in ---- */

static int
get_args(const char *args, struct reader *r, struct milter_answer *out,
    struct err *err)
{
	const char **strings[] = { &out->text, &out->value };
	size_t n = 0;
	int rc = 0;

	for (; rc == 0 && *args != '\0'; args++) {
		if (*args == 'u') {
			rc = get_number(r, &out->index, err);
		} else if (*args == 'b') {
			out->text = r->p;
			out->len = (size_t)(r->end - r->p);
		} else if (*args == 's' || r->p < r->end) {
			rc = get_string(r, strings[n++], err);
			out->len = strlen(out->text);
		}
	}
	return rc;
}

int
milter_wire_answer(enum milter_event event, const char *packet, size_t len,
    struct milter_answer *out, struct err *err)
{
	struct reader r = { packet + 1, packet + len };
	size_t i, n = sizeof(answers) / sizeof(answers[0]);

	if (len == 0)
		return err_set(err, ERR_SYNTAX, "bad packet length: 0");
	for (i = 0; i < n; i++)
		if (answers[i].letter == packet[0])
			break;
	if (i == n || (answers[i].only_at_end && event != MILTER_EOM))
		return err_set(err, ERR_SYNTAX,
		    "unexpected filter response %s after event %s", i < n ?
		    answers[i].name : "(unknown filter reply)",
		    events[event].name);
	*out = (struct milter_answer){ .kind = answers[i].kind, .text = "",
	    .value = "" };
	return get_args(answers[i].args, &r, out, err);
}
