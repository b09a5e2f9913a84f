/*
 * policy.c - ask a policy server what to do (check_policy_service)
 *
 * A process keeps one connection to each server, for as long and for as many
 * requests as the configuration allows. A kept connection may have gone stale
 * without our knowing: its failure is no answer, and a new one is made at once.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/policy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "daemon/smtpd/access.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/net/dial.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"

#define ANSWER_MAX	4096
#define LINES_MAX	32
#define MS		1000

struct policy_server {
	UT_hash_handle	 hh;
	char		*text;		/* as written; the key */
	char		*words;		/* owns the next three */
	const char	*endpoint, *default_action, *context;
	int64_t		 timeout_s, max_idle_s, max_ttl_s, retry_delay_s;
	int64_t		 try_limit, request_limit;
	struct stream	*st;		/* NULL: not connected */
	int64_t		 connected_ms, used_ms;	/* monotonic */
	int64_t		 requests;	/* over this connection */
};

/* "name=value" of a server: is it this name, and is its value good? */
static bool
set_number(const char *word, const char *name, bool is_time, int64_t *out)
{
	size_t len = strlen(name);
	bool ok;

	if (strncmp(word, name, len) != 0 || word[len] != '=')
		return false;
	ok = is_time ? num_parse_time(word + len + 1, 's', out, NULL) == 0 :
	    num_parse_int(word + len + 1, 0, INT32_MAX, out, NULL) == 0;
	if (!ok)
		log_warning("policy service: bad setting %s", word);
	return true;
}

/* "name = value" as "name=value" */
static char *
without_blanks(char *word)
{
	char *eq = strchr(word, '='), *end;
	const char *value;

	if (eq == NULL)
		return word;
	value = text_skip_blank(eq + 1);
	for (end = eq; end > word && (end[-1] == ' ' || end[-1] == '\t'); end--)
		;
	*end = '=';
	memmove(end + 1, value, strlen(value) + 1);
	return word;
}

static void
set_word(struct policy_server *v, const char *word)
{
	if (strncmp(word, "default_action=", 15) == 0)
		v->default_action = word + 15;
	else if (strncmp(word, "policy_context=", 15) == 0)
		v->context = word + 15;
	else if (!set_number(word, "timeout", true, &v->timeout_s) &&
	    !set_number(word, "max_idle", true, &v->max_idle_s) &&
	    !set_number(word, "max_ttl", true, &v->max_ttl_s) &&
	    !set_number(word, "retry_delay", true, &v->retry_delay_s) &&
	    !set_number(word, "try_limit", false, &v->try_limit) &&
	    !set_number(word, "request_limit", false, &v->request_limit))
		log_warning("policy service %s: unknown setting %s",
		    v->endpoint, word);
}

/* "inet:host:port", or "{ inet:host:port, name=value, { name = value } }" */
static struct policy_server *
server_new(const char *text)
{
	struct policy_server *v = xcalloc(1, sizeof(*v));
	char *rest, *word, *inner;

	v->text = xstrdup(text);
	v->words = rest = xstrdup(text);
	v->default_action = params.smtpd_policy_service_default_action;
	v->context = params.smtpd_policy_service_policy_context;
	v->timeout_s = params.smtpd_policy_service_timeout;
	v->max_idle_s = params.smtpd_policy_service_max_idle;
	v->max_ttl_s = params.smtpd_policy_service_max_ttl;
	v->retry_delay_s = params.smtpd_policy_service_retry_delay;
	v->try_limit = params.smtpd_policy_service_try_limit;
	v->request_limit = params.smtpd_policy_service_request_limit;
	if (*rest == '{' && text_brace_strip(rest, &inner) == NULL)
		rest = inner;
	v->endpoint = text_split_braced(&rest, TEXT_LIST_SEP);
	if (v->endpoint == NULL)
		v->endpoint = v->words + strlen(v->words);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		set_word(v, *word == '{' && text_brace_strip(word, &inner) ==
		    NULL ? without_blanks(inner) : word);
	return v;
}

static void
hang_up(struct policy_server *v)
{
	stream_free(v->st);
	v->st = NULL;
}

static struct policy_server *
find_server(struct policy_server **servers, const char *text)
{
	struct policy_server *v;

	HASH_FIND_STR(*servers, text, v);
	if (v == NULL) {
		v = server_new(text);
		HASH_ADD_KEYPTR(hh, *servers, v->text, strlen(v->text), v);
	}
	return v;
}

void
policy_free(struct policy_server **servers)
{
	struct policy_server *v, *next;

	HASH_ITER(hh, *servers, v, next) {
		HASH_DEL(*servers, v);
		hang_up(v);
		free(v->text);
		free(v->words);
		free(v);
	}
}

static bool
call(struct policy_server *v, struct err *err)
{
	int fd = dial(v->endpoint, (int)v->timeout_s, err);

	if (fd == -1)
		return false;
	v->st = stream_new(fd, (int)v->timeout_s);
	v->connected_ms = clock_mono_ms();
	v->requests = 0;
	return true;
}

/* May the connection that we have carry one more request? */
static bool
is_fresh(const struct policy_server *v)
{
	int64_t now = clock_mono_ms();
	const char *data;

	return v->st != NULL && now - v->used_ms < v->max_idle_s * MS &&
	    now - v->connected_ms < v->max_ttl_s * MS &&
	    (v->request_limit == 0 || v->requests < v->request_limit) &&
	    stream_peek(v->st, &data) == 0 &&
	    !stream_wait_readable(v->st, 0);	/* else it has been closed */
}

