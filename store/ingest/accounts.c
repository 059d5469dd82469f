#include "metadata.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS    256
#define LOOKUP_MAX 65536

struct account {
	struct account *next;
	uint32_t id;
	struct tusk_bytes name;
	char text[];
};

struct tusk_accounts {
	pthread_mutex_t lock;
	struct account *users[BUCKETS], *groups[BUCKETS];
	char *lookup; /* LOOKUP_MAX bytes for getpwuid_r */
};

struct tusk_accounts *tusk_accounts_new(void)
{
	struct tusk_accounts *accounts = calloc(1, sizeof *accounts);
	if (!accounts)
		return NULL;
	pthread_mutex_init(&accounts->lock, NULL);
	accounts->lookup = malloc(LOOKUP_MAX);
	if (accounts->lookup)
		return accounts;
	tusk_accounts_free(accounts);
	return NULL;
}

static void free_table(struct account *table[BUCKETS])
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (table[i]) {
			struct account *account = table[i];
			table[i] = account->next;
			free(account);
		}
}

void tusk_accounts_free(struct tusk_accounts *accounts)
{
	if (!accounts)
		return;
	free_table(accounts->users);
	free_table(accounts->groups);
	pthread_mutex_destroy(&accounts->lock);
	free(accounts->lookup);
	free(accounts);
}

static const char *find_user(struct tusk_accounts *accounts, uint32_t uid)
{
	struct passwd entry, *found = NULL;
	if (getpwuid_r(uid, &entry, accounts->lookup, LOOKUP_MAX, &found) != 0 || !found)
		return "";
	return entry.pw_name;
}

static const char *find_group(struct tusk_accounts *accounts, uint32_t gid)
{
	struct group entry, *found = NULL;
	if (getgrgid_r(gid, &entry, accounts->lookup, LOOKUP_MAX, &found) != 0 || !found)
		return "";
	return entry.gr_name;
}

static struct tusk_bytes remember(struct account **bucket, uint32_t id, const char *name)
{
	size_t len = strlen(name);
	struct account *account = malloc(sizeof *account + len + 1);
	if (!account || len > TUSK_NAME_MAX) {
		free(account);
		return (struct tusk_bytes){NULL, 0};
	}
	memcpy(account->text, name, len + 1);
	account->id = id;
	account->name = (struct tusk_bytes){(const uint8_t *)account->text, len};
	account->next = *bucket;
	*bucket = account;
	return account->name;
}

static struct tusk_bytes look_up(struct tusk_accounts *accounts, struct account *table[BUCKETS], uint32_t id,
				 const char *(*find)(struct tusk_accounts *accounts, uint32_t id))
{
	struct account **bucket = &table[id % BUCKETS];
	struct tusk_bytes name = {NULL, 0};
	pthread_mutex_lock(&accounts->lock);
	const struct account *account = *bucket;
	while (account && account->id != id)
		account = account->next;
	name = account ? account->name : remember(bucket, id, find(accounts, id));
	pthread_mutex_unlock(&accounts->lock);
	return name;
}

struct tusk_bytes tusk_accounts_user(struct tusk_accounts *accounts, uint32_t uid)
{
	return look_up(accounts, accounts->users, uid, find_user);
}

struct tusk_bytes tusk_accounts_group(struct tusk_accounts *accounts, uint32_t gid)
{
	return look_up(accounts, accounts->groups, gid, find_group);
}
