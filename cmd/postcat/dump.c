/*
 * dump.c - show the content of one queue file
 *
 *	ENVELOPE --M--> HEADER --first other line--> BODY --X--> EXTRACTED --E
 *
 * A record is shown when the part it stands in was asked for. Where nothing
 * of a part is wanted, it is jumped over by what the size record says.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postcat/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

enum part { ENVELOPE, HEADER, BODY, EXTRACTED };

struct dump {
	FILE		*out;
	struct queue_file *qf;
	const char	*name;
	unsigned	 what;
	enum part	 part;
	off_t		 at;		/* where reading this record began */
	long		 data_offset, data_size;	/* -1: not known */
	bool		 has_size;
	bool		 line_is_open;	/* after L, its newline not yet written */
};

static bool
is_wanted(const struct dump *d)
{
	static const unsigned wanted_for[] = { DUMP_ENVELOPE, DUMP_HEADER,
	    DUMP_BODY, DUMP_ENVELOPE };

	return (d->what & wanted_for[d->part]) != 0;
}

static void
put_prefix(struct dump *d, int type)
{
	if (d->what & DUMP_NAMES)
		fprintf(d->out, "%s: ", d->name);
	if (d->what & DUMP_OFFSETS)
		fprintf(d->out, "%9lu ", (unsigned long)d->at);
	if (d->what & DUMP_TYPES)
		fprintf(d->out, "%3d ", type);
}

static void
close_line(struct dump *d)
{
	if (d->line_is_open)
		putc('\n', d->out);
	d->line_is_open = false;
}

static void
put_heading(struct dump *d, int type, const char *title)
{
	if ((d->what & DUMP_ENVELOPE) == 0)
		return;
	put_prefix(d, type);
	fprintf(d->out, "*** %s %s ***\n", title, d->name);
}

/* "LABEL: Sat Nov 21 07:37:22 2026", local zone */
static void
put_time(struct dump *d, const char *label, const char *value)
{
	time_t when = (time_t)strtoll(value, NULL, 10);
	struct tm *tm = localtime(&when);
	char text[64] = "";

	if (tm != NULL)
		asctime_r(tm, text);
	fprintf(d->out, "%s: %s", label, text[0] != '\0' ? text : "?\n");
}

static void
put_attribute(struct dump *d, const char *value)
{
	struct buf text = BUF_INIT;
	char *name, *rest;
	const char *why;

	buf_sets(&text, value);
	why = queue_rec_attr(text.ptr, &name, &rest);
	if (why != NULL)
		log_warning("%s: malformed attribute: %s: %.100s", d->name, why,
		    value);
	else if (strcmp(name, "create_time") == 0)
		put_time(d, name, rest);
	else
		fprintf(d->out, "%s: %s=%s\n", queue_rec_name(QUEUE_REC_ATTR),
		    name, rest);
	buf_done(&text);
}

static void
put_text(struct dump *d, int type, const char *value, size_t len)
{
	bool is_labelled = (d->what & DUMP_HIDDEN) != 0;
	bool ends_line = type == QUEUE_REC_TEXT || is_labelled ||
	    (d->what & DUMP_OFFSETS) != 0;

	if (is_labelled)
		fprintf(d->out, "%s: ", type == QUEUE_REC_TEXT ?
		    "regular_text" : "unterminated_text");
	fwrite(value, 1, len, d->out);
	if (ends_line)
		putc('\n', d->out);
	d->line_is_open = !ends_line;
}

static void
put_record(struct dump *d, int type, const char *value, size_t len)
{
	put_prefix(d, type);
	switch (type) {
	case QUEUE_REC_TIME:
	case QUEUE_REC_WARN:
		put_time(d, queue_rec_name(type), value);
		break;
	case QUEUE_REC_ATTR:
		put_attribute(d, value);
		break;
	case QUEUE_REC_PART:
		if (d->part == HEADER || d->part == BODY) {
			put_text(d, type, value, len);
			break;
		}
		fprintf(d->out, "%s: %s\n", queue_rec_name(type), value);
		break;
	case QUEUE_REC_TEXT:
		put_text(d, type, value, len);
		break;
	case QUEUE_REC_PAD:
		fprintf(d->out, "%s: ", queue_rec_name(type));
		fwrite(value, 1, len, d->out);
		putc('\n', d->out);
		break;
	default:
		fprintf(d->out, "%s: %s\n", queue_rec_name(type), value);
		break;
	}
}

static int
seek_to(struct dump *d, off_t to, struct err *err)
{
	if (to < 0) {
		errno = EINVAL;
		return err_sys(err, "seek error");
	}
	return queue_file_seek(d->qf, to, err);
}

/* Go on behind the content, when the size record said where that is. */
static int
skip_content(struct dump *d, struct err *err)
{
	if (d->data_offset <= 0 || d->data_size <= 0)
		return 0;
	return seek_to(d, (off_t)d->data_offset + d->data_size, err);
}