/* A line break in a value would be an attribute of the client's making. */
static void
put(struct buf *out, const char *name, const char *value)
{
	size_t at;

	buf_addf(out, "%s=", name);
	at = out->len;
	buf_adds(out, value != NULL ? value : "");
	for (; at < out->len; at++)
		if (out->ptr[at] == '\n' || out->ptr[at] == '\r')
			out->ptr[at] = '?';
	buf_addc(out, '\n');
}

static void
put_xtext(struct buf *out, const char *name, const char *value)
{
	struct buf text = BUF_INIT;

	xtext_encode(&text, value);
	put(out, name, text.ptr);
	buf_done(&text);
}

/* Only a trusted certificate has names worth telling. */
static void
put_tls(struct buf *out, const struct tls_info *tls)
{
	bool has_names = tls != NULL && tls->is_trusted;

	put_xtext(out, "ccert_subject", has_names ? tls->subject_cn : "");
	put_xtext(out, "ccert_issuer", has_names ? tls->issuer_cn : "");
	put(out, "ccert_fingerprint", tls != NULL ? tls->cert_print : "");
	put(out, "ccert_pubkey_fingerprint",
	    tls != NULL ? tls->key_print : "");
	put(out, "encryption_protocol", tls != NULL ? tls->protocol : "");
	put(out, "encryption_cipher", tls != NULL ? tls->cipher : "");
	buf_addf(out, "encryption_keysize=%d\n",
	    tls != NULL ? tls->used_bits : 0);
}

static void
put_request(struct buf *out, const struct session *s,
    const struct policy_server *v)
{
	bool at_end = strcmp(s->where, "DATA") == 0 ||
	    strcmp(s->where, "BDAT") == 0 ||
	    strcmp(s->where, "END-OF-MESSAGE") == 0;

	put(out, "request", "smtpd_access_policy");
	put(out, "protocol_state", s->where);
	put(out, "protocol_name", s->protocol);
	put(out, "client_address", s->peer.addr);
	put(out, "client_name", s->peer.name);
	put(out, "client_port", s->peer.port);
	put(out, "reverse_client_name", s->peer.reverse_name);
	put(out, "server_address", s->peer.server_addr);
	put(out, "server_port", s->peer.server_port);
	put(out, "helo_name", s->helo);
	put(out, "sender", s->sender);
	put(out, "recipient", s->rcpt);
	buf_addf(out, "recipient_count=%d\n", at_end ? s->rcpt_count : 0);
	put(out, "queue_id", s->queue_id);
	buf_addf(out, "instance=%lx.%lx.%lx.%d\n", (long)getpid(),
	    (long)s->arrived.tv_sec, (long)s->arrived.tv_usec,
	    s->total[VERB_MAIL]);
	buf_addf(out, "size=%lld\n", (long long)(s->content_bytes > 0 ?
	    s->content_bytes : s->mail.size));
	put(out, "etrn_domain", s->etrn_domain);
	put(out, "stress", params.stress);
	put(out, "sasl_method", s->sasl_method);
	put(out, "sasl_username", s->sasl_username);
	put(out, "sasl_sender", s->mail.has_auth ? s->mail.auth.ptr : "");
	put_tls(out, s->tls);
	put(out, "policy_context", v->context);
	buf_addc(out, '\n');
}

static bool
read_action(struct stream *st, struct buf *action)
{
	struct buf line = BUF_INIT;
	bool found = false, done = false;
	int lines;

	for (lines = 0; lines < LINES_MAX && !done; lines++) {
		buf_reset(&line);
		if (stream_getline(st, &line, ANSWER_MAX) != 1)
			break;
		buf_trim_right(&line);
		done = line.len == 0;
		if (strncmp(line.ptr, "action=", 7) == 0) {
			buf_sets(action, line.ptr + 7);
			found = true;
		}
	}
	buf_done(&line);
	return found && done;
}

/* One question over the connection that there is. */
static bool
exchange(struct policy_server *v, const struct buf *request,
    struct buf *action)
{
	v->requests++;
	if (stream_write(v->st, request->ptr, request->len) == -1 ||
	    !read_action(v->st, action))
		return false;
	v->used_ms = clock_mono_ms();
	return true;
}

static bool
ask(struct policy_server *v, const struct buf *request, struct buf *action)
{
	struct err err = ERR_INIT;
	const char *name = strchr(v->endpoint, ':'), *why;

	if (is_fresh(v) && exchange(v, request, action))
		return true;
	hang_up(v);
	name = name != NULL ? name + 1 : v->endpoint;
	if (!call(v, &err)) {
		why = err.kind == ERR_SYSTEM ? strerror(err.errnum) : err.text;
		log_warning("connect to %s: %s", name, why);
		log_warning("problem talking to server %s: %s", name, why);
		return false;
	}
	if (exchange(v, request, action))
		return true;
	log_warning("problem talking to server %s: %s", name,
	    stream_status(v->st) == STREAM_TIMEOUT ? "Connection timed "
	    "out" : "malformed or missing answer");
	hang_up(v);
	return false;
}

enum restrict_result
policy_check(struct session *s, const char *text, const char *reply_name,
    enum restrict_class class)
{
	struct policy_server *v = find_server(s->env->policies, text);
	struct buf request = BUF_INIT, action = BUF_INIT;
	enum restrict_result r;
	int64_t tries = 0;

	put_request(&request, s, v);
	while (!ask(v, &request, &action)) {
		if (++tries >= v->try_limit) {
			buf_sets(&action, v->default_action);
			break;
		}
		sleep((unsigned)v->retry_delay_s);
	}
	r = access_apply(s, text, "", action.ptr, reply_name, class);
	buf_done(&request);
	buf_done(&action);
	return r;
}
