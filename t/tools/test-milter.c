/*
 * test-milter.c - a filter for tests, on the library that real ones use
 *
 *	test-milter SOCKET ORDERS LOG
 *
 * SOCKET is as in main.cf ("inet:PORT@HOST", "unix:PATH"). Each event is a
 * line of LOG with its arguments and the macros that are known by then. ORDERS
 * is a file, read again for each event; a line is "STAGE ORDER [ARGUMENT]":
 *
 *	STAGE	negotiate connect helo mail rcpt data header eoh body eom unknown
 *	ORDER	accept reject tempfail discard skip noreply hang die
 *		reply CODE DSN TEXT	steps BITS	macros STAGE-NUMBER NAMES
 *	eom	add NAME VALUE		insert N NAME VALUE
 *		change N NAME VALUE	from ADDRESS [ARGUMENTS]
 *		rcpt ADDRESS [ARGUMENTS]	unrcpt ADDRESS
 *		body TEXT		quarantine TEXT		progress
 *
 * The first order with an answer ends the event; "\n" in text is a line break.
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS	4

static const char *orders_path, *log_path;

static const char *const macros[] = { "i", "j", "_", "v", "{daemon_name}",
	"{daemon_addr}", "{daemon_port}", "{if_name}", "{if_addr}",
	"{client_addr}", "{client_name}", "{client_port}", "{client_ptr}",
	"{client_connections}", "{client_resolve}", "{tls_version}", "{cipher}",
	"{cipher_bits}", "{auth_type}", "{auth_authen}", "{auth_author}",
	"{mail_addr}", "{mail_host}", "{mail_mailer}", "{rcpt_addr}",
	"{rcpt_host}", "{rcpt_mailer}", "{other}" };

static void
note(SMFICTX *ctx, const char *fmt, ...)
{
	FILE *log = fopen(log_path, "a");
	const char *value;
	va_list ap;
	size_t i;

	if (log == NULL)
		exit(1);
	va_start(ap, fmt);
	vfprintf(log, fmt, ap);
	va_end(ap);
	for (i = 0; ctx != NULL && i < sizeof(macros) / sizeof(macros[0]); i++)
		if ((value = smfi_getsymval(ctx, (char *)(size_t)macros[i])) !=
		    NULL)
			fprintf(log, " %s=%s", macros[i], value);
	fputc('\n', log);
	fclose(log);
}

static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (text[0] == '\\' && text[1] == 'n') {
			*to++ = '\n';
			text++;
		} else {
			*to++ = *text;
		}
	*to = '\0';
}

/* Cut off n words; the last one is the rest of the line. */
static void
words(char *line, char **w, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		w[i] = line;
		line += i + 1 < n ? strcspn(line, " ") : strlen(line);
		if (*line == ' ')
			*line++ = '\0';
	}
}

/* What changes the message; a failure of the library goes to the log. */
static void
edit(SMFICTX *ctx, const char *order, char *arg)
{
	char *w[WORDS], *all = arg;
	int rc = MI_SUCCESS;

	if (strcmp(order, "add") == 0) {
		words(arg, w, 2);
		rc = smfi_addheader(ctx, w[0], w[1]);
	} else if (strcmp(order, "insert") == 0) {
		words(arg, w, 3);
		rc = smfi_insheader(ctx, atoi(w[0]), w[1], w[2]);
	} else if (strcmp(order, "change") == 0) {
		words(arg, w, 3);
		rc = smfi_chgheader(ctx, w[1], atoi(w[0]),
		    *w[2] != '\0' ? w[2] : NULL);
	} else if (strcmp(order, "from") == 0) {
		words(arg, w, 2);
		rc = smfi_chgfrom(ctx, w[0], *w[1] != '\0' ? w[1] : NULL);
	} else if (strcmp(order, "rcpt") == 0) {
		words(arg, w, 2);
		rc = *w[1] != '\0' ? smfi_addrcpt_par(ctx, w[0], w[1]) :
		    smfi_addrcpt(ctx, w[0]);
	} else if (strcmp(order, "unrcpt") == 0) {
		rc = smfi_delrcpt(ctx, all);
	} else if (strcmp(order, "body") == 0) {
		rc = smfi_replacebody(ctx, (unsigned char *)all,
		    (int)strlen(all));
	} else if (strcmp(order, "quarantine") == 0) {
		rc = smfi_quarantine(ctx, all);
	} else if (strcmp(order, "progress") == 0) {
		rc = smfi_progress(ctx);
	}
	if (rc != MI_SUCCESS)
		note(NULL, "failed: %s", order);
}

