tusk_module(pack SOURCES pack_writer.c pack_reader.c toc.c DEPENDS crypto codec node)
