tusk_module(keys SOURCES parameters.c keyslot.c unlock.c DEPENDS crypto node api_write)