static sfsistat
answer(SMFICTX *ctx, const char *order, char *arg)
{
	static const struct {
		const char	*order;
		sfsistat	 answer;
	} rows[] = { { "accept", SMFIS_ACCEPT }, { "reject", SMFIS_REJECT },
		{ "tempfail", SMFIS_TEMPFAIL }, { "discard", SMFIS_DISCARD },
		{ "skip", SMFIS_SKIP }, { "noreply", SMFIS_NOREPLY } };
	char *w[WORDS];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(order, rows[i].order) == 0)
			return rows[i].answer;
	if (strcmp(order, "die") == 0)
		_exit(0);
	if (strcmp(order, "hang") == 0)
		sleep(600);
	if (strcmp(order, "reply") == 0) {
		words(arg, w, 3);
		if (smfi_setreply(ctx, w[0], w[1], w[2]) != MI_SUCCESS)
			note(NULL, "failed: reply");
		return *w[0] == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT;
	}
	edit(ctx, order, arg);
	return SMFIS_CONTINUE;
}

static sfsistat
obey(SMFICTX *ctx, const char *stage)
{
	char line[4096], *w[3];
	FILE *f = fopen(orders_path, "r");
	sfsistat result = SMFIS_CONTINUE;

	while (f != NULL && result == SMFIS_CONTINUE &&
	    fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		unescape(line);
		words(line, w, 3);
		if (strcmp(w[0], stage) == 0)
			result = answer(ctx, w[1], w[2]);
	}
	if (f != NULL)
		fclose(f);
	return result;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0,
    unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	char line[1024], *w[4];
	FILE *f = fopen(orders_path, "r");

	(void)f2, (void)f3;
	note(NULL, "negotiate actions=%lx steps=%lx", f0, f1);
	*pf0 = f0;
	*pf1 = *pf2 = *pf3 = 0;
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		words(line, w, 4);
		if (strcmp(w[0], "negotiate") != 0)
			continue;
		if (strcmp(w[1], "steps") == 0)
			*pf1 |= strtoul(w[2], NULL, 16) & f1;
		else if (strcmp(w[1], "macros") == 0)
			smfi_setsymlist(ctx, atoi(w[2]), w[3]);
		else if (strcmp(w[1], "reject") == 0)
			return SMFIS_REJECT;
	}
	if (f != NULL)
		fclose(f);
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	char text[INET6_ADDRSTRLEN] = "-";

	if (addr != NULL && addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)addr)->sin_addr,
		    text, sizeof(text));
	else if (addr != NULL && addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)addr)->sin6_addr,
		    text, sizeof(text));
	note(ctx, "connect [%s] [%s]", host, text);
	return obey(ctx, "connect");
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	note(ctx, "helo [%s]", name);
	return obey(ctx, "helo");
}

static void
note_path(SMFICTX *ctx, const char *stage, char **argv)
{
	char text[2048] = "";

	for (; *argv != NULL; argv++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " [%s]", *argv);
	note(ctx, "%s%s", stage, text);
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	note_path(ctx, "mail", argv);
	return obey(ctx, "mail");
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	note_path(ctx, "rcpt", argv);
	return obey(ctx, "rcpt");
}

static sfsistat
on_data(SMFICTX *ctx)
{
	note(ctx, "data");
	return obey(ctx, "data");
}

static sfsistat
on_unknown(SMFICTX *ctx, const char *command)
{
	note(ctx, "unknown [%s]", command);
	return obey(ctx, "unknown");
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	note(NULL, "header [%s] [%s]", name, value);
	return obey(ctx, "header");
}

static sfsistat
on_eoh(SMFICTX *ctx)
{
	note(ctx, "eoh");
	return obey(ctx, "eoh");
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	note(NULL, "body %zu [%.*s]", len, len < 200 ? (int)len : 200, data);
	return obey(ctx, "body");
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	note(ctx, "eom");
	return obey(ctx, "eom");
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	(void)ctx;
	note(NULL, "abort");
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	(void)ctx;
	note(NULL, "close");
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	static char name[] = "test-milter";
	struct smfiDesc desc = { .xxfi_name = name,
	    .xxfi_version = SMFI_VERSION, .xxfi_flags = SMFIF_ADDHDRS |
	    SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_ADDRCPT | SMFIF_DELRCPT |
	    SMFIF_QUARANTINE | SMFIF_CHGFROM | SMFIF_ADDRCPT_PAR |
	    SMFIF_SETSYMLIST, .xxfi_connect = on_connect,
	    .xxfi_helo = on_helo, .xxfi_envfrom = on_mail,
	    .xxfi_envrcpt = on_rcpt, .xxfi_header = on_header,
	    .xxfi_eoh = on_eoh, .xxfi_body = on_body, .xxfi_eom = on_eom,
	    .xxfi_abort = on_abort, .xxfi_close = on_close,
	    .xxfi_unknown = on_unknown, .xxfi_data = on_data,
	    .xxfi_negotiate = on_negotiate };

	if (argc != 4) {
		fputs("usage: test-milter SOCKET ORDERS LOG\n", stderr);
		return 64;
	}
	orders_path = argv[2];
	log_path = argv[3];
	if (smfi_setconn(argv[1]) != MI_SUCCESS ||
	    smfi_register(desc) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS)
		return 1;
	puts("ready");
	fflush(stdout);
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
