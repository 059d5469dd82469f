tusk_module(node SOURCES node.c node_local.c DEPENDS base api_read)
