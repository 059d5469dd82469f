tusk_module(repair SOURCES repair.c salvage.c tocs.c alone.c
  DEPENDS check prune codec api_write)
