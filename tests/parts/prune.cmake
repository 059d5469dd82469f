# Forget, prune, tags, pins.
tusk_unit_test(prune_policy prune)
foreach(topic forget prune tag)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
    TIMEOUT 300)
endforeach()
