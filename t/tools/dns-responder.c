/*
 * dns-responder.c - a name server for tests: a few records, UDP, loopback
 *
 *	dns-responder [-f FILE] [-l LOG] [-p PORT] ['NAME TYPE DATA' ...]
 *
 * Prints the port it got (one line) and answers until it is killed. Records,
 * as arguments or as lines of FILE (read again for each question, so that a
 * test can change the zone):
 *
 *	mail.test A 127.0.0.1		AAAA, CNAME, PTR, NS, TXT the same way
 *	dest.test MX 10 mail.test
 *	_submission._tcp.dest.test SRV 10 5 587 mail.test
 *	sad.test SERVFAIL		also REFUSED, DROP (no answer at all)
 *	slow.test DELAY 500		wait so many milliseconds, then answer
 *	_25._tcp.mail.test TLSA 3 1 1 0A0B...
 *	mail.test SECURE		answers have the AD bit, unless an alias leads
 *					to a name that is not
 *
 * A name without any record does not exist (NXDOMAIN). With -l each question
 * is appended to LOG as "NAME TYPE".
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORDS_MAX	256
#define MX_PREF_LEN	2

struct record {
	char	name[256], type[16], data[512];
};

static struct record records[RECORDS_MAX];
static int fixed_count, record_count;

static const struct {
	const char	*name;
	int		type;
} types[] = {
	{ "A", ns_t_a }, { "AAAA", ns_t_aaaa }, { "MX", ns_t_mx },
	{ "TXT", ns_t_txt }, { "PTR", ns_t_ptr }, { "CNAME", ns_t_cname },
	{ "NS", ns_t_ns }, { "TLSA", 52 }, { "SRV", ns_t_srv },
	{ NULL, 0 }
};

static int
type_number(const char *name)
{
	int i;

	for (i = 0; types[i].name != NULL; i++)
		if (strcasecmp(types[i].name, name) == 0)
			return types[i].type;
	return 0;
}

static const char *
type_text(int type)
{
	int i;

	for (i = 0; types[i].name != NULL; i++)
		if (types[i].type == type)
			return types[i].name;
	return "OTHER";
}

static void
add_line(const char *line)
{
	struct record *r = &records[record_count];

	memset(r, 0, sizeof(*r));
	if (record_count < RECORDS_MAX && line[0] != '#' &&
	    sscanf(line, "%255s %15s %511[^\n]", r->name, r->type, r->data) >= 2)
		record_count++;
}

static void
read_file(const char *path)
{
	char line[1024];
	FILE *f;

	record_count = fixed_count;
	if (path == NULL || (f = fopen(path, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		add_line(line);
	fclose(f);
}

static const struct record *
find(const char *name, const char *type, int nth)
{
	int i;

	for (i = 0; i < record_count; i++)
		if (strcasecmp(records[i].name, name) == 0 &&
		    (type == NULL || strcasecmp(records[i].type, type) == 0) &&
		    nth-- == 0)
			return &records[i];
	return NULL;
}

static size_t
put_name(unsigned char *out, const char *name)
{
	int n;

	if (strcmp(name, ".") == 0) {
		out[0] = 0;
		return 1;
	}
	n = ns_name_compress(name, out, NS_MAXCDNAME, NULL, NULL);
	return n == -1 ? 0 : (size_t)n;
}

/* "3 1 1 0A0B": three numbers and bytes in hexadecimal */
static size_t
put_tlsa(unsigned char *out, const char *data)
{
	unsigned usage, selector, matching, byte;
	size_t n = 3;
	int at;

	if (sscanf(data, "%u %u %u %n", &usage, &selector, &matching, &at) < 3)
		return 0;
	out[0] = (unsigned char)usage;
	out[1] = (unsigned char)selector;
	out[2] = (unsigned char)matching;
	for (; sscanf(data + at, "%2x", &byte) == 1; at += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static size_t
put_data(unsigned char *out, int type, const char *data)
{
	size_t n;
	char *rest;

	switch (type) {
	case ns_t_a:
		return inet_pton(AF_INET, data, out) == 1 ? 4 : 0;
	case ns_t_aaaa:
		return inet_pton(AF_INET6, data, out) == 1 ? 16 : 0;
	case ns_t_mx:
		ns_put16((unsigned)strtoul(data, &rest, 10), out);
		rest += strspn(rest, " \t");
		return MX_PREF_LEN + put_name(out + MX_PREF_LEN, rest);
	case ns_t_txt:
		n = strlen(data) > 255 ? 255 : strlen(data);
		out[0] = (unsigned char)n;
		memcpy(out + 1, data, n);
		return n + 1;
	case ns_t_srv:		/* priority, weight, port */
		for (n = 0, rest = (char *)data; n < 6; n += 2)
			ns_put16((unsigned)strtoul(rest, &rest, 10), out + n);
		rest += strspn(rest, " \t");
		return n + put_name(out + n, rest);
	case 52:
		return put_tlsa(out, data);
	}
	return put_name(out, data);
}

static size_t
put_record(unsigned char *out, const struct record *r)
{
	int type = type_number(r->type);
	size_t n = put_name(out, r->name), len;

	ns_put16((unsigned)type, out + n);
	ns_put16(ns_c_in, out + n + 2);
	ns_put32(60, out + n + 4);
	len = put_data(out + n + 10, type, r->data);
	ns_put16((unsigned)len, out + n + 8);
	return n + 10 + len;
}

static void
wait_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Fill in the answer behind the question; returns its length, 0: say nothing. */
static size_t
answer(unsigned char *msg, size_t qlen, const char *name, int type)
{
	const struct record *r;
	char owner[256];
	size_t len = qlen;
	int i, hops, n = 0, rcode = ns_r_noerror, ad;

	if (find(name, "DROP", 0) != NULL)
		return 0;
	if ((r = find(name, "DELAY", 0)) != NULL)
		wait_ms(atol(r->data));
	if (find(name, NULL, 0) == NULL)
		rcode = ns_r_nxdomain;
	else if (find(name, "SERVFAIL", 0) != NULL)
		rcode = ns_r_servfail;
	else if (find(name, "REFUSED", 0) != NULL)
		rcode = ns_r_refused;
	ad = find(name, "SECURE", 0) != NULL ? 0x20 : 0;
	snprintf(owner, sizeof(owner), "%.255s", name);
	for (hops = 0; hops < 8 && rcode == ns_r_noerror; hops++) {
		for (i = 0; len < 8000 &&
		    (r = find(owner, type_text(type), i)) != NULL; i++, n++)
			len += put_record(msg + len, r);
		if (i > 0 || (r = find(owner, "CNAME", 0)) == NULL)
			break;
		len += put_record(msg + len, r);
		n++;
		snprintf(owner, sizeof(owner), "%.255s", r->data);
		ad = find(owner, "SECURE", 0) != NULL ? ad : 0;
		if (find(owner, NULL, 0) == NULL)
			rcode = ns_r_nxdomain;
	}
	msg[2] = 0x84 | (msg[2] & 1);		/* response, authoritative */
	msg[3] = (unsigned char)(0x80 | ad | rcode);
	ns_put16((unsigned)n, msg + 6);
	ns_put16(0, msg + 8);
	ns_put16(0, msg + 10);
	return len;
}

static int
open_socket(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1) {
		perror("dns-responder");
		exit(1);
	}
	printf("%d\n", ntohs(sin.sin_port));
	fflush(stdout);
	return fd;
}

static void
serve(int fd, const char *file, FILE *log)
{
	unsigned char msg[16384];
	char name[NS_MAXDNAME];
	struct sockaddr_storage from;
	socklen_t from_len;
	size_t len;
	ssize_t n;
	int type, used;

	for (;;) {
		from_len = sizeof(from);
		n = recvfrom(fd, msg, 2048, 0, (struct sockaddr *)&from,
		    &from_len);
		if (n < NS_HFIXEDSZ + NS_QFIXEDSZ)
			continue;
		used = ns_name_uncompress(msg, msg + n, msg + NS_HFIXEDSZ, name,
		    sizeof(name));
		if (used == -1 || NS_HFIXEDSZ + used + NS_QFIXEDSZ > n)
			continue;
		type = (int)ns_get16(msg + NS_HFIXEDSZ + used);
		if (log != NULL) {
			fprintf(log, "%s %s\n", name, type_text(type));
			fflush(log);
		}
		read_file(file);
		len = answer(msg, (size_t)(NS_HFIXEDSZ + used + NS_QFIXEDSZ),
		    name, type);
		if (len > 0)
			sendto(fd, msg, len, 0, (struct sockaddr *)&from,
			    from_len);
	}
}

int
main(int argc, char **argv)
{
	const char *file = NULL;
	FILE *log = NULL;
	int c, port = 0;

	while ((c = getopt(argc, argv, "f:l:p:")) != -1) {
		switch (c) {
		case 'f':
			file = optarg;
			break;
		case 'l':
			log = fopen(optarg, "a");
			break;
		case 'p':
			port = atoi(optarg);
			break;
		default:
			return 64;
		}
	}
	for (; optind < argc; optind++)
		add_line(argv[optind]);
	fixed_count = record_count;
	serve(open_socket(port), file, log);
}
