tusk_module(tree SOURCES tree_decode.c tree_build.c leaf_decode.c leaf_encode.c owners.c parts.c lists.c DEPENDS crypto api_read)
