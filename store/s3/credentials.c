#include "credentials.h"

#include "crypto.h"
#include "fileio.h"

#include <assert.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *text;
	size_t len;
};

struct field {
	const char *name;
	char *value;
	size_t size;
};

void tusk_s3_identity_wipe(struct tusk_s3_identity *identity)
{
	tusk_wipe(identity, sizeof(*identity));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line trim(struct line line)
{
	while (line.len && is_space(line.text[0])) {
		line.text++;
		line.len--;
	}
	while (line.len && is_space(line.text[line.len - 1]))
		line.len--;
	return line;
}

static bool is_word(struct line line, const char *word)
{
	return line.len == strlen(word) && memcmp(line.text, word, line.len) == 0;
}

/* "[name]" or, in a file of configuration, "[profile name]". */
static bool is_section(struct line line, const char *profile)
{
	struct line name = trim((struct line){line.text + 1, line.len - 2});

	if (name.len > 8 && memcmp(name.text, "profile ", 8) == 0)
		name = trim((struct line){name.text + 8, name.len - 8});
	return is_word(name, profile);
}

/* Values go into a header and under a signature: printable, without spaces. */
static int take_value(const struct field *field, struct line value, struct tusk_err *err)
{
	if (value.len >= field->size)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s is too long", field->name);
	for (size_t i = 0; i < value.len; i++) {
		if (value.text[i] <= ' ' || value.text[i] > '~')
			return tusk_err_set(err, TUSK_E_USAGE, 0, "%s holds a character that cannot be in it",
					    field->name);
	}
	memcpy(field->value, value.text, value.len);
	field->value[value.len] = '\0';
	return 0;
}

static int take_line(struct line line, struct tusk_s3_identity *identity, struct tusk_err *err)
{
	const struct field fields[] = {
	    {"aws_access_key_id", identity->key, sizeof(identity->key)},
	    {"aws_secret_access_key", identity->secret, sizeof(identity->secret)},
	    {"aws_session_token", identity->token, sizeof(identity->token)},
	    {"region", identity->region, sizeof(identity->region)},
	};
	const char *equals = memchr(line.text, '=', line.len);
	struct line name, value;

	if (!equals)
		return 0;
	name = trim((struct line){line.text, (size_t)(equals - line.text)});
	value = trim((struct line){equals + 1, line.len - (size_t)(equals - line.text) - 1});
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (is_word(name, fields[i].name))
			return take_value(&fields[i], value, err);
	}
	return 0;
}

static int complete(const struct tusk_s3_identity *identity, struct tusk_err *err)
{
	if (!identity->key[0])
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there is no aws_access_key_id");
	if (!identity->secret[0])
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there is no aws_secret_access_key");
	return 0;
}

int tusk_s3_credentials_parse(const char *text, size_t len, const char *profile, struct tusk_s3_identity *ret_identity,
			      struct tusk_err *err)
{
	struct tusk_s3_identity identity = {0};
	bool inside = false, found = false;
	int result = 0;

	while (len && result == 0) {
		const char *end = memchr(text, '\n', len);
		size_t used = end ? (size_t)(end - text) + 1 : len;
		struct line line = trim((struct line){text, end ? used - 1 : used});

		if (line.len > 1 && line.text[0] == '[' && line.text[line.len - 1] == ']') {
			inside = is_section(line, profile);
			found = found || inside;
		} else if (inside && line.len && line.text[0] != '#' && line.text[0] != ';') {
			result = take_line(line, &identity, err);
		}
		text += used;
		len -= used;
	}
	if (result == 0 && found)
		result = complete(&identity, err);
	if (result == 0 && found)
		*ret_identity = identity;
	tusk_s3_identity_wipe(&identity);
	return result < 0 ? -1 : !found;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

static int from_environment(struct tusk_s3_identity *ret_identity, struct tusk_err *err)
{
	const char *token = variable("AWS_SESSION_TOKEN"), *secret = variable("AWS_SECRET_ACCESS_KEY");
	const char *key = variable("AWS_ACCESS_KEY_ID");
	const struct {
		struct field field;
		const char *value;
	} fields[] = {
	    {{"AWS_ACCESS_KEY_ID", ret_identity->key, sizeof(ret_identity->key)}, key},
	    {{"AWS_SECRET_ACCESS_KEY", ret_identity->secret, sizeof(ret_identity->secret)}, secret},
	    {{"AWS_SESSION_TOKEN", ret_identity->token, sizeof(ret_identity->token)}, token ? token : ""},
	};

	assert(key); /* that is why we are here */
	if (!secret)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct line value = {fields[i].value, strlen(fields[i].value)};

		if (take_value(&fields[i].field, value, err) < 0)
			return -1;
	}
	return 0;
}

/* ~/.aws/credentials */
static int standard_file(char ret_path[PATH_MAX])
{
	const char *home = variable("HOME");
	struct passwd entry, *found = NULL;
	char buffer[4096];
	int len;

	if (!home && (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) != 0 || !found))
		return -1;
	len = snprintf(ret_path, PATH_MAX, "%s/.aws/credentials", home ? home : found->pw_dir);
	return len < PATH_MAX ? 0 : -1;
}

static int from_file(const char *path, const char *profile, struct tusk_s3_identity *ret_identity, struct tusk_err *err)
{
	struct tusk_buf text TUSK_AUTO_SECRET_BUF = {0};
	int result;

	if (tusk_read_file(AT_FDCWD, path, TUSK_S3_CREDENTIALS_MAX, &text, err) < 0)
		return -1;
	result = tusk_s3_credentials_parse((const char *)text.data, text.len, profile, ret_identity, err);
	if (result < 0)
		return tusk_err_prefix(err, "%s, profile %s", path, profile);
	if (result > 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s has no profile \"%s\"", path, profile);
	return 0;
}

int tusk_s3_identity_load(const struct tusk_s3_place *place, struct tusk_s3_identity *ret_identity,
			  struct tusk_err *err)
{
	const char *profile = place->profile[0] ? place->profile : variable("AWS_PROFILE");
	const char *path = place->credentials[0] ? place->credentials : variable("TUSK_S3_CREDENTIALS");
	char standard[PATH_MAX];
	bool named = place->credentials[0] || place->profile[0];

	memset(ret_identity, 0, sizeof(*ret_identity));
	if (!named && variable("AWS_ACCESS_KEY_ID"))
		return from_environment(ret_identity, err);
	if (!path)
		path = variable("AWS_SHARED_CREDENTIALS_FILE");
	if (!path) {
		if (standard_file(standard) < 0 || (!profile && access(standard, F_OK) < 0))
			return tusk_err_set(
			    err, TUSK_E_USAGE, 0,
			    "there are no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
			    "~/.aws/credentials");
		path = standard;
	}
	return from_file(path, profile ? profile : "default", ret_identity, err);
}
