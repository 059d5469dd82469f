# Backups of a scratch folder, compared with what the reader gives back (tests name "world" among their modules).
add_library(tusk_world STATIC ${CMAKE_CURRENT_LIST_DIR}/../lib/world.c)
target_link_libraries(tusk_world PUBLIC tusk_fixture_repository tusk_ingest)

tusk_unit_test(filter ingest fixture)
tusk_unit_test(ingest world)
tusk_unit_test(ingest_changes world)
tusk_unit_test(ingest_paths world)
tusk_unit_test(ingest_faults world)
# A file that changes while it is read: fstat says so.
target_link_options(test_ingest_faults PRIVATE LINKER:--wrap=fstat64)
tusk_fuzz_target(filter ingest)
