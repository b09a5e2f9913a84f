/*
 * owner.c - the ids and groups of mail_owner
 *
 * What is handed down reads "NAME UID GID GROUP ...". A service may have a
 * mail_owner of its own in master.cf: then the name differs, and the service
 * asks for itself.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/owner.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

#define OWNER_VARIABLE	"POSTHORN_OWNER"

bool
owner_look_up(struct owner *o)
{
	const struct passwd *pw = account_named(params.mail_owner);

	if (pw == NULL)
		return false;
	o->uid = pw->pw_uid;
	o->gid = pw->pw_gid;
	o->group_count = OWNER_GROUPS_MAX;
	if (getgrouplist(params.mail_owner, o->gid, o->groups,
	    &o->group_count) == -1)
		o->group_count = -1;
	return true;
}

void
owner_hand_down(const struct owner *o)
{
	struct buf text = BUF_INIT;
	int i;

	if (o->group_count == -1) {
		unsetenv(OWNER_VARIABLE);
		return;
	}
	buf_setf(&text, "%s %lu %lu", params.mail_owner,
	    (unsigned long)o->uid, (unsigned long)o->gid);
	for (i = 0; i < o->group_count; i++)
		buf_addf(&text, " %lu", (unsigned long)o->groups[i]);
	if (setenv(OWNER_VARIABLE, text.ptr, 1) == -1)
		log_fatal("out of memory");
	buf_done(&text);
}

/* The next number; *at moves behind it, or becomes NULL when there is none. */
static unsigned long
next_id(const char **at)
{
	char *end;
	unsigned long id = strtoul(*at, &end, 10);

	*at = end == *at ? NULL : end;
	return id;
}

static bool
was_handed_down(struct owner *o)
{
	const char *at = getenv(OWNER_VARIABLE);
	size_t len = strlen(params.mail_owner);
	gid_t group;

	if (at == NULL || strncmp(at, params.mail_owner, len) != 0 ||
	    at[len] != ' ')
		return false;
	at += len;
	o->uid = (uid_t)next_id(&at);
	if (at != NULL)
		o->gid = (gid_t)next_id(&at);
	if (at == NULL)
		return false;
	for (o->group_count = 0; o->group_count < OWNER_GROUPS_MAX;
	    o->group_count++) {
		group = (gid_t)next_id(&at);
		if (at == NULL)
			break;
		o->groups[o->group_count] = group;
	}
	return true;
}

bool
owner_find(struct owner *o)
{
	return was_handed_down(o) || owner_look_up(o);
}

void
owner_set_groups(const struct owner *o)
{
	int rc = o->group_count == -1 ?
	    initgroups(params.mail_owner, o->gid) :
	    setgroups((size_t)o->group_count, o->groups);

	if (rc == -1)
		log_fatal("set groups of %s: %s", params.mail_owner,
		    strerror(errno));
}
