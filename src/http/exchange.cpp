#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/session.h"

namespace tocsin::http {

namespace asio = boost::asio;

bool Loop::post(std::move_only_function<void()> work) {
  const std::lock_guard lock{mutex_};
  if (!open_) return false;
  asio::post(context, std::move(work));
  return true;
}

void Loop::close() {
  const std::lock_guard lock{mutex_};
  open_ = false;
}

void Exchange::send(std::move_only_function<Response()> make) {
  if (answered_.exchange(true)) return;
  loop_->post([self = shared_from_this(), make = std::move(make)]() mutable {
    self->response_ = make();
    self->has_response_ = true;
    self->wake_.cancel();
  });
}

void Exchange::on_gone(std::function<void()> then) {
  {
    const std::lock_guard lock{mutex_};
    if (!gone_.load()) {
      on_gone_.push_back(std::move(then));
      return;
    }
  }
  then();
}

void Exchange::client_gone() {
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock{mutex_};
    if (answered_.load() || gone_.exchange(true)) return;
    callbacks.swap(on_gone_);
  }
  for (const auto& callback : callbacks) callback();
}

void Exchange::abandon() {
  client_gone();
  abandoned_ = true;
  wake_.cancel();
}

asio::awaitable<void> Exchange::wait() {
  wake_.expires_at(std::chrono::steady_clock::time_point::max());
  while (!has_response_ && !abandoned_) co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  const std::lock_guard lock{mutex_};
  on_gone_.clear();  // they may hold what they cancel
}

}  // namespace tocsin::http
