# Check, scrub, repair; hostile content.
tusk_unit_test(check_share check handmade)
tusk_unit_test(ledger check fixture)
tusk_unit_test(scrub check handmade)
tusk_fuzz_target(ledger check)
tusk_unit_test(ingest_kept check world)
tusk_unit_test(repair repair handmade)
foreach(topic repair check_gone)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 300)
endforeach()
tusk_fuzz_target(sealed snapshot)
tusk_fuzz_target(snapfind reader)

# Hostile snapshots.
add_executable(hostile hostile/hostile.c hostile/cases_names.c hostile/cases_metadata.c hostile/cases_files.c hostile/cases_trees.c)
target_link_libraries(hostile PRIVATE tusk_handmade tusk_tree tusk_snapshot)
add_test(NAME hostile/snapshots COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hostile/hostile.sh)
set_tests_properties(hostile/snapshots PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 600)
# Restore against somebody who swaps symlinks into the target.
add_executable(swapper hostile/swapper.c)
add_test(NAME hostile/race COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hostile/race.sh)
set_tests_properties(hostile/race PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 3600)
# Hostile repositories.
add_executable(insider hostile/insider.c)
target_link_libraries(insider PRIVATE tusk_oracle tusk_prune tusk_pack tusk_snapshot tusk_repository)
add_test(NAME hostile/repositories COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hostile/repositories.sh)
set_tests_properties(hostile/repositories PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 3600)
