/*
 * lint_files.c - postconf --lint: certificates, keys, secrets, directories
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/crypto.h"
#include "cmd/postconf/lint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table.h"

#define EXPIRY_DAYS	14
#define LINE_MAX_LEN	1024

/* Only a file has an end: a device or a pipe is nothing to be read through. */
static FILE *
open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fdopen(fd, "r");
	close(fd);
	return NULL;
}

/* ---- TLS -------------------------------------------------------------------- */

static void
report_tls(struct lint *l, const struct lint_value *v, const char *fix,
    const char *path, const char *what)
{
	lint_add(l, v->file, v->line, LINT_ERROR, "tls-files", fix,
	    "%s: %s: %s", v->name, path, what);
}

static X509 *
read_certificate(const char *path)
{
	FILE *fp = open_file(path);
	X509 *cert = NULL;

	if (fp != NULL) {
		cert = crypto_load()->PEM_read_X509(fp, NULL, NULL, NULL);
		fclose(fp);
	}
	crypto_load()->ERR_clear_error();
	return cert;
}

/* A key that wants a passphrase is no key for a server: nobody is asked. */
static int
no_passphrase(char *text, int size, int rwflag, void *ctx)
{
	(void)text;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return -1;
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *fp = open_file(path);
	EVP_PKEY *key = NULL;

	if (fp != NULL) {
		key = crypto_load()->PEM_read_PrivateKey(fp, NULL, no_passphrase, NULL);
		fclose(fp);
	}
	crypto_load()->ERR_clear_error();
	return key;
}

static void
check_expiry(struct lint *l, const struct lint_value *v, const char *path,
    const X509 *cert)
{
	int days = 0, seconds = 0;
	struct buf what = BUF_INIT;

	if (crypto_load()->ASN1_TIME_diff(&days, &seconds, NULL,
	    crypto_load()->X509_get0_notAfter(cert)) != 1)
		return;
	if (days < 0 || seconds < 0)
		buf_setf(&what, "the certificate expired %d days ago", -days);
	else if (days < EXPIRY_DAYS)
		buf_setf(&what, "the certificate expires in %d days", days);
	if (what.len > 0)
		report_tls(l, v, "renew it", path, what.ptr);
	buf_done(&what);
}

static void
check_key_mode(struct lint *l, const struct lint_value *v, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		report_tls(l, v, "chmod 600 it", path,
		    "everybody on this host may read the key");
}

static void
check_certificate(struct lint *l, const struct lint_value *v,
    const char *path)
{
	X509 *cert;

	if (access(path, R_OK) == -1)
		report_tls(l, v, NULL, path, strerror(errno));
	else if ((cert = read_certificate(path)) == NULL)
		report_tls(l, v, NULL, path, "holds no certificate");
	else {
		check_expiry(l, v, path, cert);
		crypto_load()->X509_free(cert);
	}
}

/* The key beside its certificate: smtpd_tls_cert_file and smtpd_tls_key_file. */
static void
check_key(struct lint *l, const struct lint_value *v, const char *path)
{
	struct buf name = BUF_INIT;
	char *cert_path;
	EVP_PKEY *key;
	X509 *cert;

	if (access(path, R_OK) == -1) {
		report_tls(l, v, NULL, path, strerror(errno));
		return;
	}
	if ((key = read_key(path)) == NULL) {
		report_tls(l, v, NULL, path, "holds no key that can be used");
		return;
	}
	check_key_mode(l, v, path);
	buf_setf(&name, "%.*scert_file", (int)(strlen(v->name) - 8), v->name);
	cert_path = lint_value_of(l, v->service, name.ptr);
	if ((cert = read_certificate(cert_path)) != NULL) {
		if (crypto_load()->X509_check_private_key(cert, key) != 1) {
			crypto_load()->ERR_clear_error();
			report_tls(l, v, NULL, path,
			    "does not belong to the certificate");
		}
		crypto_load()->X509_free(cert);
	}
	crypto_load()->EVP_PKEY_free(key);
	free(cert_path);
	buf_done(&name);
}

static void
check_chain(struct lint *l, const struct lint_value *v, const char *path)
{
	EVP_PKEY *key;
	X509 *cert;

	if (access(path, R_OK) == -1) {
		report_tls(l, v, NULL, path, strerror(errno));
		return;
	}
	check_key_mode(l, v, path);
	key = read_key(path);
	cert = read_certificate(path);
	if (key != NULL && cert != NULL &&
	    crypto_load()->X509_check_private_key(cert, key) != 1) {
		crypto_load()->ERR_clear_error();
		report_tls(l, v, NULL, path,
		    "key and certificate do not belong together");
	}
	if (cert != NULL)
		check_expiry(l, v, path, cert);
	crypto_load()->X509_free(cert);
	crypto_load()->EVP_PKEY_free(key);
}

static void
check_tls(struct lint *l, const struct lint_value *v)
{
	char *copy, *rest, *path;

	if (strstr(v->name, "_tls_") == NULL || *v->text == '\0')
		return;
	if (lint_ends_with(v->name, "cert_file") && strcmp(v->text, "none") != 0)
		check_certificate(l, v, v->text);
	else if (lint_ends_with(v->name, "key_file"))
		check_key(l, v, v->text);
	else if (lint_ends_with(v->name, "_CAfile") &&
	    access(v->text, R_OK) == -1)
		report_tls(l, v, NULL, v->text, strerror(errno));
	else if (lint_ends_with(v->name, "_chain_files")) {
		copy = rest = xstrdup(v->text);
		while ((path = text_split(&rest, TEXT_LIST_SEP)) != NULL)
			check_chain(l, v, path);
		free(copy);
	}
}

