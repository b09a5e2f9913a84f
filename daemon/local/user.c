/*
 * user.c - a user's mailbox, and what happens to mail for nobody
 *
 *	.forward -> mailbox_transport -> mailbox_command -> home_mailbox ->
 *	mail_spool_directory; unknown: fallback_transport -> luser_relay
 *
 * In an instance without root everything is written by its owner: a user has
 * a mailbox below mail_spool_directory, and only the owner a home.
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/mailbox.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "lib/table/maps.h"

#define BIFF_PORT	512		/* the comsat service */

/* Tell "biff" where new mail starts: "user@offset", a datagram nobody need hear. */
static void
tell_biff(const char *user, off_t offset)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons(BIFF_PORT),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct buf text = BUF_INIT;
	int fd;

	if ((fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return;
	buf_setf(&text, "%s@%lld", user, (long long)offset);
	if (sendto(fd, text.ptr, text.len, 0, (struct sockaddr *)&to,
	    sizeof(to)) == -1)
		log_debug("biff: %s", strerror(errno));
	close(fd);
	buf_done(&text);
}

static bool
is_maildir(const char *path)
{
	size_t n = strlen(path);

	return n > 0 && path[n - 1] == '/';
}

static unsigned
copy_flags(bool maildir)
{
	return COPY_RETURN_PATH | COPY_ORIGINAL_TO | COPY_DELIVERED_TO |
	    (maildir ? 0 : COPY_MBOX);
}

static bool
write_mailbox(const struct local_state *st, struct mailbox *m,
    const char *where)
{
	bool maildir = is_maildir(m->path);
	struct message_copy how = { .flags = copy_flags(maildir),
	    .sender = st->sender, .original = st->rcpt.orig,
	    .delivered = st->delivered };
	struct delivery d = DELIVERY_INIT;
	struct buf failure = BUF_INIT;
	struct stat before = { .st_size = 0 };
	bool done;

	m->locks = local_mailbox_locks;
	m->size_limit = params.mailbox_size_limit;
	if (maildir)
		buf_sets(&failure, "maildir delivery failed: ");
	else if (m->may_be_any_file)
		buf_setf(&failure, "cannot append message to file %s: ",
		    m->path);
	else
		buf_setf(&failure, "cannot update mailbox %s for user %s. ",
		    m->path, st->user);
	m->failure = failure.ptr;
	if (local_is_probed(st)) {
		buf_done(&failure);
		return m->may_be_any_file ?
		    local_probed(st, "delivers to file: %s", m->path) :
		    local_probed(st, "delivers to %s",
		    maildir ? "maildir" : "mailbox");
	}
	if (params.biff && !m->may_be_any_file && !maildir &&
	    stat(m->path, &before) == -1)
		before.st_size = 0;
	if (maildir)
		mailbox_maildir(st->lr->rq, m, &how, &d);
	else
		mailbox_mbox(st->lr->rq, m, &how, &d);
	if (d.kind == OUTCOME_SENT) {
		buf_sets(&d.reason, maildir ? "delivered to maildir" : where);
		if (params.biff && !m->may_be_any_file)
			tell_biff(st->user, before.st_size);
	}
	done = local_report(st, &d);
	delivery_done(&d);
	buf_done(&failure);
	return done;
}

bool
local_file(const struct local_state *st, const char *path)
{
	struct mailbox m = { .path = path, .uid = st->uid, .gid = st->gid,
	    .work_uid = st->uid, .work_gid = st->gid,
	    .may_be_any_file = true };
	struct buf where = BUF_INIT;
	bool done;

	buf_setf(&where, "delivered to file: %s", path);
	done = write_mailbox(st, &m, where.ptr);
	buf_done(&where);
	return done;
}

/* ---- the system mailbox ---- */

/*
 * A spool directory that everybody may write is used with the user's rights;
 * one that belongs to root needs root's to make the mailbox and its lock.
 */
static void
spool_rights(struct mailbox *m, const char *spool)
{
	struct stat st;

	m->work_uid = m->uid;
	m->work_gid = m->gid;
	if (stat(spool, &st) == -1 || (st.st_mode & S_IWOTH) != 0)
		return;
	m->work_uid = 0;
	if ((st.st_mode & S_IWGRP) != 0)
		m->work_gid = st.st_gid;
}

static bool
spool_mailbox(const struct local_state *st)
{
	const char *spool = params.mail_spool_directory;
	struct mailbox m = { .uid = st->account->uid,
	    .gid = st->account->gid,
	    .must_be_owned = params.strict_mailbox_ownership };
	struct buf path = BUF_INIT;
	bool done;

	if (is_maildir(spool))
		buf_setf(&path, "%s%s/", spool, st->user);
	else
		buf_setf(&path, "%s/%s", spool, st->user);
	m.path = path.ptr;
	spool_rights(&m, spool);
	if (is_maildir(spool)) {
		/* Below the user's own directory, once root made it. */
		if (m.work_uid == 0 && m.uid != 0 && getuid() == 0 &&
		    mkdir(path.ptr, 0700) == 0 &&
		    chown(path.ptr, m.uid, m.gid) == -1)
			log_warning("chown %s: %s", path.ptr,
			    strerror(errno));
		m.work_uid = m.uid;
		m.work_gid = m.gid;
	}
	if (getuid() != 0)
		m.must_be_owned = false;
	done = write_mailbox(st, &m, "delivered to mailbox");
	buf_done(&path);
	return done;
}

static bool
home_mailbox(const struct local_state *st)
{
	struct mailbox m = { .uid = st->account->uid,
	    .gid = st->account->gid, .work_uid = st->account->uid,
	    .work_gid = st->account->gid,
	    .must_be_owned = params.strict_mailbox_ownership };
	struct buf path = BUF_INIT;
	bool done;

	buf_setf(&path, "%s/%s", st->account->home, params.home_mailbox);
	m.path = path.ptr;
	done = write_mailbox(st, &m, "delivered to mailbox");
	buf_done(&path);
	return done;
}

/* A table's answer for the user, else the parameter; false: the table cannot be asked now. */
static bool
choose(struct maps *maps, const char *standard, const char *user,
    struct buf *value)
{
	switch (maps_find(maps, user, false, value)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		buf_sets(value, standard);
		return true;
	default:
		return false;
	}
}

static bool
mailbox(struct local_state *st)
{
	struct buf command = BUF_INIT;
	struct stat home;
	bool is_home_ours = getuid() == 0 || st->account->uid == getuid();
	bool done;

	if (local_seen(st->lr, "mailbox %s", st->user))
		return true;
	if (params.require_home_directory &&
	    stat(st->account->home, &home) == -1)
		return local_fail(st, "4.3.0", "cannot access home directory "
		    "%s: %s", st->account->home, strerror(errno));
	if (!choose(local_tables.mailbox_command, params.mailbox_command,
	    st->user, &command))
		done = local_fail(st, "4.3.0", "table lookup failure");
	else if (command.len > 0) {
		st->uid = st->account->uid;
		st->gid = st->account->gid;
		if (st->uid == 0)
			local_default_privs(&st->uid, &st->gid);
		done = local_command(st, command.ptr, true);
	} else if (params.home_mailbox[0] != '\0' && is_home_ours)
		done = home_mailbox(st);
	else
		done = spool_mailbox(st);
	buf_done(&command);
	return done;
}

/* ---- nobody of that name ---- */

static bool
luser_relay(struct local_state *st)
{
	struct destination d = { .kind = DEST_ADDRESS };
	struct local_state next = *st;
	struct buf address = BUF_INIT;
	bool done;

	if (local_expand(&address, params.luser_relay,
	    params.forward_expansion_filter, st) == -1)
		return local_fail(st, "4.3.5",
		    "mail system configuration error");
	d.text = address.ptr;
	next.level++;
	if (local_seen(st->lr, "luser %s", address.ptr))
		done = local_fail(st, "5.1.1", "unknown user: \"%s\"",
		    st->user);
	else
		done = local_destination(&next, &d);
	buf_done(&address);
	return done;
}

static bool
unknown_user(struct local_state *st)
{
	struct buf transport = BUF_INIT;
	struct delivery d = DELIVERY_INIT;
	bool done;

	if (!choose(local_tables.fallback_transport,
	    params.fallback_transport, st->user, &transport))
		done = local_fail(st, "4.3.0", "table lookup failure");
	else if (transport.len > 0)
		done = local_pass(st, transport.ptr);
	else if (params.luser_relay[0] != '\0')
		done = luser_relay(st);
	else if (strcasecmp(st->user, params.double_bounce_sender) == 0) {
		delivery_set(&d, "2.0.0", "undeliverable postmaster "
		    "notification discarded");
		done = local_report(st, &d);
	} else if (strcasecmp(st->user, "postmaster") == 0 ||
	    strcasecmp(st->user, "mailer-daemon") == 0) {
		/* RFC 5321 4.5.1: it must be there; a bounce would loop. */
		log_warning("required alias not found: %s", st->user);
		delivery_set(&d, "2.0.0", "discarded");
		done = local_report(st, &d);
	} else
		done = local_fail(st, "5.1.1", "unknown user: \"%s\"",
		    st->user);
	delivery_done(&d);
	buf_done(&transport);
	return done;
}

bool
local_user(struct local_state *st)
{
	struct buf transport = BUF_INIT;
	struct local_user *account = NULL;
	bool done = true;
	int known;

	if (st->resends)
		return local_pass_on(st, st->rcpt.address);
	known = local_account(st->user, &account);
	st->account = account;
	if (known == 1 && !st->is_verbatim && local_forward(st, &done))
		;
	else if (!choose(local_tables.mailbox_transport,
	    params.mailbox_transport, st->user, &transport))
		done = local_fail(st, "4.3.0", "table lookup failure");
	else if (transport.len > 0)
		done = local_pass(st, transport.ptr);
	else if (known == -1)
		done = local_fail(st, "4.3.0", "user database lookup error "
		    "for \"%s\"", st->user);
	else if (known == 0)
		done = unknown_user(st);
	else
		done = mailbox(st);
	st->account = NULL;
	local_user_free(account);
	buf_done(&transport);
	return done;
}
