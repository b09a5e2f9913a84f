/*
 * info.c - what this build can do: lock types, table types, TLS library
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/crypto.h"
#include "cmd/postconf/postconf.h"

#include <errno.h>
#include <openssl/opensslv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/table.h"

void
pc_show_lock_types(void)
{
	puts("flock\nfcntl\ndotlock");
}

void
pc_show_table_types(const char *config_dir)
{
	const struct params_context ctx = { .process_name = "postconf",
	    .service_name = "postconf" };
	struct err err = ERR_INIT;
	const char *type;
	size_t i;

	/* Where loadable types are is configuration; the rest is not. */
	if (params_load(config_dir, &ctx, &err) == -1)
		log_warning("%s", err.text);
	for (i = 0; (type = table_type_at(i)) != NULL; i++)
		puts(type);
}

/*
 * Dovecot's protocol needs no library: every build has it for servers. There
 * is no client plug-in.
 */
void
pc_show_sasl_types(bool is_server)
{
	if (is_server)
		puts("dovecot");
}

int
pc_show_tls(const char *mode)
{
	if (strcmp(mode, "compile-version") == 0)
		puts(OPENSSL_VERSION_TEXT);
	else if (strcmp(mode, "run-version") == 0)
		puts(crypto_load()->OpenSSL_version(OPENSSL_VERSION));
	else if (strcmp(mode, "public-key-algorithms") == 0)
		puts("dsa\necdsa\nrsa");
	else {
		log_warning("unknown 'postconf -T' mode: %s", mode);
		return 1;
	}
	return 0;
}

/* The bounce service prints its templates; it knows how they are written. */
void
pc_show_templates(struct postconf *pc, const char *file, bool is_expanded)
{
	struct buf path = BUF_INIT, text = BUF_INIT, option = BUF_INIT;
	struct buf daemon = BUF_INIT;
	char *argv[8];
	int n = 0;

	pc_expand(&pc->scope, &path, "$daemon_directory/bounce");
	if (file != NULL && access(file, R_OK) == -1)
		log_fatal("open %s: %s", file, strerror(errno));
	if (file == NULL)
		pc_expand(&pc->scope, &text, "$bounce_template_file");
	else
		buf_sets(&text, file);
	buf_setf(&option, "bounce_template_file=%s", text.ptr);
	setenv("MAIL_CONFIG", pc->dir, 1);
	argv[n++] = path.ptr;
	argv[n++] = xstrdup(is_expanded ? "-SVnexpand_templates" :
	    "-SVndump_templates");
	argv[n++] = xstrdup("-o");
	argv[n++] = option.ptr;
	argv[n++] = xstrdup("-o");
	argv[n++] = xstrdup("queue_directory=.");
	argv[n] = NULL;
	fflush(stdout);
	execv(path.ptr, argv);
	/* As the supervisor does: the daemon itself under that name. */
	if (errno == ENOENT) {
		pc_expand(&pc->scope, &daemon, "$daemon_directory/posthornd");
		execv(daemon.ptr, argv);
	}
	log_fatal("cannot execute %s: %s", path.ptr, strerror(errno));
}
