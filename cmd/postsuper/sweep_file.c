/*
 * sweep_file.c - what ALL and the repair do with one file
 *
 * A repaired name passes through NEWID#FIX, which no program takes for a
 * message: a new name could be another file's old one, and only a second pass,
 * when all old names are gone, may make it final.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postsuper/sweep_file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postsuper/super.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_id.h"

#define SUFFIX		"#FIX"
#define STALE_S		(7 * 24 * 3600)	/* an unfinished file nobody will finish */

static bool
is_ready(const struct sweep_file *f)
{
	return (f->st.st_mode & S_IRWXU) == S_IRWXU;
}

/* Move to queue; f->path follows. */
static bool
move_to(struct sweep_file *f, const char *queue)
{
	queue_path(&f->to, queue, f->name.ptr);
	if (!super_rename(f->path.ptr, f->to.ptr))
		return false;
	buf_swap(&f->path, &f->to);
	return true;
}

/* ---- ALL ---- */

/* Everything of -d ALL, whatever its name and type. */
static void
delete_any(const struct sweep_file *f)
{
	if (super_remove(f->path.ptr) &&
	    f->is_message && is_ready(f))
		super_counts.deleted++;
}

static void
act_on_every(struct sweep_file *f, unsigned actions)
{
	bool in_maildrop = strcmp(f->queue, "maildrop") == 0;
	bool in_hold = strcmp(f->queue, "hold") == 0;

	if (!f->is_message || in_maildrop)
		return;
	if ((actions & SUPER_EXPIRE) && is_ready(f) &&
	    super_expire(f->path.ptr))
		super_counts.expired++;
	if ((actions & SUPER_REQUEUE) && move_to(f, "maildrop")) {
		super_counts.requeued++;
		return;
	}
	if ((actions & SUPER_RELEASE) && in_hold && move_to(f, "deferred")) {
		super_counts.released++;
		return;
	}
	if ((actions & SUPER_HOLD) && !in_hold && move_to(f, "hold"))
		super_counts.held++;
}

static bool
is_plain_log(const struct sweep_file *f)
{
	return !f->is_message && f->type != DT_DIR && f->type != DT_UNKNOWN;
}

/* May one of these actions do something to a file of this queue? */
static bool
concerns(const struct sweep_file *f, unsigned actions)
{
	if (!f->is_message || strcmp(f->queue, "maildrop") == 0)
		return false;
	return (actions & (SUPER_EXPIRE | SUPER_REQUEUE)) != 0 ||
	    (strcmp(f->queue, "hold") == 0 ? (actions & SUPER_RELEASE) != 0 :
	    (actions & SUPER_HOLD) != 0);
}

/* ---- repair ---- */

static bool
repair_name(const char *from, const char *to)
{
	if (!super_rename(from, to))
		return false;
	super_counts.repaired++;
	return true;
}

/* The log that belongs to a message follows it; both names may have #FIX. */
static void
rename_log(const char *log, const char *id, const char *suffix,
    const char *new_id, const char *new_suffix)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct stat st;

	queue_path(&from, log, id);
	buf_adds(&from, suffix);
	queue_path(&to, log, new_id);
	buf_adds(&to, new_suffix);
	if (lstat(from.ptr, &st) == 0)
		repair_name(from.ptr, to.ptr);
	buf_done(&from);
	buf_done(&to);
}

static void
give_interim_name(struct sweep_file *f)
{
	static const char *const logs[] = { "defer", "bounce", "trace" };
	struct buf id = BUF_INIT, to = BUF_INIT;
	size_t i;

	queue_id_renew(&id, f->name.ptr, f->st.st_ino);
	for (i = 0; i < 3; i++)
		rename_log(logs[i], f->name.ptr, "", id.ptr, SUFFIX);
	queue_path(&to, f->queue, id.ptr);
	buf_adds(&to, SUFFIX);
	if (repair_name(f->path.ptr, to.ptr))
		super_counts.mismatched++;
	buf_done(&id);
	buf_done(&to);
}

