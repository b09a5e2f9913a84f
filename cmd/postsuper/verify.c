/*
 * verify.c - --verify: is everything in the queue as it should be, and if not, what is wrong?
 *
 * Looks and changes nothing: names, modes, owners, links; each record of each
 * queue file, and what its size record says against what is there; logs that
 * belong to no message. On a running system files come and go; what is gone
 * by the time it is opened is no finding.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postsuper/verify.h"

#include "cmd/postsuper/bulk.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

#define STALE_S		(7 * 24 * 3600)	/* postsuper -p removes what is older */

struct verify {
	const struct bulk *b;
	verify_fn	 fn;
	void		*ctx;
	size_t		 files;
	size_t		 findings;	/* in the contents of this file */
	struct verify_finding f;	/* path, queue, name; what would mend the next one */
	uid_t		 owner;
	bool		 has_owner;
};

static void found(struct verify *v, enum verify_fix fix, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
found(struct verify *v, enum verify_fix fix, const char *fmt, ...)
{
	struct buf what = BUF_INIT;
	va_list ap;

	v->findings++;
	va_start(ap, fmt);
	buf_vaddf(&what, fmt, ap);
	va_end(ap);
	v->f.what = what.ptr;
	v->f.fix = fix;
	v->fn(&v->f, v->ctx);
	buf_done(&what);
}

/* ---- what a queue file holds ---- */

struct contents {
	struct queue_rec_size size;
	bool		 has_size, has_time, has_from, has_end;
	off_t		 data_at, extra_at;	/* -1: not met */
	long		 rcpts;
};

static void
take_record(struct verify *v, struct contents *c, struct queue_file *qf,
    int type, const char *value, bool in_maildrop)
{
	struct err err = ERR_INIT;

	switch (type) {
	case QUEUE_REC_SIZE:
		if (in_maildrop)
			;		/* preliminary, where there is one */
		else if (c->has_size)
			found(v, VERIFY_FIX_NONE,
			    "offset %lld: a second size record",
			    (long long)queue_file_offset(qf));
		else if (queue_rec_size_parse(value, &c->size, &err) == -1)
			found(v, VERIFY_FIX_NONE, "%s", err.text);
		else
			c->has_size = true;
		break;
	case QUEUE_REC_TIME:
		c->has_time = true;
		break;
	case QUEUE_REC_FROM:
		if (c->has_from)
			found(v, VERIFY_FIX_NONE,
			    "offset %lld: a second sender",
			    (long long)queue_file_offset(qf));
		c->has_from = true;
		break;
	case QUEUE_REC_RCPT:
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		c->rcpts++;
		break;
	case QUEUE_REC_MESG:
		c->data_at = queue_file_tell(qf);
		break;
	case QUEUE_REC_XTRA:
		c->extra_at = queue_file_offset(qf);
		break;
	case QUEUE_REC_END:
		c->has_end = true;
		break;
	}
}

/* Types that belong into the segment where the reader is. */
static const char *
allowed(const struct contents *c)
{
	if (c->data_at == -1)
		return QUEUE_REC_ENVELOPE;
	return c->extra_at == -1 ? QUEUE_REC_CONTENT : QUEUE_REC_EXTRACT;
}

static void
judge_contents(struct verify *v, const struct contents *c, bool in_maildrop)
{
	enum verify_fix fix;

	if (!c->has_end)
		found(v, VERIFY_FIX_NONE, "no end record: the file is cut");
	if (!c->has_from)
		found(v, VERIFY_FIX_NONE, "no sender record");
	if (in_maildrop)
		return;		/* the rest is pickup's to make */
	if (!c->has_time)
		found(v, VERIFY_FIX_NONE, "no arrival time record");
	if (!c->has_size) {
		found(v, VERIFY_FIX_NONE, "no size record that can be used");
		return;
	}
	if (!c->has_end || c->size.fields < 3)
		return;
	/* Only of a file that is sound otherwise is it known what should stand there. */
	fix = v->findings == 0 && c->data_at != -1 && c->extra_at > c->data_at ?
	    VERIFY_FIX_SIZE : VERIFY_FIX_NONE;
	v->f.size = c->size;
	v->f.size.data_offset = c->data_at;
	v->f.size.content_size = c->extra_at - c->data_at;
	if (c->size.content_length == c->size.content_size)
		v->f.size.content_length = v->f.size.content_size;
	v->f.size.rcpt_count = c->rcpts;
	if (c->size.data_offset != c->data_at)
		found(v, fix,
		    "the size record puts the content at %ld, and it is "
		    "at %lld", c->size.data_offset, (long long)c->data_at);
	else if (c->extra_at != -1 &&
	    c->size.content_size != c->extra_at - c->data_at)
		found(v, fix, "the size record says %ld bytes of content, and "
		    "there are %lld", c->size.content_size,
		    (long long)(c->extra_at - c->data_at));
	if (c->size.rcpt_count != c->rcpts)
		found(v, fix,
		    "the size record says %ld recipients, and there are "
		    "%ld", c->size.rcpt_count, c->rcpts);
}

/* The reader's errors begin with the path, and so does a finding. */
static void
found_error(struct verify *v, const struct err *err)
{
	size_t n = strlen(v->f.path);

	if (strncmp(err->text, v->f.path, n) == 0 &&
	    strncmp(err->text + n, ": ", 2) == 0)
		found(v, VERIFY_FIX_NONE, "%s", err->text + n + 2);
	else
		found(v, VERIFY_FIX_NONE, "%s", err->text);
}

static void
read_contents(struct verify *v, const char *queue)
{
	struct contents c = { .data_at = -1, .extra_at = -1 };
	bool in_maildrop = strcmp(queue, "maildrop") == 0;
	struct queue_file *qf;
	struct err err = ERR_INIT;
	const char *value;
	size_t len;
	int type, got;

	v->findings = 0;
	qf = queue_file_open_path(v->f.path, QUEUE_FILE_NORMAL, &err);
	if (qf == NULL) {
		if (err.kind != ERR_NOT_FOUND && err.errnum != ENOENT)
			found_error(v, &err);
		return;
	}
	while ((got = queue_file_next(qf, &type, &value, &len, &err)) == 1) {
		if (strchr(allowed(&c), type) == NULL) {
			found(v, VERIFY_FIX_NONE,
			    "offset %lld: a record of type %s (%d) has "
			    "no place here", (long long)queue_file_offset(qf),
			    queue_rec_name(type), type);
			break;
		}
		take_record(v, &c, qf, type, value, in_maildrop);
	}
	if (got == -1)
		found_error(v, &err);
	if (got == 0)
		judge_contents(v, &c, in_maildrop);
	queue_file_close(qf);
}

/* ---- what stands in the directories ---- */

static void
check_name(struct verify *v, const char *queue, const char *id,
    const struct stat *st)
{
	struct buf proper = BUF_INIT;
	uint64_t inode;

	if (!queue_id_inode(id, &inode))
		found(v, VERIFY_FIX_NONE, "its name holds no inode number");
	else if (inode != st->st_ino)
		found(v, VERIFY_FIX_NAME,
		    "its name says inode %llu, and it is %llu: another "
		    "message may get this name", (unsigned long long)inode,
		    (unsigned long long)st->st_ino);
	queue_path(&proper, queue, id);
	if (strcmp(proper.ptr, v->f.path) != 0)
		found(v, VERIFY_FIX_NAME,
		    "stands in the wrong place: it should be %s",
		    proper.ptr);
	buf_done(&proper);
}

static void
check_entry(struct verify *v, const struct stat *st, bool in_maildrop)
{
	/* Ready, being written, to be flushed, to expire; read for maildrop. */
	const mode_t known = 0700 | S_IRGRP | S_IXGRP | S_IROTH |
	    (in_maildrop ? 0044 : 0);

	if (st->st_nlink != 1)
		found(v, VERIFY_FIX_NONE,
		    "has %ld links: whoever made the others can read it "
		    "after it was delivered", (long)st->st_nlink);
	v->f.mode = (unsigned)(st->st_mode & known);
	if ((st->st_mode & 07777 & ~known) != 0)
		found(v, VERIFY_FIX_MODE,
		    "mode %04o means nothing", (unsigned)(st->st_mode &
		    07777));
	if (v->has_owner && !in_maildrop && st->st_uid != v->owner)
		found(v, VERIFY_FIX_NONE,
		    "belongs to user %u, not to %s", (unsigned)st->st_uid,
		    params.mail_owner);
}

static void
verify_message(struct verify *v, const char *queue, const char *name)
{
	bool in_maildrop = strcmp(queue, "maildrop") == 0;
	struct stat st;

	if (lstat(v->f.path, &st) == -1)
		return;		/* gone meanwhile */
	v->files++;
	if (!S_ISREG(st.st_mode)) {
		found(v, S_ISDIR(st.st_mode) ? VERIFY_FIX_NONE :
		    VERIFY_FIX_ASIDE, "is no regular file");
		return;
	}
	if ((st.st_mode & S_IRWXU) != S_IRWXU) {
		if (st.st_mtime + STALE_S < v->b->now)
			found(v, VERIFY_FIX_ASIDE,
			    "was never completed; -p removes it");
		return;
	}
	if (!queue_id_is_valid(name)) {
		found(v, VERIFY_FIX_NONE, strlen(name) > 8 &&
		    strcmp(name + strlen(name) - 8, ".deleted") == 0 ?
		    "its deletion was cut short: --undo gives it back" :
		    "its name is no queue ID: nobody will ever deliver "
		    "it");
		return;
	}
	check_name(v, queue, name, &st);
	check_entry(v, &st, in_maildrop);
	read_contents(v, queue);
}

/* Is there a message with that ID, in whichever queue? */
static bool
has_message(const char *id)
{
	struct buf path = BUF_INIT;
	const char *queue;
	struct stat st;
	bool has = false;
	int looks;
	size_t i;

	/* It may be moving, against the order in which we look. */
	for (looks = 0; !has && looks < 3; looks++) {
		for (i = 0; !has; i++) {
			queue = queue_message_queues[i];
			queue_path(&path, queue != NULL ? queue : "corrupt",
			    id);
			has = lstat(path.ptr, &st) == 0;
			if (queue == NULL)
				break;
		}
	}
	buf_done(&path);
	return has;
}

static void
verify_log(struct verify *v, const char *queue, const char *name)
{
	struct buf proper = BUF_INIT;
	struct stat st;

	if (lstat(v->f.path, &st) == -1)
		return;
	v->files++;
	queue_path(&proper, queue, name);
	if (!S_ISREG(st.st_mode))
		found(v, S_ISDIR(st.st_mode) ? VERIFY_FIX_NONE :
		    VERIFY_FIX_ASIDE, "is no regular file");
	else if (!queue_id_is_valid(name))
		found(v, VERIFY_FIX_NONE, "its name is no queue ID");
	else if (strcmp(proper.ptr, v->f.path) != 0)
		found(v, VERIFY_FIX_NAME,
		    "stands in the wrong place: it should be %s",
		    proper.ptr);
	else if (!has_message(name) && lstat(v->f.path, &st) == 0)
		found(v, VERIFY_FIX_ASIDE, "is the log of no message");
	buf_done(&proper);
}

static void
verify_queue(struct verify *v, const char *queue,
    void (*look)(struct verify *, const char *, const char *))
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;
	enum queue_dir_step step;

	v->f.queue = queue;
	if ((qd = queue_dir_open(queue, &err)) == NULL) {
		v->f.path = queue;
		v->f.name = "";
		found(v, VERIFY_FIX_NONE, "%s", err.text);
		return;
	}
	while (bulk_stop == 0 && (step = queue_dir_step(qd)) !=
	    QUEUE_DIR_END) {
		if (step != QUEUE_DIR_ENTRY)
			continue;
		v->f.path = queue_dir_path(qd);
		v->f.name = queue_dir_name(qd);
		look(v, queue, queue_dir_name(qd));
	}
	queue_dir_close(qd);
}

