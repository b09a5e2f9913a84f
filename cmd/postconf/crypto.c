/*
 * crypto.c - OpenSSL, loaded when it is needed
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/crypto.h"

#include <dlfcn.h>
#include <openssl/opensslv.h>
#include <string.h>

#include "lib/base/log.h"

#define STRING_OF(n)	#n
#define STRING(n)	STRING_OF(n)
#define LIBRARY		"libcrypto.so." STRING(OPENSSL_SHLIB_VERSION)

static void
find(void *library, const char *name, void *member)
{
	void *fn = dlsym(library, name);

	if (fn == NULL)
		log_fatal("%s has no %s", LIBRARY, name);
	memcpy(member, &fn, sizeof(fn));
}

const struct crypto *
crypto_load(void)
{
	static struct crypto crypto;
	static void *library;

	if (library != NULL)
		return &crypto;
	if ((library = dlopen(LIBRARY, RTLD_NOW)) == NULL)
		log_fatal("%s", dlerror());
#define FIND(fn) find(library, #fn, &crypto.fn);
	CRYPTO_FUNCTIONS(FIND)
#undef FIND
	return &crypto;
}
