# What breaks tusk on purpose, and what judges the outcome: tests/harness/DESIGN.md.
set(harness ${CMAKE_CURRENT_LIST_DIR}/../harness)
# What is preloaded is never sanitized itself: it comes before the sanitizer's own library.
foreach(preloaded record fault)
  add_library(harness_${preloaded} SHARED ${harness}/${preloaded}.c)
  set_target_properties(harness_${preloaded} PROPERTIES LINK_LIBRARIES "${CMAKE_DL_LIBS}")
  target_compile_definitions(harness_${preloaded} PRIVATE _GNU_SOURCE)
  target_compile_options(harness_${preloaded} PRIVATE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes)
endforeach()
if(TUSK_SANITIZE)
  target_compile_definitions(harness_fault PRIVATE FAULT_NO_MALLOC=1)
endif()
add_executable(harness_mark ${harness}/mark.c)
add_library(tusk_oracle STATIC ${harness}/oracle.c ${harness}/digest.c)
target_include_directories(tusk_oracle PUBLIC ${harness})
target_link_libraries(tusk_oracle PUBLIC tusk_write)
add_executable(harness_replay ${harness}/replay.c ${harness}/model.c ${harness}/state.c)
target_link_libraries(harness_replay PRIVATE tusk_oracle)
add_executable(harness_judge ${harness}/judge.c)
target_link_libraries(harness_judge PRIVATE tusk_oracle)

add_executable(harness_damage ${harness}/damage.c ${harness}/state.c)
target_link_libraries(harness_damage PRIVATE tusk_oracle)

foreach(topic crash damage faults fulldisk kill powercut stress)
  add_test(NAME acceptance/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/acceptance/${topic}.sh)
  set_tests_properties(acceptance/${topic} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600
    ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR};TUSK_SANITIZED=${TUSK_SANITIZE}")
endforeach()
