tusk_module(tree SOURCES tree_decode.c tree_build.c lists.c DEPENDS crypto api_read)
