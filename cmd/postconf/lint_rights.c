/*
 * lint_rights.c - postconf --lint: can the process that asks a table open it?
 *
 * Most roles open their tables with the starting rights, before they chroot
 * and drop. Not so proxymap, which opens what it is asked for as mail_owner,
 * and the set-gid commands, which run as whoever calls them. A socket is
 * connected to at the first lookup, so a chrooted role finds it below
 * queue_directory only, and the password file too.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"

#define SETTINGS_MAX	(1024 * 1024)

/* ---- as somebody else ----------------------------------------------------- */

/* Can this user read the file? errno says why not. Only root can find out. */
static bool
is_readable_as(const struct passwd *pw, const char *path)
{
	gid_t groups[64];
	int n = getgroups(64, groups), fd, saved;
	gid_t gid = getegid();

	if (geteuid() != 0 || n == -1)
		return true;
	if (setgroups(1, &pw->pw_gid) == -1 || setegid(pw->pw_gid) == -1 ||
	    seteuid(pw->pw_uid) == -1)
		log_fatal("cannot try as %s: %s", pw->pw_name,
		    strerror(errno));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) != -1)
		close(fd);
	saved = errno;
	if (seteuid(0) == -1 || setegid(gid) == -1 ||
	    setgroups((size_t)n, groups) == -1)
		log_fatal("cannot become root again: %s", strerror(errno));
	errno = saved;
	return fd != -1;
}

/* ---- chroot --------------------------------------------------------------- */

static bool
is_chrooted(struct lint *l, const struct pc_service *s)
{
	const char *field = s->fields[PC_F_CHROOT];
	char *level;
	bool is_old;

	if (strcmp(field, "-") != 0)
		return *field == 'y';
	/* Below level 1 that was the default. */
	level = lint_value_of(l, s, "compatibility_level");
	is_old = strtol(level, NULL, 10) < 1;
	free(level);
	return is_old;
}

/* Is the parameter read by the program of this service? */
static bool
is_reader(const struct pc_service *s, const char *parameter)
{
	const struct params_doc *doc = params_doc_find(parameter);

	/* A restriction class, or one of the lists of domains. */
	if (doc == NULL ||
	    strcmp(params_doc_field(doc->programs), "all") == 0)
		return strcmp(s->argv[0], "smtpd") == 0 || (doc != NULL &&
		    strcmp(s->argv[0], "trivial-rewrite") == 0);
	return text_list_has(params_doc_field(doc->programs), s->argv[0]);
}

/* What a chrooted reader of the value opens late has to be below queue_directory. */
static void
check_inside(struct lint *l, const struct lint_value *v, const char *program,
    const char *name, const char *path)
{
	char *queue = lint_value_of(l, NULL, "queue_directory");
	struct buf inside = BUF_INIT;
	size_t i;

	buf_setf(&inside, "%s/%s", queue, path);
	for (i = 0; i < l->pc->service_count && *path == '/'; i++) {
		const struct pc_service *s = &l->pc->services[i];

		if ((program != NULL ? strcmp(s->argv[0], program) != 0 :
		    v->service != NULL ? s != v->service :
		    !is_reader(s, v->name)) || !is_chrooted(l, s) ||
		    access(inside.ptr, F_OK) == 0)
			continue;
		lint_add(l, v->file, v->line, LINT_ERROR, "table-missing",
		    program != NULL ? "write n in the chroot column of "
		    "proxymap" : "use it through proxy:, or write n in the "
		    "chroot column", "%s: %s: %s runs chrooted, and %s is "
		    "not below %s", v->name, name, s->key, path, queue);
		break;
	}
	buf_done(&inside);
	free(queue);
}

/* "hosts = unix:/run/mysqld/mysqld.sock" in the settings of a database. */
static void
check_hosts(struct lint *l, const struct lint_value *v, const char *program,
    const char *name, const char *path)
{
	struct main_cf cf = MAIN_CF_INIT;
	const struct main_cf_entry *e;
	char *rest, *word;

	lint_quiet(true);
	if (main_cf_read(&cf, path, NULL) == 0 &&
	    (e = main_cf_find(&cf, "hosts")) != NULL) {
		rest = e->value;
		while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
			if (strncmp(word, "unix:", 5) == 0)
				check_inside(l, v, program, name, word + 5);
	}
	lint_quiet(false);
	main_cf_done(&cf);
}

/* ---- the rule -------------------------------------------------------------- */

static void
report(struct lint *l, const struct lint_value *v, const char *name,
    const char *path, const char *who, const char *fix)
{
	int saved = errno;

	lint_add(l, v->file, v->line, LINT_ERROR, "table-missing", fix,
	    "%s: %s: %s opens %s: %s", v->name, name, who, path,
	    strerror(saved));
}

void
lint_reader(struct lint *l, const struct lint_value *v, const char *name,
    const char *path)
{
	bool is_proxied = strncmp(name, "proxy:", 6) == 0;
	const char *program = is_proxied ? "proxymap" : NULL;
	char *owner = lint_value_of(l, NULL, "mail_owner");
	const struct passwd *pw;
	struct buf who = BUF_INIT;

	if (is_proxied && (pw = account_named(owner)) != NULL &&
	    !is_readable_as(pw, path)) {
		buf_setf(&who, "proxymap, which runs as %s,", owner);
		report(l, v, name, path, who.ptr,
		    "let that user read it: chgrp and mode 640");
	}
	if (strncmp(v->name, "authorized_", 11) == 0 &&
	    (pw = getpwnam("nobody")) != NULL && !is_readable_as(pw, path))
		report(l, v, name, path, "a command run by any user",
		    "mode 644");
	if (is_proxied)
		check_inside(l, v, program, name, path);
	buf_done(&who);
	free(owner);
}

void
lint_late_paths(struct lint *l, const struct lint_value *v, const char *name)
{
	const char *program = NULL, *inner = name, *path;
	char *copy;

	while (strncmp(inner, "proxy:", 6) == 0) {
		inner += 6;
		program = "proxymap";
	}
	/* Other words of this form are sockets: of policy services, milters. */
	if (strcmp(inner, "unix:passwd.byname") == 0)
		check_inside(l, v, program, name, "/etc/passwd");
	else if (strcmp(inner, "unix:group.byname") == 0)
		check_inside(l, v, program, name, "/etc/group");
	else if (strncmp(inner, "socketmap:unix:", 15) == 0) {
		path = inner + 15;
		copy = xstrndup(path, strcspn(path, ":"));
		check_inside(l, v, program, name, copy);
		free(copy);
	} else if (strncmp(inner, "mysql:/", 7) == 0 ||
	    strncmp(inner, "pgsql:/", 7) == 0)
		check_hosts(l, v, program, name, inner + 6);
}
