# The program as its users meet it.
foreach(topic places prompts restore)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
    TIMEOUT 300)
endforeach()

# For scripts/growth.
add_executable(manychunks lib/manychunks.c)
target_link_libraries(manychunks PRIVATE tusk_repository)
