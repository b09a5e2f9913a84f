/*
 * account.c - accounts, names to expand, and small things with strings
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/rights.h"
#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"

#define LIST_MAX	(16 * 1024 * 1024)	/* bytes of a .forward or list file */

int
local_account(const char *name, struct local_user **out)
{
	struct passwd *pw;
	struct local_user *u;

	*out = NULL;
	errno = 0;
	if ((pw = account_named(name)) == NULL)
		return errno == 0 || errno == ENOENT || errno == ESRCH ? 0 :
		    -1;
	u = xcalloc(1, sizeof(*u));
	u->name = xstrdup(pw->pw_name);
	u->home = xstrdup(pw->pw_dir);
	u->shell = xstrdup(pw->pw_shell);
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	*out = u;
	return 1;
}

void
local_user_free(struct local_user *u)
{
	if (u == NULL)
		return;
	free(u->name);
	free(u->home);
	free(u->shell);
	free(u);
}

void
local_default_privs(uid_t *uid, gid_t *gid)
{
	struct passwd *pw = account_named(params.default_privs);

	if (pw == NULL)
		log_fatal("unknown default_privs user '%s'",
		    params.default_privs);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
}

void
local_text_add(struct local_text *t, const char *s)
{
	t->list = xreallocarray(t->list, t->count + 1, sizeof(*t->list));
	t->list[t->count++] = xstrdup(s);
}

void
local_text_drop(struct local_text *t)
{
	free(t->list[--t->count]);
}

bool
local_text_has(const struct local_text *t, const char *s)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (strcmp(t->list[i], s) == 0)
			return true;
	return false;
}

void
local_text_done(struct local_text *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->list[i]);
	free(t->list);
	*t = (struct local_text){ NULL, 0 };
}

/* ---- $user, $home, ... ---- */

static const char *
expand_name(const char *name, void *ctx)
{
	const struct local_state *st = ctx;
	static char delimiter[2];

	if (strcmp(name, "user") == 0)
		return st->user;
	if (strcmp(name, "local") == 0)
		return st->local;
	if (strcmp(name, "recipient") == 0)
		return st->rcpt.address;
	if (strcmp(name, "original_recipient") == 0)
		return st->rcpt.orig;
	if (strcmp(name, "domain") == 0)
		return st->domain;
	if (strcmp(name, "extension") == 0)
		return st->extension[0] != '\0' ? st->extension : NULL;
	if (strcmp(name, "home") == 0)
		return st->account != NULL ? st->account->home : NULL;
	if (strcmp(name, "shell") == 0)
		return st->account != NULL ? st->account->shell : NULL;
	if (strcmp(name, "recipient_delimiter") == 0) {
		/* The one that was used, where the parameter lists several. */
		size_t at = strlen(st->user);

		if (st->extension[0] == '\0' || strlen(st->local) <= at)
			return NULL;
		delimiter[0] = st->local[at];
		return delimiter;
	}
	return NULL;
}

int
local_expand(struct buf *out, const char *text, const char *filter,
    const struct local_state *st)
{
	struct err err = ERR_INIT;

	if (macro_expand(out, text, 0, filter, expand_name, (void *)st,
	    &err) == 0)
		return 0;
	log_warning("cannot expand \"%s\": %s", text, err.text);
	return -1;
}

int
local_read_file(const struct local_state *st, const char *path,
    struct buf *out, uid_t *owner, mode_t *mode)
{
	struct err err = ERR_INIT;
	struct stat file;
	int fd, saved = 0;

	rights_become(st->uid, st->gid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		saved = errno;
	else if (fstat(fd, &file) == -1)
		saved = errno;
	else if (!S_ISREG(file.st_mode))
		saved = EINVAL;
	else if (file_read_fd(fd, out, LIST_MAX, &err) == -1)
		saved = err.errnum != 0 ? err.errnum : EFBIG;
	rights_restore();
	if (fd != -1)
		close(fd);
	if (saved != 0) {
		errno = saved;
		return -1;
	}
	*owner = file.st_uid;
	*mode = file.st_mode;
	return 0;
}
