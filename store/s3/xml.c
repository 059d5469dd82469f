#include "xml.h"

#include "answer.h"
#include "text.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define NAME_SIZE 40
#define TEXT_SIZE 4096 /* of one element; TUSK_S3_TOKEN_SIZE is the longest that is wanted, an encoded key the next */

/* A document on its way through expat. Elements are known by their path without the namespace. */
struct document {
	XML_Parser parser;
	unsigned depth;
	char path[DEPTH_MAX][NAME_SIZE];
	char text[TEXT_SIZE];
	size_t text_len;
	bool too_long; /* the text of this element */
	void (*at_end)(void *context, struct document *document);
	void *context;
	bool broken;
};

static void stop(struct document *document)
{
	document->broken = true;
	XML_StopParser(document->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct document *document = context;
	const char *colon = strrchr(name, ':');

	(void)attributes;
	if (document->depth == DEPTH_MAX) {
		stop(document);
		return;
	}
	snprintf(document->path[document->depth++], NAME_SIZE, "%s", colon ? colon + 1 : name);
	document->text_len = 0;
	document->too_long = false;
}

static void on_text(void *context, const XML_Char *text, int len)
{
	struct document *document = context;

	if (document->text_len + (size_t)len >= TEXT_SIZE) {
		document->too_long = true;
		return;
	}
	memcpy(document->text + document->text_len, text, (size_t)len);
	document->text_len += (size_t)len;
}

static void on_end(void *context, const XML_Char *name)
{
	struct document *document = context;

	(void)name;
	document->text[document->text_len] = '\0';
	document->at_end(document->context, document);
	document->depth--;
	document->text_len = 0;
	document->too_long = false;
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public,
		       int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(context);
}

/* Whether the element that ends is last, below above (or the root when above is NULL). */
static bool is_element(const struct document *document, const char *above, const char *last)
{
	unsigned depth = document->depth;

	if (depth != (above ? 3u : 2u) || strcmp(document->path[depth - 1], last) != 0)
		return false;
	return !above || strcmp(document->path[1], above) == 0;
}

/* 0, or -1 when it is not well-formed, has a document type, or at_end stopped it. */
static int parse(struct document *document, const void *data, size_t len)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	enum XML_Status status;

	if (!parser)
		return -1;
	document->parser = parser;
	XML_SetUserData(parser, document);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	status = len <= TUSK_S3_PAGE_MAX ? XML_Parse(parser, data, (int)len, 1) : XML_STATUS_ERROR;
	XML_ParserFree(parser);
	return status == XML_STATUS_OK && !document->broken ? 0 : -1;
}

/* ---- errors ---- */

/* As much of the text as there is room for. It goes to a terminal: control characters become spaces. */
static void keep(char *to, size_t size, const struct document *document)
{
	size_t len = document->text_len < size ? document->text_len : size - 1;

	for (size_t i = 0; i < len; i++) {
		char c = document->text[i];

		to[i] = (unsigned char)c < ' ' || c == 127 ? ' ' : c;
	}
	to[len] = '\0';
}

static void fault_element(void *context, struct document *document)
{
	struct tusk_s3_fault *fault = context;

	if (document->depth == 1)
		snprintf(fault->root, sizeof(fault->root), "%s", document->path[0]);
	if (is_element(document, NULL, "Code"))
		keep(fault->code, sizeof(fault->code), document);
	else if (is_element(document, NULL, "Message"))
		keep(fault->message, sizeof(fault->message), document);
	else if (is_element(document, NULL, "Endpoint"))
		keep(fault->endpoint, sizeof(fault->endpoint), document);
	else if (is_element(document, NULL, "Region") && tusk_s3_region_valid(document->text, document->text_len))
		keep(fault->region, sizeof(fault->region), document);
}

int tusk_s3_xml_fault(const void *data, size_t len, struct tusk_s3_fault *ret_fault)
{
	struct tusk_s3_fault fault = {0};
	struct document document = {.at_end = fault_element, .context = &fault};

	if (parse(&document, data, len) < 0)
		return -1;
	*ret_fault = fault;
	return 0;
}

/* ---- listings ---- */

struct listing {
	struct tusk_s3_page page;
	char key[TUSK_S3_KEY_SIZE];
	uint64_t size;
	bool has_key, has_size;
	int (*visit)(void *context, const char *key, uint64_t size, struct tusk_err *err);
	void *context;
	struct tusk_err *err;
	int result; /* of visit */
};

/* A key encoded as for a URL; '+' is a space to those services that encode as forms do, and in no key of ours. */
static int take_key(struct document *document, char *ret_key)
{
	if (document->too_long || tusk_s3_decode(document->text) < 0 || strlen(document->text) >= TUSK_S3_KEY_SIZE)
		return -1;
	memcpy(ret_key, document->text, strlen(document->text) + 1);
	return 0;
}

static int take_size(struct listing *listing, const struct document *document)
{
	if (!document->text_len || document->text_len > 19 ||
	    strspn(document->text, "0123456789") != document->text_len)
		return -1;
	listing->size = strtoull(document->text, NULL, 10);
	listing->has_size = true;
	return 0;
}

static int end_of_contents(struct listing *listing)
{
	bool whole = listing->has_key && listing->has_size;

	if (!whole)
		return -1;
	listing->has_key = listing->has_size = false;
	memcpy(listing->page.last_key, listing->key, sizeof(listing->key));
	listing->page.count++;
	listing->result = listing->visit(listing->context, listing->key, listing->size, listing->err);
	return listing->result ? -1 : 0;
}

static int take_token(struct listing *listing, const struct document *document)
{
	if (document->too_long)
		return -1;
	memcpy(listing->page.token, document->text, document->text_len + 1);
	return 0;
}

static int listing_part(struct listing *listing, struct document *document)
{
	if (document->depth == 1)
		return strncmp(document->path[0], "ListBucketResult", NAME_SIZE) == 0 ? 0 : -1;
	if (is_element(document, "Contents", "Key")) {
		listing->has_key = true;
		return take_key(document, listing->key);
	}
	if (is_element(document, "Contents", "Size"))
		return take_size(listing, document);
	if (is_element(document, NULL, "Contents"))
		return end_of_contents(listing);
	if (is_element(document, NULL, "IsTruncated"))
		listing->page.truncated = strcmp(document->text, "true") == 0;
	if (is_element(document, NULL, "NextContinuationToken"))
		return take_token(listing, document);
	return 0;
}

static void listing_element(void *context, struct document *document)
{
	if (listing_part(context, document) < 0)
		stop(document);
}

int tusk_s3_xml_page(const void *data, size_t len,
		     int (*visit)(void *context, const char *key, uint64_t size, struct tusk_err *err), void *context,
		     struct tusk_s3_page *ret_page, struct tusk_err *err)
{
	struct listing *listing TUSK_AUTO_FREE = calloc(1, sizeof(*listing));
	struct document document = {.at_end = listing_element};
	int parsed;

	if (!listing)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read a listing: out of memory");
	listing->visit = visit;
	listing->context = context;
	listing->err = err;
	document.context = listing;
	parsed = parse(&document, data, len);
	if (listing->result)
		return listing->result;
	if (parsed < 0)
		return tusk_err_set(err, TUSK_E_NODE, 0, "the service's listing cannot be understood");
	*ret_page = listing->page;
	return 0;
}
