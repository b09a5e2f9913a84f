/*
 * look.c - the long options: which messages, and how they are shown
 *
 * An operand is a file where there is one of that name, else a queue ID that
 * is looked for in all queues. Mail is taken apart with the queue owner's
 * rights: nothing that a stranger wrote is parsed as root.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postcat/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/line_diff.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_attempts.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan.h"
#include "lib/queue/queue_select.h"

#define DIFF_CONTEXT	3
#define PIPE_MAX	(512u << 20)

struct target {
	int		 fd;		/* -1: an ID, to be opened in the queue */
	const char	*name;		/* operand */
};

struct run {
	struct look	*l;
	FILE		*out;
	bool		 has_color, is_terminal;
	size_t		 shown, empty, failed;
	size_t		 missing;	/* no such message, or no such part */
};

/* ---- opening ---- */

/* Where a message is: all queues twice, since it may be on its way. */
static int
open_id(const char *id, const char **queue, struct buf *path)
{
	int look, fd;
	size_t i;

	if (!queue_id_is_valid(id))
		return -1;
	for (look = 0; look < 2; look++)
		for (i = 0;; i++) {
			*queue = queue_message_queues[i] != NULL ?
			    queue_message_queues[i] : "corrupt";
			queue_path(path, *queue, id);
			fd = open(path->ptr, O_RDONLY | O_NOFOLLOW |
			    O_NONBLOCK | O_CLOEXEC);
			if (fd != -1)
				return fd;
			if (queue_message_queues[i] == NULL)
				break;
		}
	return -1;
}

/* A pipe as a file: views go back and forth. Takes fd. */
static int
slurp(int fd, const char *name, struct err *err)
{
	struct buf text = BUF_INIT;
	int new = -1;

	if (file_read_fd(fd, &text, PIPE_MAX, err) == -1)
		;
	else if ((new = memfd_create("postcat", MFD_CLOEXEC)) == -1 ||
	    file_write_all(new, text.ptr, text.len) == -1 ||
	    lseek(new, 0, SEEK_SET) == -1)
		err_sys(err, "%s: copy in memory", name);
	close(fd);
	buf_done(&text);
	return new;
}

/* Fill v for an open file; takes fd. */
static int
begin(struct run *r, struct queue_view *v, int fd, const char *name,
    const char *queue, const char *id, struct err *err)
{
	int redacted;

	memset(v, 0, sizeof(*v));
	v->own = &r->l->o;
	v->is_raw = r->l->o.is_raw;
	v->attempts = r->l->o.attempts;
	v->redact = r->l->o.is_redacted ? &redact_log : NULL;
	v->name = name;
	v->queue = queue;
	v->id = id;
	v->out = r->out;
	v->has_color = r->has_color;
	v->is_terminal = r->is_terminal;
	if (fstat(fd, &v->st) == -1) {
		err_sys(err, "%s", name);
		close(fd);
		return -1;
	}
	if (S_ISFIFO(v->st.st_mode) && ((fd = slurp(fd, name, err)) == -1 ||
	    fstat(fd, &v->st) == -1))
		return -1;
	if (!S_ISREG(v->st.st_mode)) {
		close(fd);
		return err_set(err, ERR_SYNTAX, "%s: not a regular file",
		    name);
	}
	if (r->l->o.is_redacted) {
		if ((redacted = redact_file(fd, name, err)) == -1)
			return -1;
		fd = redacted;
	}
	v->qf = queue_file_new(fd, name, QUEUE_FILE_NORMAL);
	return 0;
}

/* Say so where the content does not go on to its end, unless the view did. */
static void
tell_damage(const struct run *r, const struct queue_view *v)
{
	if (r->l->view != queue_view_summary && r->l->view != view_json &&
	    v->content != NULL && queue_content_damage(v->content) != NULL)
		log_warning("%s: %s", v->name,
		    queue_content_damage(v->content));
}

