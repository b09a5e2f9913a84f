/*
 * layout.c - directories of the queue and their rights
 *
 * One table says what belongs where; making, repairing and checking all walk
 * over it. In a private instance everything belongs to its user, so owners
 * are left alone there.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postfix/postfix.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

enum owner_kind { ROOT, OWNER };
enum group_kind { SAME, SETGID };	/* SAME: the group is left alone */

static const struct place {
	const char	*name;		/* below the queue directory */
	enum owner_kind	 owner;
	enum group_kind group;
	mode_t		 mode;
} places[] = {			/* spec/services.md 2.1 */
	{ ".",		ROOT,	SAME,	0755 },
	{ "active",	OWNER,	SAME,	0700 },
	{ "bounce",	OWNER,	SAME,	0700 },
	{ "corrupt",	OWNER,	SAME,	0700 },
	{ "defer",	OWNER,	SAME,	0700 },
	{ "deferred",	OWNER,	SAME,	0700 },
	{ "flush",	OWNER,	SAME,	0700 },
	{ "hold",	OWNER,	SAME,	0700 },
	{ "incoming",	OWNER,	SAME,	0700 },
	{ "private",	OWNER,	SAME,	0700 },
	{ "saved",	OWNER,	SAME,	0700 },
	{ "trace",	OWNER,	SAME,	0700 },
	{ "maildrop",	OWNER,	SETGID,	0730 },
	{ "public",	OWNER,	SETGID,	0710 },
	{ "pid",	ROOT,	SAME,	0755 },
};

#define PLACES	(sizeof(places) / sizeof(places[0]))

/* All but one are where every program expects them. */
static const char *
place_name(const struct place *p)
{
	return strcmp(p->name, "pid") == 0 ? params.process_id_directory :
	    p->name;
}

struct ids {
	uid_t	owner;
	gid_t	owner_group, setgid;
};

static int
find_ids(struct ids *ids)
{
	struct passwd *pw = account_named(params.mail_owner);
	struct group *gr = account_group_named(params.setgid_group);

	if (pw == NULL) {
		log_warning("unknown user name: mail_owner = %s",
		    params.mail_owner);
		return -1;
	}
	if (gr == NULL) {
		log_warning("unknown group name: setgid_group = %s",
		    params.setgid_group);
		return -1;
	}
	ids->owner = pw->pw_uid;
	ids->owner_group = pw->pw_gid;
	ids->setgid = gr->gr_gid;
	return 0;
}

static int
give(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	if (geteuid() == 0 && lchown(path, uid, gid) == -1) {
		log_warning("change owner of %s: %s", path, strerror(errno));
		return -1;
	}
	if (chmod(path, mode) == -1) {
		log_warning("change mode of %s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
place_give(const struct place *p, const struct ids *ids)
{
	return give(place_name(p), p->owner == ROOT ? 0 : ids->owner,
	    p->group == SETGID ? ids->setgid : (gid_t)-1, p->mode);
}

int
layout_create(void)
{
	struct ids ids;
	struct err err = ERR_INIT;
	struct stat st;
	size_t i;

	if (find_ids(&ids) == -1)
		return -1;
	for (i = 1; i < PLACES; i++) {
		if (stat(place_name(&places[i]), &st) == 0)
			continue;
		if (mkdir(place_name(&places[i]), places[i].mode) == -1) {
			log_warning("create directory %s: %s", place_name(&places[i]),
			    strerror(errno));
			return -1;
		}
		if (place_give(&places[i], &ids) == -1)
			return -1;
	}
	if (stat(params.data_directory, &st) == 0)
		return 0;
	if (file_mkdirs(params.data_directory, 0755, &err) == -1) {
		log_warning("%s", err.text);
		return -1;
	}
	return give(params.data_directory, ids.owner, ids.owner_group, 0700);
}

/* ------------------------------------------------------------- repairing */

static int
give_command(const char *name, gid_t gid)
{
	struct buf path = BUF_INIT;
	int rc = 0;

	buf_setf(&path, "%s/%s", params.command_directory, name);
	if (access(path.ptr, F_OK) == 0)
		rc = give(path.ptr, 0, gid, 02755);
	buf_done(&path);
	return rc;
}

int
layout_set_permissions(char **args)
{
	struct ids ids;
	size_t i;
	int rc;

	(void)args;
	if (layout_create() == -1 || find_ids(&ids) == -1)
		return 1;
	for (i = 0, rc = 0; i < PLACES; i++)
		rc |= place_give(&places[i], &ids);
	rc |= give(params.data_directory, ids.owner, (gid_t)-1, 0700);
	if (geteuid() == 0 && !params_is_private()) {
		rc |= give_command("postdrop", ids.setgid);
		rc |= give_command("postqueue", ids.setgid);
	}
	return rc == 0 ? 0 : 1;
}

/* -------------------------------------------------------------- checking */

static void
warn_command(const char *name, gid_t gid)
{
	struct buf path = BUF_INIT;
	struct stat st;

	buf_setf(&path, "%s/%s", params.command_directory, name);
	if (stat(path.ptr, &st) == 0) {
		if (st.st_gid != gid)
			log_warning("not owned by group %s: %s",
			    params.setgid_group, path.ptr);
		if ((st.st_mode & 02111) != 02111)
			log_warning("not set-gid or not owner+group+world "
			    "executable: %s", path.ptr);
	}
	buf_done(&path);
}

static void
warn_place(const struct place *p, const struct ids *ids)
{
	struct buf path = BUF_INIT;
	struct stat st;

	buf_sets(&path, params.queue_directory);
	if (strcmp(place_name(p), ".") != 0)
		buf_addf(&path, "/%s", place_name(p));
	if (stat(place_name(p), &st) == -1) {
		buf_done(&path);
		return;
	}
	if (p->owner == ROOT && st.st_uid != 0)
		log_warning("not owned by root: %s", path.ptr);
	if (p->owner == ROOT && (st.st_mode & 022) != 0)
		log_warning("group or other writable: %s", path.ptr);
	if (p->owner == OWNER && st.st_uid != ids->owner)
		log_warning("not owned by %s: %s", params.mail_owner,
		    path.ptr);
	if (p->group == SETGID && st.st_gid != ids->setgid)
		log_warning("not owned by group %s: %s", params.setgid_group,
		    path.ptr);
	buf_done(&path);
}

void
layout_warn(void)
{
	struct ids ids;
	size_t i;

	if (geteuid() != 0 || find_ids(&ids) == -1)
		return;
	for (i = 0; i < PLACES; i++)
		warn_place(&places[i], &ids);
	warn_command("postqueue", ids.setgid);
	warn_command("postdrop", ids.setgid);
}
