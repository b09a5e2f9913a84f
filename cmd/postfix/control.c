/*
 * control.c - start, stop, reload and the like
 *
 * Whether the mail system runs is a question to a lock, never to a number in
 * a file: the supervisor holds pid/master.pid for life. Only when the lock is
 * held does the number inside count.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/postfix/postfix.h"
#include "lib/base/buf.h"
#include "lib/base/child.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

#define STOP_WAIT_S	5

pid_t
control_running(void)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	pid_t pid = 0;
	int fd;

	buf_setf(&path, "%s/master.pid", params.process_id_directory);
	if ((fd = open(path.ptr, O_RDWR | O_CLOEXEC)) == -1) {
		if (errno != ENOENT)
			log_fatal("open %s: %s", path.ptr, strerror(errno));
		buf_done(&path);
		return 0;
	}
	if (file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (file_read_fd(fd, &text, 128, &err) == -1)
			log_fatal("read %s: %s", path.ptr, err.text);
		pid = (pid_t)strtol(text.ptr, NULL, 10);
		if (pid < 1)
			pid = 0;
	}
	close(fd);
	buf_done(&text);
	buf_done(&path);
	return pid;
}

static pid_t
must_run(void)
{
	pid_t pid = control_running();

	if (pid == 0)
		log_fatal("the Postfix mail system is not running");
	return pid;
}

/* $daemon_directory/master if there is one, else posthornd under that name */
static void
exec_master(const char *option)
{
	struct buf path = BUF_INIT;
	char name[] = "master", letter[3] = { option[0], option[1], '\0' };
	char *argv[] = { name, letter, NULL };

	buf_setf(&path, "%s/master", params.daemon_directory);
	execv(path.ptr, argv);
	if (errno == ENOENT) {
		buf_setf(&path, "%s/posthornd", params.daemon_directory);
		execv(path.ptr, argv);
	}
	log_fatal("execute %s: %s", path.ptr, strerror(errno));
}

static int
run_master(const char *option)
{
	pid_t pid;

	if ((pid = fork()) == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0)
		exec_master(option);
	return child_wait(pid);
}

static void
prepare_start(void)
{
	if (control_running() != 0)
		log_fatal("the Postfix mail system is already running");
	if (unlink("quick-start") == 0)
		return;
	if (check_fatal(true) != 0)
		log_fatal("Postfix integrity check failed!");
	check_warn();
}

int
control_start(char **args)
{
	(void)args;
	prepare_start();
	say("starting the Postfix mail system");
	if (run_master("-w") != 0)
		log_fatal("mail system startup failed");
	return 0;
}

int
control_start_fg(char **args)
{
	(void)args;
	if (*params.multi_instance_directories != '\0')
		log_fatal("start-fg does not support "
		    "multi_instance_directories");
	prepare_start();
	say("starting the Postfix mail system");
	exec_master(getpid() == 1 ? "-i" : "-s");
	return 1;
}

static void
nap_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

int
control_stop(char **args)
{
	pid_t pid = must_run();
	int64_t start = clock_mono_ms(), told = 0, waited;

	(void)args;
	say("stopping the Postfix mail system");
	kill(pid, SIGTERM);
	for (;;) {
		if (control_running() == 0)
			return 0;
		nap_ms(10);
		waited = clock_mono_ms() - start;
		if (waited >= STOP_WAIT_S * 1000)
			break;
		if (waited / 1000 > told) {
			told = waited / 1000;
			say("waiting for the Postfix mail system to terminate");
		}
	}
	log_warning("stopping the Postfix mail system with force");
	if (kill(-pid, SIGKILL) == -1)
		kill(pid, SIGKILL);
	return 0;
}

int
control_quick_stop(char **args)
{
	int fd, status = control_stop(args);

	if ((fd = open("quick-start", O_WRONLY | O_CREAT | O_CLOEXEC,
	    0644)) != -1)
		close(fd);
	return status;
}

int
control_abort(char **args)
{
	pid_t pid = must_run();

	(void)args;
	say("aborting the Postfix mail system");
	kill(pid, SIGTERM);
	return 0;
}

int
control_drain(char **args)
{
	pid_t pid = must_run();

	(void)args;
	say("stopping the Postfix mail system");
	kill(pid, SIGKILL);
	return 0;
}

/* postsuper with one optional argument, in the background if asked */
static int
run_postsuper(char *queue, bool in_background)
{
	struct buf path = BUF_INIT;
	char name[] = "postsuper";
	char *argv[] = { name, queue, NULL };
	int status = 0;

	buf_setf(&path, "%s/postsuper", params.command_directory);
	if (!in_background)
		status = run_command(path.ptr, argv);
	else if (fork() == 0) {
		execv(path.ptr, argv);
		_exit(127);
	}
	buf_done(&path);
	return status == 127 ? 0 : status;
}

