/*
 * queue_log.c - per-message logs: bounce, defer, trace
 *
 * An entry is a block of "name=value" lines between empty lines. Readers meet
 * every form that was ever written, and damage; what they cannot use they name
 * in a warning and skip.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

#define NOTIFY_ALL	(DSN_NOTIFY_NEVER | DSN_NOTIFY_SUCCESS | \
			    DSN_NOTIFY_FAILURE | DSN_NOTIFY_DELAY)
/* A log grows by one entry a recipient; this is a hundred thousand of them. */
#define LOG_SIZE_MAX	(256 * 1024 * 1024)
#define LOG_SIZE_USUAL	4095	/* and the NUL */
#define LOG_SIZE_KEPT	65536	/* memory that is worth keeping */
#define LOCK_NAP_MAX_US	64000

/* ---- writing ---- */

/* One value on one line: printable, and never more than the line it names. */
static void
put_line(struct buf *out, const char *name, const char *value)
{
	buf_adds(out, name);
	buf_addc(out, '=');
	text_printable(out, value, strlen(value), true);
	buf_addc(out, '\n');
}

static void
put_pair(struct buf *out, const char *type_name, const char *type,
    const char *text_name, const char *text)
{
	if (type[0] == '\0' || text[0] == '\0')
		return;
	put_line(out, type_name, type);
	put_line(out, text_name, text);
}

static void
put_entry(struct buf *out, const char *log, const struct queue_rcpt *rcpt,
    const struct dsn *dsn)
{
	struct buf quoted = BUF_INIT;
	char digit = strcmp(log, "bounce") == 0 ? '5' : '4';
	const char *status = dsn->status;

	address_quote(&quoted, rcpt->address);
	buf_addc(out, '\n');
	if (params.backwards_bounce_logfile_compatibility) {
		buf_addc(out, '<');
		text_printable(out, quoted.ptr, quoted.len, true);
		buf_adds(out, ">: ");
		text_printable(out, dsn->reason, strlen(dsn->reason), true);
		buf_addc(out, '\n');
	}
	put_line(out, "recipient", quoted.len == 0 ? "<>" : quoted.ptr);
	if (rcpt->orig[0] != '\0' &&
	    strcasecmp(rcpt->orig, rcpt->address) != 0) {
		buf_reset(&quoted);
		address_quote(&quoted, rcpt->orig);
		put_line(out, "original_recipient", quoted.ptr);
	}
	if (rcpt->offset > 0)
		buf_addf(out, "offset=%lld\n", (long long)rcpt->offset);
	if (rcpt->dsn_orcpt[0] != '\0')
		put_line(out, "dsn_orig_rcpt", rcpt->dsn_orcpt);
	if (rcpt->dsn_notify != 0)
		buf_addf(out, "notify_flags=%u\n", rcpt->dsn_notify);
	if (dsn_status_len(status) == 0 ||
	    (strcmp(log, "trace") != 0 && status[0] != digit))
		status = digit == '5' ? "5.0.0" : "4.0.0";
	put_line(out, "status", status);
	put_line(out, "action", dsn->action);
	put_pair(out, "diag_type", dsn->diag_type, "diag_text",
	    dsn->diag_text);
	put_pair(out, "mta_type", dsn->mta_type, "mta_mname", dsn->mta_name);
	put_line(out, "reason", dsn->reason);
	buf_addc(out, '\n');
	buf_done(&quoted);
}

static int
open_append(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags, 0600);

	if (fd == -1 && errno == ENOENT && queue_mkdirs(path) == 0)
		fd = open(path, flags, 0600);
	return fd;
}

/*
 * At most deliver_lock_attempts times deliver_lock_delay. Whoever holds the
 * lock appends one entry: recipients of one message often fail at the same
 * moment, and a whole second is long then.
 */
static int
lock_patiently(int fd)
{
	int64_t until = clock_mono_ms() + (int64_t)params.deliver_lock_attempts *
	    params.deliver_lock_delay * 1000;
	useconds_t nap_us = 1000;

	while (file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK || clock_mono_ms() >= until)
			return -1;
		usleep(nap_us);
		if (nap_us < LOCK_NAP_MAX_US)
			nap_us *= 2;
	}
	return 0;
}

/* Append all or nothing. */
static int
append(int fd, const char *path, const struct buf *entry, bool wants_flush,
    struct err *err)
{
	struct stat st;

