/*
 * qmqpd.c - take mail by QMQP from hosts that are trusted to send any
 *
 * One connection is one message. It comes ahead of its envelope, so that it is
 * kept in memory, up to message_size_limit, until the sender is known; then it
 * goes to the cleanup module. The reply that says "taken" is sent when the
 * queue file is on stable storage.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/qmqpd/qmqp.h"
#include "daemon/role.h"
#include "daemon/serve/counters.h"
#include "daemon/serve/peer.h"
#include "daemon/serve/serve.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_rec.h"
#include "lib/table/match_list.h"

#define PROTOCOL	"QMQP"

struct request {
	struct stream	*stream;
	struct peer	 peer;
	struct timeval	 arrived;
	struct cleanup	*message;
	struct buf	 content, first_rcpt;
	size_t		 rcpt_count;
};

static struct match_list *clients;
static unsigned cleanup_flags;

static void
reply(struct request *r, char class, const char *text)
{
	struct buf out = BUF_INIT;

	/* Who gets it wrong shall not do so a thousand times a second. */
	if (class != 'K')
		sleep((unsigned)params.qmqpd_error_delay);
	qmqp_put_reply(&out, class, text);
	stream_write(r->stream, out.ptr, out.len);
	stream_flush(r->stream);
	buf_done(&out);
}

/* ---- the queue file ---- */

static void
put_attr(struct cleanup *c, const char *name, const char *value)
{
	cleanup_recf(c, QUEUE_REC_ATTR, "%s=%s", name, value);
}

static void
put_client(struct cleanup *c, const struct peer *p)
{
	put_attr(c, "log_client_name", p->name);
	put_attr(c, "log_client_address", p->rfc_addr);
	put_attr(c, "log_client_port", p->port);
	cleanup_recf(c, QUEUE_REC_ATTR, "log_message_origin=%s[%s]", p->name,
	    p->rfc_addr);
	put_attr(c, "log_protocol_name", PROTOCOL);
	put_attr(c, "client_name", p->name);
	put_attr(c, "client_address", p->addr);
	put_attr(c, "client_port", p->port);
	cleanup_recf(c, QUEUE_REC_ATTR, "client_address_type=%d", p->family);
	put_attr(c, "protocol_name", PROTOCOL);
}

static void
put_sender(struct request *r, struct buf *sender)
{
	struct cleanup *c = r->message;
	char verp[3];
	bool has_verp = qmqp_verp(sender, params.verp_delimiter_filter, verp);

	cleanup_recf(c, QUEUE_REC_TIME, "%ld %ld", (long)r->arrived.tv_sec,
	    (long)r->arrived.tv_usec);
	if (params.content_filter[0] != '\0')
		cleanup_recs(c, QUEUE_REC_FILTER, params.content_filter);
	cleanup_rec(c, QUEUE_REC_FROM, sender->ptr, sender->len);
	if (has_verp)
		cleanup_recs(c, QUEUE_REC_VERP, verp);
	put_client(c, &r->peer);
}

static void
put_rcpt(struct request *r, const struct buf *rcpt)
{
	if (r->rcpt_count++ == 0)
		buf_sets(&r->first_rcpt, rcpt->ptr);
	cleanup_rec(r->message, QUEUE_REC_ORCPT, rcpt->ptr, rcpt->len);
	cleanup_rec(r->message, QUEUE_REC_RCPT, rcpt->ptr, rcpt->len);
}

