# SQLite from an amalgamation folder, as SQLite::SQLite3.
enable_language(C)
add_library(syncline_sqlite OBJECT ${SYNCLINE_SQLITE}/sqlite3.c)
target_include_directories(syncline_sqlite PUBLIC $<BUILD_INTERFACE:${SYNCLINE_SQLITE}>)
target_compile_definitions(syncline_sqlite PRIVATE SQLITE_DQS=0 SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_OMIT_LOAD_EXTENSION)
add_library(SQLite::SQLite3 ALIAS syncline_sqlite)
