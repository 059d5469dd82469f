tusk_module(repair SOURCES repair.c salvage.c tocs.c alone.c leases.c state.c
  DEPENDS check prune codec api_write)
