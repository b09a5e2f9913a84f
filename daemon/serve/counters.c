/*
 * counters.c - what has happened since the supervisor started, counted by all
 *
 * The page is an open hash table of slots, each a counter with its labels. A
 * slot goes from free over claimed to ready and never back. Who meets a slot
 * that somebody has just claimed goes on to the next: so two slots may have
 * the same labels, and a process that died while it claimed one costs that
 * slot. A reader adds up what is equal. The file is allocated in full when it
 * is made: a full disk must not kill who counts.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/metrics_text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_reason.h"

#define SLOTS		2048
#define PROBES		64
#define LABELS_MAX	104
#define FILE_NAME	"counters"

enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_READY };

struct slot {
	_Atomic unsigned state;		/* enum slot_state */
	unsigned	 what;		/* enum counter */
	_Atomic int64_t	 value;
	char		 labels[LABELS_MAX];
};

struct page {
	struct slot	 slots[SLOTS];
};

static struct page *page;
static char own_service[128];	/* "smtp/inet" */
static char own_transport[128];

/* The first label is the service; deliveries have the name of the transport. */
static const struct {
	const char	*name, *type, *unit, *help;
	const char	*labels[4];
} families[COUNTER_COUNT] = {
	[COUNT_RECEIVED_MESSAGES] = { "received_messages", "counter", "",
	    "Messages that were accepted.", { "service" } },
	[COUNT_RECEIVED_BYTES] = { "received_bytes", "counter", "bytes",
	    "Size of the messages that were accepted.", { "service" } },
	[COUNT_RECEIVED_RECIPIENTS] = { "received_recipients", "counter", "",
	    "Recipients of the messages that were accepted.", { "service" } },
	[COUNT_REJECTED] = { "rejected", "counter", "",
	    "Commands and messages that were refused.",
	    { "service", "stage", "code", "class" } },
	[COUNT_DELIVERED] = { "delivered_recipients", "counter", "",
	    "Recipients whose delivery has ended.",
	    { "transport", "status" } },
	[COUNT_DEFERRED] = { "deferred_attempts", "counter", "",
	    "Attempts for a recipient that have to be repeated.",
	    { "transport", "class" } },
	[COUNT_CONNECTIONS] = { "connections", "counter", "",
	    "SMTP and QMQP connections.", { "service", "direction" } },
	[COUNT_CONNECTION_ERRORS] = { "connection_errors", "counter", "",
	    "Connections that failed, or ended before their time.",
	    { "service", "direction", "kind" } },
	[GAUGE_PROCESSES] = { "processes", "gauge", "",
	    "Processes of each service.", { "service" } },
	[GAUGE_PROCESS_LIMIT] = { "process_limit", "gauge", "",
	    "How many of them there may be, 0 for any number.",
	    { "service" } },
	[GAUGE_THROTTLED] = { "throttled", "gauge", "",
	    "Whether a service rests because a process of it has failed.",
	    { "service" } },
};

/* ---- the page ---- */

static void
map(int fd)
{
	void *p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		log_warning("posthorn_metrics: nothing is counted: map %s/%s: %s",
		    params.data_directory, FILE_NAME, strerror(errno));
	else
		page = p;
}