/* ---- DANE ------------------------------------------------------------------- */

/* An answer is as trustworthy as the way to the resolver. */
static void
check_resolver(struct lint *l, const struct lint_value *v)
{
	char line[LINE_MAX_LEN], address[LINE_MAX_LEN];
	FILE *fp;

	if ((fp = fopen("/etc/resolv.conf", "re")) == NULL)
		return;		/* the resolver then asks this host */
	while (fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, " nameserver %1000s", address) == 1 &&
		    strncmp(address, "127.", 4) != 0 &&
		    strcmp(address, "::1") != 0)
			lint_add(l, v->file, v->line, LINT_WARNING,
			    "dane-trust", "run a validating resolver on this "
			    "host", "%s = %s, but the resolver %s is not "
			    "local", v->name, v->text, address);
	fclose(fp);
}

static void
check_dane(struct lint *l, const struct lint_value *v)
{
	char *support;

	if (!lint_ends_with(v->name, "_tls_security_level") ||
	    strncmp(v->text, "dane", 4) != 0)
		return;
	support = lint_value_of(l, v->service, "smtp_dns_support_level");
	if (strcmp(support, "dnssec") != 0)
		lint_add(l, v->file, v->line, LINT_WARNING, "dane-trust",
		    "set smtp_dns_support_level = dnssec", "%s = %s has no "
		    "effect without DNSSEC", v->name, v->text);
	free(support);
	check_resolver(l, v);
}

/* ---- secrets and directories -------------------------------------------------- */

static bool
others_may_read(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

static bool
has_password(const char *path)
{
	char line[LINE_MAX_LEN];
	FILE *fp = open_file(path);
	bool found = false;

	if (fp == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), fp) != NULL)
		found = strncmp(line, "password", 8) == 0 ||
		    strncmp(line, "bind_pw", 7) == 0;
	fclose(fp);
	return found;
}

/* "type:path" whose file holds passwords: of servers, or for them. */
static void
check_secret_table(struct lint *l, const struct lint_value *v, char *word)
{
	const char *path = strchr(word, ':'), *suffix;
	struct buf index = BUF_INIT;
	bool is_sasl = lint_ends_with(v->name, "_sasl_password_maps");

	while (strncmp(word, "proxy:", 6) == 0) {
		word += 6;
		path = strchr(word, ':');
	}
	if (path == NULL || *++path != '/')
		return;
	if (!is_sasl && (strspn(word, "abcdefghijklmnopqrstuvwxyz") !=
	    (size_t)(path - 1 - word) || !has_password(path) ||
	    table_suffix(word) != NULL))
		return;
	if (others_may_read(path))
		lint_add(l, path, 1, LINT_WARNING, "perm", "chmod 640 it",
		    "everybody on this host may read the passwords that %s "
		    "uses", v->name);
	if (is_sasl && (suffix = table_suffix(word)) != NULL) {
		buf_setf(&index, "%s%s", path, suffix);
		if (others_may_read(index.ptr))
			lint_add(l, index.ptr, 1, LINT_WARNING, "perm",
			    "chmod 600 it", "everybody on this host may read "
			    "the passwords that %s uses", v->name);
	}
	buf_done(&index);
}

static void
check_secrets(struct lint *l, const struct lint_value *v)
{
	char *copy, *rest, *word;

	if ((lint_ends_with(v->name, "_password") || lint_ends_with(v->name,
	    "_bind_pw")) && *v->text != '\0' && others_may_read(v->file))
		lint_add(l, v->file, v->line, LINT_WARNING, "perm",
		    "move it to a file of its own, mode 640",
		    "everybody on this host may read %s", v->name);
	copy = rest = xstrdup(v->text);
	while ((word = text_split(&rest, TEXT_LIST_SEP "{}")) != NULL)
		check_secret_table(l, v, word);
	free(copy);
}

static void
check_directory(struct lint *l, const char *name, const char *want)
{
	char *path = lint_value_of(l, NULL, name), *owner;
	const struct passwd *pw;
	const char *file;
	struct stat st;
	uid_t uid = 0;
	int line;

	lint_where(l, NULL, name, &file, &line);
	if (strcmp(want, "root") != 0) {
		owner = lint_value_of(l, NULL, want);
		pw = account_named(owner);
		uid = pw != NULL ? pw->pw_uid : (uid_t)-1;
		free(owner);
	}
	/* Before the first start it is not there, and an instance of an
	 * ordinary user belongs to him. */
	if (uid == (uid_t)-1 || stat(path, &st) == -1 || geteuid() != 0)
		goto out;
	if (st.st_uid != uid)
		lint_add(l, file, line, LINT_WARNING, "perm",
		    "postfix set-permissions", "%s %s belongs to uid %u, not "
		    "to %u", name, path, (unsigned)st.st_uid, (unsigned)uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		lint_add(l, file, line, LINT_WARNING, "perm",
		    "postfix set-permissions", "%s %s may be changed by "
		    "others: mode %03o", name, path,
		    (unsigned)st.st_mode & 0777);
out:
	free(path);
}

void
lint_file_value(struct lint *l, const struct lint_value *v)
{
	check_tls(l, v);
	check_dane(l, v);
	check_secrets(l, v);
}

void
lint_files(struct lint *l)
{
	lint_each_value(l, lint_file_value);
	check_directory(l, "queue_directory", "root");
	check_directory(l, "data_directory", "mail_owner");
}
