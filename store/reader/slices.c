#include "file_private.h"

#include <stdlib.h>
#include <string.h>

/* What holes are made of; never written. */
static uint8_t zeros[64 << 10];

struct builder {
	struct tusk_slices slices;
	size_t iov_capacity, pin_capacity;
};

void tusk_slices_release(struct tusk_slices *slices)
{
	for (size_t i = 0; i < slices->pin_count; i++)
		tusk_cached_release(slices->pins[i]);
	free(slices->pins);
	free(slices->iov);
	memset(slices, 0, sizeof(*slices));
}

static int grow(void **items, size_t *capacity, size_t count, size_t item_size)
{
	if (count < *capacity)
		return 0;
	size_t wanted = *capacity ? 2 * *capacity : 8;
	void *grown = reallocarray(*items, wanted, item_size);
	if (!grown)
		return -1;
	*items = grown;
	*capacity = wanted;
	return 0;
}

static int add_iov(struct builder *builder, const uint8_t *data, size_t len)
{
	struct tusk_slices *slices = &builder->slices;
	void *iov = slices->iov;
	if (grow(&iov, &builder->iov_capacity, slices->count, sizeof(*slices->iov)) != 0)
		return -1;
	slices->iov = iov;
	slices->iov[slices->count++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	slices->len += len;
	return 0;
}

static int add_hole(struct builder *builder, size_t len)
{
	while (len > 0) {
		size_t part = len < sizeof(zeros) ? len : sizeof(zeros);
		if (add_iov(builder, zeros, part) != 0)
			return -1;
		len -= part;
	}
	return 0;
}

static int add_pin(struct builder *builder, struct tusk_cached *pin)
{
	struct tusk_slices *slices = &builder->slices;
	void *pins = slices->pins;
	if (grow(&pins, &builder->pin_capacity, slices->pin_count, sizeof(*slices->pins)) != 0) {
		tusk_cached_release(pin);
		return -1;
	}
	slices->pins = pins;
	slices->pins[slices->pin_count++] = pin;
	return 0;
}

static int take_piece(void *context, const struct tusk_piece *piece, struct tusk_err *err)
{
	struct builder *builder = context;
	int status = 0;
	if (piece->pin)
		status = add_pin(builder, piece->pin);
	if (status == 0)
		status = piece->data ? add_iov(builder, piece->data, piece->len) : add_hole(builder, piece->len);
	return status == 0 ? 0 : tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

int tusk_file_slices(struct tusk_file *file, uint64_t offset, size_t len, struct tusk_slices *ret_slices,
		     struct tusk_err *err)
{
	uint64_t size = tusk_file_size(file);
	uint64_t left = offset < size ? size - offset : 0;
	struct builder builder = {0};
	struct tusk_piece_sink sink = {.take = take_piece, .context = &builder};

	if (tusk_file_walk(file, offset, len < left ? len : left, &sink, err) != 0) {
		tusk_slices_release(&builder.slices);
		return -1;
	}
	*ret_slices = builder.slices;
	return 0;
}
