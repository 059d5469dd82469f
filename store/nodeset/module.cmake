tusk_module(nodeset SOURCES roster.c DEPENDS snapshot node api_read PRIVATE Threads::Threads)
