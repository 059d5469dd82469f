tusk_module(pack SOURCES pack_writer.c pack_reader.c pack_copy.c toc.c DEPENDS crypto codec node)
