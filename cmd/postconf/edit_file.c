/*
 * edit_file.c - the temporary file that becomes main.cf or master.cf
 *
 * The new text is written beside the old, under a lock, and renamed over it:
 * a reader sees the one or the other, and a failure leaves the old.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

static const char *pending;	/* the temporary file a fatal error has to remove */

static int
remove_pending(void)
{
	if (pending != NULL)
		unlink(pending);
	return 1;
}

/* What a crash left, or somebody put there, is not ours to write to. */
static bool
is_fresh(int fd, const char *path)
{
	struct stat by_fd, by_name;

	if (fstat(fd, &by_fd) == -1 || stat(path, &by_name) == -1 ||
	    by_fd.st_ino != by_name.st_ino || by_fd.st_dev != by_name.st_dev)
		return false;
	if (S_ISREG(by_fd.st_mode) && by_fd.st_size == 0 &&
	    by_fd.st_nlink == 1 && (by_fd.st_mode & 07777) == 0600)
		return true;
	unlink(path);
	return false;
}

void
pc_edit_open(struct pc_edit_file *f, const char *path)
{
	struct buf tmp = BUF_INIT;
	int fd;

	buf_setf(&tmp, "%s.tmp", path);
	f->path = xstrdup(path);
	f->tmp = buf_take(&tmp);
	for (;;) {
		fd = open(f->tmp, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		if (fd == -1)
			log_fatal("open %s: %s", f->tmp, strerror(errno));
		if (flock(fd, LOCK_EX) == -1)
			log_fatal("lock %s: %s", f->tmp, strerror(errno));
		if (is_fresh(fd, f->tmp))
			break;
		close(fd);
	}
	pending = f->tmp;
	log_on_fatal(remove_pending);
	if ((f->in = fopen(path, "re")) == NULL)
		log_fatal("open %s for reading: %s", path, strerror(errno));
	if ((f->out = fdopen(fd, "w")) == NULL)
		log_fatal("open %s: %s", f->tmp, strerror(errno));
}

static void
sync_directory(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Some file systems cannot flush a directory; the rename is done. */
	if (fd != -1) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

/* The new file belongs to whom the old did, who alone may read what he could. */
static bool
copy_rights(const struct pc_edit_file *f)
{
	struct stat st;
	int out = fileno(f->out);

	if (fstat(fileno(f->in), &st) == -1)
		return false;
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
	    fchown(out, st.st_uid, st.st_gid) == -1 && geteuid() == 0)
		return false;
	return fchmod(out, st.st_mode & 0777) == 0;
}

static void
done(struct pc_edit_file *f)
{
	pending = NULL;
	fclose(f->in);
	fclose(f->out);
	free(f->path);
	free(f->tmp);
}

void
pc_edit_abort(struct pc_edit_file *f)
{
	unlink(f->tmp);
	done(f);
}

void
pc_edit_commit(struct pc_edit_file *f)
{
	if (ferror(f->in) || fflush(f->out) != 0 || !copy_rights(f) ||
	    fsync(fileno(f->out)) == -1 || rename(f->tmp, f->path) == -1)
		log_fatal("write %s: %s", f->tmp, strerror(errno));
	sync_directory(f->path);
	done(f);
}

void
pc_edit_check(const char *arg, const char *who)
{
	if (strchr(arg, '\n') != NULL)
		log_fatal("%s no multi-line input", who);
	if (arg[strspn(arg, " \t")] == '#')
		log_fatal("%s no comment input", who);
}

bool
pc_edit_says_nothing(const char *line)
{
	while (isspace((unsigned char)*line))
		line++;
	return *line == '\0' || *line == '#';
}
