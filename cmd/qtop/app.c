/*
 * app.c - the loop: keys, what workers have made, the screen
 *
 * Workers wake the loop by an eventfd. A key is handled and painted at once;
 * what comes from workers is painted a few times a second at most.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/do.h"
#include "cmd/qtop/instances.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/journal.h"
#include "cmd/qtop/logtail.h"
#include "cmd/qtop/paint.h"
#include "cmd/qtop/reader.h"
#include "cmd/qtop/screen.h"
#include "cmd/qtop/subjects.h"
#include "cmd/qtop/times.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/foreground.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

#define PAINT_MS	60		/* between two paintings that no key asked for */
#define TICK_MS		1000		/* ages grow */
#define WARNINGS_MAX	65536

static volatile sig_atomic_t ended, stopped;

static void
note_signal(int sig)
{
	if (sig == SIGTSTP)
		stopped = 1;
	else
		ended = 1;
}

struct app {
	struct model	*m;
	struct grid	 grid;
	int		 wake_fd;
	int		 warn_fd, old_stderr;	/* what libraries say meanwhile */
	off_t		 warned;
	bool		 is_dirty;		/* something to paint */
	int64_t		 painted_ms;
};

static void
wake(void *ctx)
{
	struct app *a = ctx;
	uint64_t one = 1;
	ssize_t n = write(a->wake_fd, &one, sizeof(one));

	(void)n;			/* full is awake enough */
}

/* ---- standard error, while the screen is on ---- */

static void
catch_warnings(struct app *a)
{
	a->old_stderr = dup(STDERR_FILENO);
	a->warn_fd = memfd_create("warnings", MFD_CLOEXEC);
	if (a->warn_fd != -1)
		dup2(a->warn_fd, STDERR_FILENO);
}

/* The last line goes to the bottom of the screen, all of them behind L. */
static void
read_warnings(struct app *a)
{
	char text[4096];
	ssize_t n;
	char *nl;

	if (a->warn_fd == -1)
		return;
	while ((n = pread(a->warn_fd, text, sizeof(text) - 1, a->warned)) > 0) {
		text[n] = '\0';
		a->warned += n;
		if (a->m->warnings.len < WARNINGS_MAX)
			buf_add(&a->m->warnings, text, (size_t)n);
		if ((nl = strrchr(text, '\n')) != NULL)
			*nl = '\0';
		nl = strrchr(text, '\n');
		model_say(a->m, TONE_BAD, "%.200s", nl != NULL ? nl + 1 :
		    text);
		a->is_dirty = true;
	}
}

static void
release_warnings(struct app *a)
{
	if (a->old_stderr == -1)
		return;
	fflush(stderr);
	dup2(a->old_stderr, STDERR_FILENO);
	close(a->old_stderr);
	if (a->m->warnings.len > 0)
		file_write_all(STDERR_FILENO, a->m->warnings.ptr,
		    a->m->warnings.len);
}

/* ---- commands ---- */

/* A command of the user's gets the standard error that was there before. */
static int
lend_terminal(struct app *a, const char *command, const char *file, int input,
    struct err *err)
{
	int status;

	paint_pause();
	dup2(a->old_stderr, STDERR_FILENO);
	status = command == NULL ? foreground_edit(file, err) :
	    foreground_run(command, NULL, a->m->home_dir, input, err);
	if (a->warn_fd != -1)
		dup2(a->warn_fd, STDERR_FILENO);
	return status;
}

static void
wait_for_enter(int status)
{
	char line[8];
	ssize_t n;

	if (status != 0)
		printf("\n[exit status %d]", status);
	printf("\n[Enter]");
	fflush(stdout);
	n = read(STDIN_FILENO, line, sizeof(line));
	(void)n;
}

/* The input lies in memory, so that no command can block us by not reading. */
static void
run_command(struct app *a)
{
	struct model *m = a->m;
	int input = memfd_create("input", MFD_CLOEXEC), status;
	struct err err = ERR_INIT;

	if (input == -1 || file_write_all(input, m->run_input.ptr,
	    m->run_input.len) == -1 || lseek(input, 0, SEEK_SET) == -1) {
		model_say(m, TONE_BAD, "%s", strerror(errno));
	} else {
		status = lend_terminal(a, m->to_run, NULL, input, &err);
		if (status != -1)
			wait_for_enter(status);
		paint_resume();
		if (status == -1)
			model_say(m, TONE_BAD, "%s", err.text);
		else
			model_say(m, TONE_INFO, "%.100s: exit status %d",
			    m->to_run, status);
	}
	if (input != -1)
		close(input);
	free(m->to_run);
	m->to_run = NULL;
	buf_reset(&m->run_input);
}

