/*
 * sha256_test.c - SHA-256, with the examples of its standard
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/sha256.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "t/unit/unit.h"

static const struct {
	const char	*text;
	size_t		 times;
	const char	*digest;
} cases[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1000000,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

START_TEST(the_standards_examples)
{
	unsigned char digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	struct sha256 s;
	size_t i;

	sha256_init(&s);
	for (i = 0; i < cases[_i].times; i++)
		sha256_add(&s, cases[_i].text, strlen(cases[_i].text));
	sha256_end(&s, digest);
	for (i = 0; i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	ck_assert_str_eq(hex, cases[_i].digest);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("sha256");

	UNIT_LOOP(tc, the_standards_examples, cases);
	return unit_run("sha256", tc);
}
