tusk_module(chunker SOURCES chunker.c DEPENDS base)