static void
put_received(struct request *r)
{
	struct cleanup *c = r->message;
	char date[CLOCK_RFC5322_SIZE];
	struct buf rcpt = BUF_INIT;

	clock_rfc5322(r->arrived.tv_sec, date);
	cleanup_recf(c, QUEUE_REC_TEXT, "Received: from %s (%s [%s])",
	    r->peer.name, r->peer.name, r->peer.rfc_addr);
	if (r->rcpt_count == 1) {
		address_quote(&rcpt, r->first_rcpt.ptr);
		cleanup_recf(c, QUEUE_REC_TEXT, "\tby %s (%s) with " PROTOCOL
		    " id %s", params.myhostname, params.mail_name,
		    cleanup_id(c));
		cleanup_recf(c, QUEUE_REC_TEXT, "\tfor <%s>; %s", rcpt.ptr,
		    date);
	} else {
		cleanup_recf(c, QUEUE_REC_TEXT, "\tby %s (%s) with " PROTOCOL,
		    params.myhostname, params.mail_name);
		cleanup_recf(c, QUEUE_REC_TEXT, "\tid %s; %s", cleanup_id(c),
		    date);
	}
	buf_done(&rcpt);
}

static void
put_line(struct cleanup *c, const char *line, size_t len)
{
	size_t most = (size_t)params.line_length_limit;

	for (; len > most; line += most, len -= most)
		cleanup_rec(c, QUEUE_REC_PART, line, most);
	cleanup_rec(c, QUEUE_REC_TEXT, line, len);
}

/* Lines end in LF; what stands before that is the line's. */
static void
put_content(struct cleanup *c, const struct buf *content)
{
	const char *at = content->ptr, *end = at + content->len, *lf;
	bool is_first = true;

	for (; at < end; at = lf + 1) {
		if ((lf = memchr(at, '\n', (size_t)(end - at))) == NULL)
			lf = end;
		if (is_first && cleanup_is_from_line(at, (size_t)(lf - at))) {
			cleanup_recf(c, QUEUE_REC_TEXT, "X-Mailbox-Line: %.*s",
			    (int)(lf - at), at);
			continue;
		}
		/* It must not continue our Received: header. */
		if (is_first && (*at == ' ' || *at == '\t'))
			cleanup_recs(c, QUEUE_REC_TEXT, "");
		is_first = false;
		put_line(c, at, (size_t)(lf - at));
	}
}

static void
commit(struct request *r)
{
	struct buf reason = BUF_INIT, text = BUF_INIT, id = BUF_INIT;
	const char *dsn, *what;
	unsigned status;

	cleanup_recs(r->message, QUEUE_REC_MESG, "");
	put_received(r);
	put_content(r->message, &r->content);
	cleanup_recs(r->message, QUEUE_REC_XTRA, "");
	cleanup_recs(r->message, QUEUE_REC_END, "");
	buf_sets(&id, cleanup_id(r->message));
	status = cleanup_commit(r->message, &reason);
	r->message = NULL;
	if (status == 0) {
		buf_addf(&text, "Ok: queued as %s", id.ptr);
		reply(r, 'K', text.ptr);
	} else {
		what = cleanup_status_text(status, NULL, &dsn);
		if (reason.len > 0)
			what = dsn = reason.ptr;
		buf_addf(&text, "Error: %s", what);
		log_warning("%s: %s: %s", id.ptr, r->peer.namaddr, text.ptr);
		reply(r, dsn[0] == '4' ? 'Z' : 'D', text.ptr);
	}
	buf_done(&reason);
	buf_done(&text);
	buf_done(&id);
}

/* ---- the conversation ---- */

static void
lost(struct request *r, const struct qmqp *q)
{
	log_info("%s: %s: %s while receiving %s", cleanup_id(r->message),
	    r->peer.namaddr, stream_status(r->stream) == STREAM_TIMEOUT ?
	    "read/write timeout" : "lost connection", qmqp_part_text(q));
}

static void
refuse(struct request *r, const struct qmqp *q, const char *what)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "netstring %s while receiving %s", what,
	    qmqp_part_text(q));
	log_info("%s: %s: %s", cleanup_id(r->message), r->peer.namaddr,
	    text.ptr);
	/* The reply may take its time. */
	cleanup_abort(r->message);
	r->message = NULL;
	reply(r, 'D', text.ptr);
	buf_done(&text);
}

