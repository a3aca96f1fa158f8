# The library as its users see it, and what `cmake --install` puts where.
#
# syncline::syncline is all rooms of the library in one file; static unless BUILD_SHARED_LIBS says otherwise. A shared one
# exports what include/syncline marks with SYNCLINE_API and nothing else.
option(SYNCLINE_INSTALL "Install the library, and the command if it is built" ${PROJECT_IS_TOP_LEVEL})

set(objects)
foreach(room core wire auth engine store net client)
  list(APPEND objects $<TARGET_OBJECTS:syncline_${room}>)
endforeach()
if(TARGET syncline_sqlite)
  list(APPEND objects $<TARGET_OBJECTS:syncline_sqlite>)
  set(sqlite)
else()
  set(sqlite SQLite::SQLite3)
endif()

add_library(syncline ${objects})
add_library(syncline::syncline ALIAS syncline)
set_target_properties(syncline PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
                                          SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_include_directories(syncline INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(syncline INTERFACE cxx_std_20)
target_link_libraries(syncline PRIVATE ${sqlite} CURL::libcurl ZLIB::ZLIB OpenSSL::Crypto Threads::Threads)
if(BUILD_SHARED_LIBS AND NOT APPLE AND NOT WIN32)
  set(exports ${PROJECT_SOURCE_DIR}/platform/cmake/syncline.map)
  target_link_options(syncline PRIVATE -Wl,--version-script=${exports})
  set_target_properties(syncline PROPERTIES LINK_DEPENDS ${exports})
endif()

if(SYNCLINE_INSTALL)
  include(Install)
endif()
