tusk_module(drill SOURCES drill.c DEPENDS repository api_write)
