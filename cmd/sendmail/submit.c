/*
 * submit.c - one submission: envelope, message, and the talk with postdrop
 *
 * Records are collected in one buffer and postdrop is started when the buffer
 * is full or the message complete: the usual message costs one write, and one
 * that is refused here (no recipients) never starts a process. All failures
 * are fatal: main turns them into exit status 75.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/sendmail/submit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/sendmail/content.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/mail/address_list.h"
#include "lib/queue/queue_rec.h"

#define SEND_SIZE	49152	/* below the pipe's 64 KB: one write, no waiting */

struct job {
	const struct submit *s;
	char		*sender;	/* internal form */
	struct buf	 out;		/* records on their way to postdrop */
	struct extract	 extract;
	size_t		 rcpt_count;
	pid_t		 postdrop;	/* 0 while not started */
	int		 to, from;	/* its standard input and output */
	struct buf	 command;	/* how it was called, for messages */
};

static const struct {
	int		 bit;
	const char	*text;
} status_texts[] = {		/* spec/services.md 3.10, in order of weight */
	{ 256,	"service unavailable" },
	{ 128,	"queue file write error" },
	{ 1,	"internal protocol error" },
	{ 64,	"no recipients specified" },
	{ 16,	"too many hops" },
	{ 4,	"message file too big" },
	{ 8,	"message content rejected" },
	{ 2,	"queue file write error" },
	{ 512,	"service denied" },
};

static const char *
status_text(int status)
{
	size_t i;

	for (i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++)
		if ((status & status_texts[i].bit) != 0)
			return status_texts[i].text;
	return "unknown error";
}

static void
fail(const struct job *j, const char *what, const char *why)
{
	log_fatal("%s(%ld): %s%s%s", j->sender, (long)getuid(), what,
	    why != NULL ? ": " : "", why != NULL ? why : "");
}

/* ---- postdrop ---- */

static void
start_postdrop(struct job *j)
{
	static char reply[] = "-r", verbose[] = "-v";
	char *argv[64], **arg = argv;
	struct buf path = BUF_INIT;
	int in[2], out[2], i;
	volatile int failed = 0;

	buf_setf(&path, "%s/postdrop", params.command_directory);
	buf_setf(&j->command, "%s -r", path.ptr);
	*arg++ = path.ptr;
	*arg++ = reply;
	for (i = 0; i < j->s->verbose && arg < argv + 62; i++)
		*arg++ = verbose;
	*arg = NULL;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		fail(j, "pipe", strerror(errno));
	/*
	 * vfork: nothing of us is copied, and no signal handler of ours has to
	 * be undone; the child touches only descriptors and failed.
	 */
	switch (j->postdrop = vfork()) {
	case -1:
		failed = errno;
		break;
	case 0:
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execv(path.ptr, argv);
		failed = errno;
		_exit(127);
	}
	if (failed != 0) {
		buf_setf(&path, "unable to execute %s", j->command.ptr);
		fail(j, path.ptr, strerror(failed));
	}
	close(in[0]);
	close(out[1]);
	j->to = in[1];
	j->from = out[0];
	buf_done(&path);
}