/* One message, all of it. */
static void
show(struct run *r, int fd, const char *name, const char *queue,
    const char *id)
{
	struct err err = ERR_INIT;
	struct queue_view v;
	int got = -1;

	if (begin(r, &v, fd, name, queue, id, &err) == 0) {
		got = r->l->view(&v, &err);
		tell_damage(r, &v);
		queue_view_done(&v);
	}
	if (got == -1) {
		fflush(r->out);
		log_error("%s", err.text);
		if (err.kind == ERR_NOT_FOUND)
			r->missing++;
		else
			r->failed++;
	} else if (got == 0) {
		r->empty++;
	} else {
		r->shown++;
	}
}

/* ---- which ---- */

static void
separate(struct run *r, const char *name)
{
	/* Machines and extracted parts get nothing between. */
	if (r->l->view == view_json || r->l->view == view_part ||
	    r->l->view == view_eml)
		return;
	if (r->shown + r->empty + r->failed + r->missing > 0)
		putc('\n', r->out);
	if (r->l->view != queue_view_summary)
		fprintf(r->out, "==> %s <==\n", name);
}

static void
show_selected(struct run *r)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	const char *queues[QUEUE_SELECT_QUEUES];
	struct queue_select *s;
	struct queue_message m;
	struct queue_scan *qs;
	struct err err = ERR_INIT;
	size_t unknown = 0;
	int fd;

	s = queue_select_parse(r->l->select, clock_now(), &err);
	if (s == NULL)
		log_fatal("--select: %s", err.text);
	queue_message_init(&m);
	c.m = &m;
	c.now = clock_now();
	queue_select_queues(s, queues);
	qs = queue_scan_open(queues, 0);
	while (queue_scan_next(qs, &m) && !ferror(r->out)) {
		switch (queue_select_eval(s, &c)) {
		case SELECT_NO:
			continue;
		case SELECT_UNKNOWN:
			fprintf(stderr, "postcat: %s: not judged: %s\n", m.id,
			    m.is_damaged ? "is damaged" : "what the selection "
			    "asks for could not be read");
			unknown++;
			continue;
		case SELECT_YES:
			break;
		}
		fd = open(m.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
		if (fd == -1) {		/* it went on */
			queue_scan_forget(qs, &m);
			continue;
		}
		separate(r, m.path);
		show(r, fd, m.path, m.queue, m.id);
	}
	if (unknown > 0)
		log_warning("%zu message%s could not be judged", unknown,
		    unknown == 1 ? "" : "s");
	r->failed += unknown + queue_scan_unreadable(qs);
	queue_scan_close(qs);
	queue_field_context_done(&c);
	queue_message_done(&m);
	queue_select_free(s);
}

/* Open one target; the queue, id and name that it has. */
static int
open_target(const struct target *t, const char **queue, const char **id,
    struct buf *path)
{
	int fd = t->fd;

	*queue = *id = NULL;
	if (fd != -1) {
		buf_sets(path, t->name);
		return fd;
	}
	fd = open_id(t->name, queue, path);
	*id = t->name;
	if (fd == -1)
		log_error("%s: neither a file nor a message in any queue",
		    t->name);
	return fd;
}

static void
show_targets(struct run *r, const struct target *targets, size_t count)
{
	struct buf path = BUF_INIT;
	const char *queue, *id;
	size_t i;
	int fd;

	for (i = 0; i < count && !ferror(r->out); i++) {
		fd = open_target(&targets[i], &queue, &id, &path);
		if (fd == -1) {
			r->missing++;
			continue;
		}
		if (count > 1)
			separate(r, path.ptr);
		show(r, fd, path.ptr, queue, id);
	}
	buf_done(&path);
}

/* ---- two ---- */

