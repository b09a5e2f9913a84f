/*
 * alias.c - alias_maps: one name becomes many destinations
 *
 * The rights for what an alias runs or writes are those of whoever could have
 * written the table; an owner-NAME alias becomes the sender of what goes out
 * (spec/tables.md 16.7).
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "lib/base/account.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "lib/table/mapped.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

/* name is set to the key that was found: with extension, or without. */
static enum table_result
find_alias(const struct local_state *st, struct buf *name, struct buf *value,
    bool *without_extension)
{
	enum table_result r;
	size_t len;

	buf_sets(name, st->local);
	len = name->len;
	r = search_alias(local_tables.aliases, name, st->user, value);
	*without_extension = name->len != len;
	return r;
}

/* Who may have written the table decides who runs its commands. */
static bool
find_rights(struct local_state *st)
{
	struct table *t = maps_found_in(local_tables.aliases);
	struct passwd *pw;
	uid_t owner;

	if (t == NULL || table_owner(t, &owner) == -1) {
		log_warning("cannot find the owner of alias database %s",
		    t != NULL ? table_name(t) : "");
		return false;
	}
	st->has_rights = true;
	if (owner == 0) {
		local_default_privs(&st->uid, &st->gid);
		return true;
	}
	if ((pw = account_of(owner)) == NULL) {
		log_warning("cannot find alias database owner for %s",
		    table_name(t));
		return false;
	}
	st->uid = pw->pw_uid;
	st->gid = pw->pw_gid;
	return true;
}

/*
 * owner-NAME: the sender of what this list sends out. False when the table
 * cannot be asked now.
 */
static bool
find_owner(struct local_state *st, const char *name, struct buf *sender)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	enum table_result r = TABLE_NOT_FOUND;

	if (params.owner_request_special &&
	    strncasecmp(name, "owner-", 6) != 0) {
		buf_setf(&key, "owner-%s", name);
		r = search_alias_key(local_tables.aliases, key.ptr,
		    &value);
	}
	if (r == TABLE_FOUND) {
		rewrite_internal(REWRITE_LOCAL, params.expand_owner_alias ?
		    value.ptr : key.ptr, sender);
		st->sender = sender->ptr;
		st->resends = true;
		/* A list speaks for itself: its members did not get the list's mail. */
		st->rcpt.orig = st->rcpt.dsn_orcpt = "";
	} else if (params.reset_owner_alias)
		st->sender = st->lr->rq->sender;
	buf_done(&key);
	buf_done(&value);
	return r == TABLE_FOUND || r == TABLE_NOT_FOUND;
}

static bool
expand_alias(const struct local_state *st, const char *name,
    const char *value, bool without_extension)
{
	struct local_chain here = { name, st->aliases };
	struct local_state next = *st;
	struct buf sender = BUF_INIT;
	int count;
	bool done;

	next.aliases = &here;
	next.level++;
	local_expand_begin(&next);
	next.source = LOCAL_FROM_ALIAS;
	if (without_extension && mapped_propagates("alias"))
		next.unmatched = st->extension;
	if (!find_rights(&next))
		return local_fail(st, "4.3.0",
		    "mail system configuration error");
	if (!find_owner(&next, name, &sender))
		done = local_fail(st, "4.3.0", "alias database unavailable");
	else {
		done = local_list(&next, value, &count);
		if (count == 0) {
			log_warning("no recipient in alias lookup result for "
			    "%s", name);
			done = local_fail(st, "4.3.0",
			    "alias database unavailable");
		} else if (done)
			local_expand_end(st, sender.len > 0);
	}
	buf_done(&sender);
	return done;
}

/* An alias that leads back to itself by way of others never ends. */
static bool
is_in_chain(const struct local_chain *c, const char *name)
{
	for (; c != NULL; c = c->up)
		if (strcasecmp(c->name, name) == 0)
			return true;
	return false;
}

/*
 * What an alias stands for is delivered once, however many others name it.
 * It is remembered when that is done and not when it begins: skipping one
 * that is still going on would lose mail.
 */
static bool
deliver_alias(const struct local_state *st, const char *name,
    const char *value, bool without_extension)
{
	struct buf key = BUF_INIT;
	bool done = true;

	buf_setf(&key, "alias %s:%s", st->sender, name);
	if (is_in_chain(st->aliases, name)) {
		log_warning("alias database loop for %s", name);
		done = local_fail(st, "5.4.6", "alias database loop for %s",
		    name);
	} else if (st->aliases == NULL ||
	    !local_text_has(&st->lr->seen, key.ptr)) {
		done = expand_alias(st, name, value, without_extension);
		local_seen(st->lr, "%s", key.ptr);
	}
	buf_done(&key);
	return done;
}

bool
local_alias(struct local_state *st, bool *done)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	bool without_extension, is_ours = true;

	switch (find_alias(st, &name, &value, &without_extension)) {
	case TABLE_FOUND:
		/* An alias that lists itself means the user of that name. */
		if (st->aliases != NULL &&
		    strcasecmp(name.ptr, st->aliases->name) == 0)
			is_ours = false;
		else
			*done = deliver_alias(st, name.ptr, value.ptr,
			    without_extension);
		break;
	case TABLE_NOT_FOUND:
		is_ours = false;
		break;
	default:
		*done = local_fail(st, "4.3.0", "alias database unavailable");
		break;
	}
	buf_done(&name);
	buf_done(&value);
	return is_ours;
}