size_t
verify_each(const struct bulk *b, verify_fn fn, void *ctx)
{
	static const char *const logs[] = { "defer", "bounce", "trace" };
	struct verify v = { .b = b, .fn = fn, .ctx = ctx };
	struct passwd *pw = account_named(params.mail_owner);
	size_t i;

	if (pw != NULL && !params_is_private()) {
		v.owner = pw->pw_uid;
		v.has_owner = true;
	}
	for (i = 0; queue_message_queues[i] != NULL; i++)
		verify_queue(&v, queue_message_queues[i], verify_message);
	for (i = 0; i < 3; i++)
		verify_queue(&v, logs[i], verify_log);
	return v.files;
}

/* ---- telling ---- */

void
verify_tell(const struct bulk *b, const struct verify_finding *f,
    bool wants_fix)
{
	static const struct {
		const char *name, *text;
	} fixes[VERIFY_FIX_COUNT] = {
		{ "none", "cannot be repaired" }, { "name", "gets its name" },
		{ "trash", "goes to the trash" }, { "mode", "gets a mode" },
		{ "size", "gets a size record" }
	};
	struct buf line = BUF_INIT;

	if (b->wants_json) {
		buf_adds(&line, "{\"event\": \"finding\", \"v\": 1, ");
		json_member(&line, "path", f->path);
		buf_adds(&line, ", ");
		json_member(&line, "what", f->what);
		if (wants_fix)
			buf_addf(&line, ", \"repair\": \"%s\"",
			    fixes[f->fix].name);
		buf_addc(&line, '}');
	} else {
		text_visible(&line, f->path, 0);
		buf_adds(&line, ": ");
		text_visible(&line, f->what, 0);
		if (wants_fix)
			buf_addf(&line, " (%s)", fixes[f->fix].text);
	}
	puts(line.ptr);
	buf_done(&line);
}

struct telling {
	const struct bulk *b;
	size_t		 findings;
};

static void
tell(const struct verify_finding *f, void *ctx)
{
	struct telling *t = ctx;

	t->findings++;
	verify_tell(t->b, f, false);
}

enum bulk_status
bulk_verify(const struct bulk *b)
{
	struct telling t = { .b = b };
	size_t files = verify_each(b, tell, &t);

	if (b->wants_json)
		printf("{\"event\": \"end\", \"v\": 1, \"files\": %zu, "
		    "\"findings\": %zu}\n", files, t.findings);
	else
		printf("%zu file%s, %zu finding%s\n", files, files == 1 ?
		    "" : "s", t.findings, t.findings == 1 ? "" : "s");
	return t.findings > 0 || bulk_stop != 0 ? BULK_PARTLY : BULK_DONE;
}