static enum look_status
diff(struct run *r, const struct target *targets)
{
	struct buf listing[2] = { BUF_INIT, BUF_INIT }, path = BUF_INIT;
	struct buf out = BUF_INIT;
	enum look_status status = LOOK_DONE;
	struct err err = ERR_INIT;
	const char *queue, *id;
	struct queue_view v;
	int i, fd;

	for (i = 0; i < 2 && status == LOOK_DONE; i++) {
		fd = open_target(&targets[i], &queue, &id, &path);
		if (fd == -1) {
			status = LOOK_NOTHING;
			break;
		}
		if (begin(r, &v, fd, path.ptr, queue, id, &err) == -1 ||
		    view_listing(&v, &listing[i], &err) == -1) {
			log_error("%s", err.text);
			status = LOOK_FATAL;
		}
		fprintf(r->out, "%s %s\n", i == 0 ? "---" : "+++", path.ptr);
		queue_view_done(&v);
	}
	if (status == LOOK_DONE && line_diff(span_buf(&listing[0]),
	    span_buf(&listing[1]), DIFF_CONTEXT, &out))
		status = LOOK_DIFFERS;
	fwrite(out.ptr, 1, out.len, r->out);
	for (i = 0; i < 2; i++)
		buf_done(&listing[i]);
	buf_done(&path);
	buf_done(&out);
	return status;
}

/* ---- the whole ---- */

static void
open_output(struct run *r)
{
	const char *path = r->l->o.output;
	const char *color = r->l->color;
	bool is_terminal;

	r->out = stdout;
	if (path != NULL && (r->out = fopen(path, "we")) == NULL)
		log_fatal("open %s: %s", path, strerror(errno));
	is_terminal = path == NULL && isatty(STDOUT_FILENO);
	r->is_terminal = is_terminal;
	r->has_color = color != NULL && strcmp(color, "always") == 0;
	if (color == NULL || strcmp(color, "auto") == 0)
		r->has_color = is_terminal && getenv("NO_COLOR") == NULL;
}

/* Files by name are opened while the caller's rights are there. */
static struct target *
open_operands(const struct look *l, char **operands, size_t *count)
{
	struct target *t;
	size_t i, n = 0;

	while (operands[n] != NULL)
		n++;
	t = xcalloc(n + 1, sizeof(*t));
	for (i = 0; i < n; i++) {
		t[i].name = operands[i];
		t[i].fd = l->is_id ? -1 : open(operands[i], O_RDONLY |
		    O_NONBLOCK | O_CLOEXEC);
		if (t[i].fd == -1 && !l->is_id && errno != ENOENT)
			log_fatal("open %s: %s", operands[i],
			    strerror(errno));
	}
	if (n == 0 && l->select == NULL && !l->is_id) {
		t[0].name = "stdin";
		t[0].fd = STDIN_FILENO;
		n = 1;
	}
	*count = n;
	return t;
}

static bool
needs_queue(const struct look *l, const struct target *t, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (t[i].fd == -1)
			return true;
	return l->select != NULL;
}

enum look_status
look_run(struct look *l, char **operands)
{
	struct run r = { .l = l };
	enum look_status status = LOOK_DONE;
	struct err err = ERR_INIT;
	struct target *targets;
	size_t count;

	command_load(l->config_dir, COMMAND_KEEP_ENV);
	log_to(LOG_TO_STDERR);
	open_output(&r);
	l->o.cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	targets = open_operands(l, operands, &count);
	if (l->is_diff && (count != 2 || l->select != NULL))
		log_fatal("--diff needs two files or queue IDs");
	if (needs_queue(l, targets, count) && queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	if (l->select != NULL && queue_select_setup(getenv("HOME"),
	    &err) == -1)
		log_fatal("%s", err.text);
	if (l->view == queue_view_timeline)
		l->o.attempts = queue_attempts_open();
	/* A part is written where only the caller may. */
	if (!l->o.has_auto_name && queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
	if (l->is_diff) {
		status = diff(&r, targets);
	} else {
		if (l->select != NULL)
			show_selected(&r);
		show_targets(&r, targets, count);
		if (r.failed + r.missing > 0 && r.shown + r.empty > 0)
			status = LOOK_PARTLY;
		else if (r.failed > 0)
			status = LOOK_FATAL;
		else if (r.shown == 0)
			status = LOOK_NOTHING;
	}
	queue_attempts_free(l->o.attempts);
	free(targets);
	if (fflush(r.out) != 0 || ferror(r.out) ||
	    (r.out != stdout && fclose(r.out) != 0))
		log_fatal("write error: %s", strerror(errno));
	return status;
}