/* True when there is more to come. */
static bool
take(struct request *r, struct qmqp *q, enum qmqp_event event)
{
	switch (event) {
	case QMQP_MORE:
		return true;
	case QMQP_MESSAGE:
		buf_swap(&r->content, &q->text);
		return true;
	case QMQP_SENDER:
		put_sender(r, &q->text);
		return true;
	case QMQP_RCPT:
		put_rcpt(r, &q->text);
		return true;
	case QMQP_END:
		commit(r);
		return false;
	case QMQP_BAD:
		refuse(r, q, "format error");
		return false;
	case QMQP_TOO_LONG:
		refuse(r, q, "length exceeds storage limit");
		return false;
	}
	return false;
}

static void
receive(struct request *r)
{
	size_t len, used;
	const char *data;
	bool goes_on = true;
	struct qmqp q;

	qmqp_init(&q, (size_t)params.message_size_limit,
	    (size_t)params.line_length_limit);
	while (goes_on) {
		if (!stream_fill(r->stream)) {
			lost(r, &q);
			break;
		}
		len = stream_peek(r->stream, &data);
		goes_on = take(r, &q, qmqp_feed(&q, data, len, &used));
		stream_skip(r->stream, used);
	}
	qmqp_done(&q);
}

static bool
is_authorized(struct request *r)
{
	struct buf text = BUF_INIT;

	if (match_list_find(clients, r->peer.name, r->peer.addr) ==
	    TABLE_FOUND)
		return true;
	buf_addf(&text, "Error: %s is not authorized to use this service",
	    r->peer.namaddr);
	reply(r, 'D', text.ptr);
	buf_done(&text);
	return false;
}

static bool
open_message(struct request *r)
{
	struct err err = ERR_INIT;

	r->arrived = clock_timeval();
	if ((r->message = cleanup_open(cleanup_flags, &err)) == NULL) {
		log_warning("%s", err.text);
		reply(r, 'Z', "Error: queue file write error");
		return false;
	}
	log_info("%s: client=%s", cleanup_id(r->message), r->peer.namaddr);
	return true;
}

static void
log_connect_from(const struct peer *peer)
{
	char session[LOG_JSON_SESSION_SIZE];
	struct log_json e;

	counters_add(COUNT_CONNECTIONS, 1, "in", NULL, NULL);
	log_json_new_session(session);
	log_json_set_session(session);
	log_info("connect from %s", peer->namaddr);
	if (!log_json_begin(&e, "connect"))
		return;
	log_json_text(&e, "client", peer->name);
	log_json_text(&e, "client_addr", peer->addr);
	log_json_end(&e);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	struct request r = { .stream = client, .content = BUF_INIT,
	    .first_rcpt = BUF_INIT };
	const struct sockaddr *addr;
	socklen_t len;

	(void)service, (void)argv;
	addr = serve_peer(&len);
	peer_init(&r.peer, stream_fd(client), addr, len, serve_passed(), NULL,
	    PEER_LOOK_UP |
	    (params.qmqpd_client_port_logging ? PEER_SHOW_PORT : 0));
	stream_set_timeout(client, params.qmqpd_timeout);
	log_connect_from(&r.peer);
	if (is_authorized(&r) && open_message(&r))
		receive(&r);
	cleanup_abort(r.message);
	log_info("disconnect from %s", r.peer.namaddr);
	log_json_set_session(NULL);
	buf_done(&r.content);
	buf_done(&r.first_rcpt);
	peer_done(&r.peer);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	clients = match_list_new("qmqpd_authorized_clients", MATCH_HOST,
	    params.qmqpd_authorized_clients);
	cleanup_flags = cleanup_intake_flags(NULL);
	cleanup_init();
}

const struct role qmqpd_role = {
	.name = "qmqpd",
	.summary = "take mail by QMQP",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.pre_jail = pre_jail,
	.serve = serve
};