static void
reap(const struct job *j)
{
	int status;

	while (waitpid(j->postdrop, &status, 0) == -1)
		if (errno != EINTR)
			return;
	if (WIFSIGNALED(status))
		log_warning("command \"%s\" killed by signal %d",
		    j->command.ptr, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warning("command \"%s\" exited with status %d",
		    j->command.ptr, WEXITSTATUS(status));
}

static void
send_records(struct job *j)
{
	if (j->postdrop == 0)
		start_postdrop(j);
	if (file_write_all(j->to, j->out.ptr, j->out.len) == -1) {
		int saved = errno;

		close(j->to);
		reap(j);
		fail(j, "error writing queue file", strerror(saved));
	}
	buf_reset(&j->out);
}

static void
put(struct job *j, int type, const char *data, size_t len)
{
	queue_rec_put(&j->out, type, data, len);
	if (j->out.len >= SEND_SIZE)
		send_records(j);
}

static void
puts_rec(struct job *j, int type, const char *text)
{
	put(j, type, text, strlen(text));
}

static void __attribute__((format(printf, 3, 4)))
putf(struct job *j, int type, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	put(j, type, text.ptr, text.len);
	buf_done(&text);
}

/* The last of the lists that postdrop sent decides. */
static void
read_reply(struct job *j)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct attrs list;
	struct err err = ERR_INIT;
	size_t at = 0, used;
	int32_t status = -1;
	const char *reason;

	if (file_read_fd(j->from, &text, 1 << 20, &err) == -1)
		fail(j, "error reading postdrop reply", err.text);
	attrs_init(&list);
	while (attrs_parse(&list, text.ptr + at, text.len - at, 1 << 20,
	    &used, &err) == 1) {
		at += used;
		if (attrs_int(&list, "status", 0, &status) &&
		    (reason = attrs_get(&list, "reason", 0)) != NULL)
			buf_sets(&why, reason);
		attrs_done(&list);
		attrs_init(&list);
	}
	close(j->from);
	if (status == 0) {
		while (waitpid(j->postdrop, NULL, 0) == -1 && errno == EINTR)
			;
	} else {
		reap(j);
		fail(j, why.len > 0 ? why.ptr : status == -1 ?
		    "error writing queue file" : status_text(status), NULL);
	}
	attrs_done(&list);
	buf_done(&text);
	buf_done(&why);
}

/* ---- envelope ---- */

static bool
keep_first(const char *internal, size_t offset, size_t len, void *ctx)
{
	char **first = ctx;

	(void)offset, (void)len;
	if (*first != NULL)
		return false;
	*first = xstrdup(internal);
	return true;
}

static bool
count_address(const char *internal, size_t offset, size_t len, void *ctx)
{
	(void)internal, (void)offset, (void)len;
	++*(size_t *)ctx;
	return true;
}

static void
set_sender(struct job *j, const struct passwd *pw)
{
	size_t count = 0;

	if (j->s->sender == NULL) {
		if (pw == NULL)
			log_fatal("no login name found for user ID %ld",
			    (long)getuid());
		j->sender = xstrdup(pw->pw_name);
		return;
	}
	address_list_each(j->s->sender, true, count_address, &count);
	if (count > 1)
		log_warning("-f option specified malformed sender: %s",
		    j->s->sender);
	address_list_each(j->s->sender, true, keep_first, &j->sender);
	if (j->sender == NULL)
		j->sender = xstrdup("");
}

/* The first part of the gecos field; '&' stands for the capitalised login. */
static void
put_full_name(struct job *j, const struct passwd *pw)
{
	struct buf name = BUF_INIT;
	const char *p;

	if (j->s->full_name != NULL) {
		puts_rec(j, QUEUE_REC_FULL, j->s->full_name);
		return;
	}
	if ((p = secure_getenv("NAME")) != NULL) {
		puts_rec(j, QUEUE_REC_FULL, p);
		return;
	}
	if (pw == NULL)
		return;
	for (p = pw->pw_gecos; *p != '\0' && strchr(",;%", *p) == NULL; p++) {
		if (*p != '&') {
			buf_addc(&name, *p);
		} else if (pw->pw_name[0] != '\0') {
			buf_addc(&name, toupper((unsigned char)*pw->pw_name));
			buf_adds(&name, pw->pw_name + 1);
		}
	}
	put(j, QUEUE_REC_FULL, name.ptr, name.len);
	buf_done(&name);
}

static void
put_recipient(struct job *j, const char *address)
{
	if (j->s->notify != 0)
		putf(j, QUEUE_REC_ATTR, "notify_flags=%u", j->s->notify);
	puts_rec(j, QUEUE_REC_RCPT, address);
	j->rcpt_count++;
}

static bool
each_recipient(const char *internal, size_t offset, size_t len, void *ctx)
{
	(void)offset, (void)len;
	put_recipient(ctx, internal);
	return true;
}

