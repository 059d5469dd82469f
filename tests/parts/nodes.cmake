# Several nodes of one repository.
tusk_unit_test(roster nodeset fixture)
tusk_fuzz_target(roster nodeset)
tusk_unit_test(reads repository)
tusk_fuzz_target(reads repository)

foreach(topic nodes nodes_check nodes_faults nodes_heal nodes_remote nodes_sync)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
    TIMEOUT 600)
endforeach()
add_test(NAME fs/nodes_heal COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/fs/nodes_heal.sh)
set_tests_properties(fs/nodes_heal PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
  TIMEOUT 300)
