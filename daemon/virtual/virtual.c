/*
 * virtual.c - deliver to mailboxes of people without an account
 *
 * Three tables say where a recipient's mailbox is and whose it is
 * (spec/tables.md 16.8). There are no aliases and no commands here: whatever
 * ends in '/' is a maildir, all else an mbox file, below virtual_mailbox_base.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <string.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/mailbox.h"
#include "daemon/serve/message_copy.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/mbox_lock.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

static struct maps *mailbox_maps, *uid_maps, *gid_maps;
static unsigned mailbox_locks;

static void
config_error(struct delivery *d)
{
	delivery_set(d, "4.3.5", "mail system configuration error");
}

/* A table's answer for key; false with the outcome set unless it was found. */
static bool
look_up(struct maps *maps, const char *key, struct buf *value,
    struct delivery *d)
{
	switch (search_person(maps, key, value)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		delivery_set(d, "5.1.1", "unknown user: \"%s\"", key);
		return false;
	default:
		config_error(d);
		return false;
	}
}

/* uid or gid of the recipient; what is missing or no number is our mistake, not the sender's. */
static bool
look_up_id(struct maps *maps, const char *key, long least, long *id,
    struct delivery *d)
{
	struct buf value = BUF_INIT;
	int64_t n;
	bool ok = look_up(maps, key, &value, d);

	if (!ok && d->kind == OUTCOME_BOUNCED) {
		log_warning("recipient %s: not found in %s", key,
		    maps_title(maps));
		config_error(d);
	} else if (ok && (num_parse_int(value.ptr, 0, INT32_MAX, &n,
	    NULL) == -1 || n < least)) {
		log_warning("recipient %s: bad value %s in %s", key,
		    value.ptr, maps_title(maps));
		config_error(d);
		ok = false;
	} else if (ok)
		*id = (long)n;
	buf_done(&value);
	return ok;
}

static bool
find_mailbox(const char *key, struct buf *path, long *uid, long *gid,
    struct delivery *d)
{
	struct buf value = BUF_INIT;
	bool ok = look_up(mailbox_maps, key, &value, d);

	if (ok) {
		buf_setf(path, "%s/%s", params.virtual_mailbox_base,
		    value.ptr);
		if (strstr(path->ptr, "/../") != NULL) {
			log_warning("recipient %s: mailbox %s leads out of "
			    "virtual_mailbox_base", key, path->ptr);
			config_error(d);
			ok = false;
		}
	}
	buf_done(&value);
	/* Without root everything is the owner's; the tables are still asked. */
	return ok && look_up_id(uid_maps, key, params.virtual_minimum_uid,
	    uid, d) && look_up_id(gid_maps, key, 1, gid, d);
}

static void
deliver_one(struct agent_request *rq, const struct queue_rcpt *rcpt)
{
	struct message_copy how = { .sender = rq->sender,
	    .original = rcpt->orig, .delivered = rcpt->address,
	    .flags = COPY_RETURN_PATH | COPY_ORIGINAL_TO | COPY_DELIVERED_TO };
	struct delivery d = DELIVERY_INIT;
	struct buf key = BUF_INIT, path = BUF_INIT, failure = BUF_INIT;
	struct mailbox m = { .locks = mailbox_locks,
	    .size_limit = params.virtual_mailbox_limit,
	    .must_be_owned = params.strict_mailbox_ownership,
	    .may_be_mended = true };
	long uid = 0, gid = 0;
	bool is_maildir;

	text_fold(&key, rcpt->address);
	if (find_mailbox(key.ptr, &path, &uid, &gid, &d)) {
		is_maildir = path.ptr[path.len - 1] == '/';
		m.path = path.ptr;
		m.uid = m.work_uid = (uid_t)uid;
		m.gid = m.work_gid = (gid_t)gid;
		if (getuid() != 0)
			m.must_be_owned = false;
		if (is_maildir)
			buf_sets(&failure, "maildir delivery failed: ");
		else
			buf_setf(&failure, "delivery failed to mailbox %s: ",
			    path.ptr);
		m.failure = failure.ptr;
		if ((rq->flags & (AGENT_MTA_PROBE | AGENT_USER_PROBE)) != 0)
			delivery_set(&d, "2.0.0", "delivers to %s", is_maildir ?
			    "maildir" : "mailbox");
		else if (is_maildir)
			mailbox_maildir(rq, &m, &how, &d);
		else {
			how.flags |= COPY_MBOX;
			mailbox_mbox(rq, &m, &how, &d);
		}
		if (d.kind == OUTCOME_SENT && d.reason.len == 0)
			buf_sets(&d.reason, is_maildir ?
			    "delivered to maildir" : "delivered to mailbox");
	}
	delivery_report(rq, rcpt, "virtual", &d);
	delivery_done(&d);
	buf_done(&key);
	buf_done(&path);
	buf_done(&failure);
}

static void
deliver(struct agent_request *rq, const char *service, void *ctx)
{
	size_t i;

	(void)service;
	(void)ctx;
	for (i = 0; i < rq->rcpt_count && !rq->is_corrupt; i++)
		deliver_one(rq, &rq->rcpts[i]);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	(void)argv;
	agent_serve(client, service, deliver, NULL);
}

static void
pre_jail(const char *service, char **argv)
{
	struct err err = ERR_INIT;

	(void)service;
	(void)argv;
	if (mbox_lock_styles("virtual_mailbox_lock",
	    params.virtual_mailbox_lock, &mailbox_locks, &err) == -1)
		log_fatal("%s", err.text);
	agent_init("virtual_delivery_status_filter",
	    params.virtual_delivery_status_filter);
	mailbox_maps = maps_open("virtual_mailbox_maps",
	    params.virtual_mailbox_maps, SEARCH_MAILBOXES);
	uid_maps = maps_open("virtual_uid_maps", params.virtual_uid_maps,
	    SEARCH_MAILBOXES);
	gid_maps = maps_open("virtual_gid_maps", params.virtual_gid_maps,
	    SEARCH_MAILBOXES);
}

const struct role virtual_role = {
	.name = "virtual",
	.summary = "deliver to mailboxes of people without an account",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_PRIVILEGED,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail,
	.serve = serve
};
