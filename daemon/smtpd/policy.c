/*
 * policy.c - ask a policy server what to do (check_policy_service)
 *
 * Each request has its own connection: a policy server that was restarted, or
 * that closes after one answer, needs no special case.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/policy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/smtpd/access.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"

#define ANSWER_MAX	4096
#define LINES_MAX	32

struct server {
	char		*text;		/* owns the rest */
	char		*endpoint, *default_action, *context;
	int64_t		 timeout_s;
};

static void
parse_server(struct server *v, const char *text)
{
	char *rest, *word;

	v->text = rest = xstrdup(text);
	v->endpoint = text_split_braced(&rest, TEXT_LIST_SEP);
	v->default_action = NULL;
	v->context = NULL;
	v->timeout_s = params.smtpd_policy_service_timeout;
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		char *inner = word;

		if (*word == '{' && text_brace_strip(word, &inner) != NULL)
			continue;
		if (strncmp(inner, "timeout=", 8) == 0)
			num_parse_time(inner + 8, 's', &v->timeout_s, NULL);
		else if (strncmp(inner, "default_action=", 15) == 0)
			v->default_action = inner + 15;
		else if (strncmp(inner, "policy_context=", 15) == 0)
			v->context = inner + 15;
		else if (strncmp(inner, "max_", 4) != 0 &&
		    strncmp(inner, "try_limit", 9) != 0 &&
		    strncmp(inner, "retry_delay", 11) != 0 &&
		    strncmp(inner, "request_limit", 13) != 0)
			log_warning("policy service %s: unknown setting %s",
			    v->endpoint, inner);
	}
}

static int
connect_inet(const char *hostport, int timeout_s, struct err *err)
{
	char *host = xstrdup(hostport), *port = strrchr(host, ':');
	struct dns_answer found = { 0 };
	struct netaddr a;
	size_t i;
	int fd = -1, number;

	if (port == NULL || (*port++ = '\0',
	    number = netaddr_service(port)) == -1) {
		err_set(err, ERR_CONFIG, "bad host or port: %s", hostport);
	} else if (netaddr_parse(&a, host, number, err) == 0) {
		fd = netaddr_connect(&a, NULL, timeout_s, err);
	} else if (dns_addresses(host, true, &found, err) == DNS_FOUND) {
		for (i = 0; i < found.count && fd == -1; i++) {
			char text[NETADDR_TEXT_SIZE];

			netaddr_text(&found.rr[i].addr, text);
			if (netaddr_parse(&a, text, number, err) == 0)
				fd = netaddr_connect(&a, NULL, timeout_s, err);
		}
	}
	dns_answer_done(&found);
	free(host);
	return fd;
}

static struct stream *
connect_server(const struct server *v, struct err *err)
{
	int fd = -1, limit = (int)v->timeout_s;

	if (strncmp(v->endpoint, "unix:", 5) == 0)
		fd = netaddr_connect_unix(v->endpoint + 5, limit, err);
	else if (strncmp(v->endpoint, "inet:", 5) == 0)
		fd = connect_inet(v->endpoint + 5, limit, err);
	else
		err_set(err, ERR_CONFIG, "unknown endpoint type");
	return fd != -1 ? stream_new(fd, limit) : NULL;
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
put_request(struct buf *out, const struct session *s, const struct server *v)
{
	bool at_end = strcmp(s->where, "DATA") == 0 ||
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
	put(out, "sasl_method", "");
	put(out, "sasl_username", "");
	put(out, "sasl_sender", "");
	put_tls(out, s->tls);
	put(out, "policy_context", v->context != NULL ? v->context :
	    params.smtpd_policy_service_policy_context);
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

static bool
ask(const struct server *v, const struct buf *request, struct buf *action)
{
	struct err err = ERR_INIT;
	struct stream *st;
	const char *name = strchr(v->endpoint, ':'), *why;
	bool ok;

	name = name != NULL ? name + 1 : v->endpoint;
	if ((st = connect_server(v, &err)) == NULL) {
		why = err.kind == ERR_SYSTEM ? strerror(err.errnum) : err.text;
		log_warning("connect to %s: %s", name, why);
		log_warning("problem talking to server %s: %s", name, why);
		return false;
	}
	ok = stream_write(st, request->ptr, request->len) == 0 &&
	    read_action(st, action);
	if (!ok)
		log_warning("problem talking to server %s: %s", name,
		    stream_status(st) == STREAM_TIMEOUT ? "Connection timed "
		    "out" : "malformed or missing answer");
	stream_free(st);
	return ok;
}

enum restrict_result
policy_check(struct session *s, const char *text, const char *reply_name,
    enum restrict_class class)
{
	struct server v;
	struct buf request = BUF_INIT, action = BUF_INIT;
	enum restrict_result r;
	int tries = 0;

	parse_server(&v, text);
	put_request(&request, s, &v);
	while (!ask(&v, &request, &action)) {
		if (++tries >= params.smtpd_policy_service_try_limit) {
			buf_sets(&action, v.default_action != NULL ?
			    v.default_action :
			    params.smtpd_policy_service_default_action);
			break;
		}
		sleep((unsigned)params.smtpd_policy_service_retry_delay);
	}
	r = access_apply(s, v.endpoint, reply_name, action.ptr, reply_name,
	    class);
	buf_done(&request);
	buf_done(&action);
	free(v.text);
	return r;
}
