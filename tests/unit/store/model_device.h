// A device: the real session and planner, the real store, and a driver that carries out one command at a time, so that
// a test can do anything to it in between. [one thread]
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "store/store.h"
#include "unit/store/model_service.h"

namespace syncline::store {

// What becomes of one request.
enum class Fate { kAnswered, kLostBefore, kLostAfter, kLate, kAnsweredShort };

class ModelDevice {
 public:
  struct Hooks {
    std::function<Fate()> fate = [] { return Fate::kAnswered; };
    std::function<Resolution(ModelDevice&, const Conflict&)> resolver = [](ModelDevice&, const Conflict&) {
      return Resolution::keep_local();
    };
    std::function<void(std::function<void()>)> later = {};  // takes a request that arrives late
    std::size_t page_size = 1'000;
  };

  ModelDevice(std::string name, std::string directory);

  // Forgets all but what is in the store, and goes on with another dataset at another service.
  void enter(ModelService& service, Hooks hooks, const std::string& dataset);
  // Opens the store anew, as after a kill: the session is gone.
  void kill();

  void start_sync();
  [[nodiscard]] bool syncing() const { return command_.has_value(); }
  // Carries out one command.
  void step();
  void cancel();
  // A whole sync; how it finished.
  engine::Finish sync();

  void put(const std::string& key, std::optional<std::string> value);
  // Asks the resolver about one conflict and applies its answer.
  void ask(const Conflict& conflict);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] DatasetId id() const { return id_; }
  [[nodiscard]] std::map<std::string, std::string> present();
  // The last thing that the app said about a key, in a write or as the answer to a conflict; nullopt: it took the other
  // side's. What a removal removed is kept with it.
  struct Word {
    std::optional<std::string> value;
    std::optional<std::string> removed;
  };
  [[nodiscard]] const std::map<std::string, std::optional<Word>>& last_words() const { return last_words_; }
  // Values that the app chose to write over another version: they may be written twice.
  [[nodiscard]] const std::vector<std::string>& insisted() const { return insisted_; }
  // Problems that were noticed on the way; empty: none.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  engine::Event run(const engine::ListRecords& command);
  engine::Event run(const engine::StagePage& command);
  engine::Event run(const engine::ApplyPull& command);
  engine::Event run(const engine::AskDeletion& command);
  engine::Event run(const engine::AskConflicts& command);
  engine::Event run(const engine::PreparePush& command);
  engine::Event run(const engine::PushRecords& command);
  engine::Event run(const engine::AcknowledgePush& command);
  engine::Event run(const engine::DeleteRemotely& command);
  engine::Event run(const engine::FinishDeletion& command);
  engine::Event run(const engine::Finish& command);

  void check_no_missed_conflict(const std::vector<PendingChange>& pending_before);
  void check_sync_count();
  void complain(const std::string& what);

  std::string name_;
  std::string directory_;
  ModelService* service_ = nullptr;
  Hooks hooks_;
  std::string dataset_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> other_process_;  // writes now and then, and keeps the files open over a kill
  DatasetId id_ = 0;

  std::optional<engine::DatasetSession> session_;
  std::optional<engine::Command> command_;
  SyncLease lease_;
  engine::Finish finish_;
  std::map<std::string, Version> listed_;  // what the list of this session showed
  std::vector<OutgoingChange> sent_;

  int writes_ = 0;
  std::map<std::string, std::optional<Word>> last_words_;
  std::vector<std::string> insisted_;
  std::vector<std::string> complaints_;
};

}  // namespace syncline::store
