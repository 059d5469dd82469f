tusk_module(keys SOURCES parameters.c keyslot.c unlock.c recovery.c DEPENDS crypto node api_write)
