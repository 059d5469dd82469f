tusk_module(nodeset SOURCES roster.c objects.c nodeset.c member.c listing.c read.c heal.c complete.c write.c bring.c queue.c spool.c DEPENDS snapshot node api_read PRIVATE Threads::Threads)