static int
take_size(struct dump *d, const char *value, struct err *err)
{
	long offset = -1, bytes = -1;

	if (d->has_size) {
		log_warning("file contains multiple size records");
	} else {
		/* Even a size record that makes no sense may say where to go. */
		if (sscanf(value, "%ld %ld", &bytes, &offset) != 2 ||
		    bytes <= 0 || offset <= 0)
			log_warning("invalid size record: %.100s", value);
		d->data_offset = offset;
		d->data_size = bytes;
		d->has_size = true;
		if ((d->what & (DUMP_ENVELOPE | DUMP_RAW)) == 0) {
			d->part = HEADER;
			return seek_to(d, d->data_offset, err);
		}
	}
	if (is_wanted(d))
		put_record(d, QUEUE_REC_SIZE, value, strlen(value));
	return 0;
}

/* Returns 1 when nothing of the rest is wanted, else 0 or -1. */
static int
take_text(struct dump *d, int type, const char *value, size_t len,
    struct err *err)
{
	/*
	 * Only what left a line open on the output is known to continue: under
	 * -b alone, and with -o or -v, the rest of a very long header line
	 * counts as body, as it always did.
	 */
	bool ends_header = d->part == HEADER && !d->line_is_open &&
	    (len == 0 || (value[0] != ' ' && value[0] != '\t' &&
	    header_name_len(value, len) == 0));

	if (ends_header) {
		d->part = BODY;
		if ((d->what & (DUMP_BODY | DUMP_RAW)) == 0)
			return (d->what & DUMP_ENVELOPE) == 0 ? 1 :
			    skip_content(d, err);
	}
	if (is_wanted(d))
		put_record(d, type, value, len);
	return 0;
}

static int
take_record(struct dump *d, int type, const char *value, size_t len,
    struct err *err)
{
	switch (type) {
	case QUEUE_REC_SIZE:
		return take_size(d, value, err);
	case QUEUE_REC_MESG:
		if (d->part != ENVELOPE)
			log_warning("%s: out-of-order message content marker",
			    d->name);
		put_heading(d, type, "MESSAGE CONTENTS");
		d->part = HEADER;
		if ((d->what & (DUMP_HEADER | DUMP_BODY | DUMP_RAW)) == 0)
			return skip_content(d, err);
		return 0;
	case QUEUE_REC_XTRA:
		if (d->part != HEADER && d->part != BODY)
			log_warning("%s: out-of-order extracted segment marker",
			    d->name);
		close_line(d);
		put_heading(d, type, "HEADER EXTRACTED");
		d->part = EXTRACTED;
		return (d->what & (DUMP_ENVELOPE | DUMP_RAW)) == 0;
	case QUEUE_REC_END:
		if (d->part != EXTRACTED)
			log_warning("%s: out-of-order message end marker",
			    d->name);
		close_line(d);
		put_heading(d, type, "MESSAGE FILE END");
		return (d->what & DUMP_RAW) ? 0 : 1;
	case QUEUE_REC_PART:
		if (d->part == ENVELOPE || d->part == EXTRACTED)
			break;
		return take_text(d, type, value, len, err);
	case QUEUE_REC_TEXT:
		return take_text(d, type, value, len, err);
	default:
		break;
	}
	if (is_wanted(d))
		put_record(d, type, value, len);
	if (type == QUEUE_REC_PTR && (d->what & DUMP_RAW) == 0 &&
	    queue_file_jump(d->qf, value, err) == -1) {
		log_warning("%s", err->text);
		return err_set(err, ERR_SYNTAX,
		    "bad pointer record, or input is not seekable");
	}
	return 0;
}

int
dump_file(FILE *out, struct queue_file *qf, const char *name, unsigned what,
    off_t start, struct err *err)
{
	struct dump d = { .out = out, .qf = qf, .name = name, .what = what,
	    .data_offset = -1, .data_size = -1 };
	const char *value;
	size_t len;
	int type, got, rc = 0;
	bool is_first = start <= 0;

	for (;;) {
		d.at = queue_file_tell(qf);
		got = queue_file_next(qf, &type, &value, &len, err);
		if (got == 0)
			break;
		if (got == -1) {
			log_warning("%s", err->text);
			rc = err_set(err, ERR_SYNTAX, "record read error");
			break;
		}
		if (is_first) {
			if (type == '\0' ||
			    strchr(QUEUE_REC_ENVELOPE, type) == NULL) {
				log_warning("%s: input is not a valid queue "
				    "file", name);
				break;
			}
			if (what & DUMP_ENVELOPE)
				fprintf(out, "*** ENVELOPE RECORDS %s ***\n",
				    name);
			is_first = false;
		}
		if ((rc = take_record(&d, type, value, len, err)) != 0)
			break;
	}
	return rc == -1 ? -1 : 0;
}
