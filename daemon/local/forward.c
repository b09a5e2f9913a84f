/*
 * forward.c - a user's own .forward file
 *
 * Opened with the user's rights. A file that somebody else could have written
 * is not believed; one without any destination is as good as none.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/local.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

/* Text of a file that may be believed; false: there is none, try the next. */
static bool
read_forward(const struct local_state *st, const char *path,
    struct buf *text)
{
	uid_t owner;
	mode_t mode;

	if (local_read_file(st, path, text, &owner, &mode) == -1) {
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			log_warning("cannot read %s: %s", path,
			    strerror(errno));
		return false;
	}
	if (owner != 0 && owner != st->account->uid)
		log_warning("file %s has bad owner uid %ld", path,
		    (long)owner);
	else if ((mode & S_IWOTH) != 0)
		log_warning("file %s is world writable", path);
	else
		return true;
	return false;
}

static bool
deliver_file(const struct local_state *st, char *text, int *total)
{
	struct local_state next = *st;
	char *rest = text, *line;
	bool done = true;
	int count;

	/* What a later line says must wait, or each new try would repeat it. */
	next.source = LOCAL_FROM_FORWARD;
	next.resends = true;
	next.level++;
	local_expand_begin(&next);
	*total = 0;
	while (done && rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		if (*text_skip_blank(line) == '#')
			continue;
		done = local_list(&next, line, &count);
		*total += count;
	}
	if (done && *total > 0)
		local_expand_end(st, false);
	return done;
}

static bool
expand_file(const struct local_state *st, const char *path, const char *key,
    bool *done)
{
	struct local_request *lr = st->lr;
	struct buf text = BUF_INIT;
	int count = 0;

	if (read_forward(st, path, &text)) {
		local_text_add(&lr->busy, key);
		*done = deliver_file(st, text.ptr, &count);
		local_text_drop(&lr->busy);
	}
	if (count > 0)
		local_seen(lr, "%s", key);
	buf_done(&text);
	return count > 0;
}

/*
 * A file that names its own user means the mailbox; one that another way led
 * to before has done its work.
 */
static bool
try_file(const struct local_state *st, const char *path, bool *done)
{
	struct buf key = BUF_INIT;
	bool found = false;

	buf_setf(&key, "forward %ld:%s", (long)st->uid, path);
	if (local_text_has(&st->lr->busy, key.ptr))
		;
	else if (local_text_has(&st->lr->seen, key.ptr))
		found = *done = true;
	else
		found = expand_file(st, path, key.ptr, done);
	buf_done(&key);
	return found;
}

bool
local_forward(const struct local_state *st, bool *done)
{
	char *copy, *rest, *word;
	struct buf path = BUF_INIT, before = BUF_INIT;
	struct local_state mine = *st;
	bool found = false;

	/* Without root only the owner's files can be opened as their owner. */
	if (getuid() != 0 && st->account->uid != getuid())
		return false;
	mine.has_rights = true;
	mine.uid = st->account->uid;
	mine.gid = st->account->gid;
	if (mine.uid == 0)
		local_default_privs(&mine.uid, &mine.gid);
	copy = rest = xstrdup(params.forward_path);
	while (!found && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		buf_swap(&path, &before);
		buf_reset(&path);
		/* Without an extension two names of the list are often the same. */
		if (local_expand(&path, word, params.forward_expansion_filter,
		    &mine) == 0 && path.ptr[0] == '/' &&
		    strcmp(path.ptr, before.ptr) != 0)
			found = try_file(&mine, path.ptr, done);
	}
	free(copy);
	buf_done(&path);
	buf_done(&before);
	return found;
}