	if (lock_patiently(fd) == -1)
		return err_sys(err, "lock %s", path);
	if (fstat(fd, &st) == -1)
		return err_sys(err, "fstat %s", path);
	if (file_write_all(fd, entry->ptr, entry->len) == -1 ||
	    (wants_flush && fsync(fd) == -1)) {
		err_sys(err, "append to %s", path);
		if (ftruncate(fd, st.st_size) == -1)
			log_warning("truncate %s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

int
queue_log_append(const char *log, const char *id,
    const struct queue_rcpt *rcpt, const struct dsn *dsn, struct err *err)
{
	struct buf path = BUF_INIT, entry = BUF_INIT;
	int fd, rc;

	queue_path(&path, log, id);
	put_entry(&entry, log, rcpt, dsn);
	if ((fd = open_append(path.ptr)) == -1) {
		rc = err_sys(err, "open %s", path.ptr);
	} else {
		/*
		 * A bounce or trace entry is followed by the done mark, so it
		 * must be safe first. A lost defer entry costs one more try:
		 * its recipient is still in the queue file.
		 */
		rc = append(fd, path.ptr, &entry, strcmp(log, "defer") != 0,
		    err);
		close(fd);
	}
	buf_done(&path);
	buf_done(&entry);
	return rc;
}

/* ---- reading ---- */

enum field {
	F_RECIPIENT, F_ORIG, F_ORCPT, F_STATUS, F_ACTION, F_DIAG_TYPE,
	F_DIAG_TEXT, F_MTA_TYPE, F_MTA_NAME, F_REASON, F_COUNT
};

static const char *const field_names[F_COUNT] = {
	"recipient", "original_recipient", "dsn_orig_rcpt", "status", "action",
	"diag_type", "diag_text", "mta_type", "mta_mname", "reason"
};

const char *const queue_logs[] = { "defer", "bounce", "trace", NULL };

struct queue_log {
	struct buf	 text;		/* whole file; lines are cut in place */
	char		*next;
	struct buf	 path;
	bool		 is_defer;
	const char	*field[F_COUNT]; /* in text; NULL: the entry has none */
	unsigned	 notify;
	off_t		 offset;
};

/*
 * All of it. A listing reads a hundred thousand of them: what an ordinary one
 * holds comes with one read, and where less comes than there is room for, it
 * has ended.
 */
static int
read_log(int fd, struct buf *out, struct err *err)
{
	size_t want = LOG_SIZE_USUAL;
	ssize_t n;

	for (;;) {
		if (out->len + want > LOG_SIZE_MAX)
			return err_set(err, ERR_LIMIT, "more than %d bytes",
			    LOG_SIZE_MAX);
		buf_reserve(out, want);
		n = read(fd, out->ptr + out->len, want);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "read");
		out->len += (size_t)n;
		if ((size_t)n < want)
			break;
		want = out->len;
	}
	out->ptr[out->len] = '\0';
	return 0;
}

static struct queue_log *
log_new(void)
{
	struct queue_log *ql = xcalloc(1, sizeof(*ql));

	buf_init(&ql->text);
	buf_init(&ql->path);
	return ql;
}

/* Read the log at ql->path, in the memory that there is. */
static int
load(struct queue_log *ql, bool is_defer, struct err *err)
{
	const char *path = ql->path.ptr;
	int fd, rc;

	if (ql->text.size > LOG_SIZE_KEPT)	/* one giant before */
		buf_done(&ql->text);
	buf_reset(&ql->text);
	ql->next = ql->text.ptr;
	ql->is_defer = is_defer;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%s: no such file", path);
	if (fd == -1)
		return err_sys(err, "open %s", path);
	if ((rc = read_log(fd, &ql->text, err)) == -1) {
		err_prefix(err, "%s: ", path);
		buf_reset(&ql->text);
	}
	close(fd);
	ql->next = ql->text.ptr;
	return rc;
}

struct queue_log *
queue_log_open(const char *log, const char *id, struct err *err)
{
	struct queue_log *ql = log_new();

	queue_path(&ql->path, log, id);
	if (load(ql, strcmp(log, "defer") == 0, err) == 0)
		return ql;
	queue_log_close(ql);
	return NULL;
}

int
queue_log_reopen(struct queue_log **kept, const char *path, struct err *err)
{
	if (*kept == NULL)
		*kept = log_new();
	buf_sets(&(*kept)->path, path);
	return load(*kept, true, err);
}

/*
 * The next line without its newline, NUL-terminated, with bytes of no
 * meaning turned to '?'; NULL at the end.
 */
static char *
next_line(struct queue_log *ql)
{
	char *end = ql->text.ptr + ql->text.len, *line = ql->next, *nl;

	if (line >= end)
		return NULL;
	nl = memchr(line, '\n', (size_t)(end - line));
	if (nl == NULL)
		nl = end;
	ql->next = nl < end ? nl + 1 : end;
	text_make_printable(line, (size_t)(nl - line), true);
	*nl = '\0';			/* at the end there is one */
	return line;
}

static void
take_attribute(struct queue_log *ql, char *line)
{
	char *name, *value;
	const char *why;
	int64_t number;
	int i;

	if ((why = queue_rec_attr(line, &name, &value)) != NULL) {
		log_warning("%s: malformed record: %s", ql->path.ptr, why);
		return;
	}
	for (i = 0; i < F_COUNT; i++) {
		if (!text_is(name, field_names[i]))
			continue;
		ql->field[i] = i == F_RECIPIENT && value[0] == '\0' ?
		    "(MAILER-DAEMON)" : value;
		return;
	}
	if (strcmp(name, "notify_flags") == 0) {
		if (num_parse_int(value, 1, NOTIFY_ALL, &number, NULL) == 0)
			ql->notify = (unsigned)number;
	} else if (strcmp(name, "offset") == 0) {
		if (num_parse_int(value, 1, INT64_MAX, &number, NULL) == 0)
			ql->offset = (off_t)number;
	} else {
		log_warning("%s: unknown attribute name: %s, ignored",
		    ql->path.ptr, name);
	}
}

/* "<recipient>: reason", the form from before named attributes */
static void
take_old_line(struct queue_log *ql, char *line)
{
	char *end = strstr(line, ">: ");

	if (end == NULL) {
		log_warning("%s: malformed record: %.30s...", ql->path.ptr, line);
		return;
	}
	*end = '\0';
	ql->field[F_RECIPIENT] = line[1] == '\0' ? "(MAILER-DAEMON)" :
	    line + 1;
	ql->field[F_REASON] = text_skip_blank(end + 3);
}

static const char *
field_or(const struct queue_log *ql, enum field f, const char *otherwise)
{
	return ql->field[f] != NULL ? ql->field[f] : otherwise;
}

static void
fill_entry(const struct queue_log *ql, struct queue_log_entry *out)
{
	out->rcpt.address = field_or(ql, F_RECIPIENT,
	    "(recipient address unavailable)");
	out->rcpt.orig = field_or(ql, F_ORIG, "");
	out->rcpt.dsn_orcpt = field_or(ql, F_ORCPT, "");
	out->rcpt.dsn_notify = ql->notify;
	out->rcpt.offset = ql->offset;
	out->dsn.status = field_or(ql, F_STATUS,
	    ql->is_defer ? "4.0.0" : "5.0.0");
	out->dsn.action = field_or(ql, F_ACTION,
	    ql->is_defer ? "delayed" : "failed");
	out->dsn.diag_type = field_or(ql, F_DIAG_TYPE, "");
	out->dsn.diag_text = field_or(ql, F_DIAG_TEXT, "");
	out->dsn.mta_type = field_or(ql, F_MTA_TYPE, "");
	out->dsn.mta_name = field_or(ql, F_MTA_NAME, "");
	out->dsn.reason = field_or(ql, F_REASON, "(description unavailable)");
}

int
queue_log_next(struct queue_log *ql, struct queue_log_entry *out)
{
	bool has_begun = false, is_complete = false;
	char *line;

	memset(ql->field, 0, sizeof(ql->field));
	ql->notify = 0;
	ql->offset = 0;
	while (!is_complete && (line = next_line(ql)) != NULL) {
		if (line[0] == '\0') {
			is_complete = has_begun;
			continue;
		}
		has_begun = true;
		if (isalnum((unsigned char)line[0]))
			take_attribute(ql, line);
		else if (line[0] == '<')
			take_old_line(ql, line);
		else
			log_warning("%s: malformed record: %.30s...", ql->path.ptr,
			    line);
	}
	/* An entry that its writer did not finish does not count (8.3). */
	if (!is_complete)
		return 0;
	fill_entry(ql, out);
	return 1;
}

void
queue_log_close(struct queue_log *ql)
{
	if (ql == NULL)
		return;
	buf_done(&ql->text);
	buf_done(&ql->path);
	free(ql);
}

int
queue_log_remove(const char *log, const char *id, struct err *err)
{
	struct err why = ERR_INIT;

	if (queue_remove(id, log, &why) == 0 || why.kind == ERR_NOT_FOUND)
		return 0;
	if (err != NULL)
		*err = why;
	return -1;
}
