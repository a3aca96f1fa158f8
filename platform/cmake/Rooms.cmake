# syncline_room(NAME [USES room ...] [LINKS target ...] SOURCES file ...)
#
# One library for a folder of src/. Its headers are reached as "NAME/header.h" through a link of its own in the build
# tree, which only the rooms that name it in USES can see: an #include against the arrows of src/README.md does not
# compile. LINKS are third-party libraries and stay private.
set(rooms_played_often core wire auth engine store)
function(syncline_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS;SOURCES" ${ARGN})
  set(view ${PROJECT_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${name} SYMBOLIC)

  add_library(syncline_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(syncline_${name} PUBLIC ${view} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(syncline_${name} PRIVATE syncline_settings ${ROOM_LINKS})
  foreach(used IN LISTS ROOM_USES)
    target_link_libraries(syncline_${name} PUBLIC syncline_${used})
  endforeach()
  if(SYNCLINE_SANITIZE MATCHES "address" AND name IN_LIST rooms_played_often)
    # Compiles for three times as long; a simulated history, of which there are thousands, takes half of it.
    target_compile_options(syncline_${name} PRIVATE -O1)
  endif()
endfunction()
