/*
 * health.c - does the mail system work now? one answer, for probes
 *
 * Each check finds one state and one sentence; the worst state is the exit
 * status. Nothing is sent, nothing is changed, and nothing takes longer than
 * a few seconds: a service that does not answer by then does not answer.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/postfix.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/dial.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_dir.h"

#define ANSWER_S	5	/* for a service to answer */
#define STUCK_S		300	/* a finished file waits less, whatever the load */
#define INODES_MIN	1000

enum state { OK, WARNING, CRITICAL };	/* and the exit status */

static const char *const state_names[] = { "ok", "warning", "critical" };

struct finding {
	const char	*check;
	enum state	 state;
	char		 text[512];
};

struct report {
	struct finding	 findings[8];
	size_t		 count;
};

static void __attribute__((format(printf, 4, 5)))
found(struct report *r, const char *check, enum state state, const char *fmt,
    ...)
{
	struct finding *f = r->findings + r->count++;
	va_list ap;

	if (r->count > sizeof(r->findings) / sizeof(r->findings[0]))
		log_panic("health: too many checks");
	f->check = check;
	f->state = state;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

/* ---- the checks ---- */

static void
check_supervisor(struct report *r)
{
	pid_t pid = control_running();

	if (pid == 0)
		found(r, "supervisor", CRITICAL, "does not run");
	else
		found(r, "supervisor", OK, "runs, PID %ld", (long)pid);
}

/* A process that takes wake-up bytes hangs up when it has read them. */
static int
ask_trigger(const char *class, const char *name, struct err *err)
{
	struct buf path = BUF_INIT;
	struct stream *s;
	int fd, rc = 0;

	buf_setf(&path, "unix:%s/%s", class, name);
	fd = dial(path.ptr, ANSWER_S, err);
	buf_done(&path);
	if (fd == -1)
		return -1;
	s = stream_new(fd, ANSWER_S);
	stream_write(s, "", 1);		/* NUL asks for nothing */
	if (stream_flush(s) == -1 || (stream_getc(s) == -1 &&
	    stream_status(s) != STREAM_EOF))
		rc = err_set(err, ERR_TIMEOUT, "%s/%s: no answer in %d seconds",
		    class, name, ANSWER_S);
	stream_free(s);
	return rc;
}

static int
ask_greeting(const char *class, const char *name, const char *protocol,
    struct err *err)
{
	struct stream *s = endpoint_connect_greeted(class, name, protocol,
	    ANSWER_S, err);

	if (s == NULL)
		return -1;
	stream_free(s);
	return 0;
}

static const struct master_service *
find_service(const struct master_cf *cf, const char *name)
{
	size_t i;

	for (i = 0; i < cf->count; i++)
		if (cf->services[i].type == MASTER_UNIX &&
		    strcmp(cf->services[i].name, name) == 0)
			return cf->services + i;
	return NULL;
}

/* Without these three nothing moves; the others are started by their callers. */
static void
check_services(struct report *r)
{
	const struct {
		const char	*check, *name, *protocol;
	} asked[] = {
		{ "queue manager", params.queue_service_name, NULL },
		{ "queue listing", params.showq_service_name,
		    "mail_queue_list_protocol" },
		{ "routing", params.rewrite_service_name,
		    "trivial_rewrite_protocol" },
	};
	const struct master_service *s;
	struct master_cf cf = { 0 };
	struct err err = ERR_INIT;
	struct buf path = BUF_INIT;
	const char *class;
	size_t i;
	int rc;

	buf_setf(&path, "%s/master.cf", params.config_directory);
	if (master_cf_read(&cf, path.ptr, &err) == -1)
		found(r, "configuration", CRITICAL, "%s", err.text);
	buf_done(&path);
	for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		if ((s = find_service(&cf, asked[i].name)) == NULL)
			continue;
		class = s->is_private ? "private" : "public";
		rc = asked[i].protocol == NULL ?
		    ask_trigger(class, s->name, &err) :
		    ask_greeting(class, s->name, asked[i].protocol, &err);
		if (rc == -1)
			found(r, asked[i].check, CRITICAL, "%s", err.text);
		else
			found(r, asked[i].check, OK, "answers");
	}
	master_cf_done(&cf);
}