int
control_reload(char **args)
{
	pid_t pid = must_run();
	char active[] = "active";
	int status;

	(void)args;
	say("refreshing the Postfix mail system");
	if ((status = run_postsuper(active, false)) != 0)
		return status;
	kill(pid, SIGHUP);
	run_postsuper(NULL, true);
	return 0;
}

int
control_flush(char **args)
{
	struct buf path = BUF_INIT;
	char name[] = "postqueue", option[] = "-f";
	char *argv[] = { name, option, NULL };

	(void)args;
	must_run();
	buf_setf(&path, "%s/postqueue", params.command_directory);
	execv(path.ptr, argv);
	log_fatal("execute %s: %s", path.ptr, strerror(errno));
}

int
control_status(char **args)
{
	pid_t pid = control_running();

	(void)args;
	/* Who asks wants the answer, wherever standard error goes. */
	if (pid != 0)
		log_info("the Postfix mail system is running: PID: %ld",
		    (long)pid);
	else
		log_info("the Postfix mail system is not running");
	return pid != 0 ? 0 : 1;
}

/* ------------------------------------------------------------ logrotate */

#define RELEASE_PAUSE_MS	100
#define RELEASE_TRIES		50

static void
must_not_be_empty(const char *name, const char *value)
{
	if (*value == '\0')
		log_fatal("empty '%s' parameter value - logfile rotation "
		    "failed", name);
}

/* rotated_name - what a file is called from now on */
static void
rotated_name(const char *file, struct buf *out)
{
	char suffix[128];
	time_t now = clock_now();
	struct tm tm;
	size_t n;

	localtime_r(&now, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = strftime(suffix, sizeof(suffix),
	    params.maillog_file_rotate_suffix, &tm);
#pragma GCC diagnostic pop
	if (n == 0)
		log_fatal("logfile '%s' rotation failed: bad suffix '%s'",
		    file, params.maillog_file_rotate_suffix);
	buf_setf(out, "%s.%s", file, suffix);
}

static void
put_aside(const char *file, const char *rotated)
{
	if (rename(file, rotated) == -1)
		log_fatal("logfile '%s' rotation failed: %s", file,
		    strerror(errno));
}

static void
compress(const char *file, char *rotated)
{
	char shell[] = "sh", option[] = "-c";
	char script[] = "exec \"$0\" \"$1\"";
	char *argv[] = { shell, option, script,
	    (char *)(size_t)params.maillog_file_compressor, rotated, NULL };

	if (run_command("/bin/sh", argv) != 0)
		log_fatal("logfile '%s' rotation failed: "
		    "cannot compress with '%s'", file,
		    params.maillog_file_compressor);
}

/*
 * Each process that writes events holds a shared lock. One that is still at
 * work goes on writing to what was put aside: compressed, that would be lost.
 */
static bool
is_let_go(const char *rotated)
{
	int fd = open(rotated, O_RDWR | O_CLOEXEC), tries = RELEASE_TRIES;
	bool ok = false;

	while (fd != -1 && !(ok = flock(fd, LOCK_EX | LOCK_NB) == 0) &&
	    tries-- > 0)
		poll(NULL, 0, RELEASE_PAUSE_MS);
	if (fd != -1)
		close(fd);
	return ok;
}

int
control_logrotate(char **args)
{
	const char *file = params.maillog_file,
	    *events = params.posthorn_log_json;
	struct buf rotated = BUF_INIT, rotated_events = BUF_INIT;
	bool has_events = *events == '/' && strncmp(events, "/dev/", 5) != 0 &&
	    access(events, F_OK) == 0;
	pid_t pid;

	if (args[0] != NULL)
		log_fatal("usage postfix logrotate (no arguments)");
	if (!has_events)
		must_not_be_empty("maillog_file", file);
	must_not_be_empty("maillog_file_compressor",
	    params.maillog_file_compressor);
	must_not_be_empty("maillog_file_rotate_suffix",
	    params.maillog_file_rotate_suffix);
	if (strncmp(file, "/dev/", 5) == 0)
		log_fatal("not rotating '%s'", file);
	/* The log is about to move: from here on only the terminal is told. */
	log_to(LOG_TO_STDERR);
	if (*file != '\0') {
		rotated_name(file, &rotated);
		put_aside(file, rotated.ptr);
	}
	if (has_events) {
		rotated_name(events, &rotated_events);
		put_aside(events, rotated_events.ptr);
	}
	if ((pid = control_running()) != 0) {
		kill(pid, SIGHUP);
		sleep(1);	/* whoever still writes to the old file finishes */
	}
	if (*file != '\0')
		compress(file, rotated.ptr);
	if (has_events && is_let_go(rotated_events.ptr))
		compress(events, rotated_events.ptr);
	else if (has_events)
		log_warning("%s: not compressed, processes that are at work "
		    "still write to it", rotated_events.ptr);
	buf_done(&rotated);
	buf_done(&rotated_events);
	return 0;
}
