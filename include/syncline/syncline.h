// Everything at once. See client.h for where to start.
#pragma once

#include "syncline/automatic_sync.h"  // IWYU pragma: export
#include "syncline/client.h"          // IWYU pragma: export
#include "syncline/connectivity.h"    // IWYU pragma: export
#include "syncline/credentials.h"     // IWYU pragma: export
#include "syncline/dataset.h"         // IWYU pragma: export
#include "syncline/deletion.h"        // IWYU pragma: export
#include "syncline/dispatcher.h"      // IWYU pragma: export
#include "syncline/error.h"           // IWYU pragma: export
#include "syncline/identity.h"        // IWYU pragma: export
#include "syncline/limits.h"          // IWYU pragma: export
#include "syncline/push.h"            // IWYU pragma: export
#include "syncline/records.h"         // IWYU pragma: export
#include "syncline/result.h"          // IWYU pragma: export
#include "syncline/secret_store.h"    // IWYU pragma: export
#include "syncline/subscription.h"    // IWYU pragma: export
#include "syncline/sync_all.h"        // IWYU pragma: export
#include "syncline/sync_api.h"        // IWYU pragma: export
#include "syncline/sync_messages.h"   // IWYU pragma: export
#include "syncline/sync_status.h"     // IWYU pragma: export
#include "syncline/values.h"          // IWYU pragma: export
