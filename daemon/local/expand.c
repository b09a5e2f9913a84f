/*
 * expand.c - one destination of an alias, a .forward or a list file
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "lib/base/account.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/route/rewrite.h"

struct each {
	const struct local_state	*st;
	bool				 done;
};

static bool
each(const struct destination *d, void *ctx)
{
	struct each *e = ctx;

	/* Go on after a failure: the others have a right to their mail. */
	if (!local_destination(e->st, d))
		e->done = false;
	return !e->st->lr->rq->is_corrupt;
}

bool
local_list(const struct local_state *st, const char *text, int *count)
{
	struct each e = { st, true };

	*count = destination_each(text, each, &e);
	return e.done;
}

/* ---- addresses ---- */

/* "user" + unmatched extension + "@domain" */
static void
add_extension(struct buf *address, const char *extension)
{
	const char *domain = address_domain(address->ptr);
	size_t at = domain == NULL ? address->len :
	    (size_t)(domain - 1 - address->ptr);
	struct buf insert = BUF_INIT;

	if (*extension == '\0' || params.recipient_delimiter[0] == '\0')
		return;
	buf_addf(&insert, "%c%s", params.recipient_delimiter[0], extension);
	buf_insert(address, at, insert.ptr, insert.len);
	buf_done(&insert);
}

static bool
is_same_user(const struct local_state *st, const char *address)
{
	const char *domain = address_domain(address);
	size_t len = domain == NULL ? strlen(address) :
	    (size_t)(domain - 1 - address);
	size_t user = address_split_extension(address, len,
	    params.recipient_delimiter);

	return user == strlen(st->user) &&
	    strncasecmp(address, st->user, user) == 0;
}

static bool
deliver_here(const struct local_state *st, const char *address,
    bool is_verbatim)
{
	struct local_state next = *st;

	next.rcpt.address = address;
	next.is_verbatim = is_verbatim;
	next.resends = st->resends && !is_verbatim && !is_same_user(st, address);
	next.level++;
	next.has_rights = false;
	next.source = LOCAL_FROM_MAIL;
	next.unmatched = "";
	return local_recipient(&next);
}

/* What another machine or agent, or another user, gets. */
bool
local_pass_on(const struct local_state *st, const char *address)
{
	if (!local_seen(st->lr, "resend %s:%s", st->sender, address))
		local_resend_add(st, address);
	return true;
}

/*
 * A user or alias of this machine is dealt with at once, everybody else gets
 * a new message. So does another user when the list has an owner, or is
 * somebody's own file: the new message carries another sender, or
 * Delivered-To; user.c sees to that.
 */
static bool
deliver_address(const struct local_state *st, const struct destination *d)
{
	struct buf address = BUF_INIT;
	struct resolve_reply r;
	bool is_here, done = true;

	rewrite_internal(REWRITE_LOCAL, d->text, &address);
	add_extension(&address, st->unmatched);
	resolve_reply_init(&r);
	rewrite_resolve(st->sender, address.ptr, false, &r);
	is_here = (r.flags & RESOLVE_LOCAL) != 0 &&
	    strcmp(r.transport->ptr, st->lr->service) == 0;
	if ((r.flags & RESOLVE_FAIL) != 0)
		done = local_fail(st, "4.3.0", "address resolver failure");
	else if ((r.flags & RESOLVE_ERROR) != 0)
		done = local_fail(st, "5.1.3", "bad recipient address syntax: "
		    "%s", address.ptr);
	else if (is_here)
		done = deliver_here(st, r.recipient->ptr, d->is_verbatim);
	else
		done = local_pass_on(st, address.ptr);
	resolve_reply_done(&r);
	buf_done(&address);
	return done;
}

/* ---- :include: files ---- */

/*
 * Line by line: comments, and a list in each of the others. After a line that
 * must be tried again the rest waits, or each new try would repeat it.
 */
static bool
deliver_lines(const struct local_state *st, char *text)
{
	char *rest = text, *line;
	bool done = true;
	int count;

	while (done && rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		if (*text_skip_blank(line) == '#')
			continue;
		done = local_list(st, line, &count);
	}
	return done;
}

static bool
deliver_include(const struct local_state *st, const char *path)
{
	struct local_state next = *st;
	struct buf text = BUF_INIT;
	struct passwd *pw;
	uid_t owner;
	mode_t mode;
	bool done;

	if (*path != '/') {
		log_warning(":include:%s uses a relative path", path);
		return local_fail(st, "5.3.5",
		    "mail system configuration error");
	}
	if (local_seen(st->lr, "include %s", path))
		return true;
	if (local_read_file(st, path, &text, &owner, &mode) == -1) {
		bool may_pass = errno == EIO || errno == EMFILE ||
		    errno == ENFILE || errno == ENOMEM || errno == ESTALE;

		log_warning("unable to lookup :include: file %s: %s", path,
		    strerror(errno));
		buf_done(&text);
		return local_fail(st, may_pass ? "4.3.5" : "5.3.5",
		    "mail system configuration error");
	}
	if ((mode & S_IWOTH) != 0) {
		log_warning(":include: file %s is world writable", path);
		buf_done(&text);
		return local_fail(st, "5.3.5",
		    "mail system configuration error");
	}
	/* The list's owner, not the alias's, answers for its commands. */
	if (owner != 0) {
		if ((pw = account_of(owner)) == NULL) {
			log_warning("cannot find owner %ld of :include: file "
			    "%s", (long)owner, path);
			buf_done(&text);
			return local_fail(st, "4.3.5",
			    "mail system configuration error");
		}
		next.uid = pw->pw_uid;
		next.gid = pw->pw_gid;
	}
	next.source = LOCAL_FROM_INCLUDE;
	next.resends = true;
	next.level++;
	done = deliver_lines(&next, text.ptr);
	buf_done(&text);
	return done;
}

/* ---- which one it is ---- */

static bool
is_allowed(const struct local_state *st, const char *list)
{
	static const char *const names[] = { "", "alias", "forward",
	    "include" };

	return text_list_has(list, names[st->source]);
}

bool
local_destination(const struct local_state *st, const struct destination *d)
{
	switch (d->kind) {
	case DEST_COMMAND:
		if (!is_allowed(st, params.allow_mail_to_commands))
			return local_fail(st, "5.7.1",
			    "mail to command is restricted");
		return local_seen(st->lr, "command %ld:%s", (long)st->uid,
		    d->text) || local_command(st, d->text, false);
	case DEST_FILE:
		if (!is_allowed(st, params.allow_mail_to_files))
			return local_fail(st, "5.7.1",
			    "mail to file is restricted");
		return local_seen(st->lr, "file %ld:%s", (long)st->uid,
		    d->text) || local_file(st, d->text);
	case DEST_INCLUDE:
		return deliver_include(st, d->text);
	case DEST_ADDRESS:
		return deliver_address(st, d);
	}
	return true;
}
