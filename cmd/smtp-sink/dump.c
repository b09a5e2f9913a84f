/*
 * dump.c - messages that the sink keeps
 *
 * A dump starts with what the client said in the envelope, as X- headers, and
 * a Received header; the content follows without transparency dots and with
 * LF line ends, then an empty line.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/smtp-sink/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define NAME_TRIES	100

struct sink_dump {
	FILE	*file;
};

static unsigned
random_id(void)
{
	return (unsigned)random() ^ (unsigned)getpid() << 16;
}

/* Open path, making its directory when there is none. */
static FILE *
open_file(const char *path, int flags)
{
	char *dir, *slash;
	int fd;

	fd = open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1 && errno == ENOENT) {
		dir = xstrdup(path);
		if ((slash = strrchr(dir, '/')) != NULL) {
			*slash = '\0';
			file_mkdirs(dir, 0755, NULL);
			fd = open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC,
			    0644);
		}
		free(dir);
	}
	return fd == -1 ? NULL : fdopen(fd, "a");
}

static FILE *
open_template(const struct sink_options *o, unsigned *id)
{
	const char *template = o->dump_single != NULL ? o->dump_single :
	    o->dump_multi;
	char stamp[4096], path[4096 + 16];
	time_t now = clock_now();
	FILE *f = NULL;
	int i;

	if (strftime(stamp, sizeof(stamp), template, localtime(&now)) == 0) {
		log_warning("%s: bad dump template", template);
		return NULL;
	}
	for (i = 0; f == NULL && i < NAME_TRIES; i++) {
		*id = random_id();
		if (o->dump_single == NULL) {
			f = open_file(stamp, O_APPEND);
			break;
		}
		snprintf(path, sizeof(path), "%s%08x", stamp, *id);
		f = open_file(path, O_EXCL);
		if (f == NULL && errno != EEXIST)
			break;
	}
	if (f == NULL)
		log_warning("open dump file %s: %s", stamp, strerror(errno));
	return f;
}

struct sink_dump *
sink_dump_open(const struct sink_session *s)
{
	struct sink_dump *d;
	const char *rcpt = s->rcpts.ptr;
	char date[CLOCK_RFC5322_SIZE];
	unsigned id = 0;
	FILE *f;
	int i;

	if ((f = open_template(s->opts, &id)) == NULL)
		return NULL;
	if (s->opts->dump_start != NULL)
		fputs(s->opts->dump_start, f);
	fprintf(f, "X-Client-Addr: %s\nX-Client-Proto: %s\n"
	    "X-Helo-Args: %s\nX-Mail-Args: %s\n", s->client, s->proto,
	    s->helo.ptr, s->mail.ptr);
	for (i = 0; i < s->rcpt_count; i++, rcpt += strlen(rcpt) + 1)
		fprintf(f, "X-Rcpt-Args: %s\n", rcpt);
	clock_rfc5322(clock_now(), date);
	fprintf(f, "Received: from %s ([%s])\n\tby %s (smtp-sink)"
	    " with %s id %08x;\n\t%s\n", s->helo.ptr, s->client,
	    s->opts->hostname, s->proto, id, date);
	d = xcalloc(1, sizeof(*d));
	d->file = f;
	return d;
}

void
sink_dump_line(struct sink_dump *d, const char *line, size_t len,
    bool at_line_start)
{
	if (at_line_start && len > 0 && line[0] == '.') {
		line++;
		len--;
	}
	if (len >= 2 && line[len - 1] == '\n' && line[len - 2] == '\r') {
		fwrite(line, 1, len - 2, d->file);
		putc('\n', d->file);
	} else {
		fwrite(line, 1, len, d->file);
	}
}

void
sink_dump_close(struct sink_dump *d)
{
	if (d == NULL)
		return;
	putc('\n', d->file);
	if (fclose(d->file) != 0)
		log_warning("write dump file: %s", strerror(errno));
	free(d);
}
