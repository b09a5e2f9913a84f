/*
 * schema.c - the JSON schema of what postcat --json writes
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postcat/view.h"

#include <string.h>

#include "lib/base/json_schema.h"

static const struct json_schema_member message[] = {
	{ "v", "!integer", "version of this form: 1" },
	{ "path", "!string", "path of the queue file" },
	{ "queue", "string", "queue it is in" },
	{ "id", "string", "queue ID" },
	{ "file", "!file", "what identifies the file" },
	{ "envelope", "!envelope", "sender, recipients, what is known of both" },
	{ "records", "!record[]", "all records that can be reached" },
	{ "headers", "header[]", "header fields of the message" },
	{ "parts", "part[]", "its parts, containers first" },
	{ "content", "string", "the message; content_b64 when it is not UTF-8" },
	{ "content_b64", "string", "the same in base64" },
	{ "damage", "string", "why it could not be read to its end" },
	{ "complete", "!boolean", "there is an end record" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member file[] = {
	{ "inode", "!integer", "inode" },
	{ "mtime", "!integer", "modification time" },
	{ "bytes", "!integer", "bytes on disk" },
	{ "mode", "!string", "octal" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member envelope[] = {
	{ "sender", "string", "envelope sender, empty for bounces" },
	{ "fullname", "string", "full name of a local sender" },
	{ "filter", "string", "content filter" },
	{ "redirect", "string", "redirect address" },
	{ "verp", "string", "VERP delimiters" },
	{ "arrived", "number", "seconds since 1970, with microseconds" },
	{ "created", "integer", "when the queue file was made" },
	{ "delay_warning", "integer", "when it is due; -1: it was sent" },
	{ "recipients", "!recipient[]", "all recipients, those done too" },
	{ "attributes", "!texts", "named attributes" },
	{ "size", "size", "the size record" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member recipient[] = {
	{ "address", "!string", "address" },
	{ "state", "!state", "what became of it" },
	{ "orig_address", "string", "as it was given" },
	{ "dsn_orig_rcpt", "string", "DSN ORCPT" },
	{ "notify_flags", "integer", "DSN NOTIFY: 1 never, 2 success, 4 failure, 8 delay" },
	{ "dsn", "string", "enhanced status code of the last attempt" },
	{ "reason", "string", "why it waits" },
	{ "offset", "!integer", "of its record" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member size[] = {
	{ "content_size", "!integer", "bytes of the content's records" },
	{ "data_offset", "!integer", "where they begin" },
	{ "recipients", "!integer", "recipients" },
	{ "qmgr_flags", "!integer", "flags for the queue manager" },
	{ "content_length", "!integer", "bytes of the content after edits" },
	{ "sendopts", "!integer", "SMTPUTF8 and other options" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member record[] = {
	{ "offset", "!integer", "in the file" },
	{ "type", "!type", "its letter; a number when it is none" },
	{ "name", "!string", "what that means" },
	{ "length", "!integer", "bytes of data" },
	{ "value", "string", "the data, unless it is text of the message" },
	{ "value_b64", "string", "the same in base64 when it is not UTF-8" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member header[] = {
	{ "name", "!string", "name" },
	{ "value", "!string", "decoded" },
	{ "value_b64", "string", "its bytes when they are not UTF-8" },
	{ "raw", "string", "as it stands there" },
	{ "raw_b64", "string", "the same in base64 when it is not UTF-8" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member part[] = {
	{ "part", "!string", "number, as in IMAP" },
	{ "type", "!string", "media type" },
	{ "charset", "string", "character set" },
	{ "encoding", "string", "transfer encoding" },
	{ "disposition", "string", "inline or attachment" },
	{ "file_name", "string", "name of the file" },
	{ "content_id", "string", "Content-ID" },
	{ "encoded_bytes", "!integer", "bytes as it stands" },
	{ "decoded_bytes", "!integer", "bytes without transfer encoding" },
	{ "defects", "strings", "what is wrong with it" },
	{ NULL, NULL, NULL }
};

static const struct kind {
	const char	*name;
	const struct json_schema_member *members;
} kinds[] = {
	{ "message", message },
	{ "file", file },
	{ "envelope", envelope },
	{ "recipient", recipient },
	{ "size", size },
	{ "record", record },
	{ "header", header },
	{ "part", part },
	{ NULL, NULL }
};

/* A kind of ours, "KIND[]" for many of them, or a type of JSON. */
static void
put_type(struct buf *out, const char *type)
{
	size_t len = strlen(type);
	bool is_list = len > 2 && strcmp(type + len - 2, "[]") == 0;
	const struct kind *k;

	if (is_list)
		len -= 2;
	for (k = kinds; k->name != NULL; k++)
		if (strlen(k->name) == len &&
		    strncmp(k->name, type, len) == 0)
			break;
	if (k->name != NULL) {
		buf_addf(out, is_list ? "\"type\": \"array\", \"items\": "
		    "{\"$ref\": \"#/$defs/%s\"}" :
		    "\"$ref\": \"#/$defs/%s\"", k->name);
	} else if (strcmp(type, "state") == 0) {
		buf_adds(out, "\"enum\": [\"to-do\", \"done\", "
		    "\"cancelled\"]");
	} else if (strcmp(type, "type") == 0) {
		buf_adds(out, "\"type\": [\"string\", \"integer\"]");
	} else if (strcmp(type, "texts") == 0) {
		buf_adds(out, "\"type\": \"object\", "
		    "\"additionalProperties\": {\"type\": \"string\"}");
	} else {
		json_schema_type(out, type);
	}
}

void
view_schema(struct buf *out)
{
	const struct kind *k;

	buf_adds(out, "{\n  \"$schema\": "
	    "\"https://json-schema.org/draft/2020-12/schema\",\n"
	    "  \"title\": \"postcat\",\n"
	    "  \"description\": \"one line of --json; a text that is not "
	    "UTF-8 has a twin NAME_b64\",\n"
	    "  \"$ref\": \"#/$defs/message\",\n"
	    "  \"$defs\": {\n");
	for (k = kinds; k->name != NULL; k++) {
		if (k != kinds)
			buf_adds(out, ",\n");
		json_schema_object(out, k->name, k->members, put_type);
	}
	buf_adds(out, "\n  }\n}\n");
}