static void
run_editor(struct app *a)
{
	struct model *m = a->m;
	struct err err = ERR_INIT;
	int rc = lend_terminal(a, NULL, m->to_edit, -1, &err);

	paint_resume();
	act_edited(m, m->to_edit, rc == -1 ? err.text : NULL);
	free(m->to_edit);
	m->to_edit = NULL;
}

/* ---- what keys have asked of the terminal ---- */

static void
serve_terminal(struct app *a)
{
	struct model *m = a->m;

	if (m->wants_discard) {
		paint_discard();
		m->wants_discard = false;
	}
	if (m->wants_theme) {
		paint_theme(&m->theme);
		m->wants_theme = false;
	}
	if (m->wants_mouse) {
		paint_mouse(m->settings.has_mouse);
		m->wants_mouse = false;
	}
	if (m->to_copy != NULL) {
		paint_copy(m->to_copy);
		free(m->to_copy);
		m->to_copy = NULL;
	}
	if (m->to_run != NULL)
		run_command(a);
	if (m->to_edit != NULL)
		run_editor(a);
	if (m->wants_suspend || stopped != 0) {
		stopped = 0;
		m->wants_suspend = false;
		paint_suspend();
	}
}

static void
take_keys(struct app *a)
{
	struct paint_event e;

	while ((e = paint_read()).key != KEYS_NONE && !a->m->is_over) {
		a->is_dirty = true;
		a->painted_ms = 0;
		if (e.key != KEYS_MOUSE)
			do_key(a->m, e.key);
		else
			do_click(a->m, e.is_wheel_up ? CLICK_WHEEL_UP :
			    e.is_wheel_down ? CLICK_WHEEL_DOWN : e.is_double ?
			    CLICK_TWICE : CLICK_ONCE, e.x, e.y);
		serve_terminal(a);
	}
}

static void
paint(struct app *a)
{
	struct model *m = a->m;
	int width, height;

	paint_size(&width, &height);
	if (width != m->width || height != m->height) {
		m->width = width;
		m->height = height;
		model_fit(m);
	}
	subjects_want(m);
	screen_draw(m, &a->grid);
	paint_grid(&a->grid, m->wants_redraw);
	m->wants_redraw = false;
	a->is_dirty = false;
	a->painted_ms = clock_mono_ms();
}

static void
wait_for_something(struct app *a, bool is_busy)
{
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 },
	    { a->wake_fd, POLLIN, 0 } };
	int64_t now = clock_mono_ms(), left = TICK_MS;
	uint64_t count;
	ssize_t n;
	int ready;

	if (a->is_dirty)
		left = a->painted_ms + PAINT_MS - now;
	if (is_busy || left < 0)
		left = 0;
	if ((ready = poll(fds, 2, (int)left)) <= 0) {
		a->is_dirty |= left == TICK_MS || ready == -1;
		return;
	}
	if (fds[1].revents != 0) {
		n = read(a->wake_fd, &count, sizeof(count));
		(void)n;
	}
	/* The terminal went away. */
	if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		a->m->is_over = true;
}

static void
loop(struct app *a)
{
	struct model *m = a->m;
	bool is_busy = false;

	while (!m->is_over && ended == 0) {
		take_keys(a);
		a->is_dirty |= model_update(m);
		do_pending(m);
		serve_terminal(a);
		is_busy = model_chase(m);
		is_busy |= tags_go_on(m);
		a->is_dirty |= is_busy;
		read_warnings(a);
		if (a->is_dirty && clock_mono_ms() - a->painted_ms >=
		    PAINT_MS)
			paint(a);
		wait_for_something(a, is_busy);
	}
}

/* ---- beginning and end ---- */

