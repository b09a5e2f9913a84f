/*
 * sasl_dovecot.c - passwords that Dovecot's auth service checks
 *
 * A process has one connection to the service, and keeps it from client to
 * client. The service may have been restarted meanwhile: a connection that
 * ends before it answers a new request is made anew, once.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/dial.h"
#include "lib/net/dovecot_auth.h"
#include "lib/net/netaddr.h"
#include "lib/net/sasl_internal.h"
#include "lib/net/stream.h"

#define PATIENCE_S	10	/* for each answer */
#define LINE_LIMIT	65536
#define GREETING_LINES	1000

#define LOST	"Connection lost to authentication server"

struct mechanism {
	char		*name;
	unsigned	 properties;	/* DOVECOT_* */
	struct mechanism *next;
};

struct authority {
	const char	*path, *service;
	struct stream	*st;		/* NULL: not connected */
	struct mechanism *mechanisms;	/* of the last connection */
	uint32_t	 last_id;
	struct buf	 line;		/* that was read last */
};

struct check {
	struct authority *a;
	char		*own_addr, *addr;
	bool		 is_encrypted;
	unsigned	 security;
	struct buf	 list;		/* of mechanisms */
	char		*user;
	uint32_t	 id;
};

/* ---- the connection ---- */

static void
forget_mechanisms(struct authority *a)
{
	struct mechanism *m;

	while ((m = a->mechanisms) != NULL) {
		a->mechanisms = m->next;
		free(m->name);
		free(m);
	}
}

static void
hang_up(struct authority *a)
{
	stream_free(a->st);
	a->st = NULL;
}

/* One line, taken apart; -1: the connection is of no more use. */
static int
read_line(struct authority *a, struct dovecot_line *out, struct err *err)
{
	buf_reset(&a->line);
	if (stream_getline(a->st, &a->line, LINE_LIMIT) != 1)
		return err_set(err, ERR_EOF, "%s", LOST);
	a->line.ptr[--a->line.len] = '\0';	/* the line end */
	if (memchr(a->line.ptr, '\0', a->line.len) != NULL)
		return err_set(err, ERR_SYNTAX, "a NUL in a line");
	return dovecot_line_parse(out, a->line.ptr, err);
}

static int
read_greeting(struct authority *a, struct err *err)
{
	struct dovecot_line line;
	struct mechanism **end, *m;
	int lines;

	forget_mechanisms(a);
	end = &a->mechanisms;
	for (lines = 0; lines < GREETING_LINES; lines++) {
		if (read_line(a, &line, err) == -1)
			return -1;
		if (line.word == DOVECOT_DONE)
			return 0;
		if (line.word == DOVECOT_VERSION && line.major != 1)
			return err_set(err, ERR_SYNTAX, "version %u of the "
			    "protocol is not known here", line.major);
		if (line.word != DOVECOT_MECH)
			continue;
		m = xcalloc(1, sizeof(*m));
		m->name = xstrdup(line.mechanism);
		m->properties = line.properties;
		*end = m;
		end = &m->next;
	}
	return err_set(err, ERR_LIMIT, "a greeting without end");
}

/* A client waits, too: all of what is asked next has this long. */
static void
be_patient(struct authority *a)
{
	stream_set_deadline(a->st, clock_mono_ms() + PATIENCE_S * 1000);
}

static int
say(struct authority *a, const struct buf *text)
{
	return stream_write(a->st, text->ptr, text->len) == -1 ? -1 :
	    stream_flush(a->st);
}

static int
call(const char *path, struct err *err)
{
	if (strncmp(path, "inet:", 5) == 0)
		return dial(path, PATIENCE_S, err);
	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	return netaddr_connect_unix(path, PATIENCE_S, err);
}

