tusk_module(keys SOURCES parameters.c keyslot.c DEPENDS crypto node api_write)
