tusk_module(repair SOURCES repair.c salvage.c tocs.c
  DEPENDS check codec api_write)