static int
be_connected(struct authority *a, struct err *err)
{
	struct buf hello = BUF_INIT;
	struct err why = ERR_INIT;
	int fd, rc;

	if (a->st != NULL)
		return 0;
	if ((fd = call(a->path, &why)) == -1)
		return err_set(err, why.kind, "SASL: Connect to Dovecot auth "
		    "socket '%s' failed: %s", a->path,
		    why.kind == ERR_SYSTEM ? strerror(why.errnum) : why.text);
	a->st = stream_new(fd, PATIENCE_S);
	be_patient(a);
	dovecot_put_hello(&hello, (long)getpid());
	rc = say(a, &hello) == -1 ? err_set(&why, ERR_EOF, "%s", LOST) :
	    read_greeting(a, &why);
	buf_done(&hello);
	if (rc == 0)
		return 0;
	hang_up(a);
	return err_set(err, why.kind, "SASL: Dovecot auth socket '%s': %s",
	    a->path, why.text);
}

static void *
authority_new(const struct sasl_setup *setup, struct err *err)
{
	struct authority *a = xcalloc(1, sizeof(*a));

	(void)err;
	a->path = setup->path;
	a->service = setup->service;
	buf_init(&a->line);
	return a;
}

static void
authority_free(void *ctx)
{
	struct authority *a = ctx;

	hang_up(a);
	forget_mechanisms(a);
	buf_done(&a->line);
	free(a);
}

/* ---- one client ---- */

/* Is this mechanism as the configuration wants them to be? */
static bool
is_allowed(const struct mechanism *m, unsigned security)
{
	static const struct {
		unsigned	 security, property;
		bool		 wants_it;
	} rules[] = {
		{ SASL_NO_PLAINTEXT, DOVECOT_PLAINTEXT, false },
		{ SASL_NO_ACTIVE, DOVECOT_ACTIVE, false },
		{ SASL_NO_DICTIONARY, DOVECOT_DICTIONARY, false },
		{ SASL_NO_ANONYMOUS, DOVECOT_ANONYMOUS, false },
		{ SASL_FORWARD_SECRECY, DOVECOT_FORWARD_SECRECY, true },
		{ SASL_MUTUAL_AUTH, DOVECOT_MUTUAL, true }
	};
	size_t i;

	if ((m->properties & DOVECOT_PRIVATE) != 0)
		return false;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((security & rules[i].security) != 0 &&
		    ((m->properties & rules[i].property) != 0) !=
		    rules[i].wants_it)
			return false;
	return true;
}

static void *
check_new(void *authority, const struct sasl_peer *peer, unsigned security,
    struct err *err)
{
	struct authority *a = authority;
	const struct mechanism *m;
	struct check *c;

	if (be_connected(a, err) == -1)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->a = a;
	c->own_addr = xstrdup(peer->own_addr);
	c->addr = xstrdup(peer->addr);
	c->is_encrypted = peer->is_encrypted;
	c->security = security;
	buf_init(&c->list);
	for (m = a->mechanisms; m != NULL; m = m->next)
		if (is_allowed(m, security))
			buf_addf(&c->list, "%s%s", c->list.len > 0 ? " " : "",
			    m->name);
	return c;
}

static void
check_free(void *ctx)
{
	struct check *c = ctx;

	buf_done(&c->list);
	free(c->own_addr);
	free(c->addr);
	free(c->user);
	free(c);
}

static const char *
mechanisms(const void *ctx)
{
	return ((const struct check *)ctx)->list.ptr;
}

static const char *
user(const void *ctx)
{
	return ((const struct check *)ctx)->user;
}

static void
set_user(struct check *c, const char *name)
{
	free(c->user);
	c->user = name != NULL ? xstrdup(name) : NULL;
}

static enum sasl_step
refuse(struct buf *text, const char *why)
{
	buf_sets(text, why);
	return SASL_STEP_REFUSED;
}

static enum sasl_step
take_reply(struct check *c, const struct dovecot_line *line, struct buf *text)
{
	switch (line->word) {
	case DOVECOT_CONT:
		if (line->data == NULL) {
			log_warning("missing Dovecot server CONT reply field");
			return refuse(text, "Authentication backend error");
		}
		buf_sets(text, line->data);
		return SASL_STEP_MORE;
	case DOVECOT_OK:
		set_user(c, line->user);
		if (line->user != NULL && line->user[0] != '\0')
			return SASL_STEP_DONE;
		log_warning("missing Dovecot server OK username field");
		return refuse(text, "Authentication backend error");
	default:
		set_user(c, line->user);
		return refuse(text, line->reason != NULL ? line->reason : "");
	}
}

