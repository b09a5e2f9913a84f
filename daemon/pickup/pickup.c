/*
 * pickup.c - take submissions out of maildrop and hand them to cleanup
 *
 * A wake-up starts scans of maildrop/ that go on until one of them removes
 * nothing. A file is removed when cleanup has made it safe (or has returned it
 * to its sender), and when it can never become a message; any trouble that may
 * pass leaves it for the next time. Anybody may have written these files.
 * Spec: queue-format.md 5.3.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/role.h"
#include "daemon/serve/agent.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define FUTURE_S	(2 * 3600)	/* a time further ahead is a wrong clock */
#define DAY_S		86400

enum fate { REMOVE, KEEP };

/* One file on its way. */
struct submission {
	const char	*id, *path;
	struct stat	 st;
	bool		 is_requeued;
	time_t		 mtime;		/* corrected */
	struct queue_file *file;
	struct cleanup	*out;
	bool		 has_time, has_sender;
	bool		 is_unreadable;	/* the system failed, not the file */
};

/* cleanup_flags_for - what cleanup is to do with this file */
static unsigned
cleanup_flags_for(const struct submission *s)
{
	const char *utf8 = params.smtputf8_autodetect_classes;
	unsigned flags = cleanup_intake_flags(NULL) | CLEANUP_BOUNCE;

	if (s->is_requeued)
		flags &= ~(unsigned)CLEANUP_MILTER;
	if (params.smtputf8_enable && !s->is_requeued &&
	    (text_list_has(utf8, "sendmail") || text_list_has(utf8, "all")))
		flags |= CLEANUP_AUTOUTF8;
	return flags;
}

/* unexpected - a record that must not be there, or none at all */
static enum fate
unexpected(const struct submission *s, int type)
{
	if (s->is_unreadable)
		return KEEP;		/* said, and tried again */
	log_warning("uid=%ld: unexpected or malformed record type %d",
	    (long)s->st.st_uid, type);
	return REMOVE;
}

/* next - the next record; false with *type -2 when there is none, or a bad one */
static bool
next(struct submission *s, int *type, const char **value, size_t *len)
{
	struct err err = ERR_INIT;
	int got = queue_file_next(s->file, type, value, len, &err);

	if (got == 1)
		return true;
	if (got == -1)
		log_warning("%s", err.text);
	s->is_unreadable = got == -1 && err.kind == ERR_SYSTEM;
	*type = -2;
	return false;
}

static void
log_sender(const struct submission *s, const char *sender)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: uid=%ld from=", cleanup_id(s->out),
	    (long)s->st.st_uid);
	agent_log_address(&line, sender);
	if (s->is_requeued)
		buf_addf(&line, " orig_id=%s", s->id);
	log_info("%s", line.ptr);
	buf_done(&line);
}

/* copy_envelope - up to M; true when it is whole */
static bool
copy_envelope(struct submission *s, enum fate *fate)
{
	const char *value;
	size_t len;
	int type;

	if (*params.content_filter != '\0')
		cleanup_recs(s->out, QUEUE_REC_FILTER, params.content_filter);
	for (;;) {
		if (!next(s, &type, &value, &len) || type == 0 ||
		    strchr(QUEUE_REC_ENVELOPE, type) == NULL) {
			*fate = unexpected(s, type);
			return false;
		}
		if (type == QUEUE_REC_MESG)
			break;
		/* Nobody but we decide on filters, nobody redirects. */
		if (type == QUEUE_REC_FILTER || type == QUEUE_REC_REDIRECT)
			continue;
		s->has_time = s->has_time || type == QUEUE_REC_TIME;
		if (type == QUEUE_REC_FROM) {
			if (!s->has_time)	/* from before 2.3 */
				cleanup_recf(s->out, QUEUE_REC_TIME, "%ld 0",
				    (long)s->mtime);
			s->has_time = true;
			if (!s->has_sender)
				log_sender(s, value);
			s->has_sender = true;
		}
		cleanup_rec(s->out, type, value, len);
	}
	if (!s->has_sender) {
		log_warning("%s: uid=%ld: no envelope sender",
		    cleanup_id(s->out), (long)s->st.st_uid);
		*fate = REMOVE;
	}
	return s->has_sender;
}

/* put_received - RFC 5321 4.4 */
static void
put_received(struct submission *s)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_rfc5322(s->mtime, date);
	cleanup_recf(s->out, QUEUE_REC_TEXT,
	    "Received: by %s (%s, from userid %ld)", params.myhostname,
	    params.mail_name, (long)s->st.st_uid);
	cleanup_recf(s->out, QUEUE_REC_TEXT, "\tid %s; %s",
	    cleanup_id(s->out), date);
}

static bool
copy_content(struct submission *s, enum fate *fate)
{
	const char *value;
	size_t len;
	int type;
	bool is_first = true;

	cleanup_recs(s->out, QUEUE_REC_MESG, "");
	put_received(s);
	for (;; is_first = false) {
		if (!next(s, &type, &value, &len) || type == 0 ||
		    strchr(QUEUE_REC_CONTENT, type) == NULL) {
			*fate = unexpected(s, type);
			return false;
		}
		if (type == QUEUE_REC_XTRA)
			return true;
		/* It would continue our own header. */
		if (is_first && len > 0 && (*value == ' ' || *value == '\t'))
			cleanup_recs(s->out, QUEUE_REC_TEXT, "");
		cleanup_rec(s->out, type, value, len);
	}
}