static void
start_workers(struct app *a, const struct app_options *o)
{
	struct model *m = a->m;
	int64_t every = o->kind == SOURCE_FILE ? 0 :
	    (int64_t)m->settings.refresh_s * 1000;

	m->snapshot = queue_snapshot_new();
	m->source = source_new(o->kind, m->snapshot, o->name, o->fd, every,
	    o->load, wake, a);
	m->views = views_new(m->snapshot, wake, a, o->load);
	m->look = jobs_new(wake, a);
	m->act_jobs = jobs_new(wake, a);
	m->act = act_new();
	m->subjects = subjects_new();
	if (o->kind == SOURCE_LIVE || o->kind == SOURCE_SHOWQ)
		m->logtail = logtail_new(reader_log(), params.syslog_name);
	m->now = clock_now();
	source_status(m->source, &m->status);
}

static void
stop_workers(struct app *a)
{
	struct model *m = a->m;

	act_cancel(m->act);
	jobs_free(m->act_jobs);
	jobs_free(m->look);
	views_free(m->views);
	source_free(m->source);
	journal_free(m->journal);
	act_free(m->act);
	subjects_free(m->subjects);
	logtail_free(m->logtail);
	model_done(m);
	queue_snapshot_free(m->snapshot);
}

static void
batch_screen(struct app *a)
{
	struct model *m = a->m;
	struct buf out = BUF_INIT;

	view_free(m->shown[m->screen]);
	m->shown[m->screen] = NULL;
	model_ask(m);
	m->shown[m->screen] = views_wait(m->views, m->asked[m->screen]);
	while (m->screen == SCREEN_JOURNAL && m->journal == NULL &&
	    !jobs_is_idle(m->look))
		jobs_finish(m->look, m);
	while (subjects_want(m))
		if (!jobs_finish(m->look, m))
			usleep(1000);
	m->now = clock_now();
	source_status(m->source, &m->status);
	screen_draw(m, &a->grid);
	grid_text(&a->grid, &out);
	file_write_all(STDOUT_FILENO, out.ptr, out.len);
	buf_done(&out);
}

static int
run_batch(struct app *a, const struct app_options *o)
{
	struct model *m = a->m;
	long i;

	m->width = o->width;
	m->height = o->height;
	if (m->screen == SCREEN_JOURNAL)
		journal_load(m);
	if (o->wants_times)
		times_measure(m, &a->grid);
	for (i = 1; i <= o->batches && ended == 0; i++) {
		source_wait(m->source, (unsigned)i);
		source_status(m->source, &m->status);
		if (m->status.error[0] != '\0')
			log_warning("%s", m->status.error);
		batch_screen(a);
		if (m->status.interval_ms == 0)
			break;
	}
	return m->status.error[0] != '\0' ? EX_UNAVAILABLE : EX_OK;
}

static int
run_screen(struct app *a, const struct app_options *o)
{
	struct model *m = a->m;
	struct err err = ERR_INIT;
	struct sigaction sa;

	if (paint_start(m->settings.has_mouse, &err) == -1) {
		log_error("%s", err.text);
		return EX_USAGE;
	}
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = note_signal;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTSTP, &sa, NULL);
	catch_warnings(a);
	m->is_ascii = !paint_is_utf8();
	paint_theme(&m->theme);
	paint_size(&m->width, &m->height);
	model_ask(m);
	if (o->asks_instance)
		menu_open(m, MENU_INSTANCES);
	a->is_dirty = true;
	loop(a);
	paint_stop();
	read_warnings(a);
	release_warnings(a);
	return EX_OK;
}

int
app_run(struct model *m, const struct app_options *o)
{
	struct app a = { .m = m, .warn_fd = -1, .old_stderr = -1 };
	int status;

	grid_init(&a.grid);
	a.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a.wake_fd == -1)
		log_fatal("eventfd: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	start_workers(&a, o);
	status = o->is_batch ? run_batch(&a, o) : run_screen(&a, o);
	if (m->to_instance != NULL) {
		instances_start(o->argv, m->to_instance);
		log_error("start anew: %s", strerror(errno));
		status = EX_OSERR;
	}
	/* A service that does not answer would hold us up for an hour. */
	source_status(m->source, &m->status);
	if (m->status.kind == SOURCE_SHOWQ && m->status.is_scanning)
		_exit(status);
	stop_workers(&a);
	grid_done(&a.grid);
	close(a.wake_fd);
	return status;
}
