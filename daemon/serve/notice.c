/*
 * notice.c - requests to the bounce, defer and trace services, as bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/notice.h"

#include <string.h>

#include "daemon/serve/deliver.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/ipc/attr.h"

/* What a kind carries beside flags and queue_id. */
enum { HAS_MESSAGE = 1, HAS_RCPT = 2, HAS_VERP = 4 };

static const unsigned kinds[] = {
	[NOTICE_APPEND]	= HAS_RCPT,
	[NOTICE_FLUSH]	= HAS_MESSAGE,
	[NOTICE_WARN]	= HAS_MESSAGE,
	[NOTICE_VERP]	= HAS_MESSAGE | HAS_VERP,
	[NOTICE_ONE]	= HAS_MESSAGE | HAS_RCPT,
	[NOTICE_TRACE]	= HAS_MESSAGE,
};

#define KIND_COUNT	(sizeof(kinds) / sizeof(kinds[0]))

void
notice_put(struct buf *out, const struct notice *n)
{
	unsigned has = kinds[n->kind];

	attr_put_int(out, "nrequest", n->kind);
	attr_put_int(out, "flags", n->flags);
	if ((has & HAS_MESSAGE) != 0)
		attr_put_str(out, "queue_name", n->queue_name);
	attr_put_str(out, "queue_id", n->queue_id);
	if ((has & HAS_MESSAGE) != 0) {
		attr_put_str(out, "encoding", n->encoding);
		attr_put_int(out, "smtputf8", n->sendopts);
		attr_put_str(out, "sender", n->sender);
		attr_put_str(out, "envelope_id", n->envelope_id);
		attr_put_int(out, "ret_flags", n->ret_flags);
	}
	if ((has & HAS_VERP) != 0)
		attr_put_str(out, "verp_delimiters", n->verp_delimiters);
	if ((has & HAS_RCPT) != 0) {
		deliver_put_rcpt(out, &n->rcpt);
		deliver_put_dsn(out, &n->dsn);
	}
	attr_put_end(out);
}

static int
need_str(const struct attrs *a, const char *name, const char **value,
    struct err *err)
{
	*value = attrs_get(a, name, 0);
	return *value != NULL ? 0 :
	    err_set(err, ERR_SYNTAX, "missing attribute %s", name);
}

static int
need_int(const struct attrs *a, const char *name, int *value, struct err *err)
{
	int32_t number;

	if (!attrs_int(a, name, 0, &number))
		return err_set(err, ERR_SYNTAX,
		    "missing or malformed attribute %s", name);
	*value = number;
	return 0;
}

static int
get_message(struct notice *n, const struct attrs *a, struct err *err)
{
	const char *sendopts = attrs_get(a, "sendopts", 0) != NULL ?
	    "sendopts" : "smtputf8";

	if (need_str(a, "queue_name", &n->queue_name, err) == -1 ||
	    need_str(a, "encoding", &n->encoding, err) == -1 ||
	    need_int(a, sendopts, &n->sendopts, err) == -1 ||
	    need_str(a, "sender", &n->sender, err) == -1 ||
	    need_str(a, "envelope_id", &n->envelope_id, err) == -1 ||
	    need_int(a, "ret_flags", &n->ret_flags, err) == -1)
		return -1;
	return 0;
}

int
notice_get(struct notice *n, const struct attrs *a, struct err *err)
{
	unsigned has;
	int kind = -1;

	memset(n, 0, sizeof(*n));
	n->queue_name = n->encoding = n->sender = n->envelope_id =
	    n->verp_delimiters = "";
	if (need_int(a, "nrequest", &kind, err) == -1)
		return -1;
	if (kind < 0 || (size_t)kind >= KIND_COUNT)
		return err_set(err, ERR_SYNTAX, "unknown request %d", kind);
	n->kind = (enum notice_kind)kind;
	has = kinds[kind];
	if (need_int(a, "flags", &n->flags, err) == -1 ||
	    need_str(a, "queue_id", &n->queue_id, err) == -1)
		return -1;
	if ((has & HAS_MESSAGE) != 0 && get_message(n, a, err) == -1)
		return -1;
	if ((has & HAS_VERP) != 0 &&
	    need_str(a, "verp_delimiters", &n->verp_delimiters, err) == -1)
		return -1;
	if ((has & HAS_RCPT) != 0 &&
	    (deliver_get_rcpt(&n->rcpt, a, err) == -1 ||
	    deliver_get_dsn(&n->dsn, a, err) == -1))
		return -1;
	return 0;
}

void
notice_put_reply(struct buf *out, int status)
{
	attr_put_int(out, "status", status);
	attr_put_end(out);
}

int
notice_get_reply(const struct attrs *a)
{
	int32_t status;

	return attrs_int(a, "status", 0, &status) && status == 0 ? 0 : -1;
}
