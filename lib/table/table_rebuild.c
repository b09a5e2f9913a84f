/*
 * table_rebuild.c - build an index only when its source says something new
 *
 * Times alone do not tell: a restored source may be older than the index of
 * what it replaces. So a build notes what it read, and that is compared.
 * Watching looks at directories, not files: editors and configuration
 * managers replace a file, or a link somewhere above it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_rebuild.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/table_inspect.h"
#include "lib/table/table_report.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"
#include "lib/table/table_verify.h"

#define WATCH_EVENTS	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE)
#define RETRY_MS	2000	/* while a directory is gone */

void
table_rebuild_report(const char *name, long entries,
    const struct table_report *r)
{
	char *full = table_tool_full_name(name);
	struct buf text = BUF_INIT;

	buf_setf(&text, "%s: %ld %s", full, entries,
	    entries == 1 ? "entry" : "entries");
	table_report(r, text.ptr, "table", full, "#entries",
	    (long long)entries, NULL);
	buf_done(&text);
	free(full);
}

/* Does the index have a note that says it was made from this? 1, 0, -1. */
static int
is_noted(const struct table_tool *tool, const char *source_path,
    const struct buf *note, struct err *err)
{
	struct table_source *source = table_source_open(source_path, -1, err);
	struct buf line = BUF_INIT, want = BUF_INIT;
	int number, got = -1;

	if (source != NULL) {
		table_source_be_quiet(source);
		while ((got = table_source_next(source, &line, &number,
		    err)) == 1)
			;
		table_tool_note(tool, table_source_digest(source), &want);
	}
	table_source_close(source);
	if (got == 0)
		got = strcmp(want.ptr, note->ptr) == 0;
	buf_done(&line);
	buf_done(&want);
	return got;
}

static bool
is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec > b->st_mtim.tv_sec ||
	    (a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec > b->st_mtim.tv_nsec);
}

/* 1 when there is nothing to build, 0, or -1 with err. */
static int
is_fresh(const struct table_tool *tool, const char *full, const char *path,
    struct err *err)
{
	const char *source_path = strchr(full, ':') + 1;
	struct stat source, index;
	struct buf note = BUF_INIT;
	int rc;

	if (stat(source_path, &source) == -1)
		return err_sys(err, "open %s", source_path);
	if (stat(path, &index) == -1)
		return 0;
	if (table_noted(path, &note))
		rc = is_noted(tool, source_path, &note, err);
	else if (!is_newer(&source, &index))
		rc = 1;
	else
		rc = table_verify_entries(tool, full, NULL) == 0;
	buf_done(&note);
	if (rc == 1 && is_newer(&source, &index) &&
	    table_touch(path, err) == -1)
		rc = -1;
	return rc;
}

int
table_rebuild_if_stale(const struct table_tool *tool, const char *name,
    const struct table_report *r, struct err *err)
{
	char *full = table_tool_full_name(name), *path;
	int rc = -1;
	long entries;

	if ((path = table_inspect_index(full, err)) != NULL)
		rc = is_fresh(tool, full, path, err);
	if (rc == 0 && (rc = table_tool_build(tool, name, &entries,
	    err)) == 0) {
		table_rebuild_report(name, entries, r);
		rc = 1;
	} else if (rc == 1) {
		rc = 0;
	}
	free(path);
	free(full);
	return rc;
}

/* One table under watch. */
struct watched {
	const char	*name;
	char		*directory;
	int		 wd;		/* of its directory, -1: it is not there */
};

struct watch {
	const struct table_tool *tool;
	const struct table_report *r;
	struct watched	*tables;
	size_t		 count;
	int		 inotify, signals;
};

static void
rebuild_one(struct watch *w, struct watched *one)
{
	struct err err = ERR_INIT;

	if (table_rebuild_if_stale(w->tool, one->name, w->r, &err) == -1)
		log_warning("%s", err.text);
	fflush(w->r->out);
}

/* Look at directories that were not there, or are others by now. */
static bool
add_watches(struct watch *w)
{
	bool all = true;
	size_t i;

	for (i = 0; i < w->count; i++) {
		if (w->tables[i].wd == -1) {
			w->tables[i].wd = inotify_add_watch(w->inotify,
			    w->tables[i].directory, WATCH_EVENTS);
			if (w->tables[i].wd != -1)
				rebuild_one(w, &w->tables[i]);
		}
		all &= w->tables[i].wd != -1;
	}
	return all;
}

/* Something happened in this directory, or (-1) perhaps in any. */
static void
on_event(struct watch *w, int wd, bool is_gone)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		if (wd != -1 && w->tables[i].wd != wd)
			continue;
		if (is_gone)
			w->tables[i].wd = -1;
		else
			rebuild_one(w, &w->tables[i]);
	}
}

/* All events that are there; those of one directory are one. */
static void
take_events(struct watch *w)
{
	union {
		struct inotify_event e;
		char	bytes[16384];
	} u;
	const struct inotify_event *e;
	ssize_t n, at;
	int last = -2;

	n = read(w->inotify, u.bytes, sizeof(u.bytes));
	for (at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const void *)(u.bytes + at);
		if ((e->mask & IN_Q_OVERFLOW) != 0)
			on_event(w, -1, false);
		else if ((e->mask & IN_IGNORED) != 0)
			on_event(w, e->wd, true);
		else if (e->wd != last)
			on_event(w, e->wd, false);
		last = e->wd;
	}
}

static int
watch_loop(struct watch *w, struct err *err)
{
	struct pollfd fds[] = { { w->inotify, POLLIN, 0 },
	    { w->signals, POLLIN, 0 } };
	bool all;

	do {
		all = add_watches(w);
		if (poll(fds, 2, all ? -1 : RETRY_MS) == -1 && errno != EINTR)
			return err_sys(err, "wait for changes");
		if ((fds[0].revents & POLLIN) != 0)
			take_events(w);
	} while ((fds[1].revents & POLLIN) == 0);
	return 0;
}

static char *
directory_of(const char *name)
{
	char *full = table_tool_full_name(name), *slash, *directory;
	const char *path = strchr(full, ':') + 1;

	slash = strrchr(path, '/');
	directory = slash == NULL ? xstrdup(".") :
	    xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
	free(full);
	return directory;
}

/* What can never be built ends it at once. */
static int
check_names(char **names, size_t count, struct err *err)
{
	char *full, *path;
	size_t i;

	for (i = 0; i < count; i++) {
		full = table_tool_full_name(names[i]);
		path = table_inspect_index(full, err);
		free(full);
		if (path == NULL)
			return -1;
		free(path);
	}
	return 0;
}

int
table_rebuild_watch(const struct table_tool *tool, char **names,
    size_t count, const struct table_report *r, struct err *err)
{
	struct watch w = { .tool = tool, .r = r, .count = count };
	sigset_t ends;
	size_t i;
	int rc = -1;

	if (check_names(names, count, err) == -1)
		return -1;
	w.tables = xcalloc(count, sizeof(*w.tables));
	for (i = 0; i < count; i++)
		w.tables[i] = (struct watched){ names[i],
		    directory_of(names[i]), -1 };
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	w.signals = signalfd(-1, &ends, SFD_CLOEXEC);
	w.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w.signals == -1 || w.inotify == -1)
		err_sys(err, "watch files");
	else
		rc = watch_loop(&w, err);
	close(w.signals);
	close(w.inotify);
	for (i = 0; i < count; i++)
		free(w.tables[i].directory);
	free(w.tables);
	return rc;
}