/* is_kept_attr - those that belong to recipients, or to the message for good (3.8) */
static bool
is_kept_attr(const char *value)
{
	struct buf copy = BUF_INIT;
	char *name, *text;
	bool kept;

	buf_sets(&copy, value);
	kept = queue_rec_attr(copy.ptr, &name, &text) == NULL &&
	    queue_rec_attr_type(name) != 0;
	buf_done(&copy);
	return kept;
}

static bool
copy_extracted(struct submission *s, enum fate *fate)
{
	const char *value;
	size_t len;
	int type;

	cleanup_recs(s->out, QUEUE_REC_XTRA, "");
	for (;;) {
		if (!next(s, &type, &value, &len) || type == 0 ||
		    strchr(QUEUE_REC_EXTRACT, type) == NULL) {
			*fate = unexpected(s, type);
			return false;
		}
		if (type == QUEUE_REC_END)
			break;
		if (strchr("L>re", type) != NULL ||
		    (type == QUEUE_REC_ATTR && !is_kept_attr(value)))
			continue;
		cleanup_rec(s->out, type, value, len);
	}
	cleanup_recs(s->out, QUEUE_REC_END, "");
	return true;
}

/* judge - what cleanup's status means for the file */
static enum fate
judge(const struct submission *s, const char *new_id, unsigned status,
    const char *reason)
{
	if (status == 0)
		return REMOVE;
	/* With a reason cleanup has logged it, too. */
	if (*reason == '\0')
		log_warning("%s: error writing %s: %s", s->path, new_id,
		    cleanup_status_text(status, NULL, NULL));
	/* Without recipients is what a requeued file looks like that was done. */
	return (status & (CLEANUP_BAD | CLEANUP_RCPT)) != 0 ? REMOVE : KEEP;
}

/* copy - the file, as a new message */
static enum fate
copy(struct submission *s)
{
	struct err err = ERR_INIT;
	struct buf reason = BUF_INIT;
	enum fate fate = KEEP;
	char *new_id;
	unsigned status;

	if ((s->out = cleanup_open(cleanup_flags_for(s), &err)) == NULL) {
		log_warning("%s: %s", s->path, err.text);
		return KEEP;
	}
	if (!copy_envelope(s, &fate) || !copy_content(s, &fate) ||
	    !copy_extracted(s, &fate)) {
		cleanup_abort(s->out);
		return fate;
	}
	new_id = xstrdup(cleanup_id(s->out));
	status = cleanup_commit(s->out, &reason);
	fate = judge(s, new_id, status, reason.ptr);
	buf_done(&reason);
	free(new_id);
	return fate;
}

/* check_time - the file's time stands in the Received: header */
static void
check_time(struct submission *s)
{
	time_t now = clock_now();

	s->mtime = s->st.st_mtime;
	if (s->mtime > now + FUTURE_S) {
		log_warning("%s: message dated %ld seconds into the future",
		    s->id, (long)(s->mtime - now));
		s->mtime = now;
	} else if (now - s->mtime > DAY_S) {
		log_warning("%s: message has been queued for %ld days", s->id,
		    (long)((now - s->mtime) / DAY_S));
	}
}

/* pick_up - one file; REMOVE when it was dealt with for good */
static enum fate
pick_up(const char *id, const char *path)
{
	struct submission s = { .id = id, .path = path };
	struct err err = ERR_INIT;
	enum fate fate;

	switch (queue_file_may_open("maildrop", id, &s.st, &err)) {
	case 1:
		break;
	case -1:
		log_warning("%s", err.text);
		return KEEP;
	default:
		return KEEP;
	}
	s.file = queue_file_open("maildrop", id, QUEUE_FILE_NORMAL, &err);
	if (s.file == NULL) {
		if (err.kind == ERR_NOT_FOUND)
			return KEEP;		/* withdrawn */
		log_warning("open submission: %s", err.text);
		/* Out of descriptors, say: who submitted it was told it is safe. */
		return err.kind == ERR_SYSTEM ? KEEP : REMOVE;
	}
	s.is_requeued = s.st.st_uid == geteuid() &&
	    (s.st.st_mode & S_IROTH) == 0;
	check_time(&s);
	fate = copy(&s);
	queue_file_close(s.file);
	return fate;
}

/* scan - one pass; true when something was removed */
static bool
scan(void)
{
	struct queue_dir *dir;
	struct err err = ERR_INIT;
	struct buf name = BUF_INIT, path = BUF_INIT;
	const char *id;
	bool progress = false;

	if ((dir = queue_dir_open("maildrop", &err)) == NULL) {
		log_warning("%s", err.text);
		return false;
	}
	while ((id = queue_dir_next(dir)) != NULL) {
		buf_sets(&name, id);
		buf_sets(&path, queue_dir_path(dir));
		if (pick_up(name.ptr, path.ptr) != REMOVE)
			continue;
		if (queue_remove(name.ptr, "maildrop", &err) == -1)
			log_warning("%s", err.text);
		else
			progress = true;
	}
	queue_dir_close(dir);
	buf_done(&name);
	buf_done(&path);
	return progress;
}

static void
pickup_trigger(const char *bytes, size_t len, const char *service)
{
	(void)bytes;
	(void)len;
	(void)service;
	while (scan())
		;
}

static void
pickup_pre_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	cleanup_init();
}

const struct role pickup_role = {
	.name = "pickup",
	.summary = "take submissions out of maildrop",
	.skeleton = ROLE_TRIGGER,
	.needs = ROLE_MAXPROC_1 | ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.pre_jail = pickup_pre_jail,
	.trigger = pickup_trigger,
};