void
counters_create(void)
{
	struct buf path = BUF_INIT;
	int fd, why;

	if (page != NULL)
		return;
	buf_setf(&path, "%s/%s", params.data_directory, FILE_NAME);
	/* Those who still count for a supervisor of before have that one's. */
	unlink(path.ptr);
	fd = open(path.ptr, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	why = fd == -1 ? errno : posix_fallocate(fd, 0, sizeof(struct page));
	if (why != 0)
		log_warning("posthorn_metrics: nothing is counted: create %s: "
		    "%s", path.ptr, strerror(why));
	else
		map(fd);
	if (fd != -1)
		close(fd);
	if (page == NULL)
		unlink(path.ptr);
	buf_done(&path);
}

void
counters_open(const char *service, const char *type)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd;

	snprintf(own_service, sizeof(own_service), "%s/%s", service, type);
	snprintf(own_transport, sizeof(own_transport), "%s", service);
	buf_setf(&path, "%s/%s", params.data_directory, FILE_NAME);
	fd = open(path.ptr, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	/* Where the supervisor could not make it, it has said so. */
	if (fd != -1 && fstat(fd, &st) == 0 &&
	    st.st_size == (off_t)sizeof(struct page))
		map(fd);
	if (fd != -1)
		close(fd);
	buf_done(&path);
}

/* ---- slots ---- */

static unsigned
hash(enum counter what, const char *labels)
{
	uint32_t h = 2166136261u ^ (uint32_t)what;	/* FNV-1a */

	for (; *labels != '\0'; labels++)
		h = (h ^ (unsigned char)*labels) * 16777619u;
	return h % SLOTS;
}

static struct slot *
find(enum counter what, const char *labels)
{
	unsigned at = hash(what, labels), i, state;
	struct slot *s;

	for (i = 0; i < PROBES; i++) {
		s = &page->slots[(at + i) % SLOTS];
		state = atomic_load_explicit(&s->state, memory_order_acquire);
		if (state == SLOT_FREE && atomic_compare_exchange_strong(
		    &s->state, &state, SLOT_CLAIMED)) {
			s->what = what;
			memcpy(s->labels, labels, strlen(labels) + 1);
			atomic_store_explicit(&s->state, SLOT_READY,
			    memory_order_release);
			return s;
		}
		if (state == SLOT_READY && s->what == what &&
		    strncmp(s->labels, labels, LABELS_MAX) == 0)
			return s;
	}
	return NULL;
}

/* put_label - name="value", as far as there is room; what would end it becomes '_' */
static void
put_label(char *out, const char *name, const char *value)
{
	size_t len = strlen(out);
	char *p;

	if (len + strlen(name) + strlen(value) + 5 > LABELS_MAX)
		return;
	p = out + len + sprintf(out + len, "%s%s=\"", len > 0 ? "," : "",
	    name);
	for (; *value != '\0'; value++)
		*p++ = *value == '"' || *value == '\\' ||
		    (unsigned char)*value <= ' ' ||
		    (unsigned char)*value > '~' ? '_' : *value;
	*p++ = '"';
	*p = '\0';
}

static struct slot *
slot_of(enum counter what, const char *const values[4])
{
	char labels[LABELS_MAX] = "";
	size_t i;

	for (i = 0; i < 4 && families[what].labels[i] != NULL; i++)
		put_label(labels, families[what].labels[i], values[i]);
	return find(what, labels);
}

/* ---- counting ---- */

void
counters_add(enum counter what, int64_t n, const char *first,
    const char *second, const char *third)
{
	const char *const values[4] = { what == COUNT_DELIVERED ||
	    what == COUNT_DEFERRED ? own_transport : own_service, first,
	    second, third };
	struct slot *s;

	if (page != NULL && (s = slot_of(what, values)) != NULL)
		atomic_fetch_add_explicit(&s->value, n, memory_order_relaxed);
}

void
counters_set(enum counter what, const char *service, const char *type,
    int64_t value)
{
	char name[128];
	const char *const values[4] = { name };
	struct slot *s;

	if (page == NULL)
		return;
	snprintf(name, sizeof(name), "%s/%s", service, type);
	if ((s = slot_of(what, values)) != NULL)
		atomic_store_explicit(&s->value, value, memory_order_relaxed);
}

void
counters_rejected(const char *stage, const char *reply)
{
	char code[5] = "none", dsn[DSN_STATUS_SIZE] = "";
	const char *text = reply;

	if (page == NULL)
		return;
	if (strspn(reply, "0123456789") == 3 && reply[3] == ' ') {
		memcpy(code, reply, 3);
		code[3] = '\0';
		text += 4;
	}
	text = dsn_split(text, "", dsn);
	counters_add(COUNT_REJECTED, 1, stage, code, queue_reason_class_name(
	    queue_reason_classify(reply, dsn, NULL)));
}

/* ---- reading ---- */

struct sample {
	const struct slot *slot;
	int64_t		 value;
};

static int
compare(const void *a, const void *b)
{
	const struct slot *x = ((const struct sample *)a)->slot,
	    *y = ((const struct sample *)b)->slot;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	return strncmp(x->labels, y->labels, LABELS_MAX);
}

/* Those of one family from i on; where the next one begins. */
static size_t
print_family(struct buf *out, unsigned what, const struct sample *all,
    size_t count, size_t i)
{
	const char *suffix = families[what].type[0] == 'c' ? "_total" : "";
	int64_t sum;
	size_t first;

	/* A family without samples is none. */
	if (i < count && all[i].slot->what == what)
		metrics_family(out, families[what].name, families[what].type,
		    families[what].unit, families[what].help);
	while (i < count && all[i].slot->what == what) {
		first = i;
		for (sum = 0; i < count && compare(&all[first], &all[i]) == 0;
		    i++)
			sum += all[i].value;
		/* A process gone wild may have written over its end. */
		buf_addf(out, "posthorn_%s%s{%.*s} %lld\n",
		    families[what].name, suffix, LABELS_MAX,
		    all[first].slot->labels, (long long)sum);
	}
	return i;
}

void
counters_print(struct buf *out)
{
	struct sample *all;
	size_t count = 0, i;
	unsigned what;

	if (page == NULL)
		return;
	all = xcalloc(SLOTS, sizeof(*all));
	for (i = 0; i < SLOTS; i++) {
		struct slot *s = &page->slots[i];

		if (atomic_load_explicit(&s->state, memory_order_acquire) !=
		    SLOT_READY || s->what >= COUNTER_COUNT)
			continue;
		all[count].slot = s;
		all[count++].value = atomic_load_explicit(&s->value,
		    memory_order_relaxed);
	}
	qsort(all, count, sizeof(*all), compare);
	for (i = 0, what = 0; what < COUNTER_COUNT; what++)
		i = print_family(out, what, all, count, i);
	free(all);
}