static void
put_envelope(struct job *j, const struct passwd *pw)
{
	const struct submit *s = j->s;
	char **rcpt;

	if (s->envelope_id != NULL)
		putf(j, QUEUE_REC_ATTR, "envelope_id=%s", s->envelope_id);
	if (s->ret != 0)
		putf(j, QUEUE_REC_ATTR, "ret_flags=%u", s->ret);
	putf(j, QUEUE_REC_ATTR, "rewrite_context=%s",
	    s->is_gateway ? "remote" : "local");
	put_full_name(j, pw);
	puts_rec(j, QUEUE_REC_FROM, j->sender);
	if (s->encoding != NULL)
		putf(j, QUEUE_REC_ATTR, "encoding=%s", s->encoding);
	if (s->trace != SUBMIT_NO_TRACE)
		putf(j, QUEUE_REC_ATTR, "trace_flags=%d", (int)s->trace);
	if (s->verp != NULL) {
		if (j->sender[0] == '\0')
			fail(j, "-V option requires non-null sender address",
			    NULL);
		puts_rec(j, QUEUE_REC_VERP, s->verp);
	}
	for (rcpt = s->recipients; *rcpt != NULL; rcpt++)
		address_list_each(*rcpt, true, each_recipient, j);
	if (j->rcpt_count == 0 && !s->extracts)
		fail(j, "Recipient addresses must be specified on the command "
		    "line or via the -t option", NULL);
}

/* ---- message ---- */

static void
put_text(int type, const char *data, size_t len, void *ctx)
{
	struct job *j = ctx;

	if (j->s->extracts)
		extract_record(&j->extract, type, data, len);
	put(j, type, data, len);
}

static void
put_message(struct job *j)
{
	struct content_options opt = { .ignores_dot = j->s->ignores_dot,
	    .line_limit = (size_t)params.line_length_limit };
	const char *fix = params.sendmail_fix_line_endings;
	struct err err = ERR_INIT;

	if (strcmp(fix, "always") == 0)
		opt.endings = CONTENT_ALWAYS;
	else if (strcmp(fix, "strict") == 0)
		opt.endings = CONTENT_STRICT;
	else if (strcmp(fix, "never") == 0)
		opt.endings = CONTENT_NEVER;
	else
		log_fatal("invalid sendmail_fix_line_endings value: %s", fix);
	if (content_read(STDIN_FILENO, &opt, put_text, j, &err) == -1)
		fail(j, "error reading input", strerror(err.errnum));
}

/* What is sent for -bv: the recipients stand in the report, not here. */
static void
put_probe(struct job *j)
{
	char **rcpt;

	if (j->sender[0] != '\0')
		putf(j, QUEUE_REC_TEXT, "From: %s", j->sender);
	puts_rec(j, QUEUE_REC_TEXT, "Subject: probe");
	puts_rec(j, QUEUE_REC_PART, "To:");
	for (rcpt = j->s->recipients; *rcpt != NULL; rcpt++)
		putf(j, QUEUE_REC_TEXT, "\t%s%s", *rcpt,
		    rcpt[1] != NULL ? "," : "");
}

static void
put_extracted(struct job *j)
{
	const struct buf *list;
	const char *p;

	extract_finish(&j->extract);
	list = j->extract.seen_resent ? j->extract.resent : j->extract.normal;
	for (p = list->ptr; p < list->ptr + list->len; p += strlen(p) + 1)
		put_recipient(j, p);
	if (j->rcpt_count == 0)
		fail(j, "No recipient addresses found in message header",
		    NULL);
}

void
submit_message(const struct submit *s)
{
	struct job j = { .s = s, .out = BUF_INIT, .command = BUF_INIT };
	const struct passwd *pw = account_of(getuid());

	signal(SIGPIPE, SIG_IGN);
	set_sender(&j, pw);
	extract_init(&j.extract);
	put_envelope(&j, pw);
	put(&j, QUEUE_REC_MESG, "", 0);
	if (s->trace == SUBMIT_VERIFY)
		put_probe(&j);
	else
		put_message(&j);
	put(&j, QUEUE_REC_XTRA, "", 0);
	if (s->extracts)
		put_extracted(&j);
	put(&j, QUEUE_REC_END, "", 0);
	send_records(&j);
	close(j.to);
	read_reply(&j);

	if (s->trace != SUBMIT_NO_TRACE) {
		printf("Mail Delivery Status Report will be mailed to <%s>.\n",
		    j.sender);
		fflush(stdout);
	}
	extract_done(&j.extract);
	buf_done(&j.out);
	buf_done(&j.command);
	free(j.sender);
}
