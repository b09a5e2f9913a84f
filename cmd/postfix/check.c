/*
 * check.c - is this configuration fit to run? (spec/commands.md 5.1)
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postfix/postfix.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"

#define TREE_DEPTH	16

/* ------------------------------------------------------- what is fatal */

static int
check_master_cf(void)
{
	struct buf path = BUF_INIT;
	struct master_cf cf = { NULL, 0 };
	struct err err = ERR_INIT;
	bool has_postlog = *params.maillog_file == '\0';
	size_t i;
	int rc = 0;

	buf_setf(&path, "%s/master.cf", params.config_directory);
	if (access(path.ptr, F_OK) == -1) {
		log_error("no %s file found", path.ptr);
		rc = 1;
	} else if (master_cf_read(&cf, path.ptr, &err) == -1) {
		log_error("%s", err.text);
		rc = 1;
	}
	for (i = 0; rc == 0 && !has_postlog && i < cf.count; i++)
		has_postlog = cf.services[i].type == MASTER_UNIX_DGRAM &&
		    strcmp(cf.services[i].name,
		    params.postlog_service_name) == 0;
	if (rc == 0 && !has_postlog) {
		log_error("missing '%s' service in master.cf - "
		    "run 'postfix upgrade-configuration'",
		    params.postlog_service_name);
		rc = 1;
	}
	master_cf_done(&cf);
	buf_done(&path);
	return rc;
}

static int
repair_queue(void)
{
	struct buf path = BUF_INIT;
	char name[] = "postsuper";
	char *argv[] = { name, NULL };
	int status;

	buf_setf(&path, "%s/postsuper", params.command_directory);
	status = run_command(path.ptr, argv);
	buf_done(&path);
	return status == 0 || status == 127 ? 0 : 1;
}

int
check_fatal(bool with_postsuper)
{
	struct err err = ERR_INIT;

	if (params_check(&err) == -1) {
		log_error("%s", err.text);
		return 1;
	}
	if (layout_create() == -1) {
		log_error("unable to create missing queue directories");
		return 1;
	}
	if (check_master_cf() != 0)
		return 1;
	return with_postsuper ? repair_queue() : 0;
}

/* ------------------------------------------------ what is worth a warning */

/* Walk a tree of ours: files that others could change are named. */
static void
warn_tree(const char *path, uid_t uid, const char *user, int depth)
{
	struct buf below = BUF_INIT;
	struct dirent *de;
	struct stat st;
	DIR *dir;

	if (depth > TREE_DEPTH || lstat(path, &st) == -1 ||
	    S_ISLNK(st.st_mode))
		return;
	if (st.st_uid != uid)
		log_warning("not owned by %s: %s", user, path);
	if ((st.st_mode & 022) != 0)
		log_warning("group or other writable: %s", path);
	if (!S_ISDIR(st.st_mode) || (dir = opendir(path)) == NULL)
		return;
	while ((de = readdir(dir)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		buf_setf(&below, "%s/%s", path, de->d_name);
		warn_tree(below.ptr, uid, user, depth + 1);
	}
	closedir(dir);
	buf_done(&below);
}

static void
warn_corrupt(void)
{
	struct dirent *de;
	DIR *dir;

	if ((dir = opendir("corrupt")) == NULL)
		return;
	while ((de = readdir(dir)) != NULL)
		if (de->d_name[0] != '.')
			log_warning("damaged message: corrupt/%s", de->d_name);
	closedir(dir);
}

/* Copies of system files in the jail grow stale. */
static void
warn_chroot_tree(const char *path, int depth)
{
	struct buf below = BUF_INIT, other = BUF_INIT;
	struct dirent *de;
	struct stat st, original;
	char cmp[] = "cmp", quiet[] = "-s";
	char *argv[] = { cmp, quiet, NULL, NULL, NULL };
	DIR *dir;

	if (depth > TREE_DEPTH || lstat(path, &st) == -1 ||
	    S_ISLNK(st.st_mode))
		return;
	if (st.st_uid != 0)
		log_warning("not owned by root: %s/%s",
		    params.queue_directory, path);
	buf_setf(&other, "/%s", path);
	if (S_ISREG(st.st_mode) && stat(other.ptr, &original) == 0) {
		buf_setf(&below, "%s/%s", params.queue_directory, path);
		argv[2] = below.ptr;
		argv[3] = other.ptr;
		if (original.st_size != st.st_size ||
		    run_command("/usr/bin/cmp", argv) == 1)
			log_warning("%s and %s differ", below.ptr, other.ptr);
	}
	if (S_ISDIR(st.st_mode) && (dir = opendir(path)) != NULL) {
		while ((de = readdir(dir)) != NULL) {
			if (de->d_name[0] == '.' && (de->d_name[1] == '\0' ||
			    strcmp(de->d_name, "..") == 0))
				continue;
			buf_setf(&below, "%s/%s", path, de->d_name);
			warn_chroot_tree(below.ptr, depth + 1);
		}
		closedir(dir);
	}
	buf_done(&below);
	buf_done(&other);
}

void
check_warn(void)
{
	static const char *const jail[] = { "bin", "etc", "lib", "sbin",
	    "usr" };
	struct passwd *pw = account_named(params.mail_owner);
	size_t i;

	layout_warn();
	if (geteuid() == 0) {
		warn_tree(params.config_directory, 0, "root", 0);
		for (i = 0; i < sizeof(jail) / sizeof(jail[0]); i++)
			warn_chroot_tree(jail[i], 0);
	}
	if (pw != NULL)
		warn_tree(params.data_directory, pw->pw_uid,
		    params.mail_owner, 0);
	warn_corrupt();
}

int
check_verb(char **args)
{
	(void)args;
	if (check_fatal(true) != 0)
		return 1;
	check_warn();
	return 0;
}