/* Files that nobody has taken: how many, and since when has the oldest waited? */
static size_t
waiting(const char *queue, int64_t *oldest_s)
{
	struct queue_dir *qd = queue_dir_open(queue, NULL);
	int64_t now = clock_now(), age;
	struct stat st;
	size_t n = 0;

	*oldest_s = 0;
	if (qd == NULL)
		return 0;
	while (queue_dir_next(qd) != NULL) {
		/* Still being written: not executable yet. */
		if (stat(queue_dir_path(qd), &st) == -1 ||
		    (st.st_mode & S_IXUSR) == 0)
			continue;
		age = now - (int64_t)st.st_mtime;
		if (age > STUCK_S)
			n++;
		if (age > *oldest_s)
			*oldest_s = age;
	}
	queue_dir_close(qd);
	return n;
}

static bool
active_is_full(void)
{
	struct queue_dir *qd = queue_dir_open("active", NULL);
	int n = 0;

	if (qd == NULL)
		return false;
	while (n < params.qmgr_message_active_limit &&
	    queue_dir_next(qd) != NULL)
		n++;
	queue_dir_close(qd);
	return n == params.qmgr_message_active_limit;
}

static void
check_queues(struct report *r)
{
	int64_t oldest;
	size_t n;

	if ((n = waiting("maildrop", &oldest)) > 0)
		found(r, "submission", WARNING, "%zu message%s in "
		    "maildrop not picked up, the oldest for %lld seconds", n,
		    n == 1 ? "" : "s",
		    (long long)oldest);
	else
		found(r, "submission", OK, "maildrop is taken as it comes");
	if ((n = waiting("incoming", &oldest)) == 0)
		found(r, "delivery", OK, "incoming is taken as it comes");
	else
		found(r, "delivery", WARNING, "%zu message%s in incoming not "
		    "tried, the oldest for %lld seconds%s", n, n == 1 ? "" : "s",
		    (long long)oldest, active_is_full() ?
		    ": the active queue is full" : "");
}

/* The same sum as at MAIL FROM: what is refused there is not well. */
static void
check_room(struct report *r)
{
	struct statvfs v;
	int64_t have, need = params.queue_minfree;

	if (statvfs(".", &v) == -1) {
		found(r, "room", CRITICAL, "%s cannot be looked at: %s",
		    params.queue_directory, strerror(errno));
		return;
	}
	have = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	if (need < params.message_size_limit + params.message_size_limit / 2)
		need = params.message_size_limit +
		    params.message_size_limit / 2;
	if (have < need)
		found(r, "room", CRITICAL, "%lld bytes are free, mail is "
		    "refused below %lld", (long long)have, (long long)need);
	else if (v.f_files != 0 && v.f_favail < INODES_MIN)
		found(r, "room", CRITICAL, "%llu inodes are free",
		    (unsigned long long)v.f_favail);
	else
		found(r, "room", OK, "%lld bytes are free", (long long)have);
}

/* ---- the answer ---- */

static void
print_json(const struct report *r, enum state worst)
{
	struct buf out = BUF_INIT;
	const struct finding *f;
	size_t i;

	buf_setf(&out, "{\"v\":1,\"status\":\"%s\",\"checks\":[",
	    state_names[worst]);
	for (i = 0; i < r->count; i++) {
		f = r->findings + i;
		buf_addf(&out, "%s{\"check\":\"%s\",\"status\":\"%s\",",
		    i > 0 ? "," : "", f->check, state_names[f->state]);
		json_member(&out, "text", f->text);
		buf_addc(&out, '}');
	}
	buf_adds(&out, "]}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_done(&out);
}

int
health_verb(char **args)
{
	struct report r = { .count = 0 };
	bool wants_json = args[0] != NULL && strcmp(args[0], "--json") == 0;
	enum state worst = OK;
	size_t i;

	if (args[wants_json ? 1 : 0] != NULL) {
		fputs("usage: postfix [-c config_dir] health [--json]\n",
		    stderr);
		return EX_USAGE;
	}
	check_supervisor(&r);
	if (r.findings[0].state == OK)
		check_services(&r);
	check_queues(&r);
	check_room(&r);
	for (i = 0; i < r.count; i++)
		if (r.findings[i].state > worst)
			worst = r.findings[i].state;
	if (wants_json)
		print_json(&r, worst);
	else
		for (i = 0; i < r.count; i++)
			printf("%-9s %-14s %s\n",
			    state_names[r.findings[i].state],
			    r.findings[i].check, r.findings[i].text);
	return (int)worst;
}