/* The answer to our request; replies to others, which were given up, are old news. */
static int
wait_for_reply(struct check *c, enum sasl_step *step, struct buf *text,
    struct err *err)
{
	struct dovecot_line line;

	do {
		if (read_line(c->a, &line, err) == -1)
			return -1;
	} while (line.id != c->id || (line.word != DOVECOT_OK &&
	    line.word != DOVECOT_CONT && line.word != DOVECOT_FAIL));
	*step = take_reply(c, &line, text);
	return 0;
}

static enum sasl_step
lost(struct check *c, const struct err *err, struct buf *text)
{
	if (err->kind != ERR_EOF && err->kind != ERR_NONE)
		log_warning("SASL: Dovecot auth socket '%s': %s", c->a->path,
		    err->text);
	hang_up(c->a);
	buf_sets(text, LOST);
	return SASL_STEP_RETRY;
}

/* Send a request and wait; false when the connection is gone. */
static bool
exchange(struct check *c, const struct buf *request, enum sasl_step *step,
    struct buf *text, struct err *err)
{
	be_patient(c->a);
	if (say(c->a, request) == -1) {
		err_set(err, ERR_EOF, "%s", LOST);
		return false;
	}
	return wait_for_reply(c, step, text, err) == 0;
}

static enum sasl_step
ask(struct check *c, const char *mechanism, const char *response,
    struct buf *text)
{
	const struct dovecot_request r = { .service = c->a->service,
	    .own_addr = c->own_addr, .addr = c->addr,
	    .is_encrypted = c->is_encrypted, .response = response };
	bool was_connected = c->a->st != NULL, ok = false;
	struct buf request = BUF_INIT;
	struct err err = ERR_INIT;
	enum sasl_step step = SASL_STEP_RETRY;
	int tries;

	for (tries = was_connected ? 2 : 1; tries > 0 && !ok; tries--) {
		if (be_connected(c->a, &err) == -1) {
			log_warning("%s", err.text);
			err_set(&err, ERR_EOF, "%s", LOST);
			break;
		}
		c->id = ++c->a->last_id;
		buf_reset(&request);
		dovecot_put_auth(&request, c->id, mechanism, &r);
		ok = exchange(c, &request, &step, text, &err);
		/* Who does not answer in time would not do so again. */
		if (!ok && stream_status(c->a->st) == STREAM_TIMEOUT)
			break;
		if (!ok)
			hang_up(c->a);
	}
	explicit_bzero(request.ptr, request.len);
	buf_done(&request);
	return ok ? step : lost(c, &err, text);
}

static enum sasl_step
first(void *ctx, const char *mechanism, const char *response, struct buf *text)
{
	struct check *c = ctx;
	const struct mechanism *m;

	set_user(c, NULL);
	for (m = c->a->mechanisms; m != NULL; m = m->next)
		if (strcasecmp(m->name, mechanism) == 0 &&
		    is_allowed(m, c->security))
			break;
	if (m == NULL)
		return refuse(text, "Invalid authentication mechanism");
	if (response != NULL && !dovecot_is_base64(response))
		return refuse(text, "Invalid base64 data in initial response");
	return ask(c, mechanism, response, text);
}

static enum sasl_step
next(void *ctx, const char *response, struct buf *text)
{
	struct check *c = ctx;
	struct buf request = BUF_INIT;
	struct err err = ERR_INIT;
	enum sasl_step step = SASL_STEP_RETRY;
	bool ok = false;

	if (!dovecot_is_base64(response))
		return refuse(text, "Invalid base64 data in continued response");
	dovecot_put_cont(&request, c->id, response);
	if (c->a->st != NULL)
		ok = exchange(c, &request, &step, text, &err);
	explicit_bzero(request.ptr, request.len);
	buf_done(&request);
	return ok ? step : lost(c, &err, text);
}

const struct sasl_server_ops sasl_dovecot_server = {
	.type = "dovecot",
	.authority_new = authority_new, .authority_free = authority_free,
	.check_new = check_new, .check_free = check_free,
	.mechanisms = mechanisms, .first = first, .next = next, .user = user
};