/* Cut #FIX off; false when the file must be left as it is. */
static bool
finish_name(struct sweep_file *f)
{
	struct buf to = BUF_INIT;
	uint64_t inode;
	bool is_done;

	buf_truncate(&f->name, f->name.len - strlen(SUFFIX));
	if (!queue_id_is_valid(f->name.ptr)) {
		log_warning("bogus file name: %s", f->path.ptr);
		return false;
	}
	if (f->is_message && (!queue_id_inode(f->name.ptr, &inode) ||
	    inode != f->st.st_ino)) {
		log_warning("name/inode mismatch: %s", f->path.ptr);
		return false;
	}
	/* No pass goes through trace unless it is named: do it from here. */
	if (f->is_message)
		rename_log("trace", f->name.ptr, SUFFIX, f->name.ptr, "");
	queue_path(&to, f->queue, f->name.ptr);
	if ((is_done = repair_name(f->path.ptr, to.ptr))) {
		buf_swap(&f->path, &to);
		super_counts.renamed += f->is_message;
	}
	buf_done(&to);
	return is_done;
}

static void
repair(struct sweep_file *f, unsigned actions)
{
	uint64_t inode;
	bool is_long;

	if (f->name.len > strlen(SUFFIX) && strcmp(f->name.ptr + f->name.len -
	    strlen(SUFFIX), SUFFIX) == 0 && !finish_name(f))
		return;
	if (!queue_id_is_valid(f->name.ptr)) {
		log_warning("bogus file name: %s", f->path.ptr);
		return;
	}
	if (f->is_message) {
		if (!queue_id_inode(f->name.ptr, &inode)) {
			log_warning("bogus file name: %s", f->path.ptr);
			return;
		}
		is_long = queue_id_is_long(f->name.ptr);
		if ((inode != f->st.st_ino &&
		    (!is_long || (actions & SUPER_STRUCT_ALL))) ||
		    (is_long && !params.enable_long_queue_ids)) {
			give_interim_name(f);
			return;
		}
	}
	queue_path(&f->to, f->queue, f->name.ptr);
	if (strcmp(f->to.ptr, f->path.ptr) != 0)
		repair_name(f->path.ptr, f->to.ptr);
}

/* ---- both ---- */

void
sweep_file(struct sweep_file *f, unsigned actions)
{
	/* What is a file for sure, and of no account, need not be looked at. */
	if (is_plain_log(f) && (actions & SUPER_DELETE) != 0) {
		delete_any(f);
		return;
	}
	if (f->type == DT_REG && (actions & (SUPER_REPAIR | SUPER_DELETE)) ==
	    0 && !concerns(f, actions)) {
		if (!queue_id_is_valid(f->name.ptr))
			log_warning("bogus file name: %s", f->path.ptr);
		return;
	}
	if (lstat(f->path.ptr, &f->st) == -1) {
		if (errno != ENOENT)
			log_fatal("lstat %s: %s", f->path.ptr,
			    strerror(errno));
		return;
	}
	if (S_ISDIR(f->st.st_mode)) {
		if (rmdir(f->path.ptr) == 0) {
			if (log_verbose > 0)
				log_info("remove subdirectory %s", f->path.ptr);
		} else if (errno != ENOENT) {
			log_warning("remove subdirectory %s: %s", f->path.ptr,
			    strerror(errno));
		}
		return;
	}
	if (actions & SUPER_DELETE) {
		delete_any(f);
		return;
	}
	if (!S_ISREG(f->st.st_mode)) {
		super_remove(f->path.ptr);
		return;
	}
	if ((actions & SUPER_PURGE) && f->is_message && !is_ready(f) &&
	    f->st.st_mtime + STALE_S < clock_now()) {
		super_remove(f->path.ptr);
		return;
	}
	if (actions & (SUPER_STRUCT | SUPER_STRUCT_ALL)) {
		repair(f, actions);
		return;
	}
	if (!queue_id_is_valid(f->name.ptr)) {
		log_warning("bogus file name: %s", f->path.ptr);
		return;
	}
	act_on_every(f, actions);
}
