/*
 * files.c - directories and files of an instance
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmulti/postmulti.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

#define FILE_MAX	(16 << 20)	/* bytes of main.cf or master.cf */

/* What all instances of an installation share, when the primary one says it. */
static const char *const shared[] = { "command_directory",
	"daemon_directory", "meta_directory", "mail_owner", "setgid_group",
	"sendmail_path", "mailq_path", "newaliases_path", "html_directory",
	"manpage_directory", "sample_directory", "readme_directory",
	"shlib_directory" };
#define SHARED	(sizeof(shared) / sizeof(shared[0]))

/* Below queue_directory; what stands in them is somebody's mail. */
static const char *const queues[] = { "active", "bounce", "corrupt",
	"defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid",
	"private", "public", "saved", "trace" };

int
call(const char *name, const char *const *argv, bool is_quiet)
{
	struct buf path = BUF_INIT;
	const char **words;
	size_t n;
	pid_t pid;
	int status;

	for (n = 0; argv[n] != NULL; n++)
		;
	words = xcalloc(n + 2, sizeof(*words));
	words[0] = name;
	memcpy(words + 1, argv, n * sizeof(*argv));
	buf_setf(&path, "%s/%s", params.command_directory, name);
	if ((pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		setenv("MAIL_CONFIG", params.config_directory, 1);
		if (is_quiet && (freopen("/dev/null", "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL))
			log_fatal("open /dev/null: %s", strerror(errno));
		execv(path.ptr, (char **)words);
		log_fatal("execute %s: %s", path.ptr, strerror(errno));
	}
	status = child_wait(pid);
	buf_done(&path);
	free(words);
	return status;
}

void
set_parameters(const char *directory, const char *const *settings)
{
	const char *argv[SHARED + 8] = { "-c", directory, "-e" };
	size_t n;

	for (n = 0; settings[n] != NULL; n++)
		argv[3 + n] = settings[n];
	if (call("postconf", argv, false) != 0)
		log_fatal("cannot change %s/main.cf", directory);
}

static void
comment_out(const char *directory, const char *const *names, size_t count)
{
	const char *argv[SHARED + 4] = { "-c", directory, "-#" };

	memcpy(argv + 3, names, count * sizeof(*names));
	if (count > 0 && call("postconf", argv, false) != 0)
		log_fatal("cannot change %s/main.cf", directory);
}

/* ---- a new one ---- */

static void
make_directory(const char *path, mode_t mode)
{
	struct err err = ERR_INIT;

	if (file_mkdirs(path, mode, &err) == -1)
		log_fatal("%s", err.text);
}

static bool
exists(const char *directory, const char *name)
{
	struct buf path = BUF_INIT;
	bool found;

	buf_setf(&path, "%s/%s", directory, name);
	found = access(path.ptr, F_OK) == 0;
	buf_done(&path);
	return found;
}

/* A prototype, to DIRECTORY/NAME. */
static void
copy_prototype(const char *directory, const char *name)
{
	struct buf from = BUF_INIT, to = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;

	buf_setf(&from, "%s/%s.proto", params.meta_directory, name);
	buf_setf(&to, "%s/%s", directory, name);
	if (access(from.ptr, F_OK) == -1)
		log_fatal("Missing %s prototype: %s", name, from.ptr);
	if (file_read(from.ptr, &text, FILE_MAX, &err) == -1 ||
	    file_replace(to.ptr, text.ptr, text.len, 0644, (uid_t)-1,
	    (gid_t)-1, &err) == -1)
		log_fatal("%s", err.text);
	buf_done(&from);
	buf_done(&to);
	buf_done(&text);
}

/*
 * What makes a copy of the prototype an instance of its own: its directories,
 * no submission and no network service until somebody allows them, and what
 * it shares with the primary one.
 */
static void
adapt(const struct instance *i, const char *directory)
{
	struct buf text[SHARED + 2];
	const char *settings[SHARED + 5], *unset[SHARED], *value;
	size_t n, used = 0, absent = 0;

	for (n = 0; n < SHARED + 2; n++)
		buf_init(&text[n]);
	buf_setf(&text[0], "queue_directory = %s", i->queue_directory);
	buf_setf(&text[1], "data_directory = %s", i->data_directory);
	settings[used++] = text[0].ptr;
	settings[used++] = text[1].ptr;
	settings[used++] = "authorized_submit_users =";
	settings[used++] = "master_service_disable = inet";
	for (n = 0; n < SHARED; n++) {
		if ((value = params_as_set(shared[n])) == NULL) {
			unset[absent++] = shared[n];
			continue;
		}
		buf_setf(&text[n + 2], "%s = %s", shared[n], value);
		settings[used++] = text[n + 2].ptr;
	}
	settings[used] = NULL;
	set_parameters(directory, settings);
	comment_out(directory, unset, absent);
	for (n = 0; n < SHARED + 2; n++)
		buf_done(&text[n]);
}

static void
move_file(const char *from_directory, const char *to_directory,
    const char *name)
{
	struct buf from = BUF_INIT, to = BUF_INIT;

	buf_setf(&from, "%s/%s", from_directory, name);
	buf_setf(&to, "%s/%s", to_directory, name);
	if (rename(from.ptr, to.ptr) == -1)
		log_fatal("rename %s to %s: %s", from.ptr, to.ptr,
		    strerror(errno));
	buf_done(&from);
	buf_done(&to);
}

void
files_create(const struct instance *i)
{
	struct buf draft = BUF_INIT;

	make_directory(i->config_directory, 0755);
	make_directory(i->queue_directory, 0755);
	make_directory(i->data_directory, 0700);
	if (exists(i->config_directory, "main.cf") &&
	    exists(i->config_directory, "master.cf"))
		return;
	/* They appear complete: somebody's "postfix start" may be looking. */
	buf_setf(&draft, "%s/.tmp", i->config_directory);
	make_directory(draft.ptr, 0755);
	copy_prototype(draft.ptr, "main.cf");
	copy_prototype(draft.ptr, "master.cf");
	adapt(i, draft.ptr);
	move_file(draft.ptr, i->config_directory, "main.cf");
	move_file(draft.ptr, i->config_directory, "master.cf");
	if (rmdir(draft.ptr) == -1)
		log_warning("remove %s: %s", draft.ptr, strerror(errno));
	buf_done(&draft);
}

/* ---- one that goes ---- */

/* A queue and its hash directories, where they are empty. */
static void
remove_empty(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	struct dirent *e;
	DIR *dir;

	if (fd == -1)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (strlen(e->d_name) == 1 && e->d_name[0] != '.')
			remove_empty(fd, e->d_name);
	closedir(dir);
	unlinkat(parent, name, AT_REMOVEDIR);
}

static void
remove_queues(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	if (fd == -1)
		return;
	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		remove_empty(fd, queues[i]);
	close(fd);
}

/* Gone, or somebody has to look. */
static bool
remove_directory(const char *directory)
{
	if (rmdir(directory) == 0 || errno == ENOENT)
		return true;
	log_warning("%s: please verify contents and remove by hand",
	    directory);
	return false;
}

static void
remove_file(const char *directory, const char *name)
{
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s/%s", directory, name);
	if (unlink(path.ptr) == -1 && errno != ENOENT)
		log_fatal("remove %s: %s", path.ptr, strerror(errno));
	buf_done(&path);
}

void
files_remove(const struct instance *i)
{
	remove_queues(i->queue_directory);
	remove_directory(i->queue_directory);
	remove_directory(i->data_directory);
	remove_file(i->config_directory, "main.cf");
	remove_file(i->config_directory, "master.cf");
	remove_directory(i->config_directory);
}
